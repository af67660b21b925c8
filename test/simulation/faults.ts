/** Faults planted to prove that the checks bite: each breaks one rule that the protocol rests on. */

import { CONFIG_PATH, type Membership } from '../../src/core/membership.ts'
import type { PeerCore } from '../../src/core/peer.ts'
import type { QuorumVerifier } from '../../src/core/quorum.ts'
import type { Sid } from '../../src/protocol/ids.ts'
import type { Database } from '../../src/tree/database.ts'

/** Who decides while a reconfig is pending, and what a restart knows of it. */
const reconfigFaults = [
  'old-quorum-only',
  'new-quorum-only',
  'elect-by-committed',
  'forget-pending-config',
  'keep-stale-config',
  'newleader-carries-pending',
  'sync-who-is-behind',
  'forget-former-quorum',
] as const
/** What a damaged disk does to a member that does not look. */
const damageFaults = ['ignore-record', 'cut-to-nothing'] as const
export const plantedFaults = [
  ...damageFaults,
  'ack-before-fsync',
  'half-quorum',
  'skip-trunc',
  'forget-accepted-epoch',
  ...reconfigFaults,
] as const
export type PlantedFault = (typeof plantedFaults)[number]

export function isReconfigFault(fault: PlantedFault | null | undefined): boolean {
  return reconfigFaults.some((known) => known === fault)
}

export function isDamageFault(fault: PlantedFault | null | undefined): boolean {
  return damageFaults.some((known) => known === fault)
}

/** A verifier that takes half of the voters, rounded down, for a quorum. */
export function halfQuorum(verifier: QuorumVerifier): QuorumVerifier {
  const half = Math.max(1, Math.floor(verifier.voters.length / 2))
  const halved: QuorumVerifier = Object.create(verifier)
  halved.containsQuorum = (sids: Iterable<Sid>) => new Set(sids).size >= half
  return halved
}

/** What a leader minds when it syncs and commits through a reconfig. To be called after every step: leaders come and go. */
export function plantInLeader({ leader }: PeerCore, fault: PlantedFault | null): void {
  if (leader === null) return
  const part = (name: string) => (Reflect.get(leader, name) ?? {}) as object
  switch (fault) {
    case 'newleader-carries-pending':
      Object.defineProperty(part('synchronization'), 'isOutstanding', {
        get: () => false,
        configurable: true,
      })
      break
    case 'sync-who-is-behind':
      Object.assign(part('synchronization'), { isBehind: () => false })
      break
    case 'forget-former-quorum':
      Object.assign(part('broadcast'), { isFormerQuorum: () => true })
      break
  }
}

/** While a reconfig is pending, quorums of one configuration alone decide. */
export function plantInMembership(membership: Membership, fault: PlantedFault | null): void {
  const byCommitted = (sids: Iterable<Sid>) => membership.committedElectorate.containsQuorum(sids)
  switch (fault) {
    case 'old-quorum-only':
      membership.decides = byCommitted
      break
    case 'new-quorum-only':
      membership.decides = (sids) => membership.verifierFor(membership.lastSeen).containsQuorum(sids)
      break
    case 'elect-by-committed':
      membership.containsQuorum = byCommitted
      break
  }
}

/** A restart does not find out from its history which configuration it has seen last. */
export function forgetConfig(database: Database): void {
  const node = database.tree.node(CONFIG_PATH)
  if (node !== undefined) node.data = null
}
