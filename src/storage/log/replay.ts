/**
 * Replays the log on top of a database. Log entries must follow one another without a gap: zxids count up by
 * one, or a later epoch begins at 1. Nothing on disk is changed; what a crash left and may be tidied up is
 * returned as repairs.
 */
import type { LoggedTxn } from '../../core/effects.ts'
import { DecodeError } from '../../protocol/reader.ts'
import type { TxnDigest } from '../../protocol/records/txn.ts'
import { checkParts, decodeTransaction, UnknownTransactionError } from '../../protocol/transaction.ts'
import { follows, formatZxid, type Zxid } from '../../protocol/zxid.ts'
import type { Database } from '../../tree/database.ts'
import type { TtlRule } from '../../tree/znode.ts'
import { DAMAGE_HINT, LATER_VERSION_HINT, RESYNC_HINT, StorageError } from '../errors.ts'
import { type LogName, listLogs } from '../fileNames.ts'
import type { FileSystem } from '../fileSystem.ts'
import { type LogEntry, LogFile } from './logFile.ts'
import { LOG_HEADER_SIZE } from './logFormat.ts'

export type Repair =
  /** Cuts off a torn tail. */
  | { kind: 'cut'; path: string; size: number }
  /**
   * Removes a log that holds no transaction: Apache fails on one without a header, and its name may be needed
   * again.
   */
  | { kind: 'remove'; path: string }

export interface Replayed {
  database: Database
  /** The last transactions replayed, oldest first. */
  recentTxns: LoggedTxn[]
  lastZxid: Zxid
  /** Transactions replayed on top of the snapshot. */
  replayed: number
  /** The digest that the tree must have after the last transaction, if that transaction states one. */
  lastDigest: TxnDigest | undefined
  repairs: Repair[]
  notes: string[]
}

export interface RecoveryOptions {
  snapDir: string
  logDir: string
  commitLogCount: number
  /** snapshot.trust.empty: when there is no snapshot, the log alone is taken for the whole history. */
  trustEmpty: boolean
  /** Which owners mean TTL nodes; none unless given. */
  ttlRule?: TtlRule | undefined
  /** Where to stop: snapshots that reach beyond it are passed over, and later log entries are left out. */
  upTo: Zxid | null
}

export class Replay {
  private readonly files: FileSystem
  private readonly options: RecoveryOptions
  private readonly passedOver: Set<Zxid>
  private readonly result: Replayed
  /** A ring of the last `commitLogCount` transactions. */
  private readonly recent: LoggedTxn[] = []
  private skipped: { path: string; offset: number; first: Zxid; last: Zxid; count: number } | null = null

  constructor(
    files: FileSystem,
    database: Database,
    options: RecoveryOptions,
    passedOver: readonly Zxid[],
    notes: string[],
  ) {
    this.files = files
    this.options = options
    this.passedOver = new Set(passedOver)
    this.result = {
      database,
      recentTxns: [],
      lastZxid: database.tree.lastProcessedZxid,
      replayed: 0,
      lastDigest: undefined,
      repairs: [],
      notes,
    }
  }

  run(): Replayed {
    const { result } = this
    const logs = listLogs(this.files, this.options.logDir)
    // The last file that begins at or before the first transaction wanted, and all later files.
    const start = Math.max(
      0,
      logs.findLastIndex(({ zxid }) => zxid <= result.lastZxid + 1),
    )
    for (const [index, log] of logs.slice(start).entries())
      if (!this.readFile(log, start + index === logs.length - 1)) break
    this.noteSkipped()
    result.recentTxns = this.inOrder()
    return result
  }

  /** Returns false when `upTo` is reached: what follows is about to be cut off. */
  private readFile(name: LogName, isLast: boolean): boolean {
    const log = new LogFile(this.files, name)
    try {
      for (let entry = log.next(), isFirst = true; entry !== null; entry = log.next(), isFirst = false) {
        if (isFirst) this.checkName(name, entry)
        if (this.options.upTo !== null && entry.zxid > this.options.upTo) {
          if (!follows(this.result.lastZxid, entry.zxid))
            throw this.gap(log.path, entry, this.result.lastZxid)
          return false
        }
        this.take(log.path, entry)
      }
      this.noteEnd(log, isLast)
      return true
    } finally {
      log.close()
    }
  }

  private checkName(name: LogName, entry: LogEntry): void {
    if (entry.zxid === name.zxid) return
    throw new StorageError(
      'damaged',
      name.path,
      `begins with ${formatZxid(entry.zxid)}, not with what its name says`,
      {
        offset: entry.offset,
        hint: `It was renamed; give it the name of its first transaction. ${RESYNC_HINT}`,
      },
    )
  }

  private noteEnd(log: LogFile, isLast: boolean): void {
    const { repairs, notes } = this.result
    const { offset, tornBytes } = log.end
    const isEmpty = offset <= LOG_HEADER_SIZE
    if (isEmpty && isLast) repairs.push({ kind: 'remove', path: log.path })
    else if (tornBytes > 0 && isLast) repairs.push({ kind: 'cut', path: log.path, size: offset })
    if (tornBytes > 0)
      notes.push(
        `${log.path} ends in a write that a crash cut short: ${tornBytes} bytes at offset ${offset}, ` +
          `never acknowledged, ${isLast ? 'were removed' : 'are skipped'}`,
      )
  }

  private take(path: string, entry: LogEntry): void {
    const { result } = this
    const previous = result.lastZxid
    if (entry.zxid <= previous) {
      if (result.replayed > 0) this.skip(path, entry)
      return
    }
    this.noteSkipped()
    if (!follows(previous, entry.zxid)) throw this.gap(path, entry, previous)
    this.passedOver.delete(entry.zxid)
    for (const label of this.passedOver) {
      if (label > previous && label < entry.zxid) throw this.gap(path, entry, previous)
    }
    const bytes = Buffer.from(entry.payload)
    this.replay(path, entry.offset, bytes)
    result.lastZxid = entry.zxid
    this.remember({ zxid: entry.zxid, bytes })
  }

  /**
   * Notes an entry that is skipped because it was replayed before. When a sync by DIFF was cut short,
   * Apache's learner logs transactions again, hundreds in a row.
   */
  private skip(path: string, { zxid, offset }: LogEntry): void {
    this.skipped ??= { path, offset, first: zxid, last: zxid, count: 0 }
    this.skipped.last = zxid
    this.skipped.count += 1
  }

  private noteSkipped(): void {
    if (this.skipped === null) return
    const { path, offset, first, last, count } = this.skipped
    this.skipped = null
    const which =
      count === 1
        ? `${formatZxid(first)} is`
        : `${count} transactions, ${formatZxid(first)} to ${formatZxid(last)}, are`
    this.result.notes.push(
      `${path} at offset ${offset}: ${which} repeated after ${formatZxid(this.result.lastZxid)}; skipped`,
    )
  }

  private replay(path: string, offset: number, bytes: Buffer): void {
    try {
      const transaction = decodeTransaction(bytes)
      checkParts(transaction.body)
      this.result.database.replay(transaction)
      this.result.lastDigest = transaction.digest
    } catch (cause) {
      if (!(cause instanceof DecodeError)) throw cause
      // The entry's checksum fits, so this is what was written.
      const what =
        cause instanceof UnknownTransactionError
          ? `has a transaction of the unknown type ${cause.type}`
          : `has a transaction that this version cannot read: ${cause.message}`
      throw new StorageError('not-understood', path, what, { offset, hint: LATER_VERSION_HINT, cause })
    }
  }

  private remember(txn: LoggedTxn): void {
    const limit = this.options.commitLogCount
    if (limit > 0) this.recent[this.result.replayed % limit] = txn
    this.result.replayed += 1
  }

  private inOrder(): LoggedTxn[] {
    const limit = this.options.commitLogCount
    const { replayed } = this.result
    if (replayed <= limit) return this.recent
    const oldest = replayed % limit
    return [...this.recent.slice(oldest), ...this.recent.slice(0, oldest)]
  }

  private gap(path: string, entry: LogEntry, previous: Zxid): StorageError {
    return new StorageError(
      'damaged',
      path,
      `continues with ${formatZxid(entry.zxid)} after ${formatZxid(previous)}: transactions between them are missing`,
      { offset: entry.offset, hint: DAMAGE_HINT },
    )
  }
}
