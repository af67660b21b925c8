/**
 * Discovery: a prospective leader learns from a quorum which epochs it has accepted, proposes one above them
 * all, and collects the quorum's promise to accept no older one (Leader.getEpochToPropose, waitForEpochAck).
 *
 * Invariant: the new epoch is on this leader's disk before any LEADERINFO offers it, so that no restart can
 * make it propose the same epoch twice; and it has been promised by a quorum before anyone is synced.
 */
import type { Sid } from '../../../protocol/ids.ts'
import type { QuorumPacket } from '../../../protocol/records/quorum.ts'
import { type Epoch, epochOf, formatZxid, MAX_EPOCH, type Zxid } from '../../../protocol/zxid.ts'
import type { SendEffect, Ticket } from '../../effects.ts'
import type { Electorate } from '../../quorum/electorate.ts'
import * as packets from '../packets.ts'
import type { RoleContext } from '../roleContext.ts'
import type { LearnerState } from './learnerState.ts'
import type { Learners } from './learners.ts'

/** What decides which member is ahead: the epoch whose initial history a member holds, then its last zxid. */
interface StateSummary {
  readonly currentEpoch: Epoch
  readonly lastZxid: Zxid
}

function isAhead(a: StateSummary, b: StateSummary): boolean {
  return a.currentEpoch > b.currentEpoch || (a.currentEpoch === b.currentEpoch && a.lastZxid > b.lastZxid)
}

export class Discovery {
  /** Fixed once a quorum has reported which epochs it accepted. */
  epoch: Epoch | null = null
  private readonly context: RoleContext
  private readonly learners: Learners
  /**
   * While a reconfig is pending, quorums of both configurations are needed; Apache asks the committed one
   * alone.
   */
  private readonly electorate: Electorate
  /** The voters of the configuration that is in force as discovery begins. */
  private readonly committed: Electorate
  private readonly connecting = new Set<Sid>()
  private readonly promises = new Set<Sid>()
  private highestAccepted: Epoch
  private acceptedTicket: Ticket | null = null
  private readonly own: StateSummary
  isPromised = false

  constructor(context: RoleContext, learners: Learners) {
    this.context = context
    this.learners = learners
    const { replica, membership } = context
    this.electorate = membership
    this.committed = membership.committedElectorate
    this.own = { currentEpoch: replica.currentEpoch, lastZxid: replica.lastLogged }
    this.highestAccepted = replica.acceptedEpoch
  }

  /** Counts this leader itself; a quorum of one needs nobody else. */
  start(): void {
    this.join(this.context.settings.sid, this.context.replica.acceptedEpoch)
  }

  learnerInfo(learner: LearnerState, packet: QuorumPacket): void {
    const serverid = learner.sid
    learner.phase = 'discovered'
    if (this.epoch === null) this.join(serverid, epochOf(packet.zxid))
    else this.offer(learner)
  }

  private join(sid: Sid, accepted: Epoch): void {
    this.highestAccepted = Math.max(this.highestAccepted, accepted)
    if (this.electorate.isVoter(sid)) this.connecting.add(sid)
    if (!this.electorate.containsQuorum(this.connecting)) return
    if (this.highestAccepted >= MAX_EPOCH) {
      this.context.emit({
        kind: 'fatal',
        code: 'UNEXPECTED_ERROR',
        reason: `no epoch is left above ${this.highestAccepted}`,
      })
      return
    }
    this.epoch = this.highestAccepted + 1
    const offers = [...this.learners.views.values()]
      .filter((learner) => learner.phase === 'discovered')
      .map((learner) => this.offerEffect(learner))
    this.acceptedTicket = this.context.replica.saveAcceptedEpoch(this.epoch, offers)
  }

  private offerEffect(learner: LearnerState): SendEffect {
    learner.phase = 'offered'
    return { kind: 'toLearner', learner: learner.id, packet: packets.leaderInfo(this.epoch as Epoch) }
  }

  /** A learner that comes after the epoch was fixed: what it accepted no longer matters. */
  private offer(learner: LearnerState): void {
    if (this.isDurable()) this.context.emit(this.offerEffect(learner))
  }

  private isDurable(): boolean {
    return this.acceptedTicket !== null && this.acceptedTicket <= this.context.replica.durableTicket
  }

  /** To be called when something became durable: only now may the epoch be offered and promised. */
  durable(): void {
    if (!this.isDurable()) return
    for (const learner of this.learners.views.values()) {
      if (learner.phase === 'discovered') this.context.emit(this.offerEffect(learner))
    }
    this.promise(this.context.settings.sid)
  }

  ackEpoch(learner: LearnerState, packet: QuorumPacket): void {
    learner.lastZxid = packet.zxid
    learner.currentEpoch = packets.readInt(packet.data)
    learner.phase = 'promised'
    // What only other servers hold was never committed: committing takes a quorum of the configuration in
    // force as well, as long as a reconfig is pending; and a server that holds more knows of a later
    // configuration (Leader.introduce, and Synchronization.isBehind). After the quorum the learner's state no
    // longer matters: it will be cut or replaced. -1 is no promise.
    if (this.isPromised || learner.currentEpoch === -1) return
    const isOneOfUs = this.committed.isVoter(learner.sid)
    if (isOneOfUs && isAhead({ currentEpoch: learner.currentEpoch, lastZxid: learner.lastZxid }, this.own)) {
      const theirs = `epoch ${learner.currentEpoch}, zxid ${formatZxid(learner.lastZxid)}`
      this.context.departure.leave(`server ${learner.sid} is ahead (${theirs}): it must lead`)
      return
    }
    this.promise(learner.sid)
  }

  private promise(sid: Sid): void {
    if (this.electorate.isVoter(sid)) this.promises.add(sid)
    if (this.electorate.containsQuorum(this.promises)) this.isPromised = true
  }
}
