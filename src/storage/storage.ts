/**
 * One member's disk, in Apache ZooKeeper's format: the log, the snapshots and the epochs, and how a database
 * is recovered from them. All methods but `takeSnapshot` are synchronous.
 *
 * Invariants:
 * - What was appended before `sync` returned is recovered, whatever crashes afterwards, until `truncate` or
 *   `installSnapshot` takes it back.
 * - At every moment between two file operations, the directory recovers to a whole history.
 * - A snapshot holds only effects of transactions that are durable in the log.
 */
import { join } from 'node:path'
import type { LoggedTxn } from '../core/effects.ts'
import { InvariantError, invariant } from '../core/invariant.ts'
import { counterOf, type Epoch, formatZxid, NO_ZXID, ZERO_ZXID, type Zxid } from '../protocol/zxid.ts'
import { Database } from '../tree/database.ts'
import { labelDatabase } from '../tree/snapshotFormat.ts'
import { type DataDir, openDataDir, removeTemporaries, sizeOf } from './dataDir.ts'
import { type Epochs, readEpochs, saveEpoch } from './epochs.ts'
import { HISTORY_LOST_HINT, RESYNC_HINT, StorageError } from './errors.ts'
import { INITIALIZE_FLAG, listSnapshots } from './fileNames.ts'
import { type FileSystem, nodeFileSystem } from './fileSystem.ts'
import { HistoryRecorder } from './historyRecord.ts'
import { cutFile, cutLogAfter, syncNewestLog } from './log/logCut.ts'
import type { RecoveryOptions, Repair } from './log/replay.ts'
import { TxnLog } from './log/txnLog.ts'
import { purgeable } from './purge.ts'
import { type RecoveredDatabase, recoverDatabase } from './recovery.ts'
import { SnapshotSchedule } from './snapshot/snapshotSchedule.ts'
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
  private readonly schedule: SnapshotSchedule
  private task: SnapshotTask | null = null
  private isOpen = true

  /**
   * Creates the directories where that is allowed, and takes the lock. Reads nothing yet.
   * @throws StorageError `missing`, `locked` or `inconsistent`
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
    this.schedule = new SnapshotSchedule(this.log, options, () => environment.random())
  }

  /** Number of syncs that took longer than fsync.warningthresholdms. */
  get fsyncThresholdExceeded(): number {
    return this.log.slowSyncs
  }

  /** The last transaction that is on disk. */
  get durableZxid(): Zxid {
    return this.log.durableZxid
  }

  /**
   * Reads the database from disk and tidies up what a crash left: torn tails and empty logs. May be called
   * again at any time, when memory holds what was never written.
   * @throws StorageError when the history cannot be recovered; nothing on disk was changed
   */
  recover(): Recovered {
    this.leaveLog()
    const recovered = this.read({ trustEmpty: this.options.snapshotTrustEmpty, upTo: null })
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
   * Writes a snapshot when the log alone was trusted (snapshot.trust.empty), as Apache's loadData does, so
   * that one start with that setting is enough.
   */
  private makeFoundation({ database, notes }: Recovered): void {
    if (listSnapshots(this.files, this.dir.snapDir).length > 0) return
    this.guarded(() => {
      const snapshot = writeSnapshotNow(this.files, database, this.snapshotOptions())
      publishSnapshot(this.files, this.dir.snapDir, snapshot)
    })
    notes.push(
      'recovered from logs without a snapshot, and wrote one: snapshot.trust.empty=true is no longer needed',
    )
  }

  /** Appends transactions to the log. A vote may claim them only after `sync`. */
  append(txns: readonly LoggedTxn[]): void {
    this.log.append(txns)
    this.schedule.count(txns.length)
  }

  /**
   * Makes everything appended durable, with one fdatasync.
   * @throws StorageError `write-failed`: the member must end
   */
  sync(): void {
    this.log.sync()
  }

  /** Saves an epoch. Durable when it returns. */
  saveEpoch(which: 'accepted' | 'current', epoch: Epoch): void {
    this.guarded(() => {
      this.record.epoch(which, epoch, this.log.durableZxid)
      saveEpoch(this.files, this.dir.snapDir, which, epoch)
    })
  }

  /**
   * Records how far the history is durable, so that a later start notices when the history's end is lost.
   * This is not called for every batch: damage can remove what was logged since the last call without a
   * trace.
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
   * Forgets all transactions after `zxid` (TRUNC) and reads the database again. The order of the steps
   * ensures that a crash leaves either the history as it was, or a part of it that reaches at least to
   * `zxid`:
   * 1. What will remain is read, to be sure that it can be recovered.
   * 2. The record of the history is lowered.
   * 3. Snapshots that reach beyond `zxid` are removed. (Apache leaves them and would start from them.)
   * 4. Later log files are removed, beginning with the last one.
   * 5. The end of the log file that holds `zxid` is cut off.
   * @throws StorageError `damaged`, with nothing changed, when what remains would not be the history up to
   * `zxid`: no snapshot that is old enough is left, or the log after it is gone
   */
  truncate(zxid: Zxid): Recovered {
    this.leaveLog()
    const recovered = this.read({ trustEmpty: false, upTo: zxid })
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
      this.removeSnapshotsAfter(recovered.base)
      cutLogAfter(this.files, this.dir.logDir, zxid)
    })
    return this.startFrom(recovered, epochs)
  }

  /**
   * Makes the database that a SNAP brought, at its `lastProcessedZxid`, this member's history. Log and
   * snapshots beyond it belong to a history that the leader does not share. The steps, in this order:
   * 1. The new snapshot is written and synced under a temporary name.
   * 2. The record of the history is lowered, because what remains of the old history may end anywhere.
   * 3. The log beyond `zxid` is removed, as with TRUNC, lest it be replayed on top of the new snapshot.
   * 4. The new snapshot gets its name.
   * 5. Later snapshots are removed, the newest first.
   *
   * Recovery starts from the newest snapshot, so it finds the old history, perhaps cut, until the last of
   * these steps, and then the new one. Old files up to `zxid` are left to autopurge. Recovery never starts
   * from them while the new snapshot is whole, and without it refuses rather than continue from them
   * (recovery.ts).
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
        cutLogAfter(this.files, this.dir.logDir, zxid)
      }
      publishSnapshot(this.files, this.dir.snapDir, snapshot)
      this.removeSnapshotsAfter(zxid)
    })
    this.log.restartAt(zxid)
    this.record.changed()
    this.schedule.restart()
  }

  /** Enough was logged since the last snapshot, and none is being taken. */
  get snapshotDue(): boolean {
    return this.task === null && this.schedule.isDue
  }

  /**
   * Takes a snapshot in slices between other work, labelled with the last zxid applied now, and begins a new
   * log file. Settles when the snapshot is in place or was cancelled by `close`, `truncate`,
   * `installSnapshot` or `recover`. A failure (such as a full disk) costs only this snapshot and is reported
   * as a note. Rejects only for what must end the member: a log that cannot be rolled, or a broken invariant.
   */
  async takeSnapshot(database: Database): Promise<void> {
    if (this.task !== null || !this.isOpen) return
    this.log.roll()
    this.schedule.restart()
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

  /** Removes what the newest `retain` snapshots (at least 3) do not need. Returns the removed paths. */
  purge(retain: number): string[] {
    const paths = purgeable(this.files, this.dir.snapDir, this.dir.logDir, retain)
    for (const path of paths) this.files.remove(path)
    return paths
  }

  /** The size of the files in each version-2, for the four-letter words `dirs` and `conf`. */
  sizes(): { dataDir: number; dataLogDir: number } {
    const { snapDir, logDir } = this.dir
    return { dataDir: sizeOf(this.files, snapDir), dataLogDir: sizeOf(this.files, logDir) }
  }

  /** Closes the files and releases the lock. Makes nothing durable that was not durable before. */
  close(): void {
    if (!this.isOpen) return
    this.noteReach()
    this.isOpen = false
    this.task?.cancel()
    this.log.close()
    this.dir.unlock()
  }

  private read(which: Pick<RecoveryOptions, 'trustEmpty' | 'upTo'>): RecoveredDatabase | null {
    const { snapDir, logDir } = this.dir
    const { commitLogCount, ttlRule } = this.options
    return recoverDatabase(this.files, { snapDir, logDir, commitLogCount, ttlRule, ...which })
  }

  private snapshotOptions() {
    const { snapshotCompression: compression, digestEnabled } = this.options
    return { snapDir: this.dir.snapDir, compression, digestEnabled }
  }

  /**
   * Ends the current log file and cancels a snapshot in progress: it is of a history that is about to be read
   * again or replaced.
   */
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
    this.schedule.restart()
    const { acceptedEpoch, currentEpoch } = epochs
    return { database, recentTxns, acceptedEpoch, currentEpoch, lastZxid, notes }
  }

  /** @returns notes on the epochs that are saved only now */
  private begin({ acceptedEpoch, currentEpoch, unsaved }: Epochs): string[] {
    this.record.begin(acceptedEpoch, currentEpoch)
    return unsaved.map((which) => {
      const epoch = which === 'accepted' ? acceptedEpoch : currentEpoch
      this.saveEpoch(which, epoch)
      return `${which}Epoch was not saved yet when this member ended; it is ${epoch}`
    })
  }

  /**
   * Begins with an empty database at the first start (FileTxnSnapLog.restore), if db.autocreate allows it,
   * or, once, the file `initialize`.
   */
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
    this.schedule.restart()
    return { database, recentTxns: [], acceptedEpoch, currentEpoch, lastZxid, notes }
  }

  /**
   * The refusal of an empty directory with a current epoch. A first start writes a snapshot before it takes
   * an epoch, so the snapshot was lost since; and with that epoch, an empty history would win elections.
   */
  private emptied(currentEpoch: Epoch): StorageError {
    const what = `has neither snapshots nor logs, but currentEpoch is ${currentEpoch}: its history is lost`
    return new StorageError('history-lost', this.dir.snapDir, what, { hint: HISTORY_LOST_HINT })
  }

  private get initializeFlag(): string {
    return join(this.dir.dataLogDir, INITIALIZE_FLAG)
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

  private removeSnapshotsAfter(zxid: Zxid): void {
    const { snapDir } = this.dir
    const later = listSnapshots(this.files, snapDir).filter((name) => name.zxid > zxid)
    for (const { path } of later) this.files.remove(path)
    if (later.length > 0) this.files.syncDirectory(snapDir)
  }

  /** Turns the failure of a file operation into what it means: this member must end. */
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
 * Whether a history that was cut at `target` may end at `end`. It may end earlier when `target` is an epoch's
 * mark (counter 0), which is not a transaction that a history could hold.
 */
function reaches(end: Zxid, target: Zxid): boolean {
  return end === target || (end < target && counterOf(target) === 0)
}
