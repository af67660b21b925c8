/**
 * Whether a member is to leave its role, and why. Whatever finds a reason notes it here, and the member
 * leaves at the end of the step: what is in progress in the step continues undisturbed.
 */
import type { Sid } from '../../protocol/ids.ts'

export class Departure {
  /** Null while there is no reason to leave. */
  reason: string | null = null
  /** The server that a reconfiguration has named as the next leader; null where an election decides. */
  designated: Sid | null = null

  /** The first reason counts. */
  leave(reason: string, designated: Sid | null = null): void {
    if (this.reason !== null) return
    this.reason = reason
    this.designated = designated
  }

  /** The role is left. The designated server is kept for what comes next. */
  done(): void {
    this.reason = null
  }

  /** The designated server, once. */
  takeDesignated(): Sid | null {
    const { designated } = this
    this.designated = null
    return designated
  }
}
