/**
 * Who leads once a reconfig is in force, and the end of a leader that does not. It stays connected until its
 * followers have left it: they do when they read the activation, so it has arrived at those that matter
 * (Leader.tryToCommit).
 *
 * Invariant: a leader that is a voter of the new configuration at the old address goes on leading.
 */
import type { Sid } from '../../../protocol/ids.ts'
import { type EnsembleConfig, sameQuorumAddress } from '../../membership/ensembleConfig.ts'
import { isSyncedFollower, type LearnerState } from './learnerState.ts'

/** Whether a leader goes on leading under the next configuration. */
export function mayLead(own: Sid, previous: EnsembleConfig, next: EnsembleConfig): boolean {
  const [old, now] = [previous, next].map(({ servers }) => servers.find(({ sid }) => sid === own))
  return now?.role === 'participant' && (old === undefined || sameQuorumAddress(old, now))
}

/**
 * Leader.getDesignatedLeader: this one if it may, else the voter that holds most of what is proposed, so that
 * least of it is dropped. A quorum of the new configuration has acknowledged the reconfig; where that is this
 * leader alone, at a new address, there is nobody else to name.
 */
export function designatedLeader(
  own: Sid,
  previous: EnsembleConfig,
  next: EnsembleConfig,
  learners: Iterable<LearnerState>,
): Sid {
  if (mayLead(own, previous, next)) return own
  const voters = new Set<number>(
    next.servers.filter(({ role }) => role === 'participant').map(({ sid }) => sid),
  )
  const candidates = [...learners].filter(
    (learner) => isSyncedFollower(learner) && learner.sid !== own && voters.has(learner.sid),
  )
  candidates.sort((a, b) => b.ackedZxid - a.ackedZxid || a.sid - b.sid)
  return candidates[0]?.sid ?? own
}

export class Retirement {
  /** Null: the followers hold an election, for no activation named anyone to them. */
  readonly designated: Sid | null
  readonly untilMs: number

  constructor(designated: Sid | null, untilMs: number) {
    this.designated = designated
    this.untilMs = untilMs
  }
}
