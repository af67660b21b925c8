/** Faults planted to prove that the checks bite: each breaks one rule that the protocol rests on. */

import { CONFIG_PATH, type Membership } from '../../src/core/membership/membership.ts'
import type { PeerCore } from '../../src/core/peer.ts'
import type { Electorate } from '../../src/core/quorum/electorate.ts'
import { UNLIMITED } from '../../src/core/quorum/joint.ts'
import { ZERO_ZXID } from '../../src/protocol/zxid.ts'
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

/** An electorate that takes half of the voters, rounded down, for a quorum. */
export function halfQuorum(electorate: Electorate): Electorate {
  const half = Math.max(1, Math.floor(electorate.voters.length / 2))
  return { ...electorate, containsQuorum: (sids) => new Set(sids).size >= half }
}

/**
 * What a member minds when it syncs and commits through a reconfig. To be called after every step: roles come
 * and go.
 */
export function plantInRole({ leader, learner }: PeerCore, fault: PlantedFault | null): void {
  const part = (role: object | null, name: string) => (role && Reflect.get(role, name)) ?? {}
  switch (fault) {
    case 'newleader-carries-pending':
      // Apache's learner takes what NEWLEADER carries for committed. Ours looks whether it is, which hides
      // the fault.
      Object.defineProperty(part(leader, 'synchronization'), 'isOutstanding', {
        get: () => false,
        configurable: true,
      })
      Object.assign(part(learner, 'sync'), { isOutstanding: () => false })
      break
    case 'sync-who-is-behind':
      Object.assign(part(leader, 'synchronization'), { isBehind: () => false })
      break
    case 'forget-former-quorum':
      Object.defineProperty(part(leader, 'broadcast'), 'replaced', {
        get: () => null,
        set: () => {},
        configurable: true,
      })
      break
  }
}

/** While a reconfig is pending, quorums of one configuration alone decide. */
export function plantInMembership(membership: Membership, fault: PlantedFault | null): void {
  const decideAlone = (electorateOf: () => Electorate) =>
    Object.defineProperty(membership, 'jurisdictions', {
      get: () => [{ electorate: electorateOf(), from: ZERO_ZXID, upTo: UNLIMITED }],
      set: () => {},
    })
  switch (fault) {
    case 'old-quorum-only':
      decideAlone(() => membership.committedElectorate)
      break
    case 'new-quorum-only':
      decideAlone(() => membership.electorateFor(membership.lastSeen))
      break
    case 'elect-by-committed':
      membership.containsQuorum = (sids) => membership.committedElectorate.containsQuorum(sids)
      break
  }
}

/** A restart does not find out from its history which configuration it has seen last. */
export function forgetConfig(database: Database): void {
  const node = database.tree.node(CONFIG_PATH)
  if (node !== undefined) node.data = null
}
