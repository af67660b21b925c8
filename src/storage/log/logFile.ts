/**
 * Reads one log file to its end. What matters is the first position at which no whole entry begins:
 *
 * - Zeros up to the end of the file: that is the end of the log.
 * - The remains of a write that a crash cut short (a torn write): it was never acknowledged, so it may be
 *   cut.
 * - Anything else is damage to data that may have been acknowledged. It is refused.
 *
 * A torn write looks like this: the file was zeros there, and the crash kept some pages of the write (a
 * killed process: some leading bytes). So a torn entry either lacks its end (its frame extends beyond the
 * last nonzero byte) or contains a whole 512-byte sector of zeros. A full frame with a wrong checksum and no
 * such hole cannot come from a crash: its bits were changed. Remains that a whole entry follows are refused,
 * too: the hole may be in a batch whose pages reached the disk out of order, or acknowledged data may be
 * lost, and the two cannot be told apart. What looks like an entry inside the data of a torn one is none
 * (`findWholeEntry`).
 *
 * Apache takes a length of zero, the end of the file or a missing 0x42 for the end of the log without looking
 * further, and refuses every wrong checksum, even in a last entry torn by a power failure
 * (FileTxnIterator.next).
 */
import { type Zxid, zxidHex } from '../../protocol/zxid.ts'
import { DAMAGE_HINT, LATER_VERSION_HINT, StorageError } from '../errors.ts'
import type { LogName } from '../fileNames.ts'
import type { FileDescriptor, FileSystem } from '../fileSystem.ts'
import { adler32 } from '../snapshot/adler32.ts'
import {
  ENTRY_HEAD,
  ENTRY_MARKER,
  ENTRY_OVERHEAD,
  LOG_HEADER_SIZE,
  LOG_MAGIC,
  LOG_VERSION,
  TXN_HEADER_SIZE,
  zxidOfPayload,
} from './logFormat.ts'
import { findWholeEntry, hasZeroSector, lastNonZero } from './logTail.ts'

export interface LogEntry {
  zxid: Zxid
  /** A view that the next read overwrites. */
  payload: Buffer
  offset: number
  /** Offset after the entry. */
  end: number
}

/** Where a file's entries end, and how many bytes of a torn write follow before the zeros. */
export interface LogEnd {
  offset: number
  tornBytes: number
}

const CHUNK = 256 * 1024

export class LogFile {
  readonly path: string
  readonly firstZxid: Zxid
  private readonly files: FileSystem
  private readonly fd: FileDescriptor
  private readonly size: number
  private chunk = Buffer.alloc(0)
  private chunkStart = 0
  private buffer = Buffer.allocUnsafeSlow(CHUNK)
  private position = LOG_HEADER_SIZE
  private lastZxid: Zxid | null = null
  private ending: LogEnd | null = null

  /** @throws StorageError when it is no log, or a later version's. */
  constructor(files: FileSystem, name: LogName) {
    this.files = files
    this.path = name.path
    this.firstZxid = name.zxid
    this.fd = files.open(name.path, 'read')
    this.size = files.size(this.fd)
    try {
      this.readHeader()
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** The next entry, or null once and for all at the end. @throws StorageError where it is damaged. */
  next(): LogEntry | null {
    if (this.ending !== null) return null
    const offset = this.position
    const entry = this.wholeEntryAt(offset)
    if (entry === null) {
      this.ending = this.classify(offset)
      return null
    }
    this.position = entry.end
    this.lastZxid = entry.zxid
    return entry
  }

  /** Known once `next` has returned null. */
  get end(): LogEnd {
    if (this.ending === null) throw new RangeError(`${this.path} has not been read to its end`)
    return this.ending
  }

  close(): void {
    this.files.close(this.fd)
  }

  private readHeader(): void {
    const header = Buffer.alloc(LOG_HEADER_SIZE)
    this.files.read(this.fd, header, 0)
    // A crash right after the file was created leaves a part of the header, or zeros: a log of nothing.
    if (header.readInt32BE(4) === 0 && lastNonZero(this.files, this.fd, 4, this.size) === 4) {
      this.ending = { offset: 0, tornBytes: 0 }
      return
    }
    const magic = header.readInt32BE(0)
    const version = header.readInt32BE(4)
    if (magic !== LOG_MAGIC)
      throw new StorageError(
        'damaged',
        this.path,
        `is not a transaction log: begins with 0x${header.toString('hex', 0, 4)}, not with ZKLG`,
        { offset: 0, hint: DAMAGE_HINT },
      )
    if (version !== LOG_VERSION)
      throw new StorageError('not-understood', this.path, `is a log of format version ${version}, not 2`, {
        offset: 4,
        hint: LATER_VERSION_HINT,
      })
  }

  /** Bytes of the file as a view that the next call may overwrite; shorter at the end of the file. */
  private view(offset: number, length: number): Buffer {
    const within = offset - this.chunkStart
    if (within >= 0 && within + length <= this.chunk.length)
      return this.chunk.subarray(within, within + length)
    if (length > this.buffer.length) this.buffer = Buffer.allocUnsafeSlow(length)
    const wanted = Math.min(this.buffer.length, Math.max(0, this.size - offset))
    const count = this.files.read(this.fd, this.buffer.subarray(0, wanted), offset)
    this.chunk = this.buffer.subarray(0, count)
    this.chunkStart = offset
    return this.chunk.subarray(0, Math.min(length, count))
  }

  private wholeEntryAt(offset: number): LogEntry | null {
    const head = this.view(offset, ENTRY_HEAD)
    if (head.length < ENTRY_HEAD) return null
    const length = head.readInt32BE(8)
    if (length < TXN_HEADER_SIZE || offset + ENTRY_OVERHEAD + length > this.size) return null
    const frame = this.view(offset, ENTRY_OVERHEAD + length)
    const payload = frame.subarray(ENTRY_HEAD, ENTRY_HEAD + length)
    if (frame[ENTRY_HEAD + length] !== ENTRY_MARKER || frame.readUInt32BE(0) !== 0) return null
    if (frame.readUInt32BE(4) !== adler32(payload)) return null
    return { zxid: zxidOfPayload(payload), payload, offset, end: offset + frame.length }
  }

  private classify(offset: number): LogEnd {
    const tail = lastNonZero(this.files, this.fd, offset, this.size)
    if (tail === offset) return { offset, tornBytes: 0 }
    const remains = Buffer.allocUnsafeSlow(tail - offset)
    this.files.read(this.fd, remains, offset)
    const follower = findWholeEntry(remains, this.lastZxid ?? this.firstZxid)
    if (follower !== null)
      throw this.damage(
        offset,
        `no whole entry, but one follows at offset ${offset + follower.at} (0x${zxidHex(follower.zxid)}): ` +
          'what stood between is lost',
      )
    if (!isTorn(remains, offset))
      throw this.damage(offset, 'the last entry is complete but its bytes were changed')
    return { offset, tornBytes: remains.length }
  }

  private damage(offset: number, what: string): StorageError {
    return new StorageError('damaged', this.path, what, { offset, hint: DAMAGE_HINT })
  }
}

/** Whether a crash in the middle of a write explains `remains`, which end in a byte that is not zero. */
function isTorn(remains: Buffer, fileOffset: number): boolean {
  if (hasZeroSector(remains, fileOffset)) return true
  if (remains.length <= ENTRY_HEAD) return true
  const length = remains.readInt32BE(8)
  const lacksEnd = length >= 0 && ENTRY_OVERHEAD + length > remains.length
  return lacksEnd && !endsInside(remains)
}

/** The remains are one whole entry whose length field alone is wrong: the checksum fits without it. */
function endsInside(remains: Buffer): boolean {
  if (remains[remains.length - 1] !== ENTRY_MARKER) return false
  return remains.readUInt32BE(4) === adler32(remains.subarray(ENTRY_HEAD, -1))
}
