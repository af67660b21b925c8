import type { TxnLog } from '../log/txnLog.ts'
import type { StorageOptions } from '../storageOptions.ts'

/**
 * When the next snapshot is due: after a random part of snapCount transactions or of snapSizeLimitKb, so that
 * not all members of an ensemble write their snapshots at once (SyncRequestProcessor).
 */
export class SnapshotSchedule {
  private readonly log: TxnLog
  private readonly limits: Pick<StorageOptions, 'snapCount' | 'snapSizeLimitKb'>
  private readonly random: () => number
  private dueAt = { txns: 0, bytes: 0 }
  private txns = 0

  constructor(
    log: TxnLog,
    limits: Pick<StorageOptions, 'snapCount' | 'snapSizeLimitKb'>,
    random: () => number,
  ) {
    this.log = log
    this.limits = limits
    this.random = random
    this.restart()
  }

  get isDue(): boolean {
    return this.txns > this.dueAt.txns || this.log.loggedBytes > this.dueAt.bytes
  }

  /** Counts transactions that were logged. */
  count(txns: number): void {
    this.txns += txns
  }

  /** Counts from now on, and draws anew how much may be logged. */
  restart(): void {
    const { snapCount, snapSizeLimitKb } = this.limits
    this.dueAt = {
      txns: this.draw(snapCount),
      bytes: snapSizeLimitKb > 0 ? this.draw(snapSizeLimitKb * 1024) : Number.POSITIVE_INFINITY,
    }
    this.txns = 0
    this.log.resetLoggedBytes()
  }

  /** Between half the limit and the limit. */
  private draw(limit: number): number {
    return Math.floor(limit / 2 + (this.random() * limit) / 2)
  }
}
