/**
 * What Apache's leaders and learners send in a sync beside what the protocol asks for, and ours must bear.
 */
import { describe, expect, it } from 'vitest'
import * as packets from '../../../src/core/zab/packets.ts'
import { NO_SESSION } from '../../../src/protocol/ids.ts'
import { OpCode } from '../../../src/protocol/opcodes.ts'
import { encodeTransaction } from '../../../src/protocol/transaction.ts'
import { makeZxid, type Zxid } from '../../../src/protocol/zxid.ts'
import { Database } from '../../../src/tree/database.ts'
import { labelDatabase } from '../../../src/tree/snapshotFormat.ts'
import { configOf } from '../configs.ts'
import { loneLearner, now } from './loneLearner.ts'
import { ScriptedLeader } from './scriptedLeader.ts'

const config = configOf('1 2 3', makeZxid(1, 0))

function errorAt(zxid: Zxid) {
  const header = { clientId: NO_SESSION, cxid: 1, zxid, time: 0, type: OpCode.error }
  const body = { type: OpCode.error, record: { err: -101 } }
  return { zxid, bytes: encodeTransaction({ header, body, digest: undefined }) }
}

describe('a sync with Apache', () => {
  it('counts what a follower acknowledged before NEWLEADER once it has acknowledged that, too', () => {
    const leader = new ScriptedLeader(1, config)
    leader.join(['2'])
    const late = leader.connect(3)
    leader.promise(late)
    const outstanding = leader.create('/outstanding')
    leader.ack(late)
    expect(leader.closed.get(3)).toBeUndefined()
    expect(leader.committed).not.toBe(outstanding)
    leader.ackNewLeader(late)
    expect(leader.committed).toBe(outstanding)
  })

  it('passes over proposals that the SNAP before them shows already', () => {
    const { learner, replica } = loneLearner(config)
    const sent = Database.initial()
    labelDatabase(sent, makeZxid(2, 5))
    learner.connected(now)
    const hear = (packet: ReturnType<typeof packets.ping>, db: Database | null = null) =>
      learner.packet(packet, db, now)
    hear(packets.leaderInfo(2))
    hear(packets.snap(makeZxid(2, 5)), sent)
    for (const counter of [4, 5, 6]) {
      hear(packets.proposal(errorAt(makeZxid(2, counter))))
      hear(packets.commit(makeZxid(2, counter)))
    }
    hear(packets.proposal(errorAt(makeZxid(2, 7))))
    hear(packets.newLeader(2, config.text))
    expect(replica.database.lastProcessedZxid).toBe(makeZxid(2, 6))
    expect(replica.lastLogged).toBe(makeZxid(2, 7))
  })
})
