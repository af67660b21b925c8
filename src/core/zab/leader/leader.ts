/**
 * A leader, from the won election to the day it steps down: discovery, synchronization, broadcast, each in
 * its own file; this one passes packets to the phase that they belong to.
 *
 * Invariant: it serves only while established, and is established at most once, in one epoch.
 */
import type { Sid } from '../../../protocol/ids.ts'
import { PacketType } from '../../../protocol/opcodes.ts'
import type { QuorumPacket } from '../../../protocol/records/quorum.ts'
import type { Transaction } from '../../../protocol/transaction.ts'
import { type Epoch, makeZxid, ZERO_ZXID, type Zxid } from '../../../protocol/zxid.ts'
import type { ClientService } from '../../clients/clientService.ts'
import type { RequestOptions } from '../../clients/options.ts'
import type { LearnerId, Now, SendEffect } from '../../effects.ts'
import { invariant } from '../../invariant.ts'
import type { Membership } from '../../membership/membership.ts'
import type { QuorumRule } from '../../quorum/rule.ts'
import type { Replica } from '../../replica.ts'
import type { Request } from '../../request.ts'
import { endDeadSessions } from '../../sessions/deadSessions.ts'
import type { LeaderSessions } from '../../sessions/leaderSessions.ts'
import { ContainerManager, DEFAULT_CONTAINERS } from '../../writes/containers.ts'
import { Preparation } from '../../writes/prepare.ts'
import * as packets from '../packets.ts'
import type { StepDown, ZabSettings } from '../settings.ts'
import { Broadcast, NO_SIZES, type Sizes } from './broadcast.ts'
import { Discovery } from './discovery.ts'
import { Heartbeat } from './heartbeat.ts'
import type { LearnerState } from './learnerState.ts'
import { Learners } from './learners.ts'
import { designatedLeader, mayLead, Retirement } from './succession.ts'
import { Synchronization } from './synchronization.ts'

export interface LeaderParts {
  readonly settings: ZabSettings
  /** What clients' requests depend on. */
  readonly requests: RequestOptions
  readonly membership: Membership
  readonly replica: Replica
  readonly clients: ClientService
  readonly emit: (effect: SendEffect) => void
  readonly stepDown: StepDown
  /** The epoch is established: clients may be served. */
  readonly onEstablished: (epoch: Epoch, now: Now) => void
}

export class Leader {
  private readonly parts: LeaderParts
  private readonly learners: Learners
  private readonly preparation: Preparation
  private readonly sessions: LeaderSessions
  private readonly startedAtMs: number
  private readonly discovery: Discovery
  private synchronization: Synchronization | null = null
  private broadcast: Broadcast | null = null
  private heartbeat: Heartbeat | null = null
  private containers: ContainerManager | null = null
  /** Set once a configuration is in force that another server leads. */
  private retirement: Retirement | null = null
  /** A reconfig was committed in this step: learners that waited for it may go on. */
  private hasActivated = false
  private serves = false
  private nowMs: number

  constructor(parts: LeaderParts, now: Now) {
    this.parts = parts
    this.startedAtMs = now.monotonicMs
    this.nowMs = now.monotonicMs
    const { settings, membership, replica, emit, stepDown } = parts
    const { sid } = settings
    const committed = membership.committedElectorate
    this.learners = new Learners({ sid, membership, replica, emit })
    this.sessions = parts.clients.leaderSessions
    const reconfig = { membership, isStandalone: false, learners: this.learners }
    this.preparation = new Preparation(replica.database, this.sessions, parts.requests, reconfig, emit)
    this.discovery = new Discovery({
      sid,
      replica,
      electorate: membership,
      committed,
      learners: this.learners.views,
      emit,
      stepDown,
    })
    emit({ kind: 'listenForLearners' })
    this.discovery.start()
  }

  get isEstablished(): boolean {
    return this.synchronization?.isEstablished ?? false
  }

  /** Clients are served: not by a leader that only completes a reconfig and may not lead under it. */
  get isServing(): boolean {
    return this.serves
  }

  get epoch(): Epoch | null {
    return this.discovery.epoch
  }

  /** epoch << 32, which no transaction has. */
  get epochMark(): Zxid {
    return this.discovery.epoch === null ? ZERO_ZXID : makeZxid(this.discovery.epoch, 0)
  }

  /** Bytes of proposals, for `srvr`. */
  get proposalSizes(): Sizes {
    return this.broadcast?.sizes ?? NO_SIZES
  }

  get pendingSyncs(): number {
    return this.broadcast?.pendingSyncs ?? 0
  }

  get lastProposed(): Zxid {
    return this.broadcast?.lastProposed ?? ZERO_ZXID
  }

  /** The voters whose acknowledgement of NEWLEADER established the epoch. */
  get quorum(): readonly Sid[] {
    return this.synchronization?.quorum ?? []
  }

  /** Ms since the election was won. */
  elapsedMs(now: Now): number {
    return now.monotonicMs - this.startedAtMs
  }

  get learnerViews(): IterableIterator<Readonly<LearnerState>> {
    return this.learners.views.values()
  }

  get nextDeadlineMs(): number {
    if (!this.isEstablished || this.heartbeat === null) return this.initDeadlineMs
    if (this.retirement !== null) return Math.min(this.heartbeat.nextAtMs, this.retirement.untilMs)
    const containersAtMs = this.containers?.nextDeadlineMs ?? Number.POSITIVE_INFINITY
    return Math.min(this.heartbeat.nextAtMs, this.sessions.nextDeadlineMs, containersAtMs)
  }

  /** Discovery and synchronization together have initLimit ticks each to find a quorum. */
  private get initDeadlineMs(): number {
    const { tickTimeMs, initLimit } = this.parts.settings
    const phases = this.synchronization === null ? 1 : 2
    return this.startedAtMs + tickTimeMs * initLimit * phases
  }

  joined(id: LearnerId, now: Now): void {
    this.learners.joined(id, now)
  }

  left(id: LearnerId): void {
    this.learners.left(id)
    this.leaveWithFollowers()
  }

  packet(id: LearnerId, packet: QuorumPacket, now: Now): void {
    const learner = this.learners.views.get(id)
    if (learner === undefined) return
    learner.heardAtMs = now.monotonicMs
    this.nowMs = now.monotonicMs
    const unexpected = this.dispatch(learner, packet, now)
    if (unexpected) this.learners.drop(learner, `packet of type ${packet.type} while ${learner.phase}`)
  }

  /** True when the packet has no place in the learner's phase. */
  private dispatch(learner: LearnerState, packet: QuorumPacket, now: Now): boolean {
    switch (learner.phase) {
      case 'connected':
        return this.introduce(learner, packet)
      case 'offered':
        if (packet.type !== PacketType.ackEpoch) return true
        this.discovery.ackEpoch(learner, packet)
        this.proceed(now)
        this.synchronizeLate(learner, now)
        return false
      case 'syncing':
        return this.newLeaderAck(learner, packet, now)
      case 'synced':
        return this.serve(learner, packet, now)
      default:
        return true
    }
  }

  private introduce(learner: LearnerState, packet: QuorumPacket): boolean {
    if (packet.type !== PacketType.followerInfo && packet.type !== PacketType.observerInfo) return true
    if (this.learners.admit(learner, packet)) this.discovery.learnerInfo(learner, packet)
    return false
  }

  private synchronizeLate(learner: LearnerState, now: Now): void {
    if (learner.phase === 'promised') this.synchronization?.sync(learner, now)
  }

  private newLeaderAck(learner: LearnerState, packet: QuorumPacket, now: Now): boolean {
    const { epoch } = this.discovery
    if (packet.type !== PacketType.ack || epoch === null) return true
    if (packet.zxid !== makeZxid(epoch, 0)) return this.earlyAck(learner, packet.zxid)
    this.learners.replaceOlder(learner)
    this.synchronization?.acknowledged(learner)
    this.broadcast?.acknowledged(learner, learner.ackedZxid, now)
    this.proceed(now)
    return false
  }

  /**
   * Apache's learner has its log writer acknowledge what came before NEWLEADER, sometimes before it
   * acknowledges NEWLEADER itself (ZOOKEEPER-4685). That counts once it has: its log is in order, and it will
   * not say so again.
   */
  private earlyAck(learner: LearnerState, zxid: Zxid): boolean {
    if (zxid > this.parts.replica.lastLogged) return true
    if (zxid > learner.ackedZxid) learner.ackedZxid = zxid
    return false
  }

  private serve(learner: LearnerState, packet: QuorumPacket, now: Now): boolean {
    const { sessions } = this
    switch (packet.type) {
      case PacketType.ack:
        // Never proposed: no learner of ours.
        if (packet.zxid > this.lastProposed) return true
        this.broadcast?.acknowledged(learner, packet.zxid, now)
        this.resume(now)
        return false
      case PacketType.ping:
        for (const { sessionId, timeOut } of packets.touchedSessions(packet.data)) {
          sessions.touch(sessionId, now, timeOut)
        }
        return false
      case PacketType.request:
        this.submit(packets.receivedRequest(packet, learner.id), now)
        return false
      case PacketType.revalidate: {
        const { sessionId, timeOut } = packets.readSessionTimeout(packet.data)
        const taken = sessions.takeOver(sessionId, learner.id, now, timeOut)
        if (taken === 'left') this.parts.clients.pipeline.movedAway(sessionId)
        const reply = packets.validity(sessionId, taken !== 'expired')
        this.parts.emit({ kind: 'toLearner', learner: learner.id, packet: reply })
        return false
      }
      default:
        return true
    }
  }

  /** A write or sync, of a client here or forwarded. Ignored before the epoch is established. */
  submit(request: Request, now: Now): void {
    if (this.isEstablished) this.broadcast?.submit(request, now)
  }

  snapshotSent(id: LearnerId): void {
    const learner = this.learners.views.get(id)
    if (learner !== undefined) this.synchronization?.snapshotSent(learner)
  }

  durable(now: Now): void {
    this.nowMs = now.monotonicMs
    this.discovery.durable()
    this.proceed(now)
    this.synchronization?.durable(now)
    this.proceed(now)
    if (this.isEstablished) this.broadcast?.advance(now)
    this.resume(now)
  }

  private resume(now: Now): void {
    if (this.hasActivated && this.retirement === null) this.synchronization?.resume(now)
    this.hasActivated = false
  }

  private proceed(now: Now): void {
    const { epoch, isPromised } = this.discovery
    if (epoch === null || !isPromised) return
    this.synchronization ??= this.beginSynchronization(epoch)
    if (this.synchronization.establish()) this.established(epoch, now)
  }

  private established(epoch: Epoch, now: Now): void {
    const { settings, membership, emit } = this.parts
    const isQuorum = (sids: readonly Sid[]) => this.broadcast?.canCommit(sids) ?? false
    const parts = { settings, isQuorum, learners: this.learners.views, emit }
    const stepDown = (reason: string) => this.parts.stepDown(reason, this.retirement?.designated ?? null)
    const drop = (learner: LearnerState, reason: string) => this.learners.drop(learner, reason)
    this.heartbeat = new Heartbeat({ ...parts, stepDown, drop }, now)
    this.containers = new ContainerManager(settings.containers ?? DEFAULT_CONTAINERS, now)
    // The quorum has acknowledged what NEWLEADER offered: a reconfig that an earlier leader left behind is
    // complete.
    const { committed, lastSeen } = membership
    membership.activate(lastSeen, settings.sid, null)
    if (lastSeen !== committed && !mayLead(settings.sid, committed, lastSeen)) {
      this.retire(null)
      return
    }
    this.serves = true
    this.sessions.restart(this.parts.replica.database.sessions, now)
    this.parts.onEstablished(epoch, now)
    for (const request of endDeadSessions(this.parts.replica.database)) this.submit(request, now)
  }

  /** A reconfig is committed. @returns who leads from now on */
  private activate(transaction: Transaction): Sid {
    const { membership, settings } = this.parts
    const { sid } = settings
    const config = membership.proposedIn(transaction)
    invariant(config !== null, 'a reconfig is committed though they are disabled')
    const { committed } = membership
    this.learners.dropBehindNewLeader()
    const designated = designatedLeader(sid, committed, config, this.learners.views.values())
    membership.activate(config, sid, designated)
    this.hasActivated = true
    if (!mayLead(sid, committed, config)) this.retire(designated)
    return designated
  }

  private retire(designated: Sid | null): void {
    const { tickTimeMs, syncLimit } = this.parts.settings
    this.retirement = new Retirement(designated, this.nowMs + tickTimeMs * syncLimit)
    if (this.broadcast !== null) this.broadcast.isOver = true
    this.leaveWithFollowers()
  }

  /**
   * A quorum of the new configuration is connected when it is put in force; the only voter has nobody to wait
   * for.
   */
  private leaveWithFollowers(): void {
    if (this.retirement === null) return
    if (this.learners.views.size > 0 && this.isSynced(this.parts.membership.committedElectorate)) return
    this.parts.stepDown('another server leads the new configuration', this.retirement.designated)
  }

  /** Whether a quorum, this leader included, is connected and synced (Leader.isQuorumSynced). */
  isSynced(electorate: QuorumRule): boolean {
    return this.learners.isSynced(electorate)
  }

  private beginSynchronization(epoch: Epoch): Synchronization {
    const { settings, membership, replica, clients, emit, stepDown } = this.parts
    const { preparation } = this
    membership.offerFirstVersion(makeZxid(epoch, 0))
    const shared = { sid: settings.sid, replica, learners: this.learners.views, emit }
    const activate = (transaction: Transaction) => this.activate(transaction)
    const broadcast = new Broadcast(
      { ...shared, quorum: membership, preparation, clients, stepDown, activate },
      makeZxid(epoch, 0),
    )
    this.broadcast = broadcast
    const drop = (learner: LearnerState, reason: string) => this.learners.drop(learner, reason)
    return new Synchronization({ ...shared, membership, broadcast, drop }, epoch)
  }

  tick(now: Now): void {
    if (!this.isEstablished) {
      if (now.monotonicMs >= this.initDeadlineMs)
        this.parts.stepDown('no quorum of followers within initLimit')
      return
    }
    if (this.retirement !== null && now.monotonicMs >= this.retirement.untilMs) {
      this.parts.stepDown('its followers do not leave it', this.retirement.designated)
      return
    }
    this.heartbeat?.tick(now, this.lastProposed)
    const { replica } = this.parts
    for (const request of this.sessions.expire(now)) this.submit(request, now)
    for (const request of this.containers?.due(replica.database.tree, now) ?? []) this.submit(request, now)
  }

  /** Ends every learner's connection; the role is over. */
  close(reason: string): void {
    this.learners.dropAll(reason)
    this.parts.emit({ kind: 'stopListeningForLearners' })
  }
}
