/**
 * Global sessions that were closed recently. With local sessions a leader cannot tell a session that it does
 * not know from another member's local one, and lets its writes pass. Apache's leader also lets writes pass
 * that were under way when their session expired. A learner that has not learnt of the closing within the
 * time for which sessions are kept here was dropped, because it did not answer, with everything that it had
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
