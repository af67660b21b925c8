/** What a learner takes for the configuration in force while it is synced (Learner.syncWithLeader). */
import { describe, expect, it } from 'vitest'
import type { Effect } from '../../../src/core/effects.ts'
import { Membership } from '../../../src/core/membership/membership.ts'
import { Replica } from '../../../src/core/replica.ts'
import { LearnerSync } from '../../../src/core/zab/learner/synchronization.ts'
import * as packets from '../../../src/core/zab/packets.ts'
import { configCodec } from '../../../src/peer/membership.ts'
import type { Sid } from '../../../src/protocol/ids.ts'
import { encodeTransaction, type Transaction } from '../../../src/protocol/transaction.ts'
import { makeZxid, ZERO_ZXID, type Zxid } from '../../../src/protocol/zxid.ts'
import { Database } from '../../../src/tree/database.ts'
import { configOf, createNode, reconfigTo } from '../configs.ts'

const leader = 1 as Sid

function learnerOf(sid: number, list: string) {
  const effects: Effect[] = []
  const emit = (effect: Effect) => effects.push(effect)
  const recovered = { database: Database.initial(), recentTxns: [], acceptedEpoch: 2, currentEpoch: 1 }
  const replica = new Replica(recovered, 500, emit)
  const settings = {
    isReconfigEnabled: true,
    standaloneEnabled: true,
    config: configOf(list, makeZxid(1, 0)),
    codec: configCodec,
  }
  const membership = new Membership(sid as Sid, settings, { saveConfig: () => 0 }, emit)
  const isObserver = membership.role === 'observer'
  const sync = new LearnerSync({ membership, replica }, leader, isObserver, 2, false)
  const hear = (packet: ReturnType<typeof packets.diff>) => {
    const progress = sync.packet(packet, null)
    for (const effect of effects.splice(0)) if ('ticket' in effect) replica.durable(effect.ticket)
    return progress
  }
  const newLeader = (config: string, version: Zxid) =>
    hear(packets.newLeader(2, configOf(config, version).text))
  return { sync, membership, replica, hear, newLeader }
}

const proposal = (transaction: Transaction) =>
  packets.proposal({ zxid: transaction.header.zxid, bytes: encodeTransaction(transaction) })

describe('NEWLEADER brings a configuration that', () => {
  const version = makeZxid(1, 1)

  it('is in force with UPTODATE, and may end this part', () => {
    const { sync, membership, hear, newLeader } = learnerOf(3, '1 2 3')
    hear(packets.diff(version))
    hear(proposal(reconfigTo('1 2 3o', version)))
    hear(packets.commit(version))
    expect(membership.committed.version).toBe(makeZxid(1, 0))
    expect(newLeader('1 2 3o', version)).toBe('newLeaderAcknowledged')
    expect([membership.isPending, membership.role]).toEqual([true, 'participant'])
    expect(sync.upToDate(leader)).toBe('this server is an observer now')
    expect(membership.committed.version).toBe(version)
  })

  it('is proposed only, by a leader of Apache: it is not in force', () => {
    const { sync, membership, hear, newLeader } = learnerOf(3, '1 2 3')
    hear(packets.diff(ZERO_ZXID))
    hear(proposal(reconfigTo('1 2 4', version)))
    newLeader('1 2 4', version)
    expect([sync.upToDate(leader), membership.committed.version]).toEqual([null, makeZxid(1, 0)])
  })

  it('is proposed only, and an observer is not sent what is', () => {
    const { sync, membership, hear, newLeader } = learnerOf(3, '1 2 3o')
    hear(packets.diff(ZERO_ZXID))
    newLeader('1 2 4 3o', version)
    expect([sync.upToDate(leader), membership.committed.version]).toEqual([null, makeZxid(1, 0)])
  })

  it('a follower has no proposal of, though its leader has completed it: Apache may have the file alone', () => {
    const { sync, membership, hear, newLeader } = learnerOf(3, '1 2 3')
    hear(packets.diff(ZERO_ZXID))
    newLeader('1 2 3 4', version)
    expect([sync.upToDate(leader), membership.committed.version]).toEqual([null, version])
  })

  it('is the first one of the epoch', () => {
    for (const list of ['1 2 3', '1 2 3o']) {
      const { sync, membership, hear, newLeader } = learnerOf(3, list)
      hear(packets.diff(ZERO_ZXID))
      newLeader(list, makeZxid(2, 0))
      expect([sync.upToDate(leader), membership.committed.version]).toEqual([null, makeZxid(2, 0)])
    }
  })
})

describe('a reconfig that is committed during the sync', () => {
  const version = makeZxid(2, 1)

  it('is in force at once, where the leader says so', () => {
    const { membership, replica, hear } = learnerOf(3, '1 2 3')
    hear(packets.diff(ZERO_ZXID))
    hear(proposal(reconfigTo('1 3 4', version)))
    expect(hear(packets.commitAndActivate(version, leader))).toBe('reading')
    expect([membership.committed.version, replica.lastCommitted]).toEqual([version, version])
  })

  it('ends the sync when another server is to lead', () => {
    const { hear } = learnerOf(3, '1 2 3')
    hear(packets.diff(ZERO_ZXID))
    hear(proposal(reconfigTo('2 3', version)))
    const ended = hear(packets.commitAndActivate(version, 2 as Sid))
    expect(ended).toEqual({ failed: 'server 2 is to lead now', designated: 2 })
  })

  it('comes whole to an observer, whom it makes a voter', () => {
    const { hear } = learnerOf(3, '1 2 3o')
    hear(packets.diff(ZERO_ZXID))
    const reconfig = reconfigTo('1 2 3', version)
    const txn = { zxid: version, bytes: encodeTransaction(reconfig) }
    const ended = hear(packets.informAndActivate(txn, leader))
    expect(ended).toEqual({ failed: 'this server is a participant now', designated: 1 })
  })

  it('is known to be committed by a transaction of a later epoch, before UPTODATE', () => {
    const { membership, hear } = learnerOf(3, '1 2 3')
    hear(packets.diff(ZERO_ZXID))
    hear(proposal(reconfigTo('1 3 4', makeZxid(1, 1))))
    hear(proposal(createNode('/a', makeZxid(2, 1))))
    expect(membership.committed.version).toBe(makeZxid(1, 1))
  })

  it('ends a part that was taken before that was known, with UPTODATE', () => {
    for (const [list, ending] of [
      ['1 2 3o', 'this server is a participant now'],
      ['1 2 3', 'this server is an observer now'],
    ] as const) {
      const { sync, hear, newLeader } = learnerOf(3, list)
      const next = list === '1 2 3' ? '1 2 3o' : '1 2 3'
      hear(packets.diff(ZERO_ZXID))
      hear(proposal(reconfigTo(next, makeZxid(1, 1))))
      hear(proposal(createNode('/a', makeZxid(2, 1))))
      newLeader(next, makeZxid(1, 1))
      expect(sync.upToDate(leader)).toBe(ending)
    }
  })
})
