/** What the rules of quorums are made of, and what they answer. */
import type { Sid } from '../../protocol/ids.ts'

/** The part of a `server.N` line that concerns voting. */
export interface QuorumMember {
  readonly sid: number
  readonly role: 'participant' | 'observer'
  /** Null in an ensemble that decides by majority; otherwise every participant has a group. */
  readonly group: number | null
  /** A whole number, 0 or more. It counts only in an ensemble with groups. */
  readonly weight: number
}

/** Whether a set of members is a quorum. Members that are not voters count for nothing. */
export interface QuorumRule {
  containsQuorum(sids: Iterable<Sid>): boolean
}
