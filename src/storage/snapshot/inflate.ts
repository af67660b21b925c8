/**
 * Decompresses DEFLATE (RFC 1951) piece by piece. Node's zlib decompresses either everything at once or
 * asynchronously; but recovery is synchronous, and a snapshot may be too large to be held in memory whole.
 */
import { DecodeError } from '../../protocol/reader.ts'

const WINDOW = 32 * 1024
const PIECE = 256 * 1024
const LONGEST_MATCH = 258
const MOST_CODE_BITS = 15
const END_OF_BLOCK = 256

/** Base values and extra bits of the length symbols from 257 on, and of the distance symbols. */
const LENGTH_BASES = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
]
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCE_BASES = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
  6145, 8193, 12289, 16385, 24577,
]
const DISTANCE_BITS = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]
/** The order in which a block states the lengths of the codes for its code lengths. */
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** The bits of a stream of bytes, the least significant of each byte first. */
export class BitReader {
  private readonly next: () => Buffer | null
  private bytes: Buffer = Buffer.alloc(0)
  private at = 0
  private held = 0
  private count = 0

  /** @param next returns the next bytes, null at the end */
  constructor(next: () => Buffer | null) {
    this.next = next
  }

  /** Takes at most 16 bits as a number. @throws DecodeError at the end */
  take(bits: number): number {
    this.fill(bits)
    const value = this.held & ((1 << bits) - 1)
    this.held >>>= bits
    this.count -= bits
    return value
  }

  /** Takes one code and returns its symbol. @throws DecodeError for bits that are not a code of the table */
  symbol({ entries, mask }: HuffmanTable): number {
    // A stream never ends within these bits: the checksum of its file follows.
    this.fill(MOST_CODE_BITS)
    const entry = entries[this.held & mask] as number
    const length = entry & 15
    if (length === 0) throw new DecodeError('a code that is not in its table')
    this.held >>>= length
    this.count -= length
    return entry >>> 4
  }

  /** Drops the remaining bits of the current byte. */
  align(): void {
    this.held >>>= this.count & 7
    this.count &= ~7
  }

  private fill(bits: number): void {
    while (this.count < bits) {
      if (this.at === this.bytes.length && !this.load()) throw new DecodeError('ends in the middle')
      this.held |= (this.bytes[this.at] as number) << this.count
      this.at += 1
      this.count += 8
    }
  }

  private load(): boolean {
    const bytes = this.next()
    if (bytes === null) return false
    this.bytes = bytes
    this.at = 0
    return true
  }
}

/**
 * The entries are indexed by the next bits of the stream. Each holds a symbol and, in its low four bits, the
 * length of the symbol's code; 0: there is no such code.
 */
interface HuffmanTable {
  readonly entries: Uint16Array
  readonly mask: number
}

/** @param lengths the length of each symbol's code, 0 for symbols without one */
function tableOf(lengths: readonly number[]): HuffmanTable {
  const longest = Math.max(1, ...lengths)
  const entries = new Uint16Array(1 << longest)
  let code = 0
  for (let length = 1; length <= longest; length++) {
    for (const [symbol, own] of lengths.entries()) {
      if (own !== length) continue
      if (code >> length > 0) throw new DecodeError('more codes than fit')
      for (let at = reversed(code, length); at < entries.length; at += 1 << length)
        entries[at] = (symbol << 4) | length
      code += 1
    }
    code <<= 1
  }
  return { entries, mask: entries.length - 1 }
}

function reversed(code: number, length: number): number {
  let bits = 0
  for (let at = 0; at < length; at++) bits |= ((code >> at) & 1) << (length - 1 - at)
  return bits
}

interface Codes {
  readonly literals: HuffmanTable
  readonly distances: HuffmanTable
}

const FIXED: Codes = {
  literals: tableOf(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))),
  distances: tableOf(Array<number>(30).fill(5)),
}

function readCodes(bits: BitReader): Codes {
  const literals = bits.take(5) + 257
  const distances = bits.take(5) + 1
  const stated = bits.take(4) + 4
  const ofLengths = Array<number>(LENGTH_ORDER.length).fill(0)
  for (const symbol of LENGTH_ORDER.slice(0, stated)) ofLengths[symbol] = bits.take(3)
  const table = tableOf(ofLengths)
  const lengths: number[] = []
  while (lengths.length < literals + distances) {
    const symbol = bits.symbol(table)
    if (symbol < 16) lengths.push(symbol)
    else {
      const [value, times] =
        symbol === 16
          ? [lengths.at(-1), bits.take(2) + 3]
          : [0, symbol === 17 ? bits.take(3) + 3 : bits.take(7) + 11]
      if (value === undefined) throw new DecodeError('a repetition of nothing')
      for (let i = 0; i < times; i++) lengths.push(value)
    }
  }
  if (lengths.length > literals + distances) throw new DecodeError('more code lengths than announced')
  return { literals: tableOf(lengths.slice(0, literals)), distances: tableOf(lengths.slice(literals)) }
}

/** Yields one stream in pieces that the caller may keep. @throws DecodeError where the stream is damaged */
export function* inflate(bits: BitReader): Generator<Buffer, void, void> {
  const output = new Output()
  for (let isLast = false; !isLast; ) {
    isLast = bits.take(1) === 1
    const kind = bits.take(2)
    if (kind === 3) throw new DecodeError('a block of an unknown kind')
    if (kind === 0) {
      bits.align()
      const length = bits.take(16)
      if (bits.take(16) !== (~length & 0xffff)) throw new DecodeError('a stored block with a wrong length')
      for (let i = 0; i < length; i++) {
        if (output.isFull) yield output.piece()
        output.push(bits.take(8))
      }
    } else {
      const codes = kind === 1 ? FIXED : readCodes(bits)
      while (!output.decode(bits, codes)) yield output.piece()
    }
  }
  bits.align()
  yield output.piece()
}

/** The window that distances reach into, followed by the bytes that were not yielded yet. */
class Output {
  private readonly bytes = Buffer.allocUnsafeSlow(WINDOW + PIECE + LONGEST_MATCH)
  private start = 0
  private end = 0

  get isFull(): boolean {
    return this.end >= WINDOW + PIECE
  }

  push(byte: number): void {
    this.bytes[this.end] = byte
    this.end += 1
  }

  /** Returns true at the end of the block, false when the output is full. */
  decode(bits: BitReader, { literals, distances }: Codes): boolean {
    while (!this.isFull) {
      const symbol = bits.symbol(literals)
      if (symbol < END_OF_BLOCK) this.push(symbol)
      else if (symbol === END_OF_BLOCK) return true
      else {
        const length = extended(bits, symbol - END_OF_BLOCK - 1, LENGTH_BASES, LENGTH_BITS)
        this.repeat(length, extended(bits, bits.symbol(distances), DISTANCE_BASES, DISTANCE_BITS))
      }
    }
    return false
  }

  private repeat(length: number, distance: number): void {
    const { bytes, end } = this
    if (distance > end) throw new DecodeError('a distance that reaches before the beginning')
    for (let at = end; at < end + length; at++) bytes[at] = bytes[at - distance] as number
    this.end = end + length
  }

  /** The bytes that were not yielded before. */
  piece(): Buffer {
    const piece = Buffer.from(this.bytes.subarray(this.start, this.end))
    const kept = Math.min(WINDOW, this.end)
    this.bytes.copyWithin(0, this.end - kept, this.end)
    this.start = kept
    this.end = kept
    return piece
  }
}

function extended(
  bits: BitReader,
  index: number,
  bases: readonly number[],
  extra: readonly number[],
): number {
  const base = bases[index]
  if (base === undefined) throw new DecodeError('a symbol that has no meaning')
  return base + bits.take(extra[index] as number)
}
