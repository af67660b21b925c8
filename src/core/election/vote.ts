/**
 * A vote, which of two is better, and when two are the same (FastLeaderElection.totalOrderPredicate,
 * Vote.equals).
 */
import type { Sid } from '../../protocol/ids.ts'
import { ServerState } from '../../protocol/opcodes.ts'
import type { Epoch, Zxid } from '../../protocol/zxid.ts'
import type { VoteView } from '../events.ts'
import type { Electorate } from '../quorum/electorate.ts'
import type { Notification } from './notification.ts'

/**
 * The candidate and its history: `zxid` and `peerEpoch` are the candidate's last logged zxid and
 * currentEpoch.
 */
export interface Vote {
  readonly leader: Sid
  readonly zxid: Zxid
  readonly peerEpoch: Epoch
  /** The round it was cast in: electionEpoch, logicalclock. */
  readonly round: number
}

/** A vote together with its sender's state. */
export interface CastVote {
  readonly vote: Vote
  readonly state: ServerState
  /** Version of the message that carried it; 0 where versions are not distinguished. */
  readonly version: number
}

/** Long.MIN_VALUE: what Apache's observers vote with. It loses against every vote of a voter. */
const LEAST = -(2 ** 63)
export const NOBODY: Omit<Vote, 'round'> = { leader: LEAST as Sid, zxid: LEAST as Zxid, peerEpoch: LEAST }

/**
 * Whether `a` beats `b`, whatever their rounds: by epoch, then zxid, then sid. A candidate without weight
 * never wins against one with weight: a candidate that cannot be elected must not keep a better one from
 * being named.
 */
export function isBetter(a: Vote, b: Vote, weightOf: Electorate['weightOf']): boolean {
  if (weightOf(a.leader) === 0) return false
  if (weightOf(b.leader) === 0) return true
  if (a.peerEpoch !== b.peerEpoch) return a.peerEpoch > b.peerEpoch
  if (a.zxid !== b.zxid) return a.zxid > b.zxid
  return a.leader > b.leader
}

/** Same in every field. */
export function isSameVote(a: Vote, b: Vote): boolean {
  return a.leader === b.leader && a.zxid === b.zxid && a.round === b.round && a.peerEpoch === b.peerEpoch
}

/**
 * Whether two cast votes support one another. Once members have settled only leader and epoch are compared,
 * because zxid and round differ with the moment of joining (ZOOKEEPER-1805); and not even the epoch between
 * messages with and without a version, which disagree about it (ZOOKEEPER-1732).
 */
export function agree(a: CastVote, b: CastVote): boolean {
  if (a.state === ServerState.looking || b.state === ServerState.looking) return isSameVote(a.vote, b.vote)
  if (a.vote.leader !== b.vote.leader) return false
  const isMixed = a.version > 0 !== b.version > 0
  return isMixed || a.vote.peerEpoch === b.vote.peerEpoch
}

export function voteIn(notification: Notification): Vote {
  const { leader, zxid, peerEpoch, electionEpoch } = notification
  return { leader, zxid, peerEpoch, round: electionEpoch }
}

export function viewOf(vote: Vote): VoteView {
  return { leader: vote.leader, zxid: vote.zxid, round: vote.round, epoch: vote.peerEpoch }
}
