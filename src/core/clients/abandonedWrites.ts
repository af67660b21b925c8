/**
 * Outstanding writes whose connection is gone, by session and in order. Their client may have returned on a
 * new connection, where it counts its requests from the beginning. The outcome of an old request must not
 * answer a new one (Apache keeps them in CommitProcessor's queue).
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

  /** Whether this transaction is the oldest of them, which is then removed. */
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
