/**
 * The sessions as the leader (or a standalone member) keeps them: who owns each, which are about to end, and
 * which have not been heard of for too long (SessionTrackerImpl, LeaderSessionTracker).
 *
 * Invariants: only here do sessions expire; an expired or closed session gets no further write, though its
 * closing is not committed yet; a write of a session that moved to another server is refused at the old one.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { formatSessionId, type SessionId } from '../../protocol/ids.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import type { Transaction } from '../../protocol/transaction.ts'
import type { Now, SendEffect } from '../effects.ts'
import type { Request, RequestOwner } from '../requests/request.ts'
import { ExpiryQueue } from './expiryQueue.ts'

interface TrackedSession {
  readonly timeoutMs: number
  owner: RequestOwner | null
  isClosing: boolean
}

export class LeaderSessions {
  private readonly tickTimeMs: number
  private readonly emit: (effect: SendEffect) => void
  private readonly sessions = new Map<SessionId, TrackedSession>()
  private expiry: ExpiryQueue
  private isActive = false

  constructor(tickTimeMs: number, emit: (effect: SendEffect) => void) {
    this.tickTimeMs = tickTimeMs
    this.emit = emit
    this.expiry = new ExpiryQueue(tickTimeMs)
  }

  get size(): number {
    return this.sessions.size
  }

  get nextDeadlineMs(): number {
    return this.isActive ? this.expiry.nextDeadlineMs : Number.POSITIVE_INFINITY
  }

  /** For `dump`. */
  get expiryBuckets(): [number, readonly SessionId[]][] {
    return this.expiry.bucketEntries()
  }

  /** A new leader gives every session its whole timeout again. */
  restart(known: ReadonlyMap<SessionId, number>, now: Now): void {
    this.stop()
    this.isActive = true
    for (const [id, timeoutMs] of known) this.add(id, timeoutMs, null, now)
  }

  stop(): void {
    this.isActive = false
    this.sessions.clear()
    this.expiry = new ExpiryQueue(this.tickTimeMs)
  }

  /** When createSession is prepared: from then on its client may send. */
  add(id: SessionId, timeoutMs: number, owner: RequestOwner | null, now: Now): void {
    this.sessions.set(id, { timeoutMs, owner, isClosing: false })
    this.expiry.update(id, timeoutMs, now.monotonicMs)
  }

  /**
   * False when the session is over. A client that comes back may agree on another timeout than the one that its
   * session was created with: the one that its server names counts (SessionTrackerImpl.touchSession).
   */
  touch(id: SessionId, now: Now, timeoutMs?: number): boolean {
    const session = this.sessions.get(id)
    if (session === undefined || session.isClosing) return false
    this.expiry.update(id, timeoutMs ?? session.timeoutMs, now.monotonicMs)
    return true
  }

  /** A client came back with its session, at this owner. False when the session is over. */
  takeOver(id: SessionId, owner: RequestOwner, now: Now, timeoutMs?: number): boolean {
    if (!this.touch(id, now, timeoutMs)) return false
    const session = this.sessions.get(id)
    if (session !== undefined) session.owner = owner
    return true
  }

  /** Whether the owner may write for the session: SessionTrackerImpl.checkSession. */
  check(id: SessionId, owner: RequestOwner): ErrorCode {
    const session = this.sessions.get(id)
    if (session === undefined || session.isClosing) return ErrorCode.SessionExpired
    if (session.owner === null) session.owner = owner
    return session.owner === owner ? ErrorCode.Ok : ErrorCode.SessionMoved
  }

  markClosing(id: SessionId): void {
    const session = this.sessions.get(id)
    if (session === undefined) return
    session.isClosing = true
    this.expiry.remove(id)
  }

  /** Requests that close what has expired. */
  expire(now: Now): Request[] {
    return this.expiry.due(now.monotonicMs).map((sessionId) => {
      this.markClosing(sessionId)
      this.emit({ kind: 'event', event: { type: 'session-expired', session: formatSessionId(sessionId) } })
      return { sessionId, cxid: 0, type: OpCode.closeSession, body: null, authInfo: [], owner: 'local' }
    })
  }

  applied(transaction: Transaction): void {
    if (transaction.body.type === OpCode.closeSession) this.sessions.delete(transaction.header.clientId)
  }
}
