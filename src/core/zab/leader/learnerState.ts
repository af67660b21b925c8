/** A learner as its leader sees it (Apache's LearnerHandler, without the thread). */
import type { Sid } from '../../../protocol/ids.ts'
import type { QuorumPacket } from '../../../protocol/records/quorum.ts'
import type { Epoch, Zxid } from '../../../protocol/zxid.ts'
import type { LearnerId } from '../../effects.ts'

export type LearnerPhase =
  /** Connected; no packet received yet. */
  | 'connected'
  /** FOLLOWERINFO or OBSERVERINFO was received; it waits for the new epoch. */
  | 'discovered'
  /** LEADERINFO is sent, or about to be; ACKEPOCH is awaited. */
  | 'offered'
  /** ACKEPOCH was received; it is synced once a quorum's was. */
  | 'promised'
  /** Being synced: NEWLEADER was sent or will be. From now on it gets every proposal. */
  | 'syncing'
  /** NEWLEADER is acknowledged: it counts towards the quorum that establishes the epoch. */
  | 'synced'

export interface LearnerState {
  readonly id: LearnerId
  sid: Sid
  phase: LearnerPhase
  isObserver: boolean
  /** Version of the configuration that it knew to be committed when it connected. */
  configVersion: number
  /** From ACKEPOCH. */
  lastZxid: Zxid
  currentEpoch: Epoch | -1
  /** It has acknowledged every proposal up to this one: acknowledgements come in order. */
  ackedZxid: Zxid
  /** When its last packet arrived, monotonic ms. */
  heardAtMs: number
  /** The proposal whose acknowledgement is due next, and when it was sent; null when it owes none. */
  owed: { zxid: Zxid; sinceMs: number } | null
  /** COMMITs that wait for UPTODATE after NEWLEADER was sent; null while none has to. */
  withheld: QuorumPacket[] | null
  /** UPTODATE was sent: it serves. */
  isUpToDate: boolean
}

/** Whether it gets proposals and commits. */
export function isForwarding(learner: LearnerState): boolean {
  return learner.phase === 'syncing' || learner.phase === 'synced'
}

/** Whether it counts among the voters that hold something: a follower that has acknowledged NEWLEADER. */
export function isSyncedFollower({ phase, isObserver }: LearnerState): boolean {
  return phase === 'synced' && !isObserver
}
