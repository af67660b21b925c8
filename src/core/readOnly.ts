/**
 * Read-only mode (`readonlymode.enabled`; QuorumPeer.run, ReadOnlyZooKeeperServer): a member that has looked
 * for a leader in vain for a while serves those clients that said they can do with reads alone, until there
 * is one.
 *
 * Invariant: what it shows is what its vote claims: everything in its log, and all of it durable
 * (`PeerCore.look`). The log's tail may be more than was ever committed, here as with Apache, for a log does
 * not say how far it is: it can be cut when a quorum is back without this member's part. Who saw it is then
 * served nowhere before the ensemble has got further than that (the rule for lastZxidSeen), so nobody's zxids
 * go back.
 */
import type { Now } from './effects.ts'

/** Shorter absences of a leader are elections, not partitions. */
const LEAST_GRACE_MS = 2000

export interface ReadOnlyParts {
  readonly isEnabled: boolean
  readonly tickTimeMs: number
  /** Begins to serve read-only clients. */
  readonly open: () => void
  /** Ends it: closes their connections. */
  readonly close: (reason: string) => void
}

export class ReadOnlyMode {
  private readonly parts: ReadOnlyParts
  private dueAtMs = Number.POSITIVE_INFINITY
  isServing = false

  constructor(parts: ReadOnlyParts) {
    this.parts = parts
  }

  get nextDeadlineMs(): number {
    return this.dueAtMs
  }

  /** The member looks for a leader from now on. */
  looking(now: Now): void {
    const { isEnabled, tickTimeMs } = this.parts
    if (isEnabled) this.dueAtMs = now.monotonicMs + Math.max(LEAST_GRACE_MS, tickTimeMs)
  }

  tick(now: Now): void {
    if (now.monotonicMs < this.dueAtMs) return
    this.dueAtMs = Number.POSITIVE_INFINITY
    this.isServing = true
    this.parts.open()
  }

  /** The election has an outcome. */
  decided(): void {
    this.dueAtMs = Number.POSITIVE_INFINITY
    if (!this.isServing) return
    this.isServing = false
    this.parts.close('a leader is elected: its read-only service ends')
  }
}
