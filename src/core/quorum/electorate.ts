/**
 * An electorate: the voters of a configuration, and which sets of them form a quorum.
 *
 * Invariant: two quorums of one electorate share a voter.
 */
import type { Sid } from '../../protocol/ids.ts'
import { hierarchical } from './hierarchical.ts'
import { majority } from './majority.ts'
import type { QuorumMember, QuorumRule } from './rule.ts'

export interface Electorate extends QuorumRule {
  /** By ascending sid. */
  readonly voters: readonly Sid[]
  isVoter(sid: Sid): boolean
  /** 1 for every voter of a majority ensemble, 0 for a member that is not a voter. */
  weightOf(sid: Sid): number
}

/**
 * The electorate of one configuration: hierarchical as soon as one participant has a group
 * (QuorumPeerConfig.parseDynamicConfig), by majority otherwise.
 */
export function electorateOf(members: readonly QuorumMember[]): Electorate {
  const participants = members.filter(({ role }) => role === 'participant')
  const isHierarchical = participants.some(({ group }) => group !== null)
  const weights = new Map(participants.map(({ sid, weight }) => [sid as Sid, isHierarchical ? weight : 1]))
  const voters = [...weights.keys()].sort((a, b) => a - b)
  const { containsQuorum } = isHierarchical ? hierarchical(participants) : majority(voters)
  return {
    voters,
    isVoter: (sid) => weights.has(sid),
    weightOf: (sid) => weights.get(sid) ?? 0,
    containsQuorum,
  }
}
