/**
 * More than half of the groups, each by more than half of its weight (QuorumHierarchical). Groups without weight
 * do not count.
 */
import type { Sid } from '../../protocol/ids.ts'
import { invariant } from '../invariant.ts'
import type { QuorumMember, QuorumRule } from './electorate.ts'

type Weights = ReadonlyMap<Sid, number>

/** @param participants every one has a group */
export function hierarchical(participants: readonly QuorumMember[]): QuorumRule {
  const counting = groupsOf(participants).filter((group) => totalOf(group) > 0)
  return {
    containsQuorum(sids) {
      const present = new Set(sids)
      const agreeing = counting.filter((group) => weightIn(group, present) > totalOf(group) / 2)
      return agreeing.length > counting.length / 2
    },
  }
}

function groupsOf(participants: readonly QuorumMember[]): Weights[] {
  const groups = new Map<number, Map<Sid, number>>()
  for (const { sid, group, weight } of participants) {
    invariant(group !== null, () => `with groups every voter needs one: server.${sid} has none`)
    groups.set(group, (groups.get(group) ?? new Map<Sid, number>()).set(sid as Sid, weight))
  }
  return [...groups.values()]
}

function totalOf(group: Weights): number {
  return weightIn(group, group.keys())
}

function weightIn(group: Weights, sids: Iterable<Sid>): number {
  let sum = 0
  for (const sid of sids) sum += group.get(sid) ?? 0
  return sum
}
