/**
 * A leader, from winning the election until it steps down: discovery, synchronization and broadcast, each in
 * its own file; this one passes packets to the phase that they belong to.
 *
 * Invariant: it serves only while established, and is established at most once, in one epoch.
 */
import type { Sid } from '../../../protocol/ids.ts'
import { PacketType } from '../../../protocol/opcodes.ts'
import type { QuorumPacket } from '../../../protocol/records/quorum.ts'
import { type Epoch, makeZxid, ZERO_ZXID, type Zxid } from '../../../protocol/zxid.ts'
import type { LearnerId, Now } from '../../effects.ts'
import type { Request } from '../../request.ts'
import { endDeadSessions } from '../../sessions/deadSessions.ts'
import type { LeaderSessions } from '../../sessions/leaderSessions.ts'
import { ContainerManager, DEFAULT_CONTAINERS } from '../../writes/containers.ts'
import { Preparation } from '../../writes/prepare.ts'
import * as packets from '../packets.ts'
import type { RoleContext } from '../roleContext.ts'
import { Broadcast, NO_SIZES, type Sizes } from './broadcast.ts'
import { Discovery } from './discovery.ts'
import { Heartbeat } from './heartbeat.ts'
import type { LearnerState } from './learnerState.ts'
import { Learners } from './learners.ts'
import { Succession } from './succession.ts'
import { Synchronization } from './synchronization.ts'

export class Leader {
  private readonly context: RoleContext
  private readonly learners: Learners
  private readonly succession: Succession
  private readonly preparation: Preparation
  private readonly sessions: LeaderSessions
  private readonly startedAtMs: number
  private readonly discovery: Discovery
  private synchronization: Synchronization | null = null
  private broadcast: Broadcast | null = null
  private heartbeat: Heartbeat | null = null
  private containers: ContainerManager | null = null
  private serves = false

  constructor(context: RoleContext, now: Now) {
    this.context = context
    this.startedAtMs = now.monotonicMs
    const { membership, replica, requests, emit } = context
    this.learners = new Learners(context)
    this.succession = new Succession(context, this.learners)
    this.sessions = context.clients.leaderSessions
    const reconfig = { membership, isStandalone: false, learners: this.learners }
    this.preparation = new Preparation(replica.database, this.sessions, requests, reconfig, emit)
    this.discovery = new Discovery(context, this.learners)
    emit({ kind: 'listenForLearners' })
    this.discovery.start()
  }

  get isEstablished(): boolean {
    return this.synchronization?.isEstablished ?? false
  }

  /**
   * Whether clients are served. A leader that only completes a reconfig, and may not lead under it, serves
   * none.
   */
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

  get learnerViews(): IterableIterator<Readonly<LearnerState>> {
    return this.learners.views.values()
  }

  get nextDeadlineMs(): number {
    if (!this.isEstablished || this.heartbeat === null) return this.initDeadlineMs
    const { isRetiring, untilMs } = this.succession
    if (isRetiring) return Math.min(this.heartbeat.nextAtMs, untilMs)
    const containersAtMs = this.containers?.nextDeadlineMs ?? Number.POSITIVE_INFINITY
    return Math.min(this.heartbeat.nextAtMs, this.sessions.nextDeadlineMs, containersAtMs)
  }

  /** Discovery and synchronization together have initLimit ticks each to find a quorum. */
  private get initDeadlineMs(): number {
    const { tickTimeMs, initLimit } = this.context.settings
    const phases = this.synchronization === null ? 1 : 2
    return this.startedAtMs + tickTimeMs * initLimit * phases
  }

  joined(id: LearnerId, now: Now): void {
    this.learners.joined(id, now)
  }

  left(id: LearnerId): void {
    this.learners.left(id)
    this.succession.leaveWithFollowers()
  }

  packet(id: LearnerId, packet: QuorumPacket, now: Now): void {
    const learner = this.learners.views.get(id)
    if (learner === undefined) return
    learner.heardAtMs = now.monotonicMs
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
   * acknowledges NEWLEADER itself (ZOOKEEPER-4685). The early acknowledgement counts once NEWLEADER is
   * acknowledged: the learner's log is in order, and it will not acknowledge again.
   */
  private earlyAck(learner: LearnerState, zxid: Zxid): boolean {
    if (zxid > this.context.replica.lastLogged) return true
    if (zxid > learner.ackedZxid) learner.ackedZxid = zxid
    return false
  }

  private serve(learner: LearnerState, packet: QuorumPacket, now: Now): boolean {
    const { sessions } = this
    switch (packet.type) {
      case PacketType.ack:
        // This zxid was never proposed, so the peer is no learner of this leader.
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
        if (taken === 'left') this.context.clients.pipeline.movedAway(sessionId)
        const reply = packets.validity(sessionId, taken !== 'expired')
        this.context.emit({ kind: 'toLearner', learner: learner.id, packet: reply })
        return false
      }
      default:
        return true
    }
  }

  /** Takes a write or sync, of a client here or forwarded. Ignored before the epoch is established. */
  submit(request: Request, now: Now): void {
    if (this.isEstablished) this.broadcast?.submit(request, now)
  }

  snapshotSent(id: LearnerId): void {
    const learner = this.learners.views.get(id)
    if (learner !== undefined) this.synchronization?.snapshotSent(learner)
  }

  durable(now: Now): void {
    this.discovery.durable()
    this.proceed(now)
    this.synchronization?.durable(now)
    this.proceed(now)
    if (this.isEstablished) this.broadcast?.advance(now)
    this.resume(now)
  }

  private resume(now: Now): void {
    if (this.succession.takeActivated() && !this.succession.isRetiring) this.synchronization?.resume(now)
  }

  private proceed(now: Now): void {
    const { epoch, isPromised } = this.discovery
    if (epoch === null || !isPromised) return
    this.broadcast ??= this.beginBroadcast(epoch)
    this.synchronization ??= new Synchronization(this.context, this.learners, this.broadcast, epoch)
    if (this.synchronization.establish()) this.established(this.broadcast, epoch, now)
  }

  private established(broadcast: Broadcast, epoch: Epoch, now: Now): void {
    const { settings, replica, clients, emit } = this.context
    this.heartbeat = new Heartbeat(this.context, this.learners, broadcast, now)
    this.containers = new ContainerManager(settings.containers ?? DEFAULT_CONTAINERS, now)
    if (!this.succession.completeInherited(now)) return
    this.serves = true
    this.sessions.restart(replica.database.sessions, now)
    this.context.election?.established(epoch)
    const { currentEpoch, database } = replica
    const { lastProcessedZxid: zxid } = database
    emit({
      kind: 'event',
      event: { type: 'role', role: 'leader', leader: settings.sid, epoch: currentEpoch, zxid },
    })
    const ms = now.monotonicMs - this.startedAtMs
    emit({ kind: 'event', event: { type: 'established', epoch, quorum: [...this.quorum], ms } })
    clients.serve('leader', epoch, now, this.epochMark)
    for (const request of endDeadSessions(replica.database)) this.submit(request, now)
  }

  private beginBroadcast(epoch: Epoch): Broadcast {
    const { context, preparation, succession, learners } = this
    const start = makeZxid(epoch, 0)
    context.membership.offerFirstVersion(start)
    return new Broadcast(context, context.membership, learners.views, preparation, succession, start)
  }

  tick(now: Now): void {
    if (!this.isEstablished) {
      if (now.monotonicMs >= this.initDeadlineMs)
        this.context.departure.leave('no quorum of followers within initLimit')
      return
    }
    if (now.monotonicMs >= this.succession.untilMs) {
      this.context.departure.leave('its followers do not leave it', this.succession.designated)
      return
    }
    this.heartbeat?.tick(now, this.lastProposed)
    const { replica } = this.context
    for (const request of this.sessions.expire(now)) this.submit(request, now)
    for (const request of this.containers?.due(replica.database.tree, now) ?? []) this.submit(request, now)
  }

  /** Ends every learner's connection; the role is over. */
  close(reason: string): void {
    this.learners.dropAll(reason)
    this.context.emit({ kind: 'stopListeningForLearners' })
  }
}
