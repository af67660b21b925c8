/** The rules of sessions over a whole ensemble; the same rules hold for Apache: ZK_TEST_ENGINE=both. */
import { expect, test } from 'vitest'
import { allServe, describeEngines, roles, type TestMember } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { buffer, createBody, opcode, readBody } from '../support/wire.ts'
import { multiBody, NOBODY, SessionLine } from './sessionLine.ts'

const MULTI = 14
const EPHEMERAL = 1
const SEQUENTIAL = 2
const NO_NODE = -101

const create = (path: string, flags = 0) => createBody(path, Buffer.from('x'), flags)
const root = readBody('/')

/** A session that has moved: the line that opened it, and the one that uses it now. */
async function moved(from: TestMember, to: TestMember): Promise<{ old: SessionLine; now: SessionLine }> {
  const old = await SessionLine.open(from.clientPort)
  // The xid alone shows whether an answer belongs to a write on the old line, also where the session is now.
  const now = await SessionLine.dial(to.clientPort, 1000)
  expect(await now.hello({ session: old.session })).toMatchObject({ session: old.session })
  return { old, now }
}

describeEngines('sessions', (start, engine) => {
  test('a session that moved is refused at its former member', { timeout: 120_000 }, async () => {
    await using ensemble = await start({ set: { tickTime: '500' } })
    const { leader, follower, other } = await roles(ensemble)
    const ways = [
      [leader, follower],
      [follower, leader],
      [follower, other],
    ] as const
    for (const [from, to] of ways) {
      // A write is not answered; the connection ends.
      for (const [type, body] of [
        [opcode.create, create('/moved', SEQUENTIAL)],
        [MULTI, multiBody([opcode.create, create('/moved', SEQUENTIAL)])],
      ] as const) {
        const { old, now } = await moved(from, to)
        expect(await old.ask(type, body)).toBe(null)
        expect(await now.ask(type, body)).toMatchObject({ err: 0 })
        await now.ask(opcode.closeSession)
      }
      // Only the leader knows of the move, and then refuses every request; at other members reads and syncs
      // continue.
      for (const type of [opcode.exists, opcode.ping, opcode.sync]) {
        const { old, now } = await moved(from, to)
        const answer = await old.ask(type, type === opcode.exists ? root : buffer('/'))
        if (from === leader) expect(answer, `type ${type}`).toBe(null)
        else expect(answer, `type ${type}`).toMatchObject({ err: 0 })
        await now.ask(opcode.closeSession)
        old.hangUp()
      }
      // Only closeSession is still accepted on the old connection, unless it is a connection of the leader.
      if (from === leader) continue
      const { old, now } = await moved(from, to)
      expect(await old.ask(opcode.closeSession)).toMatchObject({ err: 0 })
      expect(await now.next()).toBe(null)
    }
  })

  test('two connections of one session on one member', { timeout: 120_000 }, async () => {
    await using ensemble = await start({ set: { tickTime: '500' } })
    const { leader, follower } = await roles(ensemble)
    for (const { clientPort } of [leader, follower]) {
      const old = await SessionLine.open(clientPort)
      // Both lines number their requests from 1: the answers to the old ones must not answer the new ones.
      for (let i = 0; i < 20; i++) old.say(opcode.create, create('/numbered', SEQUENTIAL))
      const now = await SessionLine.dial(clientPort)
      expect(await now.hello({ session: old.session })).toMatchObject({ session: old.session })
      for (let i = 0; i < 20; i++) now.say(opcode.exists, root)
      const write = now.say(opcode.create, create('/of-the-new'))
      for (let xid = 1; xid < write; xid++) expect(await now.reply()).toMatchObject({ xid, err: 0 })
      const reply = await now.reply()
      expect(reply).toMatchObject({ xid: write, err: 0 })
      expect(reply?.body.toString('utf8', 4)).toBe('/of-the-new')
      await now.ask(opcode.delete, Buffer.concat([buffer('/of-the-new'), Buffer.alloc(4, 255)]))
      expect(await now.ask(opcode.closeSession)).toMatchObject({ err: 0 })
    }
  })

  test('which sessions may be resumed, and with which password', { timeout: 120_000 }, async () => {
    await using ensemble = await start({ set: { tickTime: '500' } })
    const { leader, follower, other } = await roles(ensemble)
    for (const home of [leader, follower]) {
      const line = await SessionLine.open(home.clientPort)
      const { session } = line
      for (const { clientPort } of [home, other]) {
        for (const password of [Buffer.alloc(16, 1), Buffer.alloc(16), Buffer.alloc(0)]) {
          const refused = await SessionLine.greet(clientPort, { session, password })
          expect(refused).toEqual({ session: NOBODY, timeoutMs: 0, readOnly: false })
        }
        const ahead = { session, lastZxid: 1n << 40n }
        expect(await SessionLine.greet(clientPort, ahead)).toBe(null)
        const old = await SessionLine.greet(clientPort, { session, readOnly: null })
        expect(old).toMatchObject({ session, readOnly: null })
      }
      const again = await SessionLine.open(home.clientPort, { session })
      expect(await again.ask(opcode.closeSession)).toMatchObject({ err: 0 })
      for (const { clientPort } of ensemble.members)
        expect(await SessionLine.greet(clientPort, { session })).toMatchObject({ session: NOBODY })
    }
  })

  test('what is sent after the end of a session is not answered', { timeout: 120_000 }, async () => {
    await using ensemble = await start({ set: { tickTime: '500' } })
    const { follower } = await roles(ensemble)
    const line = await SessionLine.open(follower.clientPort)
    const xids = [
      line.say(opcode.create, create('/ephemeral', EPHEMERAL)),
      line.say(opcode.exists, readBody('/ephemeral')),
      line.say(opcode.closeSession),
    ]
    line.say(opcode.exists, root)
    line.say(opcode.create, create('/too-late'))
    for (const xid of xids) expect(await line.reply()).toMatchObject({ xid, err: 0 })
    // Apache may still answer a read before it closes the connection; our members do not.
    const late = await line.reply()
    if (engine === 'zk-pseudo') expect(late).toBe(null)
    else if (late !== null) await line.reply()
    const witness = await SessionLine.open(follower.clientPort)
    await witness.ask(opcode.sync, buffer('/'))
    for (const path of ['/ephemeral', '/too-late']) expect(await witness.exists(path)).toBe(NO_NODE)
  })

  test('a session expires, and the shorter timeout counts', { timeout: 120_000 }, async () => {
    await using ensemble = await start({ set: { tickTime: '500' } })
    const { leader, follower } = await roles(ensemble)
    for (const { clientPort } of [leader, follower]) {
      const line = await SessionLine.open(clientPort, { timeoutMs: 10_000 })
      expect(await line.create('/mortal', EPHEMERAL)).toMatchObject({ err: 0 })
      const again = await SessionLine.dial(clientPort)
      expect(await again.hello({ session: line.session, timeoutMs: 1000 })).toMatchObject({ timeoutMs: 1000 })
      const began = performance.now()
      expect(await again.next()).toBe(null)
      const lastedMs = performance.now() - began
      expect(lastedMs).toBeGreaterThan(950)
      // Apache's session may be kept alive by what its learners report about the time when it was opened.
      if (engine === 'zk-pseudo') expect(lastedMs).toBeLessThan(5000)
      const witness = await SessionLine.open(clientPort)
      // Apache closes idle connections separately, perhaps before the session ends.
      await eventually('the end of its node', async () => (await witness.exists('/mortal')) === NO_NODE)
      expect(await SessionLine.greet(clientPort, { session: line.session })).toMatchObject({
        session: NOBODY,
      })
    }
  })

  test('a session outlives its leader, with its ephemerals', { timeout: 120_000 }, async () => {
    await using ensemble = await start({ set: { tickTime: '500' } })
    const { leader, follower, other } = await roles(ensemble)
    const lines = [await SessionLine.open(leader.clientPort), await SessionLine.open(follower.clientPort)]
    let lastZxid = 0n
    for (const [index, line] of lines.entries()) {
      const made = await line.create(`/owned-${index}`, EPHEMERAL)
      expect(made).toMatchObject({ err: 0 })
      lastZxid = made?.zxid ?? 0n
    }
    await ensemble.kill(leader.id)
    for (const line of lines) expect(await line.next()).toBe(null)
    await allServe([follower, other])
    for (const [index, { session }] of lines.entries()) {
      const again = await eventually('a connection', async () => {
        const line = await SessionLine.dial(other.clientPort)
        return (await line.hello({ session, lastZxid })) === null ? null : line
      })
      expect(again.session).toBe(session)
      expect(await again.exists(`/owned-${index}`)).toBe(0)
      expect(await again.create(`/more-${index}`, EPHEMERAL)).toMatchObject({ err: 0 })
      expect(await again.ask(opcode.closeSession)).toMatchObject({ err: 0 })
    }
    const witness = await SessionLine.open(follower.clientPort)
    await witness.ask(opcode.sync, buffer('/'))
    for (const path of ['/owned-0', '/owned-1', '/more-0', '/more-1'])
      expect(await witness.exists(path)).toBe(NO_NODE)
  })
})
