/**
 * A learner's discovery: it tells the leader which epoch it has accepted, accepts the new one on disk, and
 * only then promises it (Learner.registerWithLeader).
 *
 * Invariant: ACKEPOCH leaves after acceptedEpoch is durable, and no epoch is promised twice. A learner says
 * that it has no history only where that counts for nothing but the choice of the sync: in an epoch that it
 * has promised before.
 *
 * Why such a learner loses nothing that was acknowledged. Its leader has sent TRUNC in this epoch, so a
 * quorum had promised it, possibly including this learner with its true history, and none of the quorum was
 * ahead: the leader holds everything that was ever committed. Its history stays on disk, and its votes claim
 * it, until the leader's whole history has replaced it in one step (installSnapshot). With another leader, or
 * the same in a later epoch, it says what it has.
 */
import { PacketType } from '../../../protocol/opcodes.ts'
import type { QuorumPacket } from '../../../protocol/records/quorum.ts'
import { type Epoch, epochOf, MAX_EPOCH, ZERO_ZXID } from '../../../protocol/zxid.ts'
import type { SendEffect } from '../../effects.ts'
import type { Replica } from '../../replica.ts'
import * as packets from '../packets.ts'

type DiscoveryOutcome = { accepted: Epoch } | { refused: string }

/** Answers LEADERINFO. */
export function acceptEpoch(
  packet: QuorumPacket,
  replica: Replica,
  anewIn: Epoch | null,
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
    // The epoch was accepted before, possibly from another leader: it may sync with this leader but not vote
    // for its epoch again.
    emit({ kind: 'toLeader', packet: packets.ackEpoch(epoch === anewIn ? ZERO_ZXID : lastLogged, -1) })
  } else {
    const promise: SendEffect = { kind: 'toLeader', packet: packets.ackEpoch(lastLogged, currentEpoch) }
    replica.saveAcceptedEpoch(epoch, [promise])
  }
  return { accepted: epoch }
}
