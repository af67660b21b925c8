/**
 * The last committed transactions, kept in memory so that a learner that missed a few of them can be brought
 * up to date by DIFF (ZKDatabase.committedLog). Invariant: `txns` is a contiguous piece of this member's
 * history: `floor` is the zxid right before its first entry, and nothing between `floor` and `last` is
 * missing.
 *
 * Their size is bounded, too, because a DIFF is queued as a whole, and a learner that leaves too much unread
 * is dropped.
 */
import { ZERO_ZXID, type Zxid } from '../protocol/zxid.ts'
import type { LoggedTxn } from './effects.ts'
import { invariant } from './invariant.ts'

/** A quarter of what a learner may leave unread. */
const MOST_BYTES = 64 * 1024 * 1024

export class History {
  private readonly limit: number
  private txns: LoggedTxn[] = []
  private start = 0
  private bytes = 0
  /** Zxid of the transaction before the first kept one; what a learner must hold to be served by DIFF. */
  floor: Zxid

  constructor(limit: number, floor: Zxid = ZERO_ZXID) {
    this.limit = Math.max(1, limit)
    this.floor = floor
  }

  /** The last `limit` of `recent`; `last` is the zxid of the database they lead up to. */
  static from(recent: readonly LoggedTxn[], floor: Zxid, limit: number): History {
    const history = new History(limit, floor)
    for (const txn of recent) history.push(txn)
    return history
  }

  get last(): Zxid {
    return this.txns[this.txns.length - 1]?.zxid ?? this.floor
  }

  get length(): number {
    return this.txns.length - this.start
  }

  push(txn: LoggedTxn): void {
    invariant(txn.zxid > this.last, () => `history holds ${this.last}, got ${txn.zxid} behind it`)
    this.txns.push(txn)
    this.bytes += txn.bytes.length
    while (this.length > this.limit || (this.bytes > MOST_BYTES && this.length > 1)) this.dropFirst()
  }

  private dropFirst(): void {
    const { zxid, bytes } = this.txns[this.start] as LoggedTxn
    this.floor = zxid
    this.bytes -= bytes.length
    this.start += 1
    if (this.start < this.limit && bytes.length < MOST_BYTES / this.limit) return
    this.txns = this.txns.slice(this.start)
    this.start = 0
  }

  /** Index of the first kept transaction beyond `zxid`. */
  private firstAfter(zxid: Zxid): number {
    let low = this.start
    let high = this.txns.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.txns[middle] as LoggedTxn).zxid > zxid) high = middle
      else low = middle + 1
    }
    return low
  }

  /** The kept transactions beyond `zxid`, in order. */
  after(zxid: Zxid): LoggedTxn[] {
    return this.txns.slice(this.firstAfter(zxid))
  }

  /** The greatest zxid of this history that is not beyond `zxid`; null when that lies before the floor. */
  atOrBefore(zxid: Zxid): Zxid | null {
    if (zxid < this.floor) return null
    const index = this.firstAfter(zxid)
    return index === this.start ? this.floor : (this.txns[index - 1] as LoggedTxn).zxid
  }
}
