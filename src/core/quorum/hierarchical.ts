/**
 * More than half of the groups, each by more than half of its weight (QuorumHierarchical). Groups without
 * weight do not count.
 */
import type { Sid } from '../../protocol/ids.ts'
import { invariant } from '../invariant.ts'
import type { QuorumMember, QuorumRule } from './rule.ts'

interface Group {
  total: number
  readonly weights: Map<Sid, number>
}

/** @param participants every one has a group */
export function hierarchical(participants: readonly QuorumMember[]): QuorumRule {
  const counting = groupsOf(participants).filter(({ total }) => total > 0)
  return {
    containsQuorum(sids) {
      const present = new Set(sids)
      const agreeing = counting.filter((group) => weightOf(group, present) > group.total / 2)
      return agreeing.length > counting.length / 2
    },
  }
}

function groupsOf(participants: readonly QuorumMember[]): Group[] {
  const groups = new Map<number, Group>()
  for (const { sid, group: id, weight } of participants) {
    invariant(id !== null, () => `with groups every voter needs one: server.${sid} has none`)
    const group = groups.get(id) ?? { total: 0, weights: new Map() }
    group.total += weight
    group.weights.set(sid as Sid, weight)
    groups.set(id, group)
  }
  return [...groups.values()]
}

function weightOf({ weights }: Group, present: Iterable<Sid>): number {
  let sum = 0
  for (const sid of present) sum += weights.get(sid) ?? 0
  return sum
}
