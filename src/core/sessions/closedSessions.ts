/**
 * Global sessions that were closed a short while ago. With local sessions a leader cannot tell a session that
 * it does not know from another member's local one, and lets its writes pass; Apache's lets those of a
 * session pass that has just expired, which were under way from its server. A learner that has not heard of
 * the closing by the time that is kept here has been dropped, for want of an answer, with all that it
 * forwarded.
 */
import type { SessionId } from '../../protocol/ids.ts'
import type { Now } from '../effects.ts'
import { ExpiryQueue } from './expiryQueue.ts'

export class ClosedSessions {
  private readonly keptForMs: number
  private readonly ids = new Set<SessionId>()
  private readonly expiry: ExpiryQueue

  constructor(tickTimeMs: number, keptForMs: number) {
    this.keptForMs = keptForMs
    this.expiry = new ExpiryQueue(tickTimeMs)
  }

  has(id: SessionId): boolean {
    return this.ids.has(id)
  }

  add(id: SessionId, now: Now): void {
    for (const old of this.expiry.due(now.monotonicMs)) this.ids.delete(old)
    this.ids.add(id)
    this.expiry.update(id, this.keptForMs, now.monotonicMs)
  }
}
