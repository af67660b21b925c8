/**
 * Broadcast: requests become proposals, and proposals that a quorum has on disk are committed, in order.
 *
 * Invariants: proposals carry consecutive zxids of this leader's epoch; a transaction is committed only once
 * a quorum has it on disk (`commitment.ts`) and everything before it is committed. A standalone member
 * broadcasts without learners.
 */
import type { Sid } from '../../../protocol/ids.ts'
import { OpCode } from '../../../protocol/opcodes.ts'
import type { QuorumPacket } from '../../../protocol/records/quorum.ts'
import type { Transaction } from '../../../protocol/transaction.ts'
import { counterOf, formatZxid, MAX_COUNTER, nextZxid, ZERO_ZXID, type Zxid } from '../../../protocol/zxid.ts'
import type { LearnerId, Now } from '../../effects.ts'
import { invariant } from '../../invariant.ts'
import { decideFrom, type Jurisdiction, UNLIMITED } from '../../quorum/joint.ts'
import type { QuorumRule } from '../../quorum/rule.ts'
import type { PendingTxn } from '../../replica.ts'
import type { Request } from '../../request.ts'
import type { Preparation } from '../../writes/prepare.ts'
import * as packets from '../packets.ts'
import type { RoleContext } from '../roleContext.ts'
import { isCommitted } from './commitment.ts'
import { isForwarding, isSyncedFollower, type LearnerState } from './learnerState.ts'
import type { Succession } from './succession.ts'

/**
 * The voters whose acknowledgements commit, and what a reconfig changes about them (Membership; a standalone
 * member decides alone).
 */
export interface CommitQuorum {
  readonly committedElectorate: QuorumRule
  readonly jurisdictions: readonly Jurisdiction[]
  /** Called right before the transaction is logged. */
  logs(transaction: Transaction): void
}

/** A client's sync waits here until the proposals that were outstanding when it came are committed. */
interface WaitingSync {
  readonly behind: Zxid
  readonly owner: Request['owner']
}

/** Bytes of the last, the smallest and the largest proposal; -1 when there was none. */
export interface Sizes {
  readonly last: number
  readonly min: number
  readonly max: number
}

export const NO_SIZES: Sizes = { last: -1, min: -1, max: -1 }

export class Broadcast {
  lastProposed: Zxid
  sizes: Sizes = NO_SIZES
  /** Puts a committed reconfig in force; null standalone, where there are none. */
  readonly succession: Succession | null
  /**
   * The configuration that this leader's last reconfig has replaced: it still decides on what was proposed
   * before.
   */
  private replaced: Jurisdiction | null = null
  private readonly context: RoleContext
  private readonly quorum: CommitQuorum
  private readonly learners: ReadonlyMap<LearnerId, LearnerState>
  private readonly preparation: Preparation
  private readonly waitingSyncs: WaitingSync[] = []

  /** `start` is the zxid that the first proposal follows: epoch << 32 for a leader. */
  constructor(
    context: RoleContext,
    quorum: CommitQuorum,
    learners: ReadonlyMap<LearnerId, LearnerState>,
    preparation: Preparation,
    succession: Succession | null,
    start: Zxid,
  ) {
    this.context = context
    this.quorum = quorum
    this.learners = learners
    this.preparation = preparation
    this.succession = succession
    this.lastProposed = start
  }

  /** Another server is to lead: nothing is proposed or committed any more. */
  private get isOver(): boolean {
    return this.succession?.isRetiring ?? false
  }

  submit(request: Request, now: Now): void {
    if (this.isOver) return
    if (request.type === OpCode.sync) this.waitForOutstanding(request, now)
    else if (counterOf(this.lastProposed) === MAX_COUNTER)
      this.context.departure.leave('the counter of this epoch is used up (ZOOKEEPER-1277)')
    else this.propose(request, now)
  }

  private propose(request: Request, now: Now): void {
    const zxid = nextZxid(this.lastProposed)
    const { transaction, bytes } = this.preparation.prepare(request, zxid, now)
    invariant(
      transaction.header.zxid === zxid,
      () => `prepared ${transaction.header.zxid} instead of ${zxid}`,
    )
    const txn = { zxid, bytes }
    this.lastProposed = zxid
    this.measure(txn.bytes.length)
    const packet = packets.proposal(txn)
    for (const learner of this.learners.values()) {
      if (!learner.isObserver && isForwarding(learner)) this.send(learner, packet, zxid, now)
    }
    this.quorum.logs(transaction)
    this.context.replica.log(txn, transaction, [])
  }

  private measure(last: number): void {
    const { min, max } = this.sizes
    this.sizes = { last, min: min === -1 ? last : Math.min(min, last), max: Math.max(max, last) }
  }

  get pendingSyncs(): number {
    return this.waitingSyncs.length
  }

  private send(learner: LearnerState, packet: QuorumPacket, zxid: Zxid, now: Now): void {
    learner.owed ??= { zxid, sinceMs: now.monotonicMs }
    this.context.emit({ kind: 'toLearner', learner: learner.id, packet })
  }

  /** Proposals that are not committed yet, for a learner that is being synced (Leader.startForwarding). */
  sendOutstanding(learner: LearnerState, now: Now): void {
    if (learner.isObserver) return
    for (const { txn } of this.context.replica.pending)
      this.send(learner, packets.proposal(txn), txn.zxid, now)
  }

  acknowledged(learner: LearnerState, zxid: Zxid, now: Now): void {
    // The second acknowledgement of NEWLEADER, after UPTODATE, carries counter 0 and has no further meaning.
    if (counterOf(zxid) === 0) return
    invariant(
      zxid <= this.lastProposed,
      () => `${learner.sid} acknowledges ${formatZxid(zxid)}, never proposed`,
    )
    if (zxid > learner.ackedZxid) learner.ackedZxid = zxid
    if (learner.owed !== null && learner.ackedZxid >= learner.owed.zxid) {
      const owesMore = learner.ackedZxid < this.lastProposed
      learner.owed = owesMore ? { zxid: this.lastProposed, sinceMs: now.monotonicMs } : null
    }
    this.advance(now)
  }

  /** Commits what a quorum holds. To be called when anything was acknowledged or became durable here. */
  advance(now: Now): void {
    const { replica } = this.context
    for (let head = replica.pending.peek(); head; head = replica.pending.peek()) {
      if (!this.isCommitted(head) || this.isOver) return
      if (head.transaction.body.type === OpCode.reconfig) this.commitReconfig(head, now)
      else this.commit(head.txn.zxid, packets.commit(head.txn.zxid), packets.inform(head.txn), now)
    }
  }

  private isCommitted(oldest: PendingTxn): boolean {
    const { settings, replica } = this.context
    const { zxid } = oldest.txn
    const ackedZxid = oldest.ticket <= replica.durableTicket ? zxid : replica.database.lastProcessedZxid
    const followers = [...this.learners.values()].filter(isSyncedFollower)
    return isCommitted(zxid, { sid: settings.sid, ackedZxid }, followers, this.jurisdictions)
  }

  private get jurisdictions(): readonly Jurisdiction[] {
    const { jurisdictions } = this.quorum
    return this.replaced === null ? jurisdictions : [...jurisdictions, this.replaced]
  }

  /** Whether these voters suffice to commit what is outstanding, and whatever is proposed next. */
  canCommit(sids: readonly Sid[]): boolean {
    const oldest = this.context.replica.pending.peek()
    return decideFrom(this.jurisdictions, sids, oldest?.txn.zxid ?? UNLIMITED)
  }

  private commitReconfig({ txn, transaction }: PendingTxn, now: Now): void {
    const { committedElectorate: electorate } = this.quorum
    invariant(this.succession !== null, 'a standalone member commits a reconfig')
    const designated = this.succession.activate(transaction, now)
    this.replaced = { electorate, from: ZERO_ZXID, upTo: this.lastProposed }
    const { zxid } = txn
    const inform = packets.informAndActivate(txn, designated)
    this.commit(zxid, packets.commitAndActivate(zxid, designated), inform, now)
  }

  private commit(zxid: Zxid, packet: QuorumPacket, inform: QuorumPacket, now: Now): void {
    const { replica, clients, emit } = this.context
    for (const learner of this.learners.values()) {
      if (!isForwarding(learner)) continue
      if (learner.withheld !== null) learner.withheld.push(packet)
      else emit({ kind: 'toLearner', learner: learner.id, packet: learner.isObserver ? inform : packet })
    }
    replica.commit(zxid)
    clients.applyCommitted(now)
    this.preparation.applied(zxid)
    this.answerSyncs(zxid, now)
  }

  private waitForOutstanding(request: Request, now: Now): void {
    const last = this.context.replica.pending.last()
    if (last === undefined) this.answerSync(request.owner, now)
    else this.waitingSyncs.push({ behind: last.txn.zxid, owner: request.owner })
  }

  private answerSyncs(committed: Zxid, now: Now): void {
    while (this.waitingSyncs[0] !== undefined && this.waitingSyncs[0].behind <= committed) {
      this.answerSync(this.waitingSyncs[0].owner, now)
      this.waitingSyncs.shift()
    }
  }

  private answerSync(owner: Request['owner'], now: Now): void {
    const { clients, replica, emit } = this.context
    if (owner === 'local') clients.syncDue(replica.database.lastProcessedZxid, now)
    else if (this.learners.has(owner))
      emit({ kind: 'toLearner', learner: owner, packet: packets.syncReply() })
  }
}
