/**
 * Sessions as a member's client side sees them: which server keeps them depends on the member's role, and on
 * whether they are local. Apache spreads this over ZooKeeperServer, QuorumZooKeeperServer and the
 * SessionTrackers of each role.
 *
 * | role       | a new session is           | one that comes back is confirmed by      |
 * |------------|----------------------------|------------------------------------------|
 * | standalone | global                     | this member                              |
 * | leader     | local, or global           | this member                              |
 * | learner    | local, or global           | this member if local, else the leader    |
 * | read-only  | local, or refused          | this member if local; global: refused    |
 *
 * Invariant: a session is never local here and global at once.
 */
import type { SessionId } from '../../protocol/ids.ts'
import type { Now, SendEffect } from '../effects.ts'
import type { Replica } from '../replica.ts'
import { type Request, sessionCreation } from '../request.ts'
import * as packets from '../zab/packets.ts'
import type { LeaderSessions } from './leaderSessions.ts'
import type { LearnerSessions } from './learnerSessions.ts'
import type { LocalSessions } from './localSessions.ts'
import { upgraded } from './upgrade.ts'

export interface LocalSessionOptions {
  /** localSessionsEnabled: new sessions are local. Without effect on a standalone server. */
  readonly enabled: boolean
  /**
   * localSessionsUpgradingEnabled: a local session may create ephemeral nodes, and becomes global when it
   * does.
   */
  readonly upgrading: boolean
}

export const NO_LOCAL_SESSIONS: LocalSessionOptions = { enabled: false, upgrading: false }

export type SessionRole = 'standalone' | 'leader' | 'learner' | 'readOnly'

interface SessionsContext {
  readonly tickTimeMs: number
  readonly options: LocalSessionOptions
  readonly leaderSessions: LeaderSessions
  readonly learnerSessions: LearnerSessions
  readonly local: LocalSessions
  readonly replica: Pick<Replica, 'database'>
  readonly emit: (effect: SendEffect) => void
}

/** What a connection remembers of its last touch, so that a touch without effect costs nothing. */
interface Touchable {
  readonly sessionId: SessionId
  readonly timeoutMs: number
  touchedBucket: number
  touchedGeneration: number
}

/**
 * With a request, the leader creates the session. `refused`: it would take a transaction, and this member is
 * read-only.
 */
type Creation = 'valid' | Request | 'refused'
/** `asked`: the leader answers. */
type Confirmation = 'valid' | 'asked' | 'expired'

export class MemberSessions {
  private readonly context: SessionsContext
  private role: SessionRole | null = null

  constructor(context: SessionsContext) {
    this.context = context
  }

  get local(): LocalSessions {
    return this.context.local
  }

  get isReadOnly(): boolean {
    return this.role === 'readOnly'
  }

  open(role: SessionRole): void {
    this.role = role
  }

  /** Local sessions end with the role, as Apache's do. */
  close(): void {
    this.role = null
    this.local.clear()
  }

  private get makesLocal(): boolean {
    return this.context.options.enabled && this.role !== 'standalone'
  }

  /** Creates a session: at once when it is local, by a transaction otherwise. */
  create(id: SessionId, timeoutMs: number, now: Now): Creation {
    if (this.makesLocal) {
      this.local.add(id, timeoutMs, now)
      return 'valid'
    }
    return this.isReadOnly ? 'refused' : sessionCreation(id, timeoutMs)
  }

  /** Whether a global session must be refused here: a read-only member cannot know whether it is alive. */
  refuses(id: SessionId): boolean {
    return this.isReadOnly && this.context.replica.database.sessions.has(id)
  }

  /** A client has returned with its session. */
  resume(id: SessionId, timeoutMs: number, now: Now): Confirmation {
    if (this.local.touch(id, timeoutMs, now)) return 'valid'
    switch (this.role) {
      case 'learner':
        this.context.learnerSessions.forget(id)
        this.context.emit({ kind: 'toLeader', packet: packets.revalidate(id, timeoutMs) })
        return 'asked'
      case 'readOnly':
        // Verified against Apache 3.8.0: without local sessions none is kept here, and every client with a
        // valid password may read.
        return this.makesLocal ? 'expired' : 'valid'
      default:
        return this.context.leaderSessions.takeOver(id, 'local', now, timeoutMs) === 'expired'
          ? 'expired'
          : 'valid'
    }
  }

  /**
   * A request of any kind keeps its session alive (ZooKeeperServer.touch). Deadlines lie in buckets, so only
   * the first touch in a bucket has an effect, unless the keeper of the session needs another. False when the
   * session is over: then the request is dropped.
   */
  touch(client: Touchable, now: Now): boolean {
    const { tickTimeMs, leaderSessions, learnerSessions } = this.context
    const bucket = Math.floor((now.monotonicMs + client.timeoutMs) / tickTimeMs)
    const generation = leaderSessions.generation + learnerSessions.generation
    if (client.touchedBucket === bucket && client.touchedGeneration === generation) return true
    client.touchedBucket = bucket
    client.touchedGeneration = generation
    if (this.keepAlive(client.sessionId, client.timeoutMs, now)) return true
    client.touchedBucket = Number.NEGATIVE_INFINITY
    return false
  }

  private keepAlive(id: SessionId, timeoutMs: number, now: Now): boolean {
    if (this.local.touch(id, timeoutMs, now)) return true
    if (this.role === 'readOnly') return true
    if (this.role === 'learner') {
      this.context.learnerSessions.touch(id, timeoutMs)
      return true
    }
    return this.context.leaderSessions.touch(id, now, timeoutMs)
  }

  isLocal(id: SessionId): boolean {
    return this.local.has(id)
  }

  /** The request as it goes to the leader, after the upgrade of its session when it needs one. */
  upgraded(request: Request): readonly Request[] {
    return upgraded(request, this.local, this.context.options.upgrading)
  }

  get nextDeadlineMs(): number {
    return this.local.nextDeadlineMs
  }

  /** Local sessions that have just expired. */
  expire(now: Now): SessionId[] {
    return this.local.nextDeadlineMs > now.monotonicMs ? [] : this.local.expire(now)
  }
}
