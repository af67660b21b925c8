/**
 * A leader through reconfigs: who must acknowledge what, who leads afterwards, and what it tells its
 * learners.
 */
import { describe, expect, it } from 'vitest'
import type { Sid } from '../../../src/protocol/ids.ts'
import { makeZxid } from '../../../src/protocol/zxid.ts'
import { configOf, createNode, reconfigTo } from '../configs.ts'
import { ScriptedLeader } from './scriptedLeader.ts'

/** Leads epoch 2 with the voters of the configuration; all others take part without a vote. */
function established(sid: number, list: string, words: string) {
  const scripted = new ScriptedLeader(sid, configOf(list, makeZxid(1, 3)), { transactions: [], epoch: 1 })
  const learners = words.split(' ').filter((word) => word !== '')
  const joined = scripted.join(learners)
  const ids = new Map(learners.map((word, i) => [Number.parseInt(word, 10), joined[i] as number]))
  expect(scripted.leader.isServing).toBe(true)
  for (const said of scripted.sent.values()) said.length = 0
  const ack = (...from: number[]) => {
    for (const learner of from) scripted.ack(ids.get(learner) as number)
  }
  return { scripted, ids, ack }
}

const [one, two, three] = [makeZxid(2, 1), makeZxid(2, 2), makeZxid(2, 3)]

describe('a reconfig', () => {
  it('is committed by quorums of both configurations, and what follows it, too', () => {
    const { scripted, ack } = established(1, '1 2 3', '2 3 4 5')
    scripted.create('/before')
    scripted.reconfig(['4', '5'], [2])
    scripted.create('/behind')
    ack(4, 5)
    expect(scripted.committed).toBe(makeZxid(0, 0))
    ack(2)
    expect([scripted.committed, scripted.membership.isPending]).toEqual([three, false])
    expect(scripted.sentTo(4)).toEqual([
      'proposal 200000001',
      'proposal 200000002',
      'proposal 200000003',
      'commit 200000001',
      'commitAndActivate 200000002 to 1',
      'commit 200000003',
    ])
    expect(scripted.saved).toEqual(['next 200000002', 'current 200000002'])
    expect(scripted.departure.reason).toBeNull()
  })

  it('leaves what was proposed before it to the old quorum', () => {
    const { scripted, ids } = established(1, '1 2 3', '2 3 4 5')
    scripted.create('/before')
    scripted.reconfig(['4', '5'], [2])
    scripted.ack(ids.get(2) as number, one)
    expect(scripted.committed).toBe(one)
    scripted.ack(ids.get(2) as number, two)
    expect([scripted.committed, scripted.membership.isPending]).toEqual([one, true])
  })

  it('needs the former quorum for what was proposed meanwhile, though it is in force', () => {
    const { scripted, ids, ack } = established(1, '1 2 3', '2 3 4 5')
    scripted.reconfig(['4', '5'], [2, 3])
    scripted.create('/meanwhile')
    scripted.ack(ids.get(2) as number, one)
    ack(4, 5)
    expect([scripted.committed, scripted.membership.committed.version]).toEqual([one, one])
    scripted.create('/after')
    ack(4, 5)
    expect(scripted.committed).toBe(one)
    ack(3)
    // 3 has left, and its word on what was proposed before counts; the rest is for the new ones to decide.
    expect(scripted.committed).toBe(three)
  })

  it('makes the leader step down when the former quorum is gone before that', () => {
    const { scripted, ids, ack } = established(1, '1 2 3', '2 3 4 5')
    scripted.reconfig(['4', '5'], [2, 3])
    scripted.create('/meanwhile')
    scripted.ack(ids.get(2) as number, one)
    ack(4, 5)
    for (const gone of [2, 3]) scripted.leave(ids.get(gone) as number)
    scripted.tick(1000)
    expect(scripted.departure.reason).toBe('the voters still heard are no quorum')
  })

  it('makes the leader step down when the new quorum is gone while it is pending', () => {
    const { scripted, ids, ack } = established(1, '1 2 3', '2 3 4 5')
    scripted.reconfig(['4', '5'], [2])
    ack(2, 3)
    for (const gone of [4, 5]) scripted.leave(ids.get(gone) as number)
    scripted.tick(1000)
    expect(scripted.departure.reason).toBe('the voters still heard are no quorum')
  })

  it('is told to observers whole, and one of them becomes a voter', () => {
    const { scripted, ack } = established(1, '1 2 3 4o', '2 3 4o')
    scripted.reconfig(['4'])
    ack(2, 3)
    expect(scripted.sentTo(4)).toEqual(['informAndActivate 200000001 to 1'])
  })
})

describe('the one who leads afterwards', () => {
  it('is the old leader while it is a voter at its address', () => {
    const { scripted, ack } = established(1, '1 2 3', '2 3')
    scripted.reconfig(['2o'])
    ack(2, 3)
    expect(scripted.departure.reason).toBeNull()
    scripted.create('/on')
    ack(3)
    expect(scripted.committed).toBe(two)
  })

  it.each([
    ['leaves', [], [1]],
    ['becomes an observer', ['1o'], []],
    ['moves its quorum port', ['1@2999'], []],
  ] as const)('is the voter that holds most, when the old one %s', (_, joining, leaving) => {
    const { scripted, ids, ack } = established(1, '1 2 3 4 5', '2 3 4 5')
    scripted.reconfig(joining, leaving)
    scripted.create('/behind')
    scripted.create('/last')
    ack(4)
    scripted.ack(ids.get(5) as number, two)
    scripted.ack(ids.get(2) as number, one)
    // What comes behind it is the next leader's to commit, whoever has acknowledged it.
    expect(scripted.committed).toBe(one)
    for (const sid of [2, 3, 4, 5])
      expect(scripted.sentTo(sid).at(-1)).toBe(`commitAndActivate ${one.toString(16)} to 4`)
    ack(2, 3, 5)
    scripted.create('/too-late')
    expect([scripted.committed, scripted.leader.lastProposed]).toEqual([one, three])
    // It stays until its followers, who read the activation, have left it.
    expect(scripted.departure.reason).toBeNull()
    for (const sid of [2, 3, 4]) scripted.leave(ids.get(sid) as number)
    expect(scripted.departure).toMatchObject({ designated: 4 })
  })

  it('leads at last, when followers do not leave the old one', () => {
    const { scripted, ack } = established(1, '1 2 3', '2 3')
    scripted.reconfig([], [1])
    ack(2, 3)
    scripted.tick(10_000)
    expect(scripted.departure).toMatchObject({ reason: 'its followers do not leave it', designated: 2 })
  })

  it('is the only voter itself, once it has moved', () => {
    const { scripted, ids } = established(1, '1 2o', '2o')
    scripted.reconfig(['1@2999'])
    expect(scripted.sentTo(2)).toEqual(['informAndActivate 200000001 to 1'])
    expect(scripted.departure.reason).toBeNull()
    scripted.leave(ids.get(2) as number)
    expect(scripted.departure).toMatchObject({ designated: 1 })
    const alone = established(1, '1', '').scripted
    alone.reconfig(['1@2999'])
    expect(alone.departure).toMatchObject({ designated: 1 })
  })
})

describe('a reconfig that an earlier leader left behind', () => {
  const history = {
    transactions: [createNode('/a', makeZxid(1, 1)), reconfigTo('3 4 5', makeZxid(1, 2))],
    epoch: 1,
  }
  const claims = { lastZxid: makeZxid(1, 2), currentEpoch: 1 }

  it('is completed by quorums of both, before anything else', () => {
    const scripted = new ScriptedLeader(3, configOf('1 2 3', makeZxid(1, 0)), history)
    const first = scripted.connect(1, claims)
    expect(scripted.leader.epoch).toBeNull()
    const fourth = scripted.connect(4, claims)
    expect(scripted.leader.epoch).toBe(2)
    scripted.promise(fourth, claims)
    expect(scripted.sentTo(4)).toEqual(['leaderInfo 200000000'])
    scripted.promise(first, claims)
    scripted.ackNewLeader(first)
    expect(scripted.leader.isEstablished).toBe(false)
    scripted.ackNewLeader(fourth)
    expect(scripted.leader.isServing).toBe(true)
    expect(scripted.membership.committed.version).toBe(makeZxid(1, 2))
    expect(scripted.sentTo(4).slice(-2)).toEqual(['newLeader 200000000', 'upToDate -1'])
  })

  it('ends with its leader where that one may not lead any more', () => {
    const scripted = new ScriptedLeader(1, configOf('1 2 3', makeZxid(1, 0)), history)
    const ids = scripted.join(['2', '4', '5'], claims)
    expect([scripted.leader.isEstablished, scripted.leader.isServing]).toEqual([true, false])
    expect(scripted.membership.committed.version).toBe(makeZxid(1, 2))
    for (const id of ids) scripted.leave(id)
    expect(scripted.departure).toMatchObject({ designated: null })
  })

  it('makes no difference to a voter of the former one that is ahead: that one must lead', () => {
    const scripted = new ScriptedLeader(3, configOf('1 2 3', makeZxid(1, 0)), history)
    const ids = [1, 2, 4].map((sid) => scripted.connect(sid, claims))
    scripted.promise(ids[2] as number, { lastZxid: makeZxid(1, 9), currentEpoch: 1 })
    expect(scripted.departure.reason).toBeNull()
    scripted.promise(ids[0] as number, { lastZxid: makeZxid(1, 9), currentEpoch: 1 })
    expect(scripted.departure.reason).toBe('server 1 is ahead (epoch 1, zxid 0x100000009): it must lead')
  })
})

describe('who connects to a leader', () => {
  it('is refused with a later configuration than the leader knows', () => {
    const { scripted } = established(1, '1 2 3', '2 3')
    scripted.connect(4, { version: makeZxid(1, 4) })
    expect(scripted.closed.get(4)).toBe('server 4 knows a later configuration, 100000004')
  })

  it('is sent back once, when it votes and does not know the configuration in force', () => {
    const { scripted } = established(1, '1 2 3', '2')
    const stale = scripted.connect(3, { version: 0 })
    scripted.promise(stale)
    expect(scripted.closed.get(3)).toBe('server 3 votes, and does not know the configuration in force')
    expect(scripted.sentTo(3)).toEqual(['leaderInfo 200000000'])
    // A server that is to join has no vote that could count.
    scripted.join(['9'], { version: 0 })
    expect(scripted.sentTo(9).at(-1)).toBe('upToDate -1')
    // Who was told and comes again so will never learn: reconfigEnabled is off there.
    scripted.closed.clear()
    scripted.join(['3'], { version: 0 })
    expect([scripted.closed.size, scripted.sentTo(3).at(-1)]).toEqual([0, 'upToDate -1'])
  })

  it('is not sent back for the first configuration, which has the voters of before', () => {
    const scripted = new ScriptedLeader(1, configOf('1 2 3', makeZxid(1, 0)), { transactions: [], epoch: 1 })
    scripted.join(['2'], { version: 0 })
    expect([scripted.closed.size, scripted.leader.isServing]).toEqual([0, true])
  })

  it('waits for NEWLEADER while a reconfig is outstanding', () => {
    const { scripted, ids, ack } = established(1, '1 2 3', '2')
    scripted.reconfig(['3o'])
    const late = scripted.connect(4)
    scripted.promise(late)
    expect(scripted.sentTo(4)).toEqual(['leaderInfo 200000000'])
    ack(2)
    expect([scripted.committed, ids.size]).toEqual([one, 1])
    expect(scripted.sentTo(4).at(-1)).toBe('newLeader 200000000')
  })

  it('begins its sync again when a reconfig is committed before its UPTODATE', () => {
    const { scripted, ack } = established(1, '1 2 3', '2')
    const late = scripted.connect(3)
    scripted.promise(late)
    expect(scripted.sentTo(3).at(-1)).toBe('newLeader 200000000')
    scripted.reconfig(['4o'])
    ack(2)
    // It would acknowledge what follows before it hears which configuration is in force.
    expect(scripted.closed.get(3)).toBe('the configuration changes while it is synced')
  })

  it('is sent back when it votes from that reconfig on', () => {
    const { scripted, ack, ids } = established(1, '1 2 3', '2 3 4')
    scripted.reconfig(['4', '5'], [3])
    const late = scripted.connect(5, { version: makeZxid(1, 3) })
    scripted.promise(late)
    ack(2, 3, 4)
    expect([scripted.membership.committed.version, ids.size]).toEqual([one, 3])
    expect(scripted.closed.get(5)).toMatch(/does not know the configuration in force/)
  })
})

describe('the first configuration', () => {
  it('is named after the epoch that makes it known, once', () => {
    const scripted = new ScriptedLeader(1 as Sid, configOf('1 2 3'))
    scripted.join(['2'], { version: 0 })
    expect(scripted.membership.committed.version).toBe(makeZxid(1, 0))
    expect(scripted.saved).toEqual(['next 100000000', 'current 100000000'])
  })
})
