/**
 * Which configurations count, and what ends with them: through proposals, commits, restarts, cut logs and
 * gossip.
 */
import { describe, expect, it } from 'vitest'
import type { EnsembleConfig } from '../../../src/core/membership/ensembleConfig.ts'
import { Membership } from '../../../src/core/membership/membership.ts'
import { decide } from '../../../src/core/quorum/joint.ts'
import { configCodec } from '../../../src/peer/membership.ts'
import type { Sid } from '../../../src/protocol/ids.ts'
import { OpCode } from '../../../src/protocol/opcodes.ts'
import { encodeTransaction, type Transaction } from '../../../src/protocol/transaction.ts'
import { makeZxid, ZERO_ZXID, type Zxid } from '../../../src/protocol/zxid.ts'
import { Database } from '../../../src/tree/database.ts'
import { configOf, createNode as create, reconfigTo as reconfig, transaction } from '../configs.ts'

const sids = (...ids: number[]) => ids as Sid[]

function memberOf(list: string, sid = 1, version: Zxid = ZERO_ZXID) {
  const saved: string[] = []
  const reached: number[][] = []
  const settings = {
    isReconfigEnabled: true,
    standaloneEnabled: true,
    config: configOf(list, version),
    codec: configCodec,
  }
  const saveConfig = (which: string, config: EnsembleConfig) =>
    saved.push(`${which} ${config.version.toString(16)}`)
  const membership = new Membership(sid as Sid, settings, { saveConfig }, (effect) => {
    if (effect.kind === 'membership') reached.push(effect.lastSeen.servers.map(({ sid: other }) => other))
  })
  return { membership, saved, reached }
}

describe('a pending reconfig', () => {
  it('needs quorums of both configurations, for elections and for what is proposed behind it', () => {
    const { membership } = memberOf('1 2 3')
    membership.logs(reconfig('3 4 5', makeZxid(1, 7)))
    expect(membership.voters).toEqual([1, 2, 3, 4, 5])
    expect(membership.containsQuorum(sids(1, 2))).toBe(false)
    expect(membership.containsQuorum(sids(3, 4, 5))).toBe(false)
    expect(membership.containsQuorum(sids(2, 3, 4))).toBe(true)
    expect(decide(membership.jurisdictions, sids(1, 2), makeZxid(1, 6))).toBe(true)
    expect(decide(membership.jurisdictions, sids(1, 2), makeZxid(1, 7))).toBe(false)
    expect(decide(membership.jurisdictions, sids(1, 3, 5), makeZxid(1, 8))).toBe(true)
    expect(membership.committedElectorate.containsQuorum(sids(1, 2))).toBe(true)
  })

  it('is in force once activated, and saved before and after', () => {
    const { membership, saved } = memberOf('1 2 3')
    membership.logs(reconfig('3 4 5', makeZxid(1, 7)))
    membership.activate(membership.lastSeen, 3 as Sid, 3 as Sid)
    expect(membership.isPending).toBe(false)
    expect(membership.containsQuorum(sids(4, 5))).toBe(true)
    expect(saved).toEqual(['next 100000007', 'current 100000007'])
  })

  it('is committed when another one follows it in the log', () => {
    const { membership, saved } = memberOf('1 2 3')
    membership.logs(reconfig('2 3 4', makeZxid(1, 7)))
    membership.logs(reconfig('5 6 7', makeZxid(1, 9)))
    expect(membership.committed.version).toBe(makeZxid(1, 7))
    expect(membership.containsQuorum(sids(2, 3, 5, 6))).toBe(true)
    expect(membership.containsQuorum(sids(1, 2, 5, 6))).toBe(false)
    expect(saved).toEqual(['next 100000007', 'current 100000007', 'next 100000009'])
  })
})

describe('a transaction of a later epoch', () => {
  it('says that the reconfig before it is committed, as soon as it is logged', () => {
    const { membership, saved } = memberOf('1 2 3')
    membership.logs(reconfig('3 4 5', makeZxid(1, 7)))
    membership.logs(create('/a', makeZxid(1, 8)))
    expect(membership.isPending).toBe(true)
    membership.logs(create('/b', makeZxid(2, 1)))
    expect([membership.isPending, membership.committed.version]).toEqual([false, makeZxid(1, 7)])
    expect(saved).toEqual(['next 100000007', 'current 100000007'])
  })
})

describe('what the history says at a start', () => {
  function recovered(...transactions: Transaction[]) {
    const database = Database.initial()
    for (const transaction of transactions) database.apply(transaction)
    return { database, txns: transactions.map((t) => ({ zxid: t.header.zxid, bytes: encodeTransaction(t) })) }
  }

  it('takes the last reconfig of the log for pending', () => {
    const { membership } = memberOf('1 2 3')
    const { database, txns } = recovered(reconfig('3 4 5', makeZxid(1, 1)), create('/a', makeZxid(1, 2)))
    membership.reread(database, txns)
    expect(membership.committed.version).toBe(0)
    expect(membership.lastSeen.version).toBe(makeZxid(1, 1))
  })

  it('asks for the voters of a pending one to be reached, whom the files may not name', () => {
    const { membership, reached } = memberOf('1 2 3')
    const { database, txns } = recovered(reconfig('3 4 5', makeZxid(1, 1)))
    membership.reread(database, txns)
    expect(reached).toEqual([[3, 4, 5]])
  })

  it('takes it for committed when a later epoch has built on it', () => {
    const { membership } = memberOf('1 2 3')
    const { database, txns } = recovered(reconfig('3 4 5', makeZxid(1, 1)), create('/a', makeZxid(2, 1)))
    membership.reread(database, txns)
    expect(membership.committed.version).toBe(makeZxid(1, 1))
    expect(membership.isPending).toBe(false)
  })

  it('takes all but the last for committed', () => {
    const { membership } = memberOf('1 2 3')
    const { database, txns } = recovered(reconfig('2 3 4', makeZxid(1, 1)), reconfig('3 4 5', makeZxid(1, 2)))
    membership.reread(database, txns)
    expect([membership.committed.version, membership.lastSeen.version]).toEqual([
      makeZxid(1, 1),
      makeZxid(1, 2),
    ])
  })

  it('forgets what was cut off the log', () => {
    const { membership } = memberOf('1 2 3')
    membership.logs(reconfig('3 4 5', makeZxid(1, 7)))
    membership.reread(recovered(create('/a', makeZxid(1, 6))).database)
    expect(membership.isPending).toBe(false)
    expect(membership.containsQuorum(sids(1, 2))).toBe(true)
  })

  it('takes what a client wrote into the node for no configuration', () => {
    const { membership } = memberOf('1 2 3')
    const zxid = makeZxid(1, 1)
    const data = Buffer.from(configOf('7 8 9', zxid).text)
    const record = { path: '/zookeeper/config', data, version: 0 }
    const { database, txns } = recovered(transaction(zxid, { type: OpCode.setData, record }))
    membership.reread(database, txns)
    expect([membership.isPending, membership.committed.version]).toEqual([false, 0])
  })

  it('never goes back behind the file', () => {
    const { membership } = memberOf('1 2 3', 1, makeZxid(2, 5))
    membership.reread(recovered(reconfig('3 4 5', makeZxid(1, 1))).database)
    expect([membership.isPending, membership.committed.version]).toEqual([false, makeZxid(2, 5)])
  })
})

describe('a server alone', () => {
  it('goes by no configuration, though its data dir comes from an ensemble', () => {
    const saved: string[] = []
    const config = { version: ZERO_ZXID, servers: [], text: '' }
    const settings = { isReconfigEnabled: true, standaloneEnabled: true, config, codec: configCodec }
    const saveConfig = (which: string) => saved.push(which)
    const membership = new Membership(1 as Sid, settings, { saveConfig }, () => {})
    const database = Database.initial()
    database.apply(reconfig('3 4 5', makeZxid(1, 1)))
    database.apply(create('/a', makeZxid(2, 1)))
    membership.reread(database)
    expect([saved, membership.committed, membership.isPending]).toEqual([[], config, false])
  })
})

describe('an activation', () => {
  it.each([
    ['of other servers changes nothing for this one', '1 2 3', '1 2 4', 1, 2, 2, null],
    ['may make this server an observer', '1 2 3', '1o 2 3', 1, 2, 2, 'this server is an observer now'],
    ['may make an observer a voter', '1o 2 3', '1 2 3', 1, 2, 2, 'this server is a participant now'],
    ['may leave a voter out, who follows on', '1 2 3', '2 3', 1, 2, 2, null],
    [
      'may leave an observer out, who follows without a vote',
      '1o 2 3',
      '2 3',
      1,
      2,
      2,
      'this server is a participant now',
    ],
    ['may name another leader', '1 2 3', '1 3', 1, 2, 3, 'server 3 is to lead now'],
    [
      'without a name ends with a leader that is left out',
      '1 2 3',
      '1 3',
      1,
      2,
      null,
      'server 2 must not lead any more',
    ],
  ] as const)('%s', (_, before, after, sid, leader, designated, ending) => {
    const { membership } = memberOf(before, sid)
    const config = configOf(after, makeZxid(1, 1))
    expect(membership.activate(config, leader as Sid, designated as Sid | null)).toBe(ending)
    expect(membership.activate(config, leader as Sid, 9 as Sid)).toBeNull()
  })
})

describe('what others say', () => {
  it('is adopted when it is later, and restarts an election only when the voters differ', () => {
    const { membership } = memberOf('1 2 3')
    expect(membership.hear(configOf('1 2 3', makeZxid(1, 0)).text)).toBe(false)
    expect(membership.committed.version).toBe(makeZxid(1, 0))
    expect(membership.hear(configOf('2 3 4', makeZxid(1, 3)).text)).toBe(true)
    expect(membership.hear(configOf('1 2 3', makeZxid(1, 2)).text)).toBe(false)
    expect(membership.hear('nonsense')).toBe(false)
    expect(membership.voters).toEqual([2, 3, 4])
  })

  it('gives the first configuration the version of its epoch, once', () => {
    const { membership } = memberOf('1 2 3')
    membership.offerFirstVersion(makeZxid(3, 0))
    membership.offerFirstVersion(makeZxid(4, 0))
    expect(membership.lastSeen.text).toMatch(/\nversion=300000000$/)
    expect(membership.committed.version).toBe(0)
  })
})
