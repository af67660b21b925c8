/** Examines the bytes after the last whole entry of a log, to decide whether they are a torn write. */
import { DecodeError, Reader } from '../../protocol/reader.ts'
import { readTxnBody } from '../../protocol/transaction.ts'
import type { Zxid } from '../../protocol/zxid.ts'
import type { FileDescriptor, FileSystem } from '../fileSystem.ts'
import { adler32 } from '../snapshot/adler32.ts'
import { ENTRY_HEAD, ENTRY_MARKER, ENTRY_OVERHEAD, TXN_HEADER_SIZE, zxidOfPayload } from './logFormat.ts'

const CHUNK = 1024 * 1024
/** The unit that disks have always written whole. Pages of file systems are multiples of it. */
const SECTOR = 512
/** All transaction types lie well below this number, including those of versions to come. */
const MOST_TYPE = 127

/** The offset after the last nonzero byte in [from, to), or `from` when all bytes are zero. */
export function lastNonZero(files: FileSystem, fd: FileDescriptor, from: number, to: number): number {
  const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, Math.max(0, to - from)))
  const zeros = Buffer.alloc(chunk.length)
  let last = from
  for (let at = from; at < to; at += chunk.length) {
    const count = files.read(fd, chunk.subarray(0, Math.min(chunk.length, to - at)), at)
    if (count === 0) break
    if (chunk.compare(zeros, 0, count, 0, count) === 0) continue
    let end = count
    while (chunk[end - 1] === 0) end--
    last = at + end
  }
  return last
}

/**
 * Whether `remains` contain a sector of the file that is all zeros, or begin with the rest of such a sector.
 */
export function hasZeroSector(remains: Buffer, fileOffset: number): boolean {
  const zeros = Buffer.alloc(SECTOR)
  // The sector in which the remains begin holds older entries before them, so only its rest counts. A few
  // zeros are not enough, because every entry begins with some.
  const rest = SECTOR - (fileOffset % SECTOR)
  if (rest >= ENTRY_HEAD && rest < remains.length && zeros.compare(remains, 0, rest, 0, rest) === 0)
    return true
  for (let at = rest % SECTOR; at + SECTOR <= remains.length; at += SECTOR)
    if (zeros.compare(remains, at, at + SECTOR) === 0) return true
  return false
}

/**
 * Finds the first whole entry inside `remains`, not at their start, that could follow `after` in the log. The
 * cheap tests come first: only a plausible transaction header justifies a checksum over its payload. What a
 * client wrote may look like an entry; one that lies inside a string or a buffer of the entries that
 * `remains` begin with is their data.
 */
export function findWholeEntry(remains: Buffer, after: Zxid): { at: number; zxid: Zxid } | null {
  const fields = fieldsOf(remains)
  const last = remains.length - ENTRY_OVERHEAD - TXN_HEADER_SIZE
  for (let at = 1; at <= last; at++) {
    if (remains.readUInt32BE(at) !== 0) continue
    const length = remains.readInt32BE(at + 8)
    const end = at + ENTRY_OVERHEAD + length
    if (length < TXN_HEADER_SIZE || end > remains.length) continue
    if (remains[end - 1] !== ENTRY_MARKER) continue
    const payload = remains.subarray(at + ENTRY_HEAD, end - 1)
    if (Math.abs(payload.readInt32BE(28)) > MOST_TYPE || zxidOfPayload(payload) < after) continue
    if (fields.some(({ from, to }) => at >= from && end <= to)) continue
    if (remains.readUInt32BE(at + 4) === adler32(payload)) return { at, zxid: zxidOfPayload(payload) }
  }
  return null
}

interface Field {
  readonly from: number
  readonly to: number
}

/**
 * The strings and buffers of the entries that `remains` begin with, as far as they can be read. Each field is
 * delimited twice: by its own length and by the length of its entry. A damaged length contradicts the other
 * one, so it can never make an acknowledged entry look like data.
 */
function fieldsOf(remains: Buffer): Field[] {
  const fields: Field[] = []
  for (let at = 0; at + ENTRY_OVERHEAD + TXN_HEADER_SIZE <= remains.length; ) {
    const length = remains.readInt32BE(at + 8)
    if (remains.readUInt32BE(at) !== 0 || length < TXN_HEADER_SIZE) break
    const payload = at + ENTRY_HEAD
    // What a crash cut off lies beyond the buffer, but before the end that the entry's length states.
    const reader = new FieldReader(remains, payload + TXN_HEADER_SIZE, payload + length, fields)
    try {
      readTxnBody(remains.readInt32BE(payload + TXN_HEADER_SIZE - 4), reader)
    } catch (error) {
      if (!(error instanceof DecodeError || error instanceof RangeError)) throw error
    }
    at += ENTRY_OVERHEAD + length
  }
  return fields
}

/** Records the positions of the strings and buffers that it reads. */
class FieldReader extends Reader {
  private readonly fields: Field[]

  constructor(bytes: Buffer, position: number, end: number, fields: Field[]) {
    super(bytes, position, end)
    this.fields = fields
  }

  override buffer(): Buffer | null {
    const from = this.position + 4
    const value = super.buffer()
    this.fields.push({ from, to: this.position })
    return value
  }

  override string(): string | null {
    return this.buffer()?.toString() ?? null
  }
}
