/** Faults planted to prove that the checks bite: each breaks one rule that the protocol rests on. */

import type { QuorumVerifier } from '../../src/core/quorum.ts'
import type { Sid } from '../../src/protocol/ids.ts'

export const plantedFaults = [
  'ack-before-fsync',
  'half-quorum',
  'skip-trunc',
  'forget-accepted-epoch',
] as const
export type PlantedFault = (typeof plantedFaults)[number]

/** A verifier that takes half of the voters, rounded down, for a quorum. */
export function halfQuorum(verifier: QuorumVerifier): QuorumVerifier {
  const half = Math.max(1, Math.floor(verifier.voters.length / 2))
  const halved: QuorumVerifier = Object.create(verifier)
  halved.containsQuorum = (sids: Iterable<Sid>) => new Set(sids).size >= half
  return halved
}
