/**
 * The core answers as Apache ZooKeeper does. What Apache 3.8.0 said is recorded beside this file and compared
 * with always; where it is installed it is asked again (and written down anew with RECORD_APACHE=1).
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ApacheEnsemble, apacheUnavailable } from '../../support/apache.ts'
import { converse, type Step } from './conversation.ts'
import { CoreServer } from './coreServer.ts'
import { READ_SCRIPTS } from './readScripts.ts'
import { SCRIPTS } from './scripts.ts'
import { SocketServer } from './socketServer.ts'
import { randomWalk } from './walk.ts'

const scripts: Record<string, readonly Step[]> = {
  ...SCRIPTS,
  ...READ_SCRIPTS,
  'a random walk': randomWalk(7, 200),
  'another random walk': randomWalk(8, 200),
}
const folder = join(import.meta.dirname, 'apache-3.8.0')
const fileOf = (name: string) => join(folder, `${name.replaceAll(' ', '-')}.txt`)
const isRecording = process.env.RECORD_APACHE === '1'

describe('as Apache 3.8.0 answered', () => {
  test.skipIf(isRecording).each(Object.keys(scripts))('%s', async (name) => {
    const said = await converse(new CoreServer(), scripts[name] as Step[])
    expect(said).toEqual(readFileSync(fileOf(name), 'utf8').split('\n'))
  })
})

const unavailable = apacheUnavailable()
describe.skipIf(unavailable)(`Apache itself ${unavailable ? `(skipped: ${unavailable})` : ''}`, () => {
  test.each(Object.keys(scripts))('%s', { timeout: 60_000 }, async (name) => {
    await using apache = await ApacheEnsemble.start({ members: 1 })
    const { clientPort } = await apache.waitForLeader()
    using server = new SocketServer(clientPort)
    const said = await converse(server, scripts[name] as Step[])
    if (isRecording || !existsSync(fileOf(name))) {
      mkdirSync(folder, { recursive: true })
      writeFileSync(fileOf(name), said.join('\n'))
    }
    expect(said).toEqual(readFileSync(fileOf(name), 'utf8').split('\n'))
  })
})
