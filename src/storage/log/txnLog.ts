/**
 * Writes the log. `append` adds a batch of transactions with one write; `sync` makes everything appended
 * durable with one fdatasync. A file is begun with its first transaction and named after it; after `roll`,
 * the next append begins another file.
 *
 * A new file has a temporary name until its first batch is durable. So a kill never leaves a log without its
 * header, on which Apache fails (FileTxnIterator.inStreamCreated).
 *
 * Invariants:
 * - zxids grow; what is on disk is a prefix of what was appended, plus at most one torn batch.
 * - After a failed write or fsync nothing is written or claimed any more: the kernel may have dropped the
 *   dirty pages and forgotten the error, so a second fsync that succeeds proves nothing.
 */
import { join } from 'node:path'
import type { LoggedTxn } from '../../core/effects.ts'
import { invariant } from '../../core/invariant.ts'
import { formatZxid, type Zxid } from '../../protocol/zxid.ts'
import { StorageError } from '../errors.ts'
import { logName, temporaryLogName } from '../fileNames.ts'
import type { FileDescriptor, FileSystem } from '../fileSystem.ts'
import { ENTRY_OVERHEAD, LOG_HEADER_SIZE, logHeader, writeEntry } from './logFormat.ts'

export interface TxnLogOptions {
  preAllocSizeKb: number
  forceSync: boolean
  /** A file that has grown beyond this size is ended after a sync; -1: never. */
  txnLogSizeLimitKb: number
  fsyncWarningThresholdMs: number
}

/** Space is added to the file when less than this is left (FilePadding). */
const PADDING_MARGIN = 4096
/** Batches up to this size are assembled in one buffer, which is reused. */
const SCRATCH = 256 * 1024
/** Larger batches are written in pieces, each of at least one entry. */
const MOST_PIECE = 16 * 1024 * 1024

interface OpenLog {
  path: string
  /** The file's temporary name until the first sync; null after that. */
  temporary: string | null
  fd: FileDescriptor
  /** The offset of the next entry. */
  position: number
  /** Size of the file including its padding. */
  size: number
  unsynced: boolean
}

export class TxnLog {
  private readonly files: FileSystem
  private readonly dir: string
  private readonly options: TxnLogOptions
  private readonly onNote: (note: string) => void
  private readonly scratch = Buffer.allocUnsafeSlow(SCRATCH)
  private current: OpenLog | null = null
  private failure: StorageError | null = null
  private last: Zxid
  private durable: Zxid
  /** Number of bytes in files that were ended since the last `resetLoggedBytes`. */
  private rolledBytes = 0
  /** Syncs that took longer than the threshold (mntr `fsync_threshold_exceed_count`). */
  slowSyncs = 0

  constructor(
    files: FileSystem,
    dir: string,
    last: Zxid,
    options: TxnLogOptions,
    onNote: (note: string) => void,
  ) {
    this.files = files
    this.dir = dir
    this.options = options
    this.onNote = onNote
    this.last = last
    this.durable = last
  }

  /** The last transaction appended. */
  get lastZxid(): Zxid {
    return this.last
  }

  /** The last transaction known to be on disk (with forceSync off: handed to the kernel). */
  get durableZxid(): Zxid {
    return this.durable
  }

  /** Number of bytes logged since the last `resetLoggedBytes`. */
  get loggedBytes(): number {
    return this.rolledBytes + (this.current?.position ?? 0)
  }

  resetLoggedBytes(): void {
    this.rolledBytes = -(this.current?.position ?? 0)
  }

  /** Must be called when a snapshot or a cut has made the history end at `zxid`. No file may be open. */
  restartAt(zxid: Zxid): void {
    invariant(this.current === null, 'the log moves while a file is open')
    this.last = zxid
    this.durable = zxid
  }

  append(txns: readonly LoggedTxn[]): void {
    const [first] = txns
    if (first === undefined) return
    let last = this.last
    for (const { zxid } of txns) {
      invariant(
        zxid > last,
        () => `the log would go from ${formatZxid(last)} to ${formatZxid(zxid)}: zxids must grow`,
      )
      last = zxid
    }
    this.attempt('write to', () => {
      const log = this.current ?? this.begin(first.zxid)
      this.pad(log, lengthOf(txns))
      log.unsynced = true
      for (const piece of pieces(txns)) this.write(log, piece)
    })
    this.last = last
  }

  private write(log: OpenLog, txns: readonly LoggedTxn[]): void {
    const length = lengthOf(txns)
    const piece = length <= SCRATCH ? this.scratch : Buffer.allocUnsafeSlow(length)
    let end = 0
    for (const { bytes } of txns) end = writeEntry(piece, end, bytes)
    this.files.write(log.fd, piece.subarray(0, end), log.position)
    log.position += end
  }

  /** Makes durable what was appended. With forceSync=no, the kernel writes it when it likes. */
  sync(): void {
    const log = this.current
    if (log?.unsynced) {
      if (this.options.forceSync) this.attempt('fsync', () => this.timedSync(log))
      this.attempt('name', () => this.publish(log))
      log.unsynced = false
    }
    this.durable = this.last
    const limit = this.options.txnLogSizeLimitKb
    if (log !== null && limit > 0 && log.position > limit * 1024) this.roll()
  }

  /** Ends the current file; what was appended is durable when this returns. */
  roll(): void {
    const log = this.current
    if (log === null) return
    if (log.unsynced) this.sync()
    if (this.current !== log) return
    this.rolledBytes += log.position
    this.current = null
    this.files.close(log.fd)
  }

  /** Closes the file without a sync: nothing is claimed about what was not synced. */
  close(): void {
    const log = this.current
    if (log === null) return
    this.current = null
    this.files.close(log.fd)
    if (log.temporary !== null && this.failure === null) this.files.rename(log.temporary, log.path)
  }

  private begin(zxid: Zxid): OpenLog {
    const name = logName(zxid)
    const [path, temporary] = [join(this.dir, name), join(this.dir, temporaryLogName(zxid))]
    if (this.files.exists(path)) throw new Error(`${name} already exists`)
    const fd = this.files.open(temporary, 'replace')
    const log = { path, temporary, fd, position: LOG_HEADER_SIZE, size: LOG_HEADER_SIZE, unsynced: true }
    this.current = log
    this.files.write(fd, logHeader(), 0)
    return log
  }

  /**
   * Gives the file its own name. The name must be durable before the first entry is claimed to be (Apache
   * leaves this to luck).
   */
  private publish(log: OpenLog): void {
    if (log.temporary === null) return
    this.files.rename(log.temporary, log.path)
    log.temporary = null
    this.files.syncDirectory(this.dir)
  }

  /**
   * Extends the file with zeros, as FilePadding.calculateFileSizeWithPadding does, so that appends within the
   * padding do not change the size and fdatasync need not write metadata for it. (The margin is checked where
   * a batch begins, in Apache where each entry begins.)
   */
  private pad(log: OpenLog, length: number): void {
    const step = this.options.preAllocSizeKb * 1024
    if (step <= 0) return
    let { size } = log
    if (log.position + PADDING_MARGIN >= size) size += step
    while (log.position + length > size) size += step
    if (size === log.size) return
    this.files.resize(log.fd, size)
    log.size = size
  }

  private timedSync(log: OpenLog): void {
    const before = performance.now()
    this.files.syncData(log.fd)
    const ms = performance.now() - before
    if (ms <= this.options.fsyncWarningThresholdMs) return
    this.slowSyncs += 1
    this.onNote(`fsync of ${log.path} (${log.position} bytes) took ${Math.round(ms)} ms; every write waited`)
  }

  private attempt(what: string, action: () => void): void {
    if (this.failure !== null) throw this.failure
    try {
      action()
    } catch (cause) {
      const path = this.current?.path ?? this.dir
      const reason = cause instanceof Error ? cause.message : String(cause)
      this.failure = new StorageError('write-failed', path, `cannot ${what} the transaction log: ${reason}`, {
        cause,
        hint: 'This member must end; restart it once the disk takes writes again',
      })
      throw this.failure
    }
  }
}

function lengthOf(txns: readonly LoggedTxn[]): number {
  return txns.reduce((length, { bytes }) => length + bytes.length + ENTRY_OVERHEAD, 0)
}

function* pieces(txns: readonly LoggedTxn[]): Generator<readonly LoggedTxn[], void, void> {
  let piece: LoggedTxn[] = []
  let length = 0
  for (const txn of txns) {
    if (length > 0 && length + txn.bytes.length > MOST_PIECE) {
      yield piece
      piece = []
      length = 0
    }
    piece.push(txn)
    length += txn.bytes.length
  }
  yield piece
}
