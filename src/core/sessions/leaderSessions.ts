/**
 * The global sessions as the leader (or a standalone member) keeps them: which server owns each, which are
 * about to end, and which were not heard of for too long (SessionTrackerImpl, LeaderSessionTracker).
 *
 * Invariants: global sessions expire only here; an expired or closed session gets no further write, even
 * while its closing is not committed yet; a write of a session that moved to another server is refused at the
 * old one.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { formatSessionId, type SessionId, type Sid } from '../../protocol/ids.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import type { Transaction } from '../../protocol/transaction.ts'
import type { Now, SendEffect } from '../effects.ts'
import type { Request, RequestOwner } from '../request.ts'
import { ClosedSessions } from './closedSessions.ts'
import { ExpiryQueue } from './expiryQueue.ts'
import type { LocalSessions } from './localSessions.ts'
import { serverOf } from './sessionIds.ts'

interface TrackedSession {
  readonly timeoutMs: number
  owner: RequestOwner | null
  isClosing: boolean
}

/** What a leader needs to know where members have local sessions. */
interface LocalScope {
  readonly sid: Sid
  /** This member's own local sessions. */
  readonly sessions: LocalSessions
  /** How long a write may take from a learner to the leader, ms. */
  readonly underWayMs: number
}

export class LeaderSessions {
  private readonly tickTimeMs: number
  private readonly emit: (effect: SendEffect) => void
  private readonly local: LocalScope | null
  private readonly sessions = new Map<SessionId, TrackedSession>()
  private expiry: ExpiryQueue
  private closed: ClosedSessions | null = null
  private isActive = false
  /** Increases when a session begins to end: from then on it cannot be touched. */
  generation = 0

  constructor(tickTimeMs: number, emit: (effect: SendEffect) => void, local: LocalScope | null = null) {
    this.tickTimeMs = tickTimeMs
    this.emit = emit
    this.local = local
    this.expiry = new ExpiryQueue(tickTimeMs)
  }

  get size(): number {
    return this.sessions.size
  }

  get nextDeadlineMs(): number {
    return this.isActive ? this.expiry.nextDeadlineMs : Number.POSITIVE_INFINITY
  }

  /** All sessions, for `dump`. */
  get expiryBuckets(): [number, readonly SessionId[]][] {
    return this.expiry.bucketEntries()
  }

  /** A new leader gives every session its whole timeout again. */
  restart(known: ReadonlyMap<SessionId, number>, now: Now): void {
    this.stop()
    this.isActive = true
    if (this.local !== null) this.closed = new ClosedSessions(this.tickTimeMs, this.local.underWayMs)
    for (const [id, timeoutMs] of known) this.add(id, timeoutMs, null, now)
  }

  stop(): void {
    this.isActive = false
    this.closed = null
    this.sessions.clear()
    this.expiry = new ExpiryQueue(this.tickTimeMs)
  }

  /**
   * Called when createSession is prepared: from then on its client may send. False when this session is
   * ending: an upgrade that its end has overtaken must not revive it.
   */
  add(id: SessionId, timeoutMs: number, owner: RequestOwner | null, now: Now): boolean {
    const known = this.sessions.get(id)
    if (known?.isClosing) return false
    this.sessions.set(id, { timeoutMs, owner, isClosing: false })
    this.expiry.update(id, timeoutMs, now.monotonicMs)
    return true
  }

  /**
   * False when the session is over. A client that returns may agree on a timeout other than that of its
   * session's creation: the one that its server names counts (SessionTrackerImpl.touchSession).
   */
  touch(id: SessionId, now: Now, timeoutMs?: number): boolean {
    const session = this.sessions.get(id)
    if (session === undefined || session.isClosing) return false
    this.expiry.update(id, timeoutMs ?? session.timeoutMs, now.monotonicMs)
    return true
  }

  /**
   * A client has returned with its session, at this owner. `left`: until now it was connected to this member.
   */
  takeOver(id: SessionId, owner: RequestOwner, now: Now, timeoutMs?: number): 'expired' | 'left' | 'kept' {
    const session = this.sessions.get(id)
    if (session === undefined || !this.touch(id, now, timeoutMs)) return 'expired'
    const hasLeft = session.owner === 'local' && owner !== 'local'
    session.owner = owner
    return hasLeft ? 'left' : 'kept'
  }

  /** Whether the owner may write for the session: LeaderSessionTracker.checkSession. */
  check(id: SessionId, owner: RequestOwner): ErrorCode {
    if (this.sessions.has(id) || this.local === null) return this.checkGlobal(id, owner)
    if (this.local.sessions.has(id)) return owner === 'local' ? ErrorCode.Ok : ErrorCode.SessionMoved
    const isOver = serverOf(id) === this.local.sid || this.closed?.has(id)
    // Otherwise it is taken for another member's local session.
    return isOver ? ErrorCode.SessionExpired : ErrorCode.Ok
  }

  /** As `check`, for what only a global session may do: create an ephemeral node. */
  checkGlobal(id: SessionId, owner: RequestOwner): ErrorCode {
    const session = this.sessions.get(id)
    if (session === undefined || session.isClosing) return ErrorCode.SessionExpired
    if (session.owner === null) session.owner = owner
    return session.owner === owner ? ErrorCode.Ok : ErrorCode.SessionMoved
  }

  markClosing(id: SessionId): void {
    const session = this.sessions.get(id)
    if (session === undefined) return
    session.isClosing = true
    this.generation += 1
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

  applied(transaction: Transaction, now: Now): void {
    if (transaction.body.type !== OpCode.closeSession) return
    const { clientId } = transaction.header
    this.sessions.delete(clientId)
    this.closed?.add(clientId, now)
  }
}
