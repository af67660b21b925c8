/**
 * Read-only mode (`readonlymode.enabled`; QuorumPeer.run, ReadOnlyZooKeeperServer): a member that has looked
 * for a leader in vain for a while serves the clients that accept read-only service, until there is one.
 *
 * Invariant: what it shows is what its vote claims: everything in its log, and all of it durable
 * (`PeerCore.look`). The log's tail may be more than was ever committed, here as with Apache, because a log
 * does not tell how far it is committed. The tail can be cut when a quorum returns without it. A client that
 * saw it is then served nowhere until the ensemble has passed that zxid (the rule for lastZxidSeen), so no
 * client's zxids decrease.
 */
import type { Now } from '../effects.ts'

/** Shorter absences of a leader are elections, not partitions. */
const LEAST_GRACE_MS = 2000

export class ReadOnlyMode {
  private readonly isEnabled: boolean
  private readonly tickTimeMs: number
  private dueAtMs = Number.POSITIVE_INFINITY
  isServing = false

  constructor(isEnabled: boolean, tickTimeMs: number) {
    this.isEnabled = isEnabled
    this.tickTimeMs = tickTimeMs
  }

  get nextDeadlineMs(): number {
    return this.dueAtMs
  }

  /** The member looks for a leader from now on. */
  looking(now: Now): void {
    if (this.isEnabled) this.dueAtMs = now.monotonicMs + Math.max(LEAST_GRACE_MS, this.tickTimeMs)
  }

  /** True once, when the service begins. */
  begins(now: Now): boolean {
    if (now.monotonicMs < this.dueAtMs) return false
    this.dueAtMs = Number.POSITIVE_INFINITY
    this.isServing = true
    return true
  }

  /** The election has an outcome. @returns whether the service ends with it */
  ends(): boolean {
    this.dueAtMs = Number.POSITIVE_INFINITY
    const wasServing = this.isServing
    this.isServing = false
    return wasServing
  }
}
