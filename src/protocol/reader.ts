import type { Zxid } from './zxid.ts'

/** The bytes do not form the record that was expected. The connection they came from is to be closed. */
export class DecodeError extends Error {
  override name = 'DecodeError'
}

const TWO_32 = 0x1_0000_0000

/**
 * Reads big-endian jute values from a buffer. Every length is checked against what is left before anything
 * is allocated. Buffers handed out are views of the input, valid as long as the caller keeps the frame.
 */
export class Reader {
  readonly bytes: Buffer
  position: number
  readonly end: number

  constructor(bytes: Buffer, position = 0, end = bytes.length) {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  get remaining(): number {
    return this.end - this.position
  }

  private take(length: number): number {
    const at = this.position
    if (length < 0 || length > this.end - at)
      throw new DecodeError(`needs ${length} bytes at offset ${at}, ${this.end - at} are left`)
    this.position = at + length
    return at
  }

  byte(): number {
    return this.bytes[this.take(1)] as number
  }

  bool(): boolean {
    return this.byte() !== 0
  }

  int(): number {
    return this.bytes.readInt32BE(this.take(4))
  }

  long(): bigint {
    return this.bytes.readBigInt64BE(this.take(8))
  }

  /** An int64 as a number; values beyond 2^53 lose their low bits but keep their order. */
  longAsNumber(): number {
    const at = this.take(8)
    return this.bytes.readInt32BE(at) * TWO_32 + this.bytes.readUInt32BE(at + 4)
  }

  zxid(): Zxid {
    return this.longAsNumber() as Zxid
  }

  /** null for length -1; a view otherwise. */
  buffer(): Buffer | null {
    const length = this.int()
    if (length === -1) return null
    const at = this.take(length)
    return this.bytes.subarray(at, at + length)
  }

  string(): string | null {
    const length = this.int()
    if (length === -1) return null
    const at = this.take(length)
    return this.bytes.toString('utf8', at, at + length)
  }

  /** Everything that is left, as a view. */
  rest(): Buffer {
    const at = this.position
    this.position = this.end
    return this.bytes.subarray(at, this.end)
  }
}
