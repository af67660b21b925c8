/**
 * One server, without its sockets and files: election, Zab and the clients' desk composed. The shell steps it
 * with what happened and carries out the effects; the simulation does the same with a made-up world.
 *
 * Invariants: a member has one role at a time; it votes only when everything it handed to the disk is durable
 * and applied, so that its vote claims no more than a restart would find; it serves clients only as an
 * established leader, as a learner that is up to date, or standalone.
 */
import type { Sid } from '../protocol/ids.ts'
import { DecodeError } from '../protocol/reader.ts'
import { UnknownTransactionError } from '../protocol/transaction.ts'
import type { Epoch, Zxid } from '../protocol/zxid.ts'
import type { DialId, Effect, Now, PeerInput, Recovered, SendEffect } from './effects.ts'
import { Election } from './election/election.ts'
import type { Vote } from './election/vote.ts'
import type { Role } from './events.ts'
import { invariant } from './invariant.ts'
import { Replica } from './replica.ts'
import { ClientDesk } from './requests/clientDesk.ts'
import { Preparation } from './requests/prepare.ts'
import { LeaderSessions } from './sessions/leaderSessions.ts'
import { LearnerSessions } from './sessions/learnerSessions.ts'
import type { PeerSettings } from './settings.ts'
import { Leader } from './zab/leader/leader.ts'
import { Learner } from './zab/learner/learner.ts'
import { Standalone } from './zab/standalone.ts'

type ActiveRole =
  /** Waits for the disk, then for the election's outcome. */
  | { name: 'looking'; isElecting: boolean }
  | { name: 'leading'; leader: Leader }
  | { name: 'learning'; learner: Learner; dial: DialId }
  | { name: 'standalone'; standalone: Standalone }

export interface PeerStatus {
  readonly role: Role
  readonly leader: Sid | null
  readonly epoch: Epoch
  readonly zxid: Zxid
  readonly serving: boolean
}

export class PeerCore {
  readonly replica: Replica
  readonly desk: ClientDesk
  readonly leaderSessions: LeaderSessions
  private readonly learnerSessions = new LearnerSessions()
  private readonly settings: PeerSettings
  private readonly election: Election | null
  private readonly emit: (effect: Effect) => void
  private role: ActiveRole = { name: 'looking', isElecting: false }
  private leavingBecause: string | null = null
  private lastDial: DialId = 0
  private servingSinceMs = 0
  /** Time of the step that is under way. */
  private now: Now

  constructor(settings: PeerSettings, recovered: Recovered, emit: (effect: Effect) => void, now: Now) {
    this.settings = settings
    this.emit = emit
    this.now = now
    this.replica = new Replica(recovered, settings.commitLogCount, emit)
    this.leaderSessions = new LeaderSessions(settings.zab.tickTimeMs, emit)
    this.desk = new ClientDesk({
      options: settings.requests,
      emit,
      submit: (request) => this.submit(request),
      revalidate: (sessionId, timeoutMs) => this.revalidate(sessionId, timeoutMs),
      touch: (sessionId, timeoutMs) => this.touch(sessionId, timeoutMs),
    })
    this.replica.onApplied = (transaction, result) => {
      this.leaderSessions.applied(transaction)
      this.desk.applied(transaction, result, this.now)
    }
    this.election = settings.isStandalone ? null : new Election(settings.election, emit)
  }

  /** The leader's part while this member leads; null otherwise. */
  get leader(): Leader | null {
    return this.role.name === 'leading' ? this.role.leader : null
  }

  /** How long it serves clients without a break, ms. */
  servingForMs(monotonicMs: number): number {
    return this.status.serving ? monotonicMs - this.servingSinceMs : 0
  }

  get sid(): Sid {
    return this.settings.zab.sid
  }

  /** Begins: standalone serves at once, a member of an ensemble looks for a leader. */
  start(now: Now): void {
    this.now = now
    if (this.settings.isStandalone) this.standAlone()
    else this.look()
  }

  step(input: PeerInput, now: Now): void {
    this.now = now
    try {
      this.dispatch(input)
    } catch (error) {
      // Damaged bytes from a peer end the conversation with it; anything else is a bug and ends the member.
      if (!(error instanceof DecodeError) || error instanceof UnknownTransactionError) throw error
      this.leavingBecause ??= `undecodable packet: ${error.message}`
    }
    if (this.leavingBecause !== null) this.leave(this.leavingBecause)
  }

  /** When `tick` is due next, monotonic ms; Infinity when nothing waits. */
  get wakeAtMs(): number {
    const election = this.election?.nextDeadlineMs ?? Number.POSITIVE_INFINITY
    switch (this.role.name) {
      case 'leading':
        return Math.min(election, this.role.leader.nextDeadlineMs)
      case 'learning':
        return Math.min(election, this.role.learner.nextDeadlineMs)
      case 'standalone':
        return this.role.standalone.nextDeadlineMs
      default:
        return election
    }
  }

  private dispatch(input: PeerInput): void {
    const { role, now } = this
    switch (input.kind) {
      case 'clientFrame':
        this.desk.frame(input.connection, input.frame, now)
        break
      case 'learnerPacket':
        if (role.name === 'leading') this.learnerPacket(role.leader, input)
        break
      case 'leaderPacket':
        if (role.name === 'learning' && role.dial === input.dial) {
          role.learner.packet(input.packet, input.database, now)
        }
        break
      case 'durable':
        this.durable(input.ticket)
        break
      case 'tick':
        this.tick()
        break
      case 'notification':
        this.election?.receive(input.from, input.notification, now)
        this.decide()
        this.leadOnlyWithSupport()
        break
      default:
        this.dispatchConnection(input)
    }
  }

  private dispatchConnection(
    input: Exclude<
      PeerInput,
      { kind: 'clientFrame' | 'learnerPacket' | 'leaderPacket' | 'durable' | 'tick' | 'notification' }
    >,
  ): void {
    const { role, now } = this
    switch (input.kind) {
      case 'clientConnected':
        this.desk.connected(input.connection, input.address, now)
        break
      case 'clientGone':
        this.desk.disconnected(input.connection)
        break
      case 'reachability':
        this.election?.reachability(input.sid, input.reachable, now)
        this.decide()
        this.leadOnlyWithSupport()
        break
      case 'learnerJoined':
        if (role.name === 'leading') role.leader.joined(input.learner, now)
        else this.emit({ kind: 'closeLearner', learner: input.learner, reason: 'this server does not lead' })
        break
      case 'learnerLeft':
        if (role.name === 'leading') role.leader.left(input.learner)
        break
      case 'snapshotSent':
        if (role.name === 'leading') role.leader.snapshotSent(input.learner)
        break
      case 'leaderConnected':
        if (role.name === 'learning' && role.dial === input.dial) role.learner.connected(now)
        break
      case 'leaderLost':
        if (role.name === 'learning' && role.dial === input.dial) this.leavingBecause ??= input.reason
        break
      case 'restored':
        this.replica.restore(input.recovered)
        this.durable(input.ticket)
        if (role.name === 'learning') role.learner.truncated(now)
        break
    }
  }

  private learnerPacket(leader: Leader, input: Extract<PeerInput, { kind: 'learnerPacket' }>): void {
    try {
      leader.packet(input.learner, input.packet, this.now)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      leader.left(input.learner)
      this.emit({
        kind: 'closeLearner',
        learner: input.learner,
        reason: `undecodable packet: ${error.message}`,
      })
    }
  }

  private durable(ticket: number): void {
    this.replica.durable(ticket)
    const { role } = this
    if (role.name === 'leading') role.leader.durable(this.now)
    else if (role.name === 'standalone') role.standalone.durable()
    else if (role.name === 'looking' && !role.isElecting) this.look()
  }

  private tick(): void {
    const { role, now } = this
    if (role.name === 'leading') role.leader.tick(now)
    else if (role.name === 'learning') role.learner.tick(now)
    else if (role.name === 'standalone') role.standalone.tick(now)
    this.election?.tick(now)
    this.decide()
  }

  /** Joins the election, once nothing of the last role is left on its way to the disk. */
  private look(): void {
    if (!this.replica.settled) {
      this.role = { name: 'looking', isElecting: false }
      return
    }
    this.replica.fastForward()
    this.role = { name: 'looking', isElecting: true }
    const { lastLogged, currentEpoch } = this.replica
    this.reportRole()
    this.election?.start({ zxid: lastLogged, currentEpoch }, this.now)
    this.decide()
  }

  /** Takes the role that a decided election gives. */
  private decide(): void {
    const vote = this.election?.outcome ?? null
    if (vote === null || this.role.name !== 'looking' || !this.role.isElecting) return
    if (vote.leader === this.settings.zab.sid) this.lead()
    else this.learn(vote)
  }

  /** Too many of those who elected this leader look elsewhere before its epoch is established. */
  private leadOnlyWithSupport(): void {
    const reason = this.election?.abandoned ?? null
    if (reason !== null && this.role.name === 'leading' && !this.role.leader.isEstablished)
      this.stepDown(reason)
  }

  private preparation(): Preparation {
    return new Preparation(this.replica.database, this.leaderSessions, this.settings.requests)
  }

  private lead(): void {
    const { settings, replica, emit } = this
    const leader = new Leader(
      {
        settings: settings.zab,
        replica,
        preparation: this.preparation(),
        sessions: this.leaderSessions,
        emit,
        stepDown: (reason) => this.stepDown(reason),
        onEstablished: (epoch, now) => this.established(leader, epoch, now),
        synced: () => this.desk.synced(this.now),
      },
      this.now,
    )
    this.role = { name: 'leading', leader }
  }

  private established(leader: Leader, epoch: Epoch, now: Now): void {
    this.election?.established(epoch)
    this.reportRole()
    const quorum = [...leader.quorum]
    this.emit({ kind: 'event', event: { type: 'established', epoch, quorum, ms: leader.elapsedMs(now) } })
    this.serve('leader', epoch)
  }

  private learn(vote: Vote): void {
    const { settings, replica, emit } = this
    this.lastDial += 1
    const dial = this.lastDial
    const learner = new Learner(
      {
        settings: settings.zab,
        leader: vote.leader,
        isObserver: settings.isObserver,
        replica,
        sessions: this.learnerSessions,
        emit,
        stepDown: (reason) => this.stepDown(reason),
        onUpToDate: (epoch) => this.upToDate(epoch),
        synced: () => this.desk.synced(this.now),
        revalidated: (sessionId, valid, now) => this.desk.revalidated(sessionId, valid, now),
      },
      dial,
      this.now,
    )
    this.role = { name: 'learning', learner, dial }
    this.reportRole()
  }

  private upToDate(epoch: Epoch): void {
    this.election?.established(epoch)
    this.serve(this.settings.isObserver ? 'observer' : 'follower', epoch)
  }

  private standAlone(): void {
    const { settings, replica, leaderSessions: sessions, emit, now } = this
    const synced = () => this.desk.synced(this.now)
    const preparation = this.preparation()
    const parts = { settings: settings.zab, replica, preparation, sessions, emit, synced }
    this.role = { name: 'standalone', standalone: new Standalone(parts, now) }
    this.reportRole()
    this.serve('standalone', replica.currentEpoch)
  }

  private serve(role: Exclude<Role, 'looking'>, epoch: Epoch): void {
    this.servingSinceMs = this.now.monotonicMs
    this.replica.database.tree.setConfig(this.settings.zab.membershipText)
    this.desk.open(this.replica.database, this.now)
    this.emit({
      kind: 'event',
      event: { type: 'serving', role, epoch, zxid: this.replica.database.lastProcessedZxid },
    })
  }

  /** Leaves at the end of the step: what is under way in it goes on undisturbed. */
  private stepDown(reason: string): void {
    this.leavingBecause ??= reason
  }

  private leave(reason: string): void {
    this.leavingBecause = null
    const { role } = this
    invariant(role.name !== 'standalone', () => `a standalone member has no role to leave: ${reason}`)
    if (role.name === 'looking') return
    this.election?.withdraw()
    if (role.name === 'leading') role.leader.close(reason)
    else role.learner.close()
    this.desk.close(reason)
    this.learnerSessions.drain()
    this.leaderSessions.stop()
    const message = `${role.name === 'leading' ? 'stops leading' : 'leaves its leader'}: ${reason}`
    this.emit({ kind: 'event', event: { type: 'log', level: 'warn', message } })
    this.replica.dropUnsaved()
    this.look()
  }

  private submit(request: Parameters<Leader['submit']>[0]): void {
    const { role, now } = this
    if (role.name === 'leading') role.leader.submit(request, now)
    else if (role.name === 'learning') role.learner.submit(request)
    else if (role.name === 'standalone') role.standalone.submit(request, now)
  }

  private revalidate(sessionId: Parameters<Learner['revalidate']>[0], timeoutMs: number): void {
    if (this.role.name === 'learning') {
      this.role.learner.revalidate(sessionId, timeoutMs)
      return
    }
    const isValid = this.leaderSessions.takeOver(sessionId, 'local', this.now, timeoutMs)
    this.desk.revalidated(sessionId, isValid, this.now)
  }

  private touch(sessionId: Parameters<Learner['revalidate']>[0], timeoutMs: number): void {
    if (this.role.name === 'learning') this.learnerSessions.touch(sessionId, timeoutMs)
    else this.leaderSessions.touch(sessionId, this.now, timeoutMs)
  }

  /** True while the connection asked for by `dialLeader` with this number is still wanted. */
  isDialling(dial: DialId): boolean {
    return this.role.name === 'learning' && this.role.dial === dial
  }

  get status(): PeerStatus {
    const { role, replica, settings } = this
    const shared = { epoch: replica.currentEpoch, zxid: replica.database.lastProcessedZxid }
    switch (role.name) {
      case 'leading':
        return { ...shared, role: 'leader', leader: settings.zab.sid, serving: role.leader.isEstablished }
      case 'learning': {
        const name = settings.isObserver ? 'observer' : 'follower'
        return { ...shared, role: name, leader: role.learner.leader, serving: role.learner.isServing }
      }
      case 'standalone':
        return { ...shared, role: 'standalone', leader: null, serving: true }
      default:
        return { ...shared, role: 'looking', leader: null, serving: false }
    }
  }

  private reportRole(): void {
    const { role, leader, epoch, zxid } = this.status
    const event = { type: 'role', role, leader, epoch, zxid } as const
    const effect: SendEffect = { kind: 'event', event }
    this.emit(effect)
  }
}
