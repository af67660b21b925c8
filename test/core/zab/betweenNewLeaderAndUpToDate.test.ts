/**
 * Between NEWLEADER and UPTODATE a leader and a learner of Apache's take little: the one no answer to a PING
 * before the acknowledgement (LearnerHandler.run), the other no COMMIT of what was proposed before
 * (Learner.syncWithLeader, ZOOKEEPER-4394).
 */
import { describe, expect, it } from 'vitest'
import * as packets from '../../../src/core/zab/packets.ts'
import { PacketType } from '../../../src/protocol/opcodes.ts'
import { makeZxid, ZERO_ZXID } from '../../../src/protocol/zxid.ts'
import { configOf } from '../configs.ts'
import { loneLearner, now } from './loneLearner.ts'
import { ScriptedLeader } from './scriptedLeader.ts'

const config = configOf('1 2 3', makeZxid(1, 0))

describe('between NEWLEADER and UPTODATE', () => {
  it('a learner answers no PING, however long its disk takes', () => {
    const said: number[] = []
    const emit = (effect: { kind: string; packet?: { type: number } }) => {
      if (effect.kind === 'toLeader' && effect.packet) said.push(effect.packet.type)
    }
    const { learner } = loneLearner(config, emit)
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
