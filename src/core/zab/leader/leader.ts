/**
 * A leader, from the won election to the day it steps down: discovery, synchronization, broadcast, each in its
 * own file; this one passes packets to the phase that they belong to.
 *
 * Invariant: it serves only while established, and is established at most once, in one epoch.
 */
import type { Sid } from '../../../protocol/ids.ts'
import { PacketType } from '../../../protocol/opcodes.ts'
import type { QuorumPacket } from '../../../protocol/records/quorum.ts'
import { type Epoch, makeZxid, ZERO_ZXID, type Zxid } from '../../../protocol/zxid.ts'
import type { LearnerId, Now, SendEffect } from '../../effects.ts'
import type { Replica } from '../../replica.ts'
import type { Preparation } from '../../requests/prepare.ts'
import type { Request } from '../../requests/request.ts'
import type { LeaderSessions } from '../../sessions/leaderSessions.ts'
import * as packets from '../packets.ts'
import type { StepDown, ZabSettings } from '../settings.ts'
import { Broadcast, NO_SIZES, type Sizes } from './broadcast.ts'
import { Discovery } from './discovery.ts'
import { Heartbeat } from './heartbeat.ts'
import type { LearnerView } from './learnerView.ts'
import { Synchronization } from './synchronization.ts'

export interface LeaderParts {
  readonly settings: ZabSettings
  readonly replica: Replica
  readonly preparation: Preparation
  readonly sessions: LeaderSessions
  readonly emit: (effect: SendEffect) => void
  readonly stepDown: StepDown
  /** The epoch is established: clients may be served. */
  readonly onEstablished: (epoch: Epoch, now: Now) => void
  /** A sync of this member's own client is due. */
  readonly synced: () => void
}

export class Leader {
  private readonly parts: LeaderParts
  private readonly learners = new Map<LearnerId, LearnerView>()
  private readonly startedAtMs: number
  private readonly discovery: Discovery
  private synchronization: Synchronization | null = null
  private broadcast: Broadcast | null = null
  private heartbeat: Heartbeat | null = null

  constructor(parts: LeaderParts, now: Now) {
    this.parts = parts
    this.startedAtMs = now.monotonicMs
    const { settings, replica, emit, stepDown } = parts
    const { sid, verifier } = settings
    this.discovery = new Discovery({ sid, replica, verifier, learners: this.learners, emit, stepDown })
    emit({ kind: 'listenForLearners' })
    this.discovery.start()
  }

  get isEstablished(): boolean {
    return this.synchronization?.isEstablished ?? false
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

  get learnerViews(): IterableIterator<Readonly<LearnerView>> {
    return this.learners.values()
  }

  get nextDeadlineMs(): number {
    if (!this.isEstablished || this.heartbeat === null) return this.initDeadlineMs
    return Math.min(this.heartbeat.nextAtMs, this.parts.sessions.nextDeadlineMs)
  }

  /** Discovery and synchronization together have initLimit ticks each to find a quorum. */
  private get initDeadlineMs(): number {
    const { tickTimeMs, initLimit } = this.parts.settings
    const phases = this.synchronization === null ? 1 : 2
    return this.startedAtMs + tickTimeMs * initLimit * phases
  }

  joined(id: LearnerId, now: Now): void {
    this.learners.set(id, {
      id,
      sid: -1 as Sid,
      phase: 'connected',
      isObserver: false,
      lastZxid: ZERO_ZXID,
      currentEpoch: -1,
      ackedZxid: ZERO_ZXID,
      heardAtMs: now.monotonicMs,
      owed: null,
      isUpToDate: false,
    })
  }

  left(id: LearnerId): void {
    this.learners.delete(id)
  }

  private drop(learner: LearnerView, reason: string): void {
    this.learners.delete(learner.id)
    this.parts.emit({ kind: 'closeLearner', learner: learner.id, reason })
  }

  packet(id: LearnerId, packet: QuorumPacket, now: Now): void {
    const learner = this.learners.get(id)
    if (learner === undefined) return
    learner.heardAtMs = now.monotonicMs
    const unexpected = this.dispatch(learner, packet, now)
    if (unexpected) this.drop(learner, `packet of type ${packet.type} while ${learner.phase}`)
  }

  /** True when the packet has no place in the learner's phase. */
  private dispatch(learner: LearnerView, packet: QuorumPacket, now: Now): boolean {
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

  private introduce(learner: LearnerView, packet: QuorumPacket): boolean {
    const isObserver = packet.type === PacketType.observerInfo
    if (!isObserver && packet.type !== PacketType.followerInfo) return true
    learner.isObserver = isObserver
    learner.sid = packets.readLearnerInfo(packet.data).serverid
    const { voters, observers } = this.parts.settings.verifier
    if (!voters.includes(learner.sid) && !observers.includes(learner.sid)) {
      // Apache serves strangers as observers; without reconfiguration nobody can become a member that way.
      this.drop(learner, `server ${learner.sid} is not in the server list`)
      return false
    }
    this.dropPredecessors(learner)
    this.discovery.learnerInfo(learner, packet)
    return false
  }

  /** A server has one connection: the newer one replaces what its crash or a broken line left behind. */
  private dropPredecessors(learner: LearnerView): void {
    for (const other of [...this.learners.values()]) {
      if (other !== learner && other.sid === learner.sid) this.drop(other, 'the server has connected again')
    }
  }

  private synchronizeLate(learner: LearnerView, now: Now): void {
    if (learner.phase === 'promised') this.synchronization?.sync(learner, now)
  }

  private newLeaderAck(learner: LearnerView, packet: QuorumPacket, now: Now): boolean {
    const { epoch } = this.discovery
    if (packet.type !== PacketType.ack || epoch === null || packet.zxid !== makeZxid(epoch, 0)) return true
    this.synchronization?.acknowledged(learner)
    this.proceed(now)
    return false
  }

  private serve(learner: LearnerView, packet: QuorumPacket, now: Now): boolean {
    const { sessions } = this.parts
    switch (packet.type) {
      case PacketType.ack:
        this.broadcast?.acknowledged(learner, packet.zxid, now)
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
        const valid = sessions.takeOver(sessionId, learner.id, now, timeOut)
        const reply = packets.validity(sessionId, valid)
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
    const learner = this.learners.get(id)
    if (learner !== undefined) this.synchronization?.snapshotSent(learner)
  }

  durable(now: Now): void {
    this.discovery.durable()
    this.proceed(now)
    this.synchronization?.durable(now)
    this.proceed(now)
    if (this.isEstablished) this.broadcast?.advance()
  }

  private proceed(now: Now): void {
    const { epoch, isPromised } = this.discovery
    if (epoch === null || !isPromised) return
    this.synchronization ??= this.beginSynchronization(epoch)
    if (this.synchronization.establish()) {
      const { settings, emit, stepDown, sessions } = this.parts
      const parts = { settings, verifier: settings.verifier, learners: this.learners, emit, stepDown }
      this.heartbeat = new Heartbeat({ ...parts, drop: (learner, reason) => this.drop(learner, reason) }, now)
      sessions.restart(this.parts.replica.database.sessions, now)
      this.parts.onEstablished(epoch, now)
    }
  }

  private beginSynchronization(epoch: Epoch): Synchronization {
    const { settings, replica, preparation, emit, stepDown, synced } = this.parts
    const { sid, verifier, membershipText } = settings
    const shared = { sid, replica, verifier, learners: this.learners, emit }
    const broadcast = new Broadcast({ ...shared, preparation, stepDown, synced }, makeZxid(epoch, 0))
    this.broadcast = broadcast
    return new Synchronization({ ...shared, broadcast, membershipText }, epoch)
  }

  tick(now: Now): void {
    if (!this.isEstablished) {
      if (now.monotonicMs >= this.initDeadlineMs)
        this.parts.stepDown('no quorum of followers within initLimit')
      return
    }
    this.heartbeat?.tick(now, this.lastProposed)
    for (const request of this.parts.sessions.expire(now)) this.submit(request, now)
  }

  /** Ends every learner's connection; the role is over. */
  close(reason: string): void {
    for (const learner of [...this.learners.values()]) this.drop(learner, reason)
    this.parts.emit({ kind: 'stopListeningForLearners' })
  }
}
