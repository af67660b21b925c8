/** The requests of one client that are not answered yet, in order; counted for the member as well. */
import type { ErrorCode } from '../../protocol/errors.ts'
import { Fifo } from '../fifo.ts'

/** A request that is not answered yet. Reads wait here only after a write or sync of the same client. */
export interface Queued {
  readonly xid: number
  readonly type: number
  /** The frame's bytes after the header. */
  readonly body: Buffer
  readonly atMs: number
  /**
   * A read is executed when it reaches the head; other requests are answered when the ensemble has handled
   * them.
   */
  readonly waitsFor: 'nothing' | 'commit' | 'sync'
  /** The error that its client gets in place of the leader's, where this member knows better; else Ok. */
  refusal: ErrorCode
}

/** The outstanding requests of one client, counted for the client and for the member. */
export class OutstandingRequests extends Fifo<Queued> {
  /** Reads that wait here for a write or sync before them. */
  waitingReads = 0
  private readonly member: { count: number }

  constructor(member: { count: number }) {
    super()
    this.member = member
  }

  override push(queued: Queued): void {
    super.push(queued)
    this.member.count += 1
    if (queued.waitsFor === 'nothing') this.waitingReads += 1
  }

  override shift(): Queued | undefined {
    const queued = super.shift()
    if (queued === undefined) return undefined
    this.member.count -= 1
    if (queued.waitsFor === 'nothing') this.waitingReads -= 1
    return queued
  }

  override clear(): void {
    this.member.count -= this.length
    this.waitingReads = 0
    super.clear()
  }
}
