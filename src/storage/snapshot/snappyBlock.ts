/**
 * Snappy's block format (google/snappy, format_description.txt): the uncompressed length as a varint, then
 * literals and copies. The low two bits of each tag tell them apart:
 *   00  a literal of 1 to 60 bytes, or with its length in the 1 to 4 bytes after the tag
 *   01  a copy of 4 to 11 bytes from at most 2047 bytes back
 *   10  a copy of 1 to 64 bytes from at most 65535 bytes back
 *   11  the same with four bytes of offset
 * A copy may overlap what it writes. Damaged input causes a DecodeError, never a wrong length or a read
 * beyond the input's end.
 */
import { DecodeError } from '../../protocol/reader.ts'

/** The most that is compressed at once: the writer expresses all offsets in two bytes. */
export const MOST_INPUT = 65536
/** The most that output can exceed input by: a copy of 64 bytes takes three. */
const MOST_GROWTH = 22
const HASH_BITS = 14

export function decompressBlock(input: Buffer): Buffer {
  const { length, at: start } = readLength(input)
  if (length > input.length * MOST_GROWTH)
    throw new DecodeError(`${input.length} bytes cannot hold ${length}`)
  const output = Buffer.allocUnsafe(length)
  let from = start
  let to = 0
  while (from < input.length) {
    const tag = input[from] as number
    const extra = extraBytes(tag)
    if (from + 1 + extra > input.length) throw new DecodeError(`an element is cut short at offset ${from}`)
    const operand = extra === 0 ? 0 : input.readUIntLE(from + 1, extra)
    const isLiteral = (tag & 3) === 0
    const count = isLiteral ? (extra === 0 ? tag >>> 2 : operand) + 1 : copyLength(tag)
    const distance = (tag & 3) === 1 ? ((tag >>> 5) << 8) | operand : operand
    const isInside = isLiteral ? from + 1 + extra + count <= input.length : distance > 0 && distance <= to
    if (to + count > length || !isInside)
      throw new DecodeError(`an element that does not fit at offset ${from}`)
    from += 1 + extra
    if (isLiteral) {
      input.copy(output, to, from, from + count)
      from += count
    } else copyBack(output, to, distance, count)
    to += count
  }
  if (to < length) throw new DecodeError(`${to} of ${length} bytes`)
  return output
}

function readLength(input: Buffer): { length: number; at: number } {
  let length = 0
  for (let at = 0; at < 5 && at < input.length; at++) {
    const byte = input[at] as number
    length += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80) return { length, at: at + 1 }
  }
  throw new DecodeError('no uncompressed length')
}

function extraBytes(tag: number): number {
  const kind = tag & 3
  if (kind === 0) return Math.max(0, (tag >>> 2) - 59)
  return kind === 3 ? 4 : kind
}

function copyLength(tag: number): number {
  return (tag & 3) === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1
}

function copyBack(output: Buffer, to: number, distance: number, count: number): void {
  if (distance >= count) output.copyWithin(to, to - distance, to - distance + count)
  else for (let i = to; i < to + count; i++) output[i] = output[i - distance] as number
}

/** By hash of four bytes: the position at which they were last seen, plus one; 0: not seen. */
const seen = new Uint32Array(1 << HASH_BITS)

/** Compresses at most MOST_INPUT bytes. */
export function compressBlock(input: Buffer): Buffer {
  if (input.length > MOST_INPUT) throw new RangeError(`a block of ${input.length} bytes`)
  const output = Buffer.allocUnsafe(32 + input.length + Math.floor(input.length / 6))
  let to = writeLength(output, input.length)
  let literal = 0
  // Data that does not compress is sampled at growing distances.
  let misses = 32
  seen.fill(0)
  for (let at = 0; at + 4 <= input.length; ) {
    const word = input.readUInt32LE(at)
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS)
    const candidate = (seen[slot] as number) - 1
    seen[slot] = at + 1
    if (candidate < 0 || input.readUInt32LE(candidate) !== word) {
      at += misses++ >>> 5
      continue
    }
    let end = at + 4
    while (end < input.length && input[end] === input[end - at + candidate]) end++
    to = writeLiteral(output, to, input, literal, at)
    to = writeCopy(output, to, at - candidate, end - at)
    at = end
    literal = end
    misses = 32
  }
  to = writeLiteral(output, to, input, literal, input.length)
  return output.subarray(0, to)
}

function writeLength(output: Buffer, length: number): number {
  let at = 0
  let rest = length
  for (; rest >= 0x80; rest >>>= 7) output[at++] = (rest & 0x7f) | 0x80
  output[at++] = rest
  return at
}

function writeLiteral(output: Buffer, to: number, input: Buffer, from: number, end: number): number {
  const count = end - from - 1
  if (count < 0) return to
  let at = to
  if (count < 60) output[at++] = count << 2
  else {
    const extra = count < 0x100 ? 1 : 2
    output[at++] = (59 + extra) << 2
    at = output.writeUIntLE(count, at, extra)
  }
  return at + input.copy(output, at, from, end)
}

function writeCopy(output: Buffer, to: number, distance: number, count: number): number {
  let at = to
  let rest = count
  while (rest > 0) {
    // At least four bytes remain, so that the short form can express them.
    const part = rest <= 64 ? rest : Math.min(64, rest - 4)
    if (part >= 4 && part <= 11 && distance < 2048) {
      output[at++] = ((distance >>> 8) << 5) | ((part - 4) << 2) | 1
      output[at++] = distance & 0xff
    } else {
      output[at++] = ((part - 1) << 2) | 2
      at = output.writeUInt16LE(distance, at)
    }
    rest -= part
  }
  return at
}
