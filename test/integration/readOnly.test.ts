/**
 * Read-only mode, which is a member without a leader; the same rules hold for Apache (ZK_TEST_ENGINE=both).
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  allServe,
  describeEngines,
  leaderOf,
  type StartEnsemble,
  type TestEnsemble,
  type TestMember,
} from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { ask as fourLetterWord } from '../support/fourLetterWord.ts'
import { buffer, createBody, int, opcode, readBody } from '../support/wire.ts'
import { multiBody, NOBODY, SessionLine } from './sessionLine.ts'

const NOT_READ_ONLY = -119
/** A session id that no member knows; the password that is sent with it is right. */
const UNKNOWN = 0x123456789n

/** Apache ignores this key in its file, so its JVM gets it as a property. */
const jvmOptions = process.env.JAVA_TOOL_OPTIONS
beforeAll(() => {
  process.env.JAVA_TOOL_OPTIONS = `${jvmOptions ?? ''} -Dreadonlymode.enabled=true`
})
afterAll(() => {
  if (jvmOptions === undefined) delete process.env.JAVA_TOOL_OPTIONS
  else process.env.JAVA_TOOL_OPTIONS = jvmOptions
})

interface Partitioned extends AsyncDisposable {
  readonly ensemble: TestEnsemble
  /** The member that is left. */
  readonly survivor: TestMember
  readonly dead: readonly TestMember[]
  /** The global session of a client of the survivor. */
  readonly session: bigint
  /** The survivor's last zxid; the supervisor that watches the members may have written after that client. */
  readonly lastZxid: bigint
  /** How long the survivor was asked before it reported that it is read-only. */
  readonly afterMs: number
}

async function partition(start: StartEnsemble, set: Record<string, string>): Promise<Partitioned> {
  const ensemble = await start({ set: { tickTime: '500', 'readonlymode.enabled': 'true', ...set } })
  await allServe(ensemble.members)
  const leader = await leaderOf(ensemble)
  const [survivor, other] = ensemble.members.filter((member) => member !== leader) as [TestMember, TestMember]
  const line = await SessionLine.open(survivor.clientPort, { readOnly: true })
  const made = await line.create('/kept', 1)
  if (made === null || made.err !== 0) throw new Error('no write before the partition')
  await ensemble.kill(other.id)
  const began = performance.now()
  await ensemble.kill(leader.id)
  await eventually('read-only mode', async () => (await isro(survivor)) === 'ro')
  const afterMs = performance.now() - began
  return {
    ensemble,
    survivor,
    dead: [leader, other],
    session: line.session,
    lastZxid: await zxidOf(survivor),
    afterMs,
    [Symbol.asyncDispose]: () => ensemble[Symbol.asyncDispose](),
  }
}

async function zxidOf({ clientPort }: TestMember): Promise<bigint> {
  const said = await fourLetterWord(clientPort, 'srvr')
  return BigInt(/^Zxid: (0x[0-9a-f]+)$/m.exec(said)?.[1] ?? 0)
}

const isro = ({ clientPort }: TestMember) => fourLetterWord(clientPort, 'isro')

describeEngines('read-only mode', (start) => {
  test('with local sessions', { timeout: 120_000 }, async () => {
    const set = { localSessionsEnabled: 'true', localSessionsUpgradingEnabled: 'true' }
    await using world = await partition(start, set)
    const { survivor, session, lastZxid } = world
    const { clientPort } = survivor
    // The member waits first, because the leader may only have changed.
    expect(world.afterMs).toBeGreaterThan(1900)

    // A client that did not ask for read-only is not served, nor is one that has seen a later zxid.
    expect(await SessionLine.greet(clientPort, {})).toBe(null)
    expect(await SessionLine.greet(clientPort, { readOnly: null })).toBe(null)
    expect(await SessionLine.greet(clientPort, { readOnly: true, lastZxid: lastZxid + 1n })).toBe(null)

    const line = await SessionLine.dial(clientPort)
    const welcome = await line.hello({ readOnly: true, lastZxid })
    expect(welcome).toMatchObject({ readOnly: true })
    expect(welcome?.session).not.toBe(NOBODY)
    expect(await line.ask(opcode.exists, readBody('/kept'))).toMatchObject({ err: 0, zxid: lastZxid })
    expect(await line.zxid()).toBe(lastZxid)
    const root = buffer('/')
    const refused: (readonly [number, Buffer])[] = [
      [opcode.create, createBody('/new', Buffer.alloc(0))],
      [opcode.create, createBody('/new', Buffer.alloc(0), 1)],
      [opcode.setData, Buffer.concat([root, int(0), int(-1)])],
      [opcode.delete, Buffer.concat([buffer('/kept'), int(-1)])],
      [opcode.sync, root],
      [14, multiBody([13, Buffer.concat([root, int(-1)])])],
      [13, Buffer.concat([root, int(-1)])],
      [16, Buffer.alloc(0)],
    ]
    for (const [type, body] of refused) {
      const xid = line.say(type, body)
      expect(await line.reply(), `type ${type}`).toMatchObject({ xid, err: NOT_READ_ONLY, zxid: lastZxid })
    }

    // A session made here can be resumed and closed here; a global one may be in use elsewhere.
    const again = await SessionLine.dial(clientPort)
    expect(await again.hello({ readOnly: true, session: line.session })).toMatchObject({
      session: line.session,
      readOnly: true,
    })
    expect(await line.next()).toBe(null)
    expect(await again.ask(opcode.closeSession)).toMatchObject({ err: 0 })
    expect(await again.next()).toBe(null)
    for (const over of [line.session, UNKNOWN]) {
      const greeted = await SessionLine.greet(clientPort, { readOnly: true, session: over })
      expect(greeted).toMatchObject({ session: NOBODY, readOnly: true })
    }
    expect(await SessionLine.greet(clientPort, { readOnly: true, session, lastZxid })).toBe(null)
    const brief = await SessionLine.open(clientPort, { readOnly: true, timeoutMs: 1000 })
    expect(await brief.next()).toBe(null)
  })

  test('without local sessions', { timeout: 120_000 }, async () => {
    await using world = await partition(start, {})
    const { survivor, session, lastZxid } = world
    const { clientPort } = survivor

    // A client that wants a new session gets the header of an error where a ConnectResponse is expected.
    const line = await SessionLine.dial(clientPort)
    line.sayHello({ readOnly: true })
    const answer = await line.next()
    expect(answer).toHaveLength(16)
    expect(answer?.readInt32BE(0)).toBe(0)
    expect(answer?.readBigInt64BE(4)).toBe(lastZxid)
    expect(answer?.readInt32BE(12)).toBe(NOT_READ_ONLY)

    expect(await SessionLine.greet(clientPort, { readOnly: true, session, lastZxid })).toBe(null)
    const guest = await SessionLine.dial(clientPort)
    expect(await guest.hello({ readOnly: true, session: UNKNOWN })).toMatchObject({
      session: UNKNOWN,
      readOnly: true,
    })
    expect(await guest.exists('/kept')).toBe(0)
    expect(await guest.ask(opcode.closeSession)).toMatchObject({ err: NOT_READ_ONLY, zxid: lastZxid })
    expect(await guest.exists('/kept')).toBe(0)
  })

  test('and what four-letter words report about it', { timeout: 120_000 }, async () => {
    await using world = await partition(start, {
      localSessionsEnabled: 'true',
      localSessionsUpgradingEnabled: 'true',
    })
    const { clientPort } = world.survivor
    const line = await SessionLine.open(clientPort, { readOnly: true })
    const srvr = (await fourLetterWord(clientPort, 'srvr')).split('\n')
    expect(srvr[1]).toBe('READ-ONLY mode; serving only read-only clients')
    expect(srvr).toContain('Mode: read-only')
    expect(srvr.some((text) => text.startsWith('Proposal sizes'))).toBe(false)
    const stat = (await fourLetterWord(clientPort, 'stat')).split('\n')
    expect(stat.slice(1, 3)).toEqual(['READ-ONLY mode; serving only read-only clients', 'Clients:'])
    expect(await fourLetterWord(clientPort, 'ruok')).toBe('imok')
    expect(await fourLetterWord(clientPort, 'conf')).toMatch(/quorumPort=\d+\npeerType=0\n$/)
    const mntr = await fourLetterWord(clientPort, 'mntr')
    expect(mntr).toMatch(/^zk_server_state\tread-only$/m)
    expect(mntr).toMatch(/^zk_local_sessions\t1$/m)
    expect(mntr).toMatch(/^zk_global_sessions\t[1-9]/m)
    expect(mntr).not.toMatch(/^zk_peer_state/m)
    line.hangUp()
  })

  test('until there is a quorum again', { timeout: 120_000 }, async () => {
    await using world = await partition(start, {
      localSessionsEnabled: 'true',
      localSessionsUpgradingEnabled: 'true',
    })
    const { ensemble, survivor, dead, session, lastZxid } = world
    const line = await SessionLine.open(survivor.clientPort, { readOnly: true, lastZxid })
    await ensemble.start((dead[0] as TestMember).id)
    expect(await line.next()).toBe(null)
    const serving = [survivor, dead[0] as TestMember]
    await allServe(serving)
    await eventually('a member that writes', async () => (await isro(survivor)) === 'rw')
    // The session made in read-only mode is gone; the global one continues, with its ephemeral node.
    const own = line.session
    expect(await SessionLine.greet(survivor.clientPort, { session: own })).toMatchObject({ session: NOBODY })
    const again = await SessionLine.dial(survivor.clientPort)
    const greeting = { session, lastZxid, readOnly: true }
    expect(await again.hello(greeting)).toMatchObject({ session, readOnly: false })
    expect(await again.exists('/kept')).toBe(0)
    expect(await again.create('/new')).toMatchObject({ err: 0 })
  })
})
