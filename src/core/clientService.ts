/**
 * What a member does for clients, whatever its role: the desk, the sessions as each role keeps them, and
 * read-only service while there is no leader. The role opens and closes it.
 */
import { formatZxid, type Zxid } from '../protocol/zxid.ts'
import type { Effect, Now } from './effects.ts'
import { ReadOnlyMode } from './readOnly.ts'
import type { Replica } from './replica.ts'
import { ClientDesk } from './requests/clientDesk.ts'
import type { Request } from './requests/request.ts'
import { LeaderSessions } from './sessions/leaderSessions.ts'
import { LearnerSessions } from './sessions/learnerSessions.ts'
import { LocalSessions } from './sessions/localSessions.ts'
import { MemberSessions, NO_LOCAL_SESSIONS, type SessionRole } from './sessions/memberSessions.ts'
import type { PeerSettings } from './settings.ts'

export interface ClientServiceParts {
  readonly settings: PeerSettings
  readonly replica: Replica
  readonly emit: (effect: Effect) => void
  /** To whoever leads. */
  readonly submit: (request: Request) => void
  /** Asks the leader whether a session may go on here (REVALIDATE). */
  readonly ask: ConstructorParameters<typeof MemberSessions>[0]['ask']
  /** Time of the step that is under way. */
  readonly now: () => Now
}

export class ClientService {
  readonly desk: ClientDesk
  readonly leaderSessions: LeaderSessions
  readonly learnerSessions = new LearnerSessions()
  readonly sessions: MemberSessions
  readonly readOnly: ReadOnlyMode
  private readonly parts: ClientServiceParts
  private servingSinceMs = 0

  constructor(parts: ClientServiceParts) {
    this.parts = parts
    const { settings, replica, emit } = parts
    const { tickTimeMs } = settings.zab
    const local = new LocalSessions(tickTimeMs)
    this.leaderSessions = newLeaderSessions(parts, local)
    this.sessions = new MemberSessions({
      tickTimeMs,
      options: settings.requests.localSessions ?? NO_LOCAL_SESSIONS,
      leaderSessions: this.leaderSessions,
      learnerSessions: this.learnerSessions,
      local,
      isGlobal: (id) => replica.database.sessions.has(id),
      submit: parts.submit,
      ask: parts.ask,
    })
    this.desk = new ClientDesk({ options: settings.requests, emit, sessions: this.sessions })
    this.leaderSessions.onMovedAway = (sessionId) => this.desk.movedAway(sessionId)
    this.readOnly = new ReadOnlyMode({
      isEnabled: settings.readOnlyMode ?? false,
      tickTimeMs,
      open: () => this.openReadOnly(),
      close: (reason) => this.close(reason),
    })
    replica.onApplied = (transaction, result) => {
      this.leaderSessions.applied(transaction, parts.now())
      this.desk.applied(transaction, result, parts.now())
    }
  }

  /** @param leastZxid what clients are told at least, though less was applied */
  open(role: SessionRole, leastZxid?: Zxid): void {
    const now = this.parts.now()
    this.servingSinceMs = now.monotonicMs
    this.sessions.open(role)
    this.desk.open(this.parts.replica.database, now, leastZxid)
  }

  private openReadOnly(): void {
    this.open('readOnly')
    const zxid = formatZxid(this.parts.replica.database.lastProcessedZxid)
    const message = `has no leader: serves clients that can do with reads, at ${zxid} (readonlymode.enabled)`
    this.parts.emit({ kind: 'event', event: { type: 'log', level: 'warn', message } })
  }

  close(reason: string): void {
    this.desk.close(reason)
    this.sessions.close()
  }

  /** A leader that has no time for clients (leaderServes=no): sessions are looked after, connections end. */
  openForMembers(): void {
    this.sessions.open('leader')
  }

  /** The role is over. */
  leave(reason: string): void {
    this.close(reason)
    this.learnerSessions.drain()
    this.leaderSessions.stop()
  }

  get nextDeadlineMs(): number {
    return Math.min(this.sessions.nextDeadlineMs, this.readOnly.nextDeadlineMs)
  }

  /** How long it serves clients without a break, ms. */
  servingForMs(monotonicMs: number): number {
    return this.desk.isOpen ? monotonicMs - this.servingSinceMs : 0
  }
}

function newLeaderSessions({ settings, emit }: ClientServiceParts, local: LocalSessions): LeaderSessions {
  const { zab, requests, isStandalone } = settings
  const { sid, tickTimeMs, syncLimit } = zab
  const scope = { sid, sessions: local, underWayMs: tickTimeMs * (syncLimit + 1) }
  const hasLocal = requests.localSessions?.enabled === true && !isStandalone
  return new LeaderSessions(tickTimeMs, emit, hasLocal ? scope : null)
}
