/**
 * A consistent copy of a member's data, made even while the member continues to write.
 *
 * Why a copy is a whole history: the newest whole snapshot is chosen first, and the logs are listed after it.
 * The log is then at least as long as what the snapshot's fuzzy body may hold, so replay makes the body
 * right. Logs only grow at their end. Each is copied up to the last whole entry (checksum included) that was
 * seen in it, so an entry that the member is writing at that moment is in the copy or not, but never half of
 * it (Apache refuses a torn entry). currentEpoch is copied after the logs, and acceptedEpoch after
 * currentEpoch. On disk the epochs are never older than the log (`readEpochs`), so the copies are not either.
 * Two things break these rules: a member that catches up cuts its log, and purging removes a file. Both are
 * found by recovering the copy as a starting member would, and the copy is then made again.
 *
 * Why one member's copy serves all members: copies of several members are taken at different times, and with
 * an election in between, the same epoch could occur twice with different transactions. The member with the
 * greatest (epoch, zxid) of all holds every transaction that was ever acknowledged; elections rest on this.
 * It may also hold proposals that were not committed. When all members start from the same copy, these
 * proposals are part of the history, just as they are after an election that this member wins.
 */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { epochOf, formatZxid, type Zxid } from '../protocol/zxid.ts'
import { readEpochs, saveEpoch } from './epochs.ts'
import { StorageError } from './errors.ts'
import {
  EPOCH_FILES,
  type LogName,
  listLogs,
  listSnapshots,
  type SnapshotName,
  VERSION_DIR,
} from './fileNames.ts'
import { type FileSystem, nodeFileSystem } from './fileSystem.ts'
import { type HistoryRecord, readHistoryRecord } from './historyRecord.ts'
import { LogFile } from './log/logFile.ts'
import { LOG_HEADER_SIZE } from './log/logFormat.ts'
import { recoverDatabase } from './recovery.ts'
import { looksComplete } from './snapshot/snapshotStream.ts'

/** The two directories as in zoo.cfg. They are equal unless the logs have a folder of their own. */
export interface DataDirs {
  dataDir: string
  dataLogDir: string
}

export interface DataCopy {
  /** The zxid of the last transaction in the copy, as Apache prints it: `0x100000009`. */
  zxid: string
  epoch: number
  znodes: number
  bytes: number
  /** Oddities that recovery found. */
  notes: string[]
}

/** Whether the error's message tells a person what is wrong with the data. */
export function isDataFault(error: unknown): error is Error {
  return error instanceof StorageError
}

/** A member that is writing may spoil a few attempts, but not this many. */
const ATTEMPTS = 6
const PAUSE_MS = 50
const CHUNK = 1024 * 1024
/** The order matters: see above. */
const EPOCHS_TO_COPY = [EPOCH_FILES.current, EPOCH_FILES.accepted]

/**
 * Ranks the sources by their history, the longest first. Sources without a history are left out.
 * @returns `best`: indexes of the sources; `faults`: by index, why a history could not be read
 */
export async function byHistory(
  sources: readonly DataDirs[],
  files: FileSystem = nodeFileSystem,
): Promise<{ best: number[]; faults: Map<number, Error> }> {
  const faults = new Map<number, Error>()
  const found: { index: number; epoch: number; zxid: Zxid }[] = []
  for (const [index, source] of sources.entries()) {
    try {
      const end = await repeated(() => historyEnd(files, foldersOf(source)))
      if (end !== null) found.push({ index, ...end })
    } catch (error) {
      if (!(error instanceof Error)) throw error
      faults.set(index, error)
    }
  }
  found.sort((a, b) => b.epoch - a.epoch || b.zxid - a.zxid)
  return { best: found.map(({ index }) => index), faults }
}

/**
 * Copies what a member needs to start with the source's whole history. `target` is created; its version-2
 * folders must be empty or absent.
 * @param atLeast the zxid that the copy must reach, as Apache prints it: the last one that was acknowledged
 * when the copy began
 * @returns null when the source has no history
 * @throws StorageError when no whole history can be read; nothing of the source was changed
 */
export async function copyData(
  source: DataDirs,
  target: DataDirs,
  { atLeast = null, files = nodeFileSystem }: { atLeast?: string | null; files?: FileSystem } = {},
): Promise<DataCopy | null> {
  const [from, to] = [foldersOf(source), foldersOf(target)]
  for (const folder of Object.values(to)) files.makeDirectories(folder)
  return repeated(() => {
    const made: string[] = []
    try {
      const copy = copyOnce(files, from, to, made)
      if (copy !== null && atLeast !== null && BigInt(copy.zxid) < BigInt(atLeast))
        throw new StorageError(
          'inconsistent',
          from.logs,
          `ends at ${copy.zxid}, but ${atLeast} was acknowledged`,
        )
      return copy
    } catch (error) {
      for (const path of made) if (files.exists(path)) files.remove(path)
      throw error
    }
  })
}

interface Folders {
  snapshots: string
  logs: string
}

function foldersOf({ dataDir, dataLogDir }: DataDirs): Folders {
  return { snapshots: join(dataDir, VERSION_DIR), logs: join(dataLogDir, VERSION_DIR) }
}

/** Repeats the action while its failure may be due to a member that is writing, purging or catching up. */
async function repeated<T>(action: () => T): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return action()
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      const mayPass =
        code === 'damaged' || code === 'inconsistent' || code === 'history-lost' || code === 'ENOENT'
      if (!mayPass || attempt === ATTEMPTS) throw error
    }
    await pause(PAUSE_MS * attempt)
  }
}

/** The snapshot is chosen before the logs are listed: see above. */
function historyFiles(
  files: FileSystem,
  folders: Folders,
): { snapshot: SnapshotName | undefined; logs: LogName[] } {
  const list = <T>(folder: string, of: (files: FileSystem, dir: string) => T[]): T[] =>
    files.exists(folder) ? of(files, folder) : []
  const snapshot = list(folders.snapshots, listSnapshots).find((name) => looksComplete(files, name))
  const logs = list(folders.logs, listLogs)
  if (snapshot === undefined) return { snapshot, logs }
  // The last log that begins at or before the first transaction wanted, and all later ones (Replay.run).
  const first = logs.findLastIndex(({ zxid }) => zxid <= snapshot.zxid + 1)
  return { snapshot, logs: logs.slice(Math.max(0, first)) }
}

function historyEnd(files: FileSystem, folders: Folders): { epoch: number; zxid: Zxid } | null {
  const record = recordOf(files, folders)
  const { snapshot, logs } = historyFiles(files, folders)
  if (snapshot === undefined && logs.length === 0) return null
  let zxid = snapshot?.zxid ?? (0 as Zxid)
  for (const name of logs.toReversed()) {
    const { lastZxid } = wholeEntries(files, name)
    if (lastZxid === null) continue
    zxid = Math.max(zxid, lastZxid) as Zxid
    break
  }
  return { epoch: readEpochs(files, folders.snapshots, zxid, record).currentEpoch, zxid }
}

/**
 * Must be called before the logs are read, because a member that is writing records later zxids meanwhile.
 */
function recordOf(files: FileSystem, { snapshots }: Folders): HistoryRecord | null {
  return files.exists(snapshots) ? readHistoryRecord(files, snapshots) : null
}

interface WholeEntries {
  /** Offset after the last whole entry. */
  end: number
  /** Null when the log has no whole entry. */
  lastZxid: Zxid | null
}

/**
 * Finds how far a log holds whole entries. While a member is writing after them, the bytes that follow may
 * look like damage. They are not damage when a second scan finds more whole entries.
 */
function wholeEntries(files: FileSystem, name: LogName): WholeEntries {
  const seen = scan(files, name)
  if (seen.damage !== null && scan(files, name).end <= seen.end) throw seen.damage
  return seen
}

function scan(files: FileSystem, name: LogName): WholeEntries & { damage: StorageError | null } {
  const log = new LogFile(files, name)
  const seen = { end: 0, lastZxid: null as Zxid | null }
  try {
    for (let entry = log.next(); entry !== null; entry = log.next()) {
      seen.end = entry.end
      seen.lastZxid = entry.zxid
    }
    return { ...seen, damage: null }
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'damaged') throw error
    return { ...seen, damage: error }
  } finally {
    log.close()
  }
}

function copyOnce(files: FileSystem, from: Folders, to: Folders, made: string[]): DataCopy | null {
  const record = recordOf(files, from)
  const { snapshot, logs } = historyFiles(files, from)
  if (snapshot === undefined && logs.length === 0) return null
  let bytes = 0
  const copy = (path: string, folder: string, name: string, size: number): void => {
    made.push(join(folder, name))
    copyBytes(files, path, join(folder, name), size)
    bytes += size
  }
  if (snapshot !== undefined) {
    const { path } = snapshot
    copy(path, to.snapshots, path.slice(from.snapshots.length + 1), files.stat(path).size)
  }
  for (const name of logs) {
    const { end } = wholeEntries(files, name)
    // Apache fails on a log without a header, and a log without entries holds no history.
    if (end > LOG_HEADER_SIZE) copy(name.path, to.logs, name.path.slice(from.logs.length + 1), end)
  }
  for (const name of EPOCHS_TO_COPY) {
    const path = join(from.snapshots, name)
    if (files.exists(path)) copy(path, to.snapshots, name, files.stat(path).size)
  }
  const copied = verified(files, to, record)
  for (const folder of new Set(Object.values(to))) files.syncDirectory(folder)
  return { ...copied, bytes }
}

/**
 * Recovers the copy as a starting member does. The copy has no history record of its own, so the source's
 * record is checked against it.
 */
function verified(
  files: FileSystem,
  folders: Folders,
  record: HistoryRecord | null,
): Omit<DataCopy, 'bytes'> {
  const options = { commitLogCount: 0, trustEmpty: false, upTo: null }
  const recovered = recoverDatabase(files, { snapDir: folders.snapshots, logDir: folders.logs, ...options })
  if (recovered === null) throw new StorageError('damaged', folders.snapshots, 'the copy holds no database')
  const { lastZxid, database, notes } = recovered
  const epochs = readEpochs(files, folders.snapshots, lastZxid, record)
  const { currentEpoch, acceptedEpoch } = epochs
  // A starting member does the same: Apache refuses an epoch that is older than the log.
  for (const which of epochs.unsaved)
    saveEpoch(files, folders.snapshots, which, which === 'accepted' ? acceptedEpoch : currentEpoch)
  const epoch = Math.max(currentEpoch, epochOf(lastZxid))
  return { zxid: formatZxid(lastZxid), epoch, znodes: database.tree.nodeCount, notes }
}

function copyBytes(files: FileSystem, from: string, to: string, size: number): void {
  const source = files.open(from, 'read')
  try {
    const target = files.open(to, 'create')
    try {
      const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, Math.max(1, size)))
      for (let at = 0; at < size; ) {
        const count = files.read(source, chunk.subarray(0, Math.min(chunk.length, size - at)), at)
        if (count === 0) throw new StorageError('damaged', from, 'became shorter while it was copied')
        files.write(target, chunk.subarray(0, count), at)
        at += count
      }
      files.sync(target)
    } finally {
      files.close(target)
    }
  } finally {
    files.close(source)
  }
}
