/**
 * What a member does for clients, whatever its role: the pipeline, the sessions as each role keeps them, and
 * read-only service while there is no leader. The role opens and closes it.
 *
 * Invariant: transactions are applied one after the other, and each is answered before the next one shows.
 */
import type { SessionId } from '../../protocol/ids.ts'
import { type Epoch, formatZxid, type Zxid } from '../../protocol/zxid.ts'
import type { Effect, Now } from '../effects.ts'
import type { Role } from '../events.ts'
import type { Membership } from '../membership/membership.ts'
import type { Replica } from '../replica.ts'
import { LeaderSessions } from '../sessions/leaderSessions.ts'
import { LearnerSessions } from '../sessions/learnerSessions.ts'
import { LocalSessions } from '../sessions/localSessions.ts'
import { MemberSessions, NO_LOCAL_SESSIONS, type SessionRole } from '../sessions/memberSessions.ts'
import type { PeerSettings } from '../settings.ts'
import { ClientPipeline } from './clientPipeline.ts'
import { ReadOnlyMode } from './readOnly.ts'

export class ClientService {
  readonly pipeline: ClientPipeline
  readonly leaderSessions: LeaderSessions
  readonly learnerSessions = new LearnerSessions()
  readonly sessions: MemberSessions
  readonly readOnly: ReadOnlyMode
  private readonly replica: Replica
  private readonly membership: Membership
  private readonly leaderServes: boolean
  private readonly emit: (effect: Effect) => void
  private servingSinceMs = 0
  /**
   * For each sync that the leader has answered and that is not due yet: what this member must have applied.
   */
  private dueSyncs: Zxid[] = []

  constructor(
    settings: PeerSettings,
    replica: Replica,
    membership: Membership,
    emit: (effect: Effect) => void,
  ) {
    this.replica = replica
    this.membership = membership
    this.leaderServes = settings.leaderServes ?? true
    this.emit = emit
    const { tickTimeMs } = settings.zab
    const local = new LocalSessions(tickTimeMs)
    this.leaderSessions = newLeaderSessions(settings, local, emit)
    this.sessions = new MemberSessions({
      tickTimeMs,
      options: settings.requests.localSessions ?? NO_LOCAL_SESSIONS,
      leaderSessions: this.leaderSessions,
      learnerSessions: this.learnerSessions,
      local,
      replica,
      emit,
    })
    this.pipeline = new ClientPipeline(settings.requests, this.sessions, emit)
    this.readOnly = new ReadOnlyMode(settings.readOnlyMode ?? false, tickTimeMs)
  }

  /**
   * Serving begins, in this role.
   * @param leastZxid the least zxid that clients are told, even if less was applied
   */
  serve(role: Exclude<Role, 'looking'>, epoch: Epoch, now: Now, leastZxid?: Zxid): void {
    const { text, version } = this.membership.committed
    const { tree, lastProcessedZxid: zxid } = this.replica.database
    tree.setConfig(text, version, now.wallMs)
    if (role === 'leader' && !this.leaderServes) this.sessions.open('leader')
    else this.open(role === 'standalone' || role === 'leader' ? role : 'learner', now, leastZxid)
    this.emit({ kind: 'event', event: { type: 'serving', role, epoch, zxid } })
  }

  private open(role: SessionRole, now: Now, leastZxid?: Zxid): void {
    this.servingSinceMs = now.monotonicMs
    this.sessions.open(role)
    this.pipeline.open(this.replica.database, now, leastZxid)
  }

  close(reason: string): void {
    this.pipeline.close(reason)
    this.sessions.close()
    this.dueSyncs = []
  }

  /** The role is over. */
  leave(reason: string): void {
    this.close(reason)
    this.learnerSessions.drain()
    this.leaderSessions.stop()
  }

  /** Applies everything that is committed, and durable here, and answers the clients that wait for it. */
  applyCommitted(now: Now): void {
    for (let applied = this.replica.applyNext(); applied !== null; applied = this.replica.applyNext()) {
      this.leaderSessions.applied(applied.transaction, now)
      this.pipeline.applied(applied.transaction, applied.result, now)
      this.answerSyncs(now)
    }
  }

  /** The oldest sync that went to the leader is due once this member has applied everything up to `zxid`. */
  syncDue(zxid: Zxid, now: Now): void {
    this.dueSyncs.push(zxid)
    this.answerSyncs(now)
  }

  private answerSyncs(now: Now): void {
    const { lastProcessedZxid } = this.replica.database
    while (this.dueSyncs[0] !== undefined && this.dueSyncs[0] <= lastProcessedZxid) {
      this.dueSyncs.shift()
      this.pipeline.synced(now)
    }
  }

  /** The leader has answered whether the session of a returning client is alive. */
  revalidated(sessionId: SessionId, isValid: boolean): void {
    this.pipeline.revalidated(sessionId, isValid)
  }

  tick(now: Now): void {
    this.pipeline.expire(now)
  }

  /** Begins read-only service after long enough without a leader. */
  tickReadOnly(now: Now): void {
    if (!this.readOnly.begins(now)) return
    this.open('readOnly', now)
    const zxid = formatZxid(this.replica.database.lastProcessedZxid)
    const message = `has no leader: serves clients that can do with reads, at ${zxid} (readonlymode.enabled)`
    this.emit({ kind: 'event', event: { type: 'log', level: 'warn', message } })
  }

  /** The election has an outcome. */
  decided(): void {
    if (this.readOnly.ends()) this.close('a leader is elected: its read-only service ends')
  }

  get nextDeadlineMs(): number {
    return Math.min(this.sessions.nextDeadlineMs, this.readOnly.nextDeadlineMs)
  }

  /** How long this member has served clients without interruption, ms. */
  servingForMs(monotonicMs: number): number {
    return this.pipeline.isOpen ? monotonicMs - this.servingSinceMs : 0
  }
}

function newLeaderSessions(
  { zab, requests, isStandalone }: PeerSettings,
  local: LocalSessions,
  emit: (effect: Effect) => void,
): LeaderSessions {
  const { sid, tickTimeMs, syncLimit } = zab
  const scope = { sid, sessions: local, underWayMs: tickTimeMs * (syncLimit + 1) }
  const hasLocal = requests.localSessions?.enabled === true && !isStandalone
  return new LeaderSessions(tickTimeMs, emit, hasLocal ? scope : null)
}
