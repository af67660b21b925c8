/**
 * One member's disk, in Apache ZooKeeper's format: the log, snapshots, epochs, and how a database comes back
 * from them. Everything is synchronous but `takeSnapshot`.
 *
 * Invariants:
 * - what `sync` returned from is recovered, whatever crashes afterwards, until `truncate` or
 *   `installSnapshot` is told otherwise;
 * - at every moment between two file operations the directory recovers to a whole history;
 * - a snapshot holds only effects of transactions that are durable in the log.
 */
import { join } from 'node:path'
import type { LoggedTxn } from '../core/effects.ts'
import { InvariantError, invariant } from '../core/invariant.ts'
import { counterOf, type Epoch, formatZxid, NO_ZXID, ZERO_ZXID, type Zxid } from '../protocol/zxid.ts'
import { Database } from '../tree/database.ts'
import { labelDatabase } from '../tree/snapshotFormat.ts'
import { type DataDir, openDataDir, removeTemporaries } from './dataDir.ts'
import { type Epochs, readEpochs, saveEpoch } from './epochs.ts'
import { HISTORY_LOST_HINT, RESYNC_HINT, StorageError } from './errors.ts'
import { listSnapshots } from './fileNames.ts'
import { type FileSystem, nodeFileSystem } from './fileSystem.ts'
import { HistoryRecorder } from './historyRecord.ts'
import { cutFile, cutLogBehind, syncNewestLog } from './log/logCut.ts'
import type { Repair } from './log/replay.ts'
import { TxnLog } from './log/txnLog.ts'
import { purgeable } from './purge.ts'
import { type RecoveredDatabase, recoverDatabase } from './recovery.ts'
import { publishSnapshot, SnapshotTask, writeSnapshotNow } from './snapshot/snapshotTask.ts'
import type { Recovered, StorageEnvironment, StorageOptions } from './storageOptions.ts'

export type { Recovered, StorageEnvironment, StorageOptions } from './storageOptions.ts'

export class Storage {
  private readonly options: StorageOptions
  private readonly environment: StorageEnvironment
  private readonly files: FileSystem
  private readonly dir: DataDir
  private readonly log: TxnLog
  private readonly record: HistoryRecorder
  private task: SnapshotTask | null = null
  private snapshotAt = { txns: 0, bytes: 0 }
  private txnsSinceSnapshot = 0
  private isOpen = true

  /**
   * Makes the directories where that is allowed and takes the lock; reads nothing yet.
   * @throws StorageError `missing`, `locked`, `inconsistent`.
   */
  static open(options: StorageOptions, environment: StorageEnvironment): Storage {
    return new Storage(options, environment)
  }

  private constructor(options: StorageOptions, environment: StorageEnvironment) {
    this.options = options
    this.environment = environment
    this.files = environment.files ?? nodeFileSystem
    this.dir = openDataDir(this.files, options)
    this.log = new TxnLog(this.files, this.dir.logDir, ZERO_ZXID, options, environment.onNote)
    this.record = new HistoryRecorder(this.files, this.dir.snapDir, options.forceSync)
    this.drawSnapshotMoment()
  }

  /** Syncs that took longer than fsync.warningthresholdms. */
  get fsyncThresholdExceeded(): number {
    return this.log.slowSyncs
  }

  /** The last transaction that is on disk. */
  get durableZxid(): Zxid {
    return this.log.durableZxid
  }

  /**
   * Reads the database from disk and tidies what a crash left: torn tails, empty logs. May be called again at
   * any time, when memory holds what was never written.
   * @throws StorageError; then nothing on disk was changed.
   */
  recover(): Recovered {
    this.leaveLog()
    const recovered = recoverDatabase(this.files, {
      snapDir: this.dir.snapDir,
      logDir: this.dir.logDir,
      commitLogCount: this.options.commitLogCount,
      ttlRule: this.options.ttlRule,
      trustEmpty: this.options.snapshotTrustEmpty,
      upTo: null,
    })
    const epochs = readEpochs(this.files, this.dir.snapDir, recovered?.lastZxid ?? ZERO_ZXID)
    this.guarded(() => removeTemporaries(this.files, this.dir))
    if (recovered === null) return this.guarded(() => this.createDatabase(epochs))
    this.guarded(() => {
      for (const repair of recovered.repairs) this.repair(repair)
      this.removeInitializeFlag()
    })
    const started = this.startFrom(recovered, epochs)
    this.makeFoundation(started)
    return started
  }

  /**
   * The log alone was trusted (snapshot.trust.empty): from the next start on a snapshot stands below it, as
   * Apache's loadData takes one, so that one start with the setting is enough.
   */
  private makeFoundation({ database, notes }: Recovered): void {
    if (listSnapshots(this.files, this.dir.snapDir).length > 0) return
    this.guarded(() => {
      const snapshot = writeSnapshotNow(this.files, database, this.snapshotOptions())
      publishSnapshot(this.files, this.dir.snapDir, snapshot)
    })
    notes.push(
      'recovered from logs without a snapshot, and wrote one: snapshot.trust.empty=true is not needed any more',
    )
  }

  /** Appends transactions to the log. A vote may claim them only after `sync`. */
  append(txns: readonly LoggedTxn[]): void {
    this.log.append(txns)
    this.txnsSinceSnapshot += txns.length
  }

  /** One fdatasync for everything appended. @throws StorageError `write-failed`: the member must end. */
  sync(): void {
    this.log.sync()
  }

  /** Durable when it returns. */
  saveEpoch(which: 'accepted' | 'current', epoch: Epoch): void {
    this.guarded(() => {
      this.record.epoch(which, epoch, this.log.durableZxid)
      saveEpoch(this.files, this.dir.snapDir, which, epoch)
    })
  }

  /**
   * Notes how far the history is durable, so that a later start can tell when its end is lost. Not for every
   * batch: what was logged since the last call can be lost to damage without a trace.
   */
  noteReach(): void {
    if (!this.isOpen) return
    try {
      this.record.note(this.log.durableZxid)
    } catch (error) {
      this.environment.onNote(`${this.dir.snapDir}: the history's reach was not noted: ${String(error)}`)
    }
  }

  /**
   * Forgets all transactions after `zxid` (TRUNC) and reads the database again. In this order, so that a
   * crash leaves the history as it was, or a part of it that reaches at least to `zxid`: first it is made
   * sure that the rest can be recovered; the record of the history is lowered; snapshots that reach beyond
   * go, then later log files from the last one on, then the end of the file that holds `zxid`. (Apache leaves
   * later snapshots and would start from them.)
   * @throws StorageError `damaged`, with nothing changed, when what is left would not be the history up to
   * `zxid`: no snapshot that is old enough is left, or the log after it is gone.
   */
  truncate(zxid: Zxid): Recovered {
    this.leaveLog()
    const recovered = recoverDatabase(this.files, {
      snapDir: this.dir.snapDir,
      logDir: this.dir.logDir,
      commitLogCount: this.options.commitLogCount,
      ttlRule: this.options.ttlRule,
      trustEmpty: false,
      upTo: zxid,
    })
    if (recovered === null || !reaches(recovered.lastZxid, zxid))
      throw new StorageError(
        'damaged',
        this.dir.snapDir,
        `no snapshot and log from which to go back to ${formatZxid(zxid)}`,
        { hint: RESYNC_HINT },
      )
    this.guarded(() => this.record.lower(recovered.lastZxid))
    const epochs = readEpochs(this.files, this.dir.snapDir, recovered.lastZxid)
    this.guarded(() => {
      this.removeSnapshotsBehind(recovered.base)
      cutLogBehind(this.files, this.dir.logDir, zxid)
    })
    return this.startFrom(recovered, epochs)
  }

  /**
   * Makes the database that a SNAP brought, at its `lastProcessedZxid`, this member's history. Log and
   * snapshots beyond it belong to a history that the leader does not share. The order: the snapshot is
   * written and synced under a temporary name; the log beyond `zxid` goes, as with TRUNC, lest it be replayed
   * over the new snapshot (first the record of the history is lowered, for what is left of the old one may
   * end anywhere); the snapshot gets its name; later snapshots go, the newest first. Recovery starts from the
   * newest, so it finds the old history, perhaps cut, until the last of these steps, and then the new one.
   * Old files up to `zxid` stay for autopurge; recovery never starts from them while the new snapshot is
   * whole, and refuses rather than go on from them without it (recovery.ts).
   */
  installSnapshot(database: Database, zxid: Zxid): void {
    invariant(
      database.tree.lastProcessedZxid === zxid,
      () => `installs a database at ${formatZxid(database.tree.lastProcessedZxid)} as ${formatZxid(zxid)}`,
    )
    this.leaveLog()
    this.guarded(() => {
      const snapshot = writeSnapshotNow(this.files, database, this.snapshotOptions())
      if (this.log.lastZxid > zxid) {
        this.record.lower(ZERO_ZXID)
        cutLogBehind(this.files, this.dir.logDir, zxid)
      }
      publishSnapshot(this.files, this.dir.snapDir, snapshot)
      this.removeSnapshotsBehind(zxid)
    })
    this.log.restartAt(zxid)
    this.record.changed()
    this.drawSnapshotMoment()
  }

  /** Enough was logged since the last snapshot, and none is being taken. */
  get snapshotDue(): boolean {
    if (this.task !== null) return false
    return this.txnsSinceSnapshot > this.snapshotAt.txns || this.log.loggedBytes > this.snapshotAt.bytes
  }

  /**
   * Takes a snapshot in slices between other work, labelled with the last zxid applied now, and begins a new
   * log file. Settles when it is in place or was cancelled by `close`, `truncate`, `installSnapshot` or
   * `recover`. A failure (disk full) costs only this snapshot: it is reported as a note. Rejects only for
   * what must end the member: a log that cannot be rolled, a broken invariant.
   */
  async takeSnapshot(database: Database): Promise<void> {
    if (this.task !== null || !this.isOpen) return
    this.log.roll()
    this.drawSnapshotMoment()
    let task: SnapshotTask | null = null
    try {
      this.record.checkpoint(this.log.durableZxid)
      task = new SnapshotTask(this.files, database, this.snapshotOptions(), (reach) =>
        invariant(
          reach <= this.log.durableZxid,
          () => `a snapshot reaches ${formatZxid(reach)}, the log ${formatZxid(this.log.durableZxid)}`,
        ),
      )
      this.task = task
      const started = performance.now()
      if (await task.run())
        this.environment.onNote(
          `snapshot at ${formatZxid(task.label)} took ${Math.round(performance.now() - started)} ms`,
        )
    } catch (error) {
      if (error instanceof InvariantError) throw error
      this.environment.onNote(`snapshot failed: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      if (this.task === task) this.task = null
    }
  }

  /** Removes what the newest `retain` snapshots (at least 3) do not need; returns the paths removed. */
  purge(retain: number): string[] {
    const paths = purgeable(this.files, this.dir.snapDir, this.dir.logDir, retain)
    for (const path of paths) this.files.remove(path)
    return paths
  }

  /** Bytes of the files in each version-2 (4lw `dirs`, `conf`). */
  sizes(): { dataDir: number; dataLogDir: number } {
    const { snapDir, logDir } = this.dir
    return { dataDir: this.sizeOf(snapDir), dataLogDir: this.sizeOf(logDir) }
  }

  /** Closes the files and gives up the lock. Makes nothing durable that was not. */
  close(): void {
    if (!this.isOpen) return
    this.noteReach()
    this.isOpen = false
    this.task?.cancel()
    this.log.close()
    this.dir.unlock()
  }

  private sizeOf(dir: string): number {
    let total = 0
    for (const name of this.files.list(dir)) {
      try {
        total += this.files.stat(join(dir, name)).size
      } catch {
        // Removed or renamed since it was listed.
      }
    }
    return total
  }

  private snapshotOptions() {
    const { snapshotCompression: compression, digestEnabled } = this.options
    return { snapDir: this.dir.snapDir, compression, digestEnabled }
  }

  /** A snapshot under way is of a history that is about to be read again or replaced. */
  private leaveLog(): void {
    this.task?.cancel()
    this.task = null
    this.log.roll()
  }

  private startFrom(recovered: RecoveredDatabase, epochs: Epochs): Recovered {
    const { database, recentTxns, lastZxid, notes } = recovered
    this.guarded(() => syncNewestLog(this.files, this.dir.logDir))
    this.log.restartAt(lastZxid)
    notes.push(...this.begin(epochs))
    this.drawSnapshotMoment()
    const { acceptedEpoch, currentEpoch } = epochs
    return { database, recentTxns, acceptedEpoch, currentEpoch, lastZxid, notes }
  }

  /** @returns notes on what is saved only now */
  private begin({ acceptedEpoch, currentEpoch, unsaved }: Epochs): string[] {
    this.record.begin(acceptedEpoch, currentEpoch)
    return unsaved.map((which) => {
      const epoch = which === 'accepted' ? acceptedEpoch : currentEpoch
      this.saveEpoch(which, epoch)
      return `${which}Epoch was not saved yet when this member ended; it is ${epoch}`
    })
  }

  /** The first start (FileTxnSnapLog.restore): db.autocreate allows it, or once the file `initialize`. */
  private createDatabase(epochs: Epochs): Recovered {
    const { acceptedEpoch, currentEpoch } = epochs
    const database = Database.initial(this.options.ttlRule)
    const isMarked = this.files.exists(this.initializeFlag)
    const isAllowed = this.options.dbAutocreate || isMarked
    if (isAllowed && !isMarked && currentEpoch > 0) throw this.emptied(currentEpoch)
    const lastZxid = isAllowed ? ZERO_ZXID : NO_ZXID
    labelDatabase(database, lastZxid)
    const notes: string[] = []
    if (isAllowed) {
      const snapshot = writeSnapshotNow(this.files, database, this.snapshotOptions())
      publishSnapshot(this.files, this.dir.snapDir, snapshot)
      this.removeInitializeFlag()
    } else
      notes.push(
        `${this.dir.snapDir} is empty and zookeeper.db.autocreate is false: this member does not vote ` +
          'until it has caught up with a leader',
      )
    this.log.restartAt(lastZxid)
    notes.push(...this.begin(epochs))
    this.drawSnapshotMoment()
    return { database, recentTxns: [], acceptedEpoch, currentEpoch, lastZxid, notes }
  }

  /**
   * A first start leaves a snapshot before it takes an epoch. With that epoch, an empty history would win
   * elections.
   */
  private emptied(currentEpoch: Epoch): StorageError {
    const what = `has neither snapshots nor logs, but currentEpoch is ${currentEpoch}: its history is lost`
    return new StorageError('history-lost', this.dir.snapDir, what, { hint: HISTORY_LOST_HINT })
  }

  private get initializeFlag(): string {
    return join(this.dir.dataLogDir, 'initialize')
  }

  private removeInitializeFlag(): void {
    if (this.files.exists(this.initializeFlag)) this.files.remove(this.initializeFlag)
  }

  private repair(repair: Repair): void {
    if (repair.kind === 'cut') cutFile(this.files, repair.path, repair.size)
    else {
      this.files.remove(repair.path)
      this.files.syncDirectory(this.dir.logDir)
    }
  }

  private removeSnapshotsBehind(zxid: Zxid): void {
    const { snapDir } = this.dir
    const later = listSnapshots(this.files, snapDir).filter((name) => name.zxid > zxid)
    for (const { path } of later) this.files.remove(path)
    if (later.length > 0) this.files.syncDirectory(snapDir)
  }

  /** Random, so that not all members of an ensemble write theirs at once (SyncRequestProcessor). */
  private drawSnapshotMoment(): void {
    const draw = (limit: number) => Math.floor(limit / 2 + (this.environment.random() * limit) / 2)
    const { snapCount, snapSizeLimitKb } = this.options
    this.snapshotAt = {
      txns: draw(snapCount),
      bytes: snapSizeLimitKb > 0 ? draw(snapSizeLimitKb * 1024) : Number.POSITIVE_INFINITY,
    }
    this.txnsSinceSnapshot = 0
    this.log.resetLoggedBytes()
  }

  /** Names the failure of a file operation for what it is: the end of this member. */
  private guarded<T>(action: () => T): T {
    try {
      return action()
    } catch (cause) {
      if (cause instanceof StorageError) throw cause
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new StorageError('write-failed', this.dir.snapDir, reason, {
        cause,
        hint: 'This member must end; restart it once the disk takes writes again',
      })
    }
  }
}

/**
 * Whether a history cut at `target` may end at `end`: an epoch's mark (counter 0) is no transaction that it
 * could hold.
 */
function reaches(end: Zxid, target: Zxid): boolean {
  return end === target || (end < target && counterOf(target) === 0)
}
