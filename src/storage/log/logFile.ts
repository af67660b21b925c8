/**
 * Reads one log file to its end. What follows the last whole entry decides:
 *
 * - Zeros up to the end of the file are the end of the log.
 * - The remains of a write that a crash cut short (a torn write) may be cut off, because that write was never
 *   acknowledged.
 * - Anything else is damage to data that may have been acknowledged. It is refused.
 *
 * How a torn write is recognized: the file held zeros there, and the crash kept some pages of the write (or,
 * when a process was killed, some leading bytes). So a torn entry either lacks its end (its frame extends
 * beyond the last nonzero byte) or contains a whole 512-byte sector of zeros. A complete frame with a wrong
 * checksum and no such hole cannot result from a crash: its bits were changed. Remains that are followed by a
 * whole entry are refused, too: either the hole is in a batch whose pages reached the disk out of order, or
 * acknowledged data is lost, and the two cannot be told apart. What looks like an entry inside the data of a
 * torn entry is not one (`findWholeEntry`).
 *
 * Apache takes a length of zero, the end of the file or a missing 0x42 for the end of the log without looking
 * further. It refuses every wrong checksum, even in a last entry that a power failure tore
 * (FileTxnIterator.next).
 */
import { formatZxid, type Zxid } from '../../protocol/zxid.ts'
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
  /** A view; the next read overwrites it. */
  payload: Buffer
  offset: number
  /** The offset after the entry. */
  end: number
}

/** Where a file's entries end, and how many bytes of a torn write lie between them and the zeros. */
interface LogEnd {
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

  /** @throws StorageError when the file is not a log, or is a log of a later version */
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

  /** The next entry; at the end always null. @throws StorageError where the log is damaged */
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

  /** Known only once `next` has returned null. */
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
    // A crash right after the file was created leaves a part of the header, or zeros: an empty log.
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

  /** A view of the file's bytes, shorter at the end of the file. The next call may overwrite it. */
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
        `no whole entry, but one follows at offset ${offset + follower.at} (${formatZxid(follower.zxid)}): ` +
          'what was between them is lost',
      )
    if (!isTorn(remains, offset))
      throw this.damage(offset, 'the last entry is complete but its bytes were changed')
    return { offset, tornBytes: remains.length }
  }

  private damage(offset: number, what: string): StorageError {
    return new StorageError('damaged', this.path, what, { offset, hint: DAMAGE_HINT })
  }
}

/** Whether a crash in the middle of a write explains `remains`, whose last byte is not zero. */
function isTorn(remains: Buffer, fileOffset: number): boolean {
  if (hasZeroSector(remains, fileOffset)) return true
  if (remains.length <= ENTRY_HEAD) return true
  const length = remains.readInt32BE(8)
  const lacksEnd = length >= 0 && ENTRY_OVERHEAD + length > remains.length
  return lacksEnd && !endsInside(remains)
}

/** Whether the remains are one whole entry with only its length field wrong: its checksum fits regardless. */
function endsInside(remains: Buffer): boolean {
  if (remains[remains.length - 1] !== ENTRY_MARKER) return false
  return remains.readUInt32BE(4) === adler32(remains.subarray(ENTRY_HEAD, -1))
}
