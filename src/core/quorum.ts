/**
 * Who votes, and which sets of voters decide: by majority (QuorumMaj) or by groups and weights
 * (QuorumHierarchical: more than half of the groups, each by more than half of its weight; groups without
 * weight do not count).
 *
 * Invariant: two quorums of one verifier share a voter.
 */
import type { Sid } from '../protocol/ids.ts'
import { invariant } from './invariant.ts'

/** One `server.N` line, as far as voting goes; a ServerSpec is one. */
export interface QuorumMember {
  readonly sid: number
  readonly role: 'participant' | 'observer'
  /** Null with majority quorums; otherwise every participant has a group. */
  readonly group: number | null
  /** A whole number, 0 or more. Counts with groups only. */
  readonly weight: number
}

/** Who votes and which sets of voters decide: one configuration, or several that must all agree. */
export interface Electorate {
  readonly voters: readonly Sid[]
  isVoter(sid: Sid): boolean
  weightOf(sid: Sid): number
  containsQuorum(sids: Iterable<Sid>): boolean
}

export class QuorumVerifier implements Electorate {
  /** Participants and observers by ascending sid. */
  readonly voters: readonly Sid[]
  readonly observers: readonly Sid[]
  private readonly weights = new Map<Sid, number>()
  private readonly test: (sids: ReadonlySet<Sid>) => boolean

  /** Hierarchical as soon as one participant has a group. */
  constructor(members: readonly QuorumMember[]) {
    const participants = members.filter(({ role }) => role === 'participant')
    const isHierarchical = participants.some(({ group }) => group !== null)
    for (const { sid, weight } of participants) this.weights.set(sid as Sid, isHierarchical ? weight : 1)
    this.voters = sidsOf(participants)
    this.observers = sidsOf(members.filter(({ role }) => role === 'observer'))
    this.test = isHierarchical ? majorityOfGroups(participants) : majority(new Set(this.voters))
  }

  isVoter(sid: Sid): boolean {
    return this.weights.has(sid)
  }

  /** 1 for every voter of a majority ensemble, 0 for whoever is no voter. */
  weightOf(sid: Sid): number {
    return this.weights.get(sid) ?? 0
  }

  /** Sids that are no voters count for nothing. */
  containsQuorum(sids: Iterable<Sid>): boolean {
    return this.test(new Set(sids))
  }
}

function sidsOf(members: readonly QuorumMember[]): Sid[] {
  return members.map(({ sid }) => sid as Sid).sort((a, b) => a - b)
}

function majority(voters: ReadonlySet<Sid>): (sids: ReadonlySet<Sid>) => boolean {
  return (sids) => {
    let count = 0
    for (const sid of sids) if (voters.has(sid)) count += 1
    return count > voters.size / 2
  }
}

function majorityOfGroups(participants: readonly QuorumMember[]): (sids: ReadonlySet<Sid>) => boolean {
  const groups = new Map<number, { total: number; weights: Map<Sid, number> }>()
  for (const { sid, group, weight } of participants) {
    invariant(group !== null, () => `with groups every voter needs one: server.${sid} has none`)
    const entry = groups.get(group) ?? { total: 0, weights: new Map() }
    entry.total += weight
    entry.weights.set(sid as Sid, weight)
    groups.set(group, entry)
  }
  const counting = [...groups.values()].filter(({ total }) => total > 0)
  return (sids) => {
    let won = 0
    for (const { total, weights } of counting) {
      let sum = 0
      for (const sid of sids) sum += weights.get(sid) ?? 0
      if (sum > total / 2) won += 1
    }
    return won > counting.length / 2
  }
}

export function quorumVerifier(members: readonly QuorumMember[]): QuorumVerifier {
  return new QuorumVerifier(members)
}
