/**
 * The framing of gzip (RFC 1952): a sequence of members, each followed by the CRC-32 and the length of its
 * content.
 */
import { DecodeError } from '../../protocol/reader.ts'
import { crc32 } from '../../tree/crc32.ts'
import { BitReader, inflate } from './inflate.ts'

const MAGIC = 0x8b1f
const DEFLATE = 8
const FLAGS = { headerChecksum: 2, extra: 4, name: 8, comment: 16 } as const

/** Yields pieces that the caller may keep. @throws DecodeError where the stream is damaged */
export function* gunzip(chunks: Iterator<Buffer, unknown, undefined>): Generator<Buffer, void, void> {
  const bits = new BitReader(() => {
    const { value, done } = chunks.next()
    return done === true ? null : value
  })
  readHeader(bits)
  do {
    let checksum = 0
    let length = 0
    for (const piece of inflate(bits)) {
      checksum = crc32(piece, checksum)
      length = (length + piece.length) >>> 0
      yield piece
    }
    if (uint32(bits) !== checksum) throw new DecodeError('its checksum does not fit')
    if (uint32(bits) !== length) throw new DecodeError('its length does not fit')
  } while (hasAnotherMember(bits))
}

/** Bytes after a member that are not a member are ignored, as Java's GZIPInputStream and zlib do. */
function hasAnotherMember(bits: BitReader): boolean {
  try {
    readHeader(bits)
    return true
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}

function readHeader(bits: BitReader): void {
  if (bits.take(16) !== MAGIC || bits.take(8) !== DEFLATE)
    throw new DecodeError('is not compressed with gzip')
  const flags = bits.take(8)
  // The time (4 bytes), the compression level, and the operating system.
  skip(bits, 6)
  if ((flags & FLAGS.extra) !== 0) skip(bits, bits.take(16))
  if ((flags & FLAGS.name) !== 0) skipText(bits)
  if ((flags & FLAGS.comment) !== 0) skipText(bits)
  if ((flags & FLAGS.headerChecksum) !== 0) skip(bits, 2)
}

function skip(bits: BitReader, bytes: number): void {
  for (let i = 0; i < bytes; i++) bits.take(8)
}

function skipText(bits: BitReader): void {
  while (bits.take(8) !== 0);
}

function uint32(bits: BitReader): number {
  return bits.take(16) + bits.take(16) * 0x1_0000
}
