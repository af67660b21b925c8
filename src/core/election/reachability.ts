/**
 * Which peers an election need not wait for. A peer is gone when it was heard or reached before and is not
 * reached now, or when its port has refused for so long that it is not merely starting. A refused dial alone
 * means nothing: members that start together open their ports at different milliseconds, and two of three
 * that decided in that gap would have to be joined, or deposed, by the third.
 */
import type { Sid } from '../../protocol/ids.ts'

/** How long a peer that was never reached counts as starting up: a JVM on a busy machine takes seconds. */
const STARTING_MS = 10_000

export class Reachability {
  private readonly reached = new Set<Sid>()
  private readonly gone = new Set<Sid>()
  private readonly refusedSinceMs = new Map<Sid, number>()

  isGone(sid: Sid, nowMs: number): boolean {
    if (this.gone.has(sid)) return true
    const since = this.refusedSinceMs.get(sid)
    return since !== undefined && nowMs - since >= STARTING_MS
  }

  arrived(sid: Sid): void {
    this.reached.add(sid)
    this.gone.delete(sid)
    this.refusedSinceMs.delete(sid)
  }

  /** @returns whether the peer was there until now */
  left(sid: Sid, nowMs: number): boolean {
    if (this.gone.has(sid)) return false
    if (this.reached.has(sid)) {
      this.gone.add(sid)
      return true
    }
    if (!this.refusedSinceMs.has(sid)) this.refusedSinceMs.set(sid, nowMs)
    return false
  }
}
