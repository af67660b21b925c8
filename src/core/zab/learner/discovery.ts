/**
 * A learner's discovery: it tells the leader which epoch it has accepted, accepts the new one on disk, and only
 * then promises it (Learner.registerWithLeader).
 *
 * Invariant: ACKEPOCH leaves after acceptedEpoch is durable, and no epoch is promised twice.
 */
import { PacketType } from '../../../protocol/opcodes.ts'
import type { QuorumPacket } from '../../../protocol/records/quorum.ts'
import { type Epoch, epochOf, MAX_EPOCH } from '../../../protocol/zxid.ts'
import type { SendEffect } from '../../effects.ts'
import type { Replica } from '../../replica.ts'
import * as packets from '../packets.ts'

export type DiscoveryOutcome = { accepted: Epoch } | { refused: string }

/** Answers LEADERINFO. */
export function acceptEpoch(
  packet: QuorumPacket,
  replica: Replica,
  emit: (effect: SendEffect) => void,
): DiscoveryOutcome {
  if (packet.type !== PacketType.leaderInfo)
    return { refused: `expected LEADERINFO, got packet type ${packet.type}` }
  const epoch = epochOf(packet.zxid)
  if (epoch > MAX_EPOCH) return { refused: `the leader offers epoch ${epoch}, beyond the last, ${MAX_EPOCH}` }
  if (epoch < replica.acceptedEpoch) {
    return { refused: `the leader offers epoch ${epoch}, ${replica.acceptedEpoch} is already accepted` }
  }
  const { lastLogged, currentEpoch } = replica
  if (epoch === replica.acceptedEpoch) {
    // Accepted before, perhaps from another: it may sync with this leader but not vote for its epoch again.
    emit({ kind: 'toLeader', packet: packets.ackEpoch(lastLogged, -1) })
  } else {
    const promise: SendEffect = { kind: 'toLeader', packet: packets.ackEpoch(lastLogged, currentEpoch) }
    replica.saveAcceptedEpoch(epoch, [promise])
  }
  return { accepted: epoch }
}
