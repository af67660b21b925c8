/**
 * One server, without its sockets and files: election, Zab and the client pipeline composed. The shell steps
 * it with what happened and carries out the effects; the simulation does the same with a made-up world.
 *
 * Invariants: a member has one role at a time; it votes only when everything it handed to the disk is durable
 * and applied, so that its vote claims no more than a restart would find; it serves clients only as an
 * established leader, as a learner that is up to date, or standalone.
 */
import type { Sid } from '../protocol/ids.ts'
import { DecodeError } from '../protocol/reader.ts'
import { UnknownTransactionError } from '../protocol/transaction.ts'
import { type Epoch, formatZxid } from '../protocol/zxid.ts'
import type { ClientPipeline } from './clients/clientPipeline.ts'
import { ClientService } from './clients/clientService.ts'
import type { DialId, Effect, Now, PeerInput, Recovered, SendEffect } from './effects.ts'
import { type Candidacy, Election } from './election/election.ts'
import { invariant } from './invariant.ts'
import { Membership } from './membership/membership.ts'
import { Replica } from './replica.ts'
import {
  type ActiveRole,
  type PeerStatus,
  roleDeadlineMs,
  roleStatus,
  submitTo,
  tellDurable,
  tickRole,
} from './roles.ts'
import type { LeaderSessions } from './sessions/leaderSessions.ts'
import type { MemberSessions } from './sessions/memberSessions.ts'
import type { PeerSettings } from './settings.ts'
import { Departure } from './zab/departure.ts'
import { Leader } from './zab/leader/leader.ts'
import { Learner } from './zab/learner/learner.ts'
import type { RoleContext } from './zab/roleContext.ts'
import { Standalone } from './zab/standalone.ts'

export class PeerCore {
  readonly replica: Replica
  readonly membership: Membership
  private readonly service: ClientService
  private readonly settings: PeerSettings
  private readonly election: Election | null
  private readonly emit: (effect: Effect) => void
  private role: ActiveRole = { name: 'looking', isElecting: false }
  private readonly departure = new Departure()
  private readonly context: RoleContext
  private hasDiffered = false
  private lastDial: DialId = 0
  /** Time of the current step. */
  private now: Now

  constructor(settings: PeerSettings, recovered: Recovered, emit: (effect: Effect) => void, now: Now) {
    this.settings = settings
    this.emit = emit
    this.now = now
    this.replica = new Replica(recovered, settings.commitLogCount, emit)
    const { sid } = settings.zab
    const { replica, departure } = this
    const membership = new Membership(sid, settings.membership, replica, emit)
    this.membership = membership
    membership.reread(recovered.database, recovered.recentTxns)
    this.service = new ClientService(settings, replica, membership, emit)
    const options = { ...settings.election, sid, electorate: membership, membership }
    const election = settings.isStandalone ? null : new Election(options, emit)
    this.election = election
    const { zab, requests } = settings
    const { service: clients } = this
    this.context = { settings: zab, requests, membership, replica, clients, election, departure, emit }
  }

  /** The leader's part while this member leads; null otherwise. */
  get leader(): Leader | null {
    return this.role.name === 'leading' ? this.role.leader : null
  }

  /** The learner's part while this member follows or observes; null otherwise. */
  get learner(): Learner | null {
    return this.role.name === 'learning' ? this.role.learner : null
  }

  get pipeline(): ClientPipeline {
    return this.service.pipeline
  }

  get sessions(): MemberSessions {
    return this.service.sessions
  }

  get leaderSessions(): LeaderSessions {
    return this.service.leaderSessions
  }

  /** How long this member has served clients without interruption, ms. */
  servingForMs(monotonicMs: number): number {
    return this.service.servingForMs(monotonicMs)
  }

  private get isObserver(): boolean {
    return this.membership.role === 'observer'
  }

  get sid(): Sid {
    return this.settings.zab.sid
  }

  /** Begins: a standalone server serves at once, a member of an ensemble looks for a leader. */
  start(now: Now): void {
    this.now = now
    if (this.settings.isStandalone) this.standAlone()
    else this.look()
  }

  step(input: PeerInput, now: Now): void {
    this.now = now
    try {
      this.dispatch(input)
      this.forwardRequests()
    } catch (error) {
      // Damaged bytes from a peer end the connection to it; any other error is a bug and ends the member.
      if (!(error instanceof DecodeError) || error instanceof UnknownTransactionError) throw error
      this.departure.leave(`undecodable packet: ${error.message}`)
    }
    invariant(!this.replica.owesApplying, 'a transaction that is committed and durable is left unapplied')
    this.reportDifference()
    if (this.departure.reason !== null) this.leave(this.departure.reason)
  }

  /** Forwards the requests that this step has admitted and that are for the leader. */
  private forwardRequests(): void {
    for (let request = this.pipeline.next(this.now); request !== null; request = this.pipeline.next(this.now))
      submitTo(this.role, request, this.now)
  }

  /** When `tick` is due next, monotonic ms; Infinity when nothing waits. */
  get wakeAtMs(): number {
    const { role, service, election } = this
    // A standalone member has no election.
    return Math.min(
      roleDeadlineMs(role),
      service.nextDeadlineMs,
      election?.nextDeadlineMs ?? Number.POSITIVE_INFINITY,
    )
  }

  private dispatch(input: PeerInput): void {
    const { role, now } = this
    switch (input.kind) {
      case 'clientFrame':
        this.pipeline.frame(input.connection, input.frame, now)
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
        this.pipeline.connected(input.connection, input.address, now, input.certificateSubject, input.port)
        break
      case 'clientGone':
        this.pipeline.disconnected(input.connection)
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
        if (role.name === 'learning' && role.dial === input.dial) this.departure.leave(input.reason)
        break
      case 'restored':
        this.replica.restore(input.recovered)
        this.membership.reread(input.recovered.database, input.recovered.recentTxns)
        this.durable(input.ticket)
        if (role.name === 'learning') role.learner.truncated(now)
        break
      case 'notTruncated':
        this.durable(input.ticket)
        if (role.name === 'learning' && role.learner.isTruncating) this.fetchAnew(role.learner)
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
    this.service.applyCommitted(this.now)
    const { role } = this
    if (role.name === 'looking' && !role.isElecting) this.look()
    else tellDurable(role, this.now)
  }

  private tick(): void {
    const { now } = this
    tickRole(this.role, now)
    this.service.tick(now)
    this.election?.tick(now)
    this.decide()
    this.service.tickReadOnly(now)
  }

  /** Joins the election once everything that the last role handed to the disk is durable. */
  private look(): void {
    if (!this.replica.settled) {
      this.role = { name: 'looking', isElecting: false }
      return
    }
    this.replica.fastForward()
    this.role = { name: 'looking', isElecting: true }
    const { lastLogged, currentEpoch } = this.replica
    this.reportRole()
    this.service.readOnly.looking(this.now)
    this.elect({ zxid: lastLogged, currentEpoch })
    this.decide()
  }

  private elect(own: Candidacy): void {
    const designated = this.departure.takeDesignated()
    if (designated === null) this.election?.start(own, this.now)
    else this.election?.designate(designated, own, this.now)
  }

  /** Takes the role that a decided election gives. */
  private decide(): void {
    const vote = this.election?.outcome ?? null
    if (vote === null || this.role.name !== 'looking' || !this.role.isElecting) return
    this.service.decided()
    if (vote.leader === this.settings.zab.sid) this.lead()
    else this.learn(vote.leader)
  }

  /** Too many members that elected this leader look for another one before its epoch is established. */
  private leadOnlyWithSupport(): void {
    const reason = this.election?.abandoned ?? null
    if (reason !== null && this.role.name === 'leading' && !this.role.leader.isEstablished)
      this.departure.leave(reason)
  }

  private lead(): void {
    this.role = { name: 'leading', leader: new Leader(this.context, this.now) }
  }

  /** The leader's history is to replace this member's, which cannot be cut to a prefix of it. */
  private fetchAnew(learner: Learner): void {
    const message = `cannot go back to where server ${learner.leader} says, and asks it for its whole history`
    this.emit({ kind: 'event', event: { type: 'log', level: 'warn', message } })
    learner.close()
    this.learn(learner.leader, learner.epoch)
  }

  /** @param anewIn in this epoch the leader is asked for everything: see Learner */
  private learn(leader: Sid, anewIn: Epoch | null = null): void {
    this.lastDial += 1
    const dial = this.lastDial
    const learner = new Learner(this.context, leader, dial, anewIn, this.now)
    this.role = { name: 'learning', learner, dial }
    this.reportRole()
  }

  private standAlone(): void {
    this.role = { name: 'standalone', standalone: new Standalone(this.context, this.now) }
    this.reportRole()
    this.service.serve('standalone', this.replica.currentEpoch, this.now)
  }

  /** Logs a difference of digests once a run. (DataTree.reportDigestMismatch counts, too.) */
  private reportDifference(): void {
    const zxid = this.replica.differsSince
    if (zxid === null || this.hasDiffered || !this.settings.requests.digestEnabled) return
    this.hasDiffered = true
    const message =
      `this member's tree differs from its leader's since ${formatZxid(zxid)} or before: their digests do not match. ` +
      `Compare its data with another member's; to have it fetched anew: zk-pseudo stop ${this.sid}, zk-pseudo start ${this.sid} --resync`
    this.emit({ kind: 'event', event: { type: 'log', level: 'error', message } })
  }

  private leave(reason: string): void {
    this.departure.done()
    const { role } = this
    invariant(role.name !== 'standalone', () => `a standalone member has no role to leave: ${reason}`)
    if (role.name === 'looking') return
    this.election?.withdraw()
    if (role.name === 'leading') role.leader.close(reason)
    else role.learner.close()
    this.service.leave(reason)
    const message = `${role.name === 'leading' ? 'stops leading' : 'leaves its leader'}: ${reason}`
    this.emit({ kind: 'event', event: { type: 'log', level: 'warn', message } })
    this.replica.dropUnsaved()
    this.look()
  }

  /** True while the connection asked for by `dialLeader` with this number is still wanted. */
  isDialling(dial: DialId): boolean {
    return this.role.name === 'learning' && this.role.dial === dial
  }

  get status(): PeerStatus {
    const { role, replica } = this
    return {
      ...roleStatus(role, this.sid, this.isObserver),
      epoch: replica.currentEpoch,
      zxid: replica.database.lastProcessedZxid,
      readOnly: this.service.readOnly.isServing,
    }
  }

  private reportRole(): void {
    const { role, leader, epoch, zxid } = this.status
    const event = { type: 'role', role, leader, epoch, zxid } as const
    const effect: SendEffect = { kind: 'event', event }
    this.emit(effect)
  }
}
