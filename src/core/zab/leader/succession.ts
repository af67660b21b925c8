/**
 * Which server leads once a reconfig is in force, and how a leader ends that may not lead under it. It stays
 * connected until its followers have left it: they leave when they read the activation, so it has reached
 * those that matter (Leader.tryToCommit).
 *
 * Invariant: a leader that is a voter of the new configuration at the old address continues to lead.
 */
import type { Sid } from '../../../protocol/ids.ts'
import type { Transaction } from '../../../protocol/transaction.ts'
import type { Now } from '../../effects.ts'
import { invariant } from '../../invariant.ts'
import { type EnsembleConfig, sameQuorumAddress } from '../../membership/ensembleConfig.ts'
import type { RoleContext } from '../roleContext.ts'
import { isSyncedFollower, type LearnerState } from './learnerState.ts'
import type { Learners } from './learners.ts'

/** Whether a leader continues to lead under the next configuration. */
function mayLead(own: Sid, previous: EnsembleConfig, next: EnsembleConfig): boolean {
  const [old, now] = [previous, next].map(({ servers }) => servers.find(({ sid }) => sid === own))
  return now?.role === 'participant' && (old === undefined || sameQuorumAddress(old, now))
}

/**
 * Leader.getDesignatedLeader: this leader if it may lead, else the voter that holds most of what is proposed,
 * so that the least is dropped. A quorum of the new configuration has acknowledged the reconfig; where that
 * is this leader alone, at a new address, there is no other server to name.
 */
function designatedLeader(
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

/** A leader that is to end: its followers have syncLimit ticks to leave it. */
interface Retirement {
  /** Null: the followers hold an election, because no activation named anyone to them. */
  readonly designated: Sid | null
  readonly untilMs: number
}

export class Succession {
  private readonly context: RoleContext
  private readonly learners: Learners
  private retirement: Retirement | null = null
  private hasActivated = false

  constructor(context: RoleContext, learners: Learners) {
    this.context = context
    this.learners = learners
  }

  /** A configuration is in force that another server leads. */
  get isRetiring(): boolean {
    return this.retirement !== null
  }

  /** When a leader that retires leaves at the latest, monotonic ms. */
  get untilMs(): number {
    return this.retirement?.untilMs ?? Number.POSITIVE_INFINITY
  }

  /** The server that leads next, where an activation has named one. */
  get designated(): Sid | null {
    return this.retirement?.designated ?? null
  }

  /** True once after each activation: learners that waited for it may continue. */
  takeActivated(): boolean {
    const { hasActivated } = this
    this.hasActivated = false
    return hasActivated
  }

  /** A reconfig is committed: puts it in force. @returns the server that leads from now on */
  activate(transaction: Transaction, now: Now): Sid {
    const { membership, settings } = this.context
    const { sid } = settings
    const config = membership.proposedIn(transaction)
    invariant(config !== null, 'a reconfig is committed though they are disabled')
    const { committed } = membership
    this.learners.dropBehindNewLeader()
    const designated = designatedLeader(sid, committed, config, this.learners.views.values())
    membership.activate(config, sid, designated)
    this.hasActivated = true
    if (!mayLead(sid, committed, config)) this.retire(designated, now)
    return designated
  }

  /**
   * The epoch is established. Its quorum has acknowledged what NEWLEADER offered, so a reconfig that an
   * earlier leader left behind is complete.
   * @returns whether this server may lead under it
   */
  completeInherited(now: Now): boolean {
    const { membership, settings } = this.context
    const { committed, lastSeen } = membership
    membership.activate(lastSeen, settings.sid, null)
    if (lastSeen === committed || mayLead(settings.sid, committed, lastSeen)) return true
    this.retire(null, now)
    return false
  }

  private retire(designated: Sid | null, now: Now): void {
    const { tickTimeMs, syncLimit } = this.context.settings
    this.retirement = { designated, untilMs: now.monotonicMs + tickTimeMs * syncLimit }
    this.leaveWithFollowers()
  }

  /**
   * A quorum of the new configuration is connected when it is put in force; a leader without learners waits
   * for nobody.
   */
  leaveWithFollowers(): void {
    if (this.retirement === null) return
    const { committedElectorate } = this.context.membership
    if (this.learners.views.size > 0 && this.learners.isSynced(committedElectorate)) return
    this.context.departure.leave('another server leads the new configuration', this.designated)
  }
}
