/**
 * When sessions expire, in buckets of one tick (ExpiryQueue): a deadline is rounded up to the next bucket, so
 * a session lives up to one tick longer than its timeout, and touching it is cheap.
 */
import type { SessionId } from '../../protocol/ids.ts'

export class ExpiryQueue {
  private readonly tickMs: number
  private readonly bucketOf = new Map<SessionId, number>()
  private readonly buckets = new Map<number, Set<SessionId>>()
  private earliest = Number.POSITIVE_INFINITY

  constructor(tickMs: number) {
    this.tickMs = tickMs
  }

  get size(): number {
    return this.bucketOf.size
  }

  /** End of the earliest bucket, Infinity when there is none. */
  get nextDeadlineMs(): number {
    return this.earliest
  }

  bucketEntries(): [number, readonly SessionId[]][] {
    return [...this.buckets].sort(([a], [b]) => a - b).map(([atMs, ids]) => [atMs, [...ids]])
  }

  /**
   * Adds a session or moves it, also to an earlier bucket when its client has returned and agreed on a
   * shorter timeout.
   */
  update(id: SessionId, timeoutMs: number, nowMs: number): void {
    const bucket = (Math.floor((nowMs + timeoutMs) / this.tickMs) + 1) * this.tickMs
    const old = this.bucketOf.get(id)
    if (old === bucket) return
    if (old !== undefined) this.leave(id, old)
    this.bucketOf.set(id, bucket)
    const ids = this.buckets.get(bucket)
    if (ids === undefined) this.buckets.set(bucket, new Set([id]))
    else ids.add(id)
    this.earliest = Math.min(this.earliest, bucket)
  }

  remove(id: SessionId): void {
    const bucket = this.bucketOf.get(id)
    if (bucket === undefined) return
    this.bucketOf.delete(id)
    this.leave(id, bucket)
  }

  private leave(id: SessionId, bucket: number): void {
    const ids = this.buckets.get(bucket)
    if (!ids?.delete(id) || ids.size > 0) return
    this.buckets.delete(bucket)
    if (bucket === this.earliest) this.findEarliest()
  }

  /** Clients choose their timeouts, and thereby the number of buckets. */
  private findEarliest(): void {
    this.earliest = Number.POSITIVE_INFINITY
    for (const bucket of this.buckets.keys()) if (bucket < this.earliest) this.earliest = bucket
  }

  /** Removes and returns the sessions that are due. */
  due(nowMs: number): SessionId[] {
    const due: SessionId[] = []
    for (const [bucket, ids] of this.buckets) {
      if (bucket <= nowMs) for (const id of ids) due.push(id)
    }
    for (const id of due) this.remove(id)
    return due
  }
}
