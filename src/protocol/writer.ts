import type { Zxid } from './zxid.ts'

const TWO_32 = 0x1_0000_0000
const TWO_63 = 2 ** 63
const LONG_MAX = 2n ** 63n - 1n
const SLAB = 16 * 1024
/** A slab that grew beyond this is not kept for later writes. */
const LARGE = 1024 * 1024
const NOTHING = Buffer.alloc(0)

/** More was written than this writer may hold. */
export class WriteLimitError extends Error {
  override name = 'WriteLimitError'
}

/**
 * Writes big-endian jute values into slabs. `take` hands out what was written since the last `take` as a
 * view, and later writes continue after it, so that a turn's many small replies cost one allocation; bytes
 * handed out are never written again.
 */
export class Writer {
  private slab: Buffer
  private start = 0
  private position = 0
  private readonly most: number

  /** @param most bytes between two calls of `take`; more is a WriteLimitError */
  constructor(capacity = SLAB, most = Number.POSITIVE_INFINITY) {
    this.slab = Buffer.allocUnsafeSlow(capacity)
    this.most = most
  }

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.position - this.start
  }

  private reserve(length: number): number {
    const at = this.position
    if (at + length > this.slab.length) return this.grow(length)
    this.position = at + length
    return at
  }

  private grow(length: number): number {
    const pending = this.position - this.start
    if (pending + length > this.most) throw new WriteLimitError(`more than ${this.most} bytes`)
    const bigger = Buffer.allocUnsafeSlow(Math.min(Math.max(SLAB, (pending + length) * 2), this.most))
    this.slab.copy(bigger, 0, this.start, this.position)
    this.slab = bigger
    this.start = 0
    this.position = pending + length
    return pending
  }

  byte(value: number): void {
    const at = this.reserve(1)
    this.slab[at] = value
  }

  bool(value: boolean): void {
    this.byte(value ? 1 : 0)
  }

  int(value: number): void {
    const at = this.reserve(4)
    this.slab.writeInt32BE(value, at)
  }

  long(value: bigint): void {
    const at = this.reserve(8)
    this.slab.writeBigInt64BE(value, at)
  }

  /** What a reader gave as a number; Long.MAX_VALUE, which a double rounds up to 2^63, is itself again. */
  longFromNumber(value: number): void {
    const at = this.reserve(8)
    if (value >= TWO_63) {
      this.slab.writeBigInt64BE(LONG_MAX, at)
      return
    }
    const high = Math.floor(value / TWO_32)
    this.slab.writeInt32BE(high, at)
    this.slab.writeUInt32BE(value - high * TWO_32, at + 4)
  }

  zxid(value: Zxid): void {
    this.longFromNumber(value)
  }

  buffer(value: Buffer | null): void {
    if (value === null) {
      this.int(-1)
      return
    }
    const at = this.reserve(4 + value.length)
    this.slab.writeInt32BE(value.length, at)
    value.copy(this.slab, at + 4)
  }

  string(value: string | null): void {
    if (value === null) {
      this.int(-1)
      return
    }
    const most = value.length * 3
    const at = this.reserve(4 + most)
    const length = this.slab.write(value, at + 4, most, 'utf8')
    this.slab.writeInt32BE(length, at)
    this.position = at + 4 + length
  }

  /** Bytes as they are, without a length. */
  raw(value: Buffer): void {
    const at = this.reserve(value.length)
    value.copy(this.slab, at)
  }

  /** Leaves room for an int whose value is known later; returns a mark for `patchInt`, valid until `take`. */
  reserveInt(): number {
    return this.reserve(4) - this.start
  }

  patchInt(mark: number, value: number): void {
    this.slab.writeInt32BE(value, this.start + mark)
  }

  take(): Buffer {
    const bytes = this.slab.subarray(this.start, this.position)
    this.start = this.position
    if (this.slab.length - this.start < 256) this.leaveSlab()
    else this.leaveLargeSlab()
    return bytes
  }

  private leaveLargeSlab(): void {
    if (this.slab.length > LARGE) this.leaveSlab()
  }

  /** The next slab is allocated when something is written, because many writers write once. */
  private leaveSlab(): void {
    this.slab = NOTHING
    this.start = 0
    this.position = 0
  }

  /** What was written since the last `take`, still open to be written over. */
  peek(): Buffer {
    return this.slab.subarray(this.start, this.position)
  }

  /** Forgets what was written since the last `take`. */
  discard(): void {
    this.position = this.start
    this.leaveLargeSlab()
  }
}
