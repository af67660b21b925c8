/** Local sessions; the same rules hold for Apache: ZK_TEST_ENGINE=both. */
import { expect, test } from 'vitest'
import { allServe, describeEngines, roles, type TestMember } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { ask as fourLetterWord } from '../support/fourLetterWord.ts'
import { createBody, opcode, readBody } from '../support/wire.ts'
import { multiBody, multiErrors, NOBODY, SessionLine } from './sessionLine.ts'

const MULTI = 14
const EPHEMERAL = 1
const EPHEMERAL_ON_LOCAL_SESSION = -120
const SESSION_EXPIRED = -112
const NO_NODE = -101

const TIMING = { tickTime: '500', localSessionsEnabled: 'true' }
const create = (path: string, flags = 0) => createBody(path, Buffer.from('x'), flags)

/** A member's `global_sessions` and `local_sessions`. */
async function sessionCounts({ clientPort }: TestMember): Promise<[number, number]> {
  const said = await fourLetterWord(clientPort, 'mntr')
  const count = (key: string) => Number(new RegExp(`^zk_${key}\\t(\\d+)$`, 'm').exec(said)?.[1])
  return [count('global_sessions'), count('local_sessions')]
}

describeEngines('local sessions', (start) => {
  test('that may not be upgraded', { timeout: 120_000 }, async () => {
    await using ensemble = await start({ set: TIMING })
    const { leader, follower, other } = await roles(ensemble)
    for (const home of [leader, follower]) {
      const line = await SessionLine.open(home.clientPort)
      const { session } = line
      expect(await sessionCounts(home)).toEqual([0, 1])

      // No transaction created the session; what it writes is like any other write.
      const before = await line.zxid()
      const made = await line.create(`/of-${home.id}`)
      expect(made).toMatchObject({ err: 0, zxid: before + 1n })
      expect(await line.exists(`/of-${home.id}`)).toBe(0)

      // The create is refused with a specific error, and with the zxid of an error transaction.
      const refused = await line.create('/ephemeral', EPHEMERAL)
      expect(refused).toMatchObject({ err: EPHEMERAL_ON_LOCAL_SESSION, zxid: before + 2n })
      expect(await line.errorOf(15, create('/ephemeral', 3))).toBe(EPHEMERAL_ON_LOCAL_SESSION)
      const multi = await line.ask(MULTI, multiBody([1, create('/plain')], [1, create('/ephemeral', 1)]))
      // A request from a follower is prepared by the leader, which does not know the session.
      const code = home === leader ? EPHEMERAL_ON_LOCAL_SESSION : SESSION_EXPIRED
      expect(multi === null ? null : multiErrors(multi)).toEqual([0, code])
      expect(await line.exists('/plain')).toBe(NO_NODE)

      // The session can be resumed at its own member, and nowhere else.
      expect(await SessionLine.greet(other.clientPort, { session })).toMatchObject({ session: NOBODY })
      const again = await SessionLine.dial(home.clientPort)
      expect(await again.hello({ session, timeoutMs: 7000 })).toMatchObject({ session, timeoutMs: 7000 })
      expect(await line.next()).toBe(null)

      // The session's end is no transaction either.
      const last = await again.zxid()
      expect(await again.ask(opcode.closeSession)).toMatchObject({ err: 0, zxid: last })
      expect(await again.next()).toBe(null)
      expect(await SessionLine.greet(home.clientPort, { session })).toMatchObject({ session: NOBODY })
      expect(await sessionCounts(home)).toEqual([0, 0])
    }
  })

  test('expire where they live, without a transaction', { timeout: 120_000 }, async () => {
    await using ensemble = await start({ set: TIMING })
    const { leader, follower } = await roles(ensemble)
    for (const home of [leader, follower]) {
      const witness = await SessionLine.open(home.clientPort)
      const before = await witness.zxid()
      const line = await SessionLine.open(home.clientPort, { timeoutMs: 1000 })
      const began = Date.now()
      expect(await line.next()).toBe(null)
      expect(Date.now() - began).toBeGreaterThan(950)
      expect(await witness.zxid()).toBe(before)
      expect(await sessionCounts(home)).toEqual([0, 1])
      await witness.ask(opcode.closeSession)
    }
  })

  test('become global to own an ephemeral node', { timeout: 120_000 }, async () => {
    await using ensemble = await start({ set: { ...TIMING, localSessionsUpgradingEnabled: 'true' } })
    const { leader, follower, other } = await roles(ensemble)
    let globals = 0
    for (const home of [leader, follower]) {
      const line = await SessionLine.open(home.clientPort)
      const { session } = line
      const path = `/ephemeral-${home.id}`
      const before = await line.zxid()
      const made = await line.create(path, EPHEMERAL)
      // createSession came first.
      expect(made).toMatchObject({ err: 0, zxid: before + 2n })
      expect(await line.create(`${path}-too`, EPHEMERAL)).toMatchObject({ err: 0, zxid: before + 3n })
      await line.ask(
        opcode.delete,
        Buffer.concat([readBody(`${path}-too`).subarray(0, -1), Buffer.alloc(4, 255)]),
      )
      globals += 1
      expect(await sessionCounts(home)).toEqual([globals, 0])

      // The session may move now, and its end is a transaction that removes the node.
      const moved = await SessionLine.dial(other.clientPort)
      expect(await moved.hello({ session, lastZxid: before })).toMatchObject({ session })
      await moved.errorOf(opcode.sync, readBody('/').subarray(0, -1))
      expect(await moved.exists(path)).toBe(0)
      expect(await moved.ask(opcode.closeSession)).toMatchObject({ err: 0 })
      expect(await moved.next()).toBe(null)
      globals -= 1
      const witness = await SessionLine.open(other.clientPort)
      expect(await witness.exists(path)).toBe(NO_NODE)
      witness.say(opcode.closeSession)
      line.hangUp()
    }
  })

  test('become global for a multi, and for a create that fails', { timeout: 120_000 }, async () => {
    await using ensemble = await start({ set: { ...TIMING, localSessionsUpgradingEnabled: 'true' } })
    const { leader, follower } = await roles(ensemble)
    let globals = 0
    for (const home of [leader, follower]) {
      const line = await SessionLine.open(home.clientPort)
      const before = await line.zxid()
      const multi = multiBody([1, create(`/m-${home.id}`)], [1, create(`/n-${home.id}`, EPHEMERAL)])
      expect(await line.ask(MULTI, multi)).toMatchObject({ err: 0, zxid: before + 2n })
      const failing = await SessionLine.open(home.clientPort)
      expect(await failing.create('/no/such', EPHEMERAL)).toMatchObject({ err: NO_NODE, zxid: before + 4n })
      globals += 2
      expect(await sessionCounts(home)).toEqual([globals, 0])

      // All requests are sent at once and answered in order; what follows the end of the session is not
      // answered.
      const hasty = await SessionLine.open(home.clientPort)
      const xids = [
        hasty.say(opcode.create, create('/hasty', EPHEMERAL)),
        hasty.say(opcode.exists, readBody('/hasty')),
        hasty.say(opcode.closeSession),
      ]
      for (const xid of xids) expect(await hasty.reply()).toMatchObject({ xid, err: 0 })
      expect(await hasty.reply()).toBe(null)
      expect(await line.exists('/hasty')).toBe(NO_NODE)
    }
  })

  test('end when the role of their member ends; global ones continue', { timeout: 120_000 }, async () => {
    await using ensemble = await start({ set: { ...TIMING, localSessionsUpgradingEnabled: 'true' } })
    const { leader, follower } = await roles(ensemble)
    const local = await SessionLine.open(follower.clientPort)
    const global = await SessionLine.open(follower.clientPort)
    const made = await global.create('/kept', EPHEMERAL)
    expect(made).toMatchObject({ err: 0 })
    await ensemble.kill(leader.id)
    expect(await local.next()).toBe(null)
    const survivors = ensemble.members.filter((member) => member !== leader)
    await allServe(survivors)
    // The member that had the session serves again, but the session is gone.
    const greeted = await eventually('an answer', () =>
      SessionLine.greet(follower.clientPort, { session: local.session }),
    )
    expect(greeted).toMatchObject({ session: NOBODY })
    const again = await SessionLine.dial(follower.clientPort)
    const { session } = global
    expect(await again.hello({ session, lastZxid: made?.zxid ?? 0n })).toMatchObject({ session })
    expect(await again.exists('/kept')).toBe(0)
  })
})
