/**
 * Every request with every field wrong gets the answer that Apache ZooKeeper 3.8.0 gave: an error by name, or
 * the end of the connection. Its answers are recorded beside this file and compared with always; where it is
 * installed it is asked again (and written down anew with RECORD_APACHE=1).
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { errorName } from '../../src/protocol/errors.ts'
import { Xid } from '../../src/protocol/opcodes.ts'
import { framed, type Line, type Server } from '../core/requests/conversation.ts'
import { CoreServer } from '../core/requests/coreServer.ts'
import { SocketServer } from '../core/requests/socketServer.ts'
import { ApacheEnsemble, apacheUnavailable } from '../support/apache.ts'
import { connectFrame, createFrame, requestFrame } from './requests.ts'
import { type WrongRequest, wrongRequests } from './wrongFields.ts'

const file = join(import.meta.dirname, 'apache-3.8.0.json')
const all = wrongRequests()
const isRecording = process.env.RECORD_APACHE === '1'
const PING = framed(requestFrame(Xid.ping, 11))

type Answers = Record<string, string>

/**
 * Where we answer otherwise. Nulls read as empty here, where Apache stumbles over some of them with a
 * NullPointerException, in setWatches after the events of what came before.
 */
const OTHERWISE: Answers = {
  ...Object.fromEntries(
    ['create', 'create2', 'createContainer', 'setACL'].flatMap((request) => [
      [`${request}: acl a null id`, 'InvalidAcl'],
      [`${request}: acl a null id of digest`, 'InvalidAcl'],
    ]),
  ),
  ...Object.fromEntries(
    ['setWatches', 'setWatches2'].flatMap((request) =>
      ['data', 'exist', 'child'].flatMap((field) => [
        [`${request}: ${field} null`, 'event, event, Ok'],
        [`${request}: ${field} a null path`, 'event, event, event, Ok'],
      ]),
    ),
  ),
  'setWatches2: persistent null': 'event, event, event, Ok',
  'setWatches2: recursive null': 'event, event, event, Ok',
  // It would be Unimplemented all the same: extended types are off.
  'createTTL: path null': 'MarshallingError',
  // 3.8 looks at the path of checkWatches alone among these.
  'checkWatches: path without a slash': 'NoWatcher',
  // What 3.9 added.
  'checkWatches: type 4': 'NoWatcher',
  'removeWatches: type 4': 'NoWatcher',
  // Apache answers a second createSession, which no client has a right to ask for, with a session.
  'header: type -10': 'Unimplemented',
}

/** Resolves to null when the connection is closed, to undefined when nothing comes. */
function next(line: Line): Promise<Buffer | null | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), 3000)
    line.receive().then(
      (frame) => {
        clearTimeout(timer)
        resolve(frame)
      },
      () => {
        clearTimeout(timer)
        resolve(undefined)
      },
    )
  })
}

/** Errors and events in order, and whether the connection goes on. */
async function answerTo(server: Server, { xid, type, body }: WrongRequest): Promise<string> {
  const line = await server.connect()
  line.send(framed(connectFrame()))
  await next(line)
  line.send(framed(requestFrame(xid, type, body)))
  line.send(PING)
  const said: string[] = []
  for (;;) {
    const frame = await next(line)
    // Behind a type that it does not know Apache closes, but may answer the ping before it does.
    if (frame === null && said[0] === 'Unimplemented') return said.join(', ')
    if (frame === null) return [...said, 'closed'].join(', ')
    if (frame === undefined) return [...said, 'silence'].join(', ')
    const its = frame.readInt32BE(0)
    if (its === Xid.ping && (xid !== Xid.ping || said.length > 0)) return said.join(', ')
    const err = errorName(frame.readInt32BE(12))
    said.push(its === Xid.notification && xid !== its ? 'event' : err.startsWith('error') ? 'no reply' : err)
  }
}

async function answersOf(server: Server): Promise<Answers> {
  const setup = await server.connect()
  for (const frame of [connectFrame(), createFrame(1, '/w')]) {
    setup.send(framed(frame))
    await setup.receive()
  }
  const answers: Answers = {}
  for (const wrong of all) answers[wrong.name] = await answerTo(server, wrong)
  return answers
}

describe.skipIf(isRecording)('a wrong request', () => {
  it(`of ${all.length} kinds is answered as by Apache 3.8.0`, async () => {
    const recorded = JSON.parse(readFileSync(file, 'utf8')) as Answers
    expect(await answersOf(new CoreServer())).toEqual({ ...recorded, ...OTHERWISE })
  })
})

const unavailable = apacheUnavailable()
describe.skipIf(unavailable)(`Apache itself ${unavailable ? `(skipped: ${unavailable})` : ''}`, () => {
  it('still answers so', { timeout: 300_000 }, async () => {
    await using apache = await ApacheEnsemble.start({ members: 1, set: { maxClientCnxns: '0' } })
    const { clientPort } = await apache.waitForLeader()
    using server = new SocketServer(clientPort)
    const answers = await answersOf(server)
    if (isRecording || !existsSync(file)) writeFileSync(file, `${JSON.stringify(answers, null, 2)}\n`)
    expect(answers).toEqual(JSON.parse(readFileSync(file, 'utf8')))
  })
})
