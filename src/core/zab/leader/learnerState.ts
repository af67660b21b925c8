/** A learner as its leader sees it (Apache's LearnerHandler, without the thread). */
import type { Sid } from '../../../protocol/ids.ts'
import type { QuorumPacket } from '../../../protocol/records/quorum.ts'
import type { Epoch, Zxid } from '../../../protocol/zxid.ts'
import type { LearnerId } from '../../effects.ts'

export type LearnerPhase =
  /** Connected; nothing said yet. */
  | 'connected'
  /** FOLLOWERINFO or OBSERVERINFO came; waits for the new epoch. */
  | 'discovered'
  /** LEADERINFO is (on its way) out; waits for ACKEPOCH. */
  | 'offered'
  /** ACKEPOCH came; waits until a quorum's has, to be synced. */
  | 'promised'
  /** Being synced: NEWLEADER follows or is out. It gets every proposal from now on. */
  | 'syncing'
  /** Acknowledged NEWLEADER: counts towards the quorum that establishes the epoch. */
  | 'synced'

export interface LearnerState {
  readonly id: LearnerId
  sid: Sid
  phase: LearnerPhase
  isObserver: boolean
  /** Of the configuration that it knew to be committed when it connected. */
  configVersion: number
  /** From ACKEPOCH. */
  lastZxid: Zxid
  currentEpoch: Epoch | -1
  /** It has acknowledged every proposal up to this one: acknowledgements come in order. */
  ackedZxid: Zxid
  /** When it last said anything, monotonic ms. */
  heardAtMs: number
  /** The proposal whose acknowledgement is due next, and when it was sent; null when it owes none. */
  owed: { zxid: Zxid; sinceMs: number } | null
  /** COMMITs that wait behind NEWLEADER for UPTODATE; null while they need not. */
  withheld: QuorumPacket[] | null
  /** UPTODATE was sent: it serves. */
  isUpToDate: boolean
}

/** It gets proposals and commits. */
export function isForwarding(learner: LearnerState): boolean {
  return learner.phase === 'syncing' || learner.phase === 'synced'
}

/** It counts among the voters that hold something: a follower that has acknowledged NEWLEADER. */
export function isSyncedFollower({ phase, isObserver }: LearnerState): boolean {
  return phase === 'synced' && !isObserver
}
