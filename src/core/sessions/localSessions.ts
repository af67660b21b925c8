/**
 * Sessions that this member alone knows (LocalSessionTracker): no transaction creates or closes them, so they
 * cost the ensemble nothing, and they end with this member's role. A local session owns no ephemeral nodes:
 * before it creates one it is upgraded, which means that it is forgotten here and created again, with the
 * same id, by a transaction.
 */
import type { SessionId } from '../../protocol/ids.ts'
import type { Now } from '../effects.ts'
import { ExpiryQueue } from './expiryQueue.ts'

export class LocalSessions {
  private readonly tickTimeMs: number
  private readonly timeouts = new Map<SessionId, number>()
  private expiry: ExpiryQueue

  constructor(tickTimeMs: number) {
    this.tickTimeMs = tickTimeMs
    this.expiry = new ExpiryQueue(tickTimeMs)
  }

  get size(): number {
    return this.timeouts.size
  }

  get nextDeadlineMs(): number {
    return this.expiry.nextDeadlineMs
  }

  /** All sessions, for `dump`. */
  get expiryBuckets(): [number, readonly SessionId[]][] {
    return this.expiry.bucketEntries()
  }

  has(id: SessionId): boolean {
    return this.timeouts.has(id)
  }

  add(id: SessionId, timeoutMs: number, now: Now): void {
    this.timeouts.set(id, timeoutMs)
    this.expiry.update(id, timeoutMs, now.monotonicMs)
  }

  /** False when there is no such session. The timeout agreed on last counts, as for global sessions. */
  touch(id: SessionId, timeoutMs: number, now: Now): boolean {
    if (!this.timeouts.has(id)) return false
    this.expiry.update(id, timeoutMs, now.monotonicMs)
    return true
  }

  remove(id: SessionId): void {
    this.timeouts.delete(id)
    this.expiry.remove(id)
  }

  /**
   * Removes a session that becomes global. Returns its timeout, for createSession; null when it is not local.
   * It is the timeout of the session's creation, whatever was agreed on since
   * (UpgradeableSessionTracker.upgradeSession).
   */
  upgrade(id: SessionId): number | null {
    const timeoutMs = this.timeouts.get(id) ?? null
    if (timeoutMs !== null) this.remove(id)
    return timeoutMs
  }

  /** Removes and returns the sessions that were not heard of for too long. */
  expire(now: Now): SessionId[] {
    const due = this.expiry.due(now.monotonicMs)
    for (const id of due) this.timeouts.delete(id)
    return due
  }

  clear(): void {
    this.timeouts.clear()
    this.expiry = new ExpiryQueue(this.tickTimeMs)
  }
}
