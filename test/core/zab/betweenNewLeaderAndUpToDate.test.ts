/**
 * Between NEWLEADER and UPTODATE a leader and a learner of Apache's take little: the one no answer to a PING before the
 * acknowledgement (LearnerHandler.run), the other no COMMIT of what was proposed before (Learner.syncWithLeader, ZOOKEEPER-4394).
 */
import { describe, expect, it } from 'vitest'
import type { SendEffect } from '../../../src/core/effects.ts'
import { Membership } from '../../../src/core/membership.ts'
import { Replica } from '../../../src/core/replica.ts'
import { LearnerSessions } from '../../../src/core/sessions/learnerSessions.ts'
import { Learner } from '../../../src/core/zab/learner/learner.ts'
import * as packets from '../../../src/core/zab/packets.ts'
import { configCodec } from '../../../src/peer/membership.ts'
import type { Sid } from '../../../src/protocol/ids.ts'
import { PacketType } from '../../../src/protocol/opcodes.ts'
import { makeZxid, ZERO_ZXID } from '../../../src/protocol/zxid.ts'
import { Database } from '../../../src/tree/database.ts'
import { configOf } from '../configs.ts'
import { ScriptedLeader } from './scriptedLeader.ts'

const config = configOf('1 2 3', makeZxid(1, 0))
const now = { monotonicMs: 0, wallMs: 1_700_000_000_000 }

describe('between NEWLEADER and UPTODATE', () => {
  it('a learner answers no PING, however long its disk takes', () => {
    const said: number[] = []
    const emit = (effect: { kind: string; packet?: { type: number } }) => {
      if (effect.kind === 'toLeader' && effect.packet) said.push(effect.packet.type)
    }
    const recovered = { database: Database.initial(), recentTxns: [], acceptedEpoch: 1, currentEpoch: 1 }
    const replica = new Replica(recovered, 500, emit)
    const membership = new Membership({
      sid: 2 as Sid,
      settings: { isReconfigEnabled: false, standaloneEnabled: true, config, codec: configCodec },
      save: () => {},
      emit,
    })
    const learner = new Learner(
      {
        settings: { sid: 2 as Sid, tickTimeMs: 2000, initLimit: 10, syncLimit: 5 },
        membership,
        leader: 1 as Sid,
        isObserver: false,
        replica,
        sessions: new LearnerSessions(),
        emit: (effect: SendEffect) => emit(effect),
        stepDown: (reason) => expect.fail(reason),
        onUpToDate: () => {},
        synced: () => {},
        revalidated: () => {},
      },
      1,
      now,
    )
    learner.connected(now)
    const hear = (packet: ReturnType<typeof packets.ping>) => learner.packet(packet, null, now)
    hear(packets.leaderInfo(2))
    hear(packets.diff(ZERO_ZXID))
    hear(packets.newLeader(2, config.text))
    said.length = 0
    hear(packets.ping(makeZxid(2, 0)))
    expect(said).toEqual([])
    hear(packets.upToDate())
    hear(packets.ping(makeZxid(2, 0)))
    expect(said).toEqual([PacketType.ack, PacketType.ping])
  })

  it('a follower is sent no COMMIT: they come behind UPTODATE', () => {
    const leader = new ScriptedLeader(1, config)
    const [first] = leader.join(['2'])
    const outstanding = leader.create('/outstanding')
    const late = leader.connect(3)
    leader.promise(late)
    leader.ack(first as number)
    expect(leader.committed).toBe(outstanding)
    leader.create('/proposed')
    expect(leader.sentTo(3).slice(-3)).toEqual([
      'proposal 100000001',
      'newLeader 100000000',
      'proposal 100000002',
    ])
    leader.ackNewLeader(late)
    leader.ack(first as number)
    expect(leader.sentTo(3).slice(-3)).toEqual(['upToDate -1', 'commit 100000001', 'commit 100000002'])
  })
})
