/**
 * The directories of one member: `<dataDir>/version-2` for snapshots and epochs, `<dataLogDir>/version-2` for
 * logs (the same directory unless configured otherwise). Opening them creates them, locks them, and checks
 * that they were not mixed up (as FileTxnSnapLog's constructor does).
 */
import { join, resolve } from 'node:path'
import { StorageError } from './errors.ts'
import { isTemporary, listLogs, listSnapshots, VERSION_DIR } from './fileNames.ts'
import type { FileSystem } from './fileSystem.ts'
import { type DirectoryLock, lockDirectory } from './lock.ts'

export interface DataDir {
  readonly snapDir: string
  readonly logDir: string
  /** The parent of `logDir`, where Apache looks for the file `initialize`. */
  readonly dataLogDir: string
  unlock(): void
}

export function openDataDir(
  files: FileSystem,
  options: { dataDir: string; dataLogDir: string; datadirAutocreate: boolean },
): DataDir {
  const dataDir = resolve(options.dataDir)
  const dataLogDir = resolve(options.dataLogDir)
  const snapDir = join(dataDir, VERSION_DIR)
  const logDir = join(dataLogDir, VERSION_DIR)
  for (const dir of new Set([snapDir, logDir])) makeDirectory(files, dir, options.datadirAutocreate)
  const locks: DirectoryLock[] = []
  const unlock = () => {
    for (const lock of locks) lock.release()
  }
  try {
    for (const dir of new Set([dataDir, dataLogDir])) locks.push(lockDirectory(files, dir))
    if (snapDir !== logDir) refuseMixUps(files, snapDir, logDir)
  } catch (error) {
    unlock()
    throw error
  }
  return { snapDir, logDir, dataLogDir, unlock }
}

function makeDirectory(files: FileSystem, dir: string, mayCreate: boolean): void {
  if (files.exists(dir)) return
  if (!mayCreate)
    throw new StorageError('missing', dir, 'does not exist, and zookeeper.datadir.autocreate is false', {
      hint: 'Create it by hand',
    })
  try {
    files.makeDirectories(dir)
  } catch (cause) {
    throw new StorageError('missing', dir, `cannot be created: ${(cause as Error).message}`, { cause })
  }
}

/** ZOOKEEPER-2967: swapped or changed directories would otherwise look like an empty database. */
function refuseMixUps(files: FileSystem, snapDir: string, logDir: string): void {
  const hint = 'Check dataDir and dataLogDir in the config, and move the files to where they belong'
  const [snapshot] = listSnapshots(files, logDir)
  if (snapshot !== undefined)
    throw new StorageError('inconsistent', snapshot.path, 'is a snapshot in the log directory', { hint })
  const [log] = listLogs(files, snapDir)
  if (log !== undefined)
    throw new StorageError('inconsistent', log.path, 'is a log in the snapshot directory', { hint })
}

/** The total size of the files in a directory. */
export function sizeOf(files: FileSystem, dir: string): number {
  let total = 0
  for (const name of files.list(dir)) {
    try {
      total += files.stat(join(dir, name)).size
    } catch {
      // The file was removed or renamed after it was listed.
    }
  }
  return total
}

/** Removes snapshots and logs that a crash cut short. Only this program gives files such names. */
export function removeTemporaries(files: FileSystem, { snapDir, logDir }: DataDir): void {
  for (const dir of new Set([snapDir, logDir])) {
    for (const name of files.list(dir)) if (isTemporary(name)) files.remove(join(dir, name))
  }
}
