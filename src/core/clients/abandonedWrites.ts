/**
 * Writes under way whose connection is gone, by session and in order. Their client may be back on a new
 * connection, counting its requests from the beginning: what becomes of the old ones must not answer the new
 * (Apache keeps them in CommitProcessor's queue).
 */
import type { SessionId } from '../../protocol/ids.ts'
import type { Queued } from './outstandingRequests.ts'

export class AbandonedWrites {
  private readonly bySession = new Map<SessionId, number[]>()

  add(id: SessionId, queue: Iterable<Pick<Queued, 'xid' | 'waitsFor'>>): void {
    const xids = this.bySession.get(id) ?? []
    for (const { waitsFor, xid } of queue) if (waitsFor === 'commit') xids.push(xid)
    if (xids.length > 0) this.bySession.set(id, xids)
  }

  /** Whether this transaction is the oldest of them; then it is one no more. */
  take(id: SessionId, cxid: number): boolean {
    const xids = this.bySession.get(id)
    if (xids === undefined || xids[0] !== cxid) return false
    xids.shift()
    if (xids.length === 0) this.bySession.delete(id)
    return true
  }

  clear(): void {
    this.bySession.clear()
  }
}
