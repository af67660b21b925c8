/**
 * A member's data is set aside: version-2 gets another name, in dataDir and dataLogDir, and nothing is
 * deleted. Its id (`myid`) stays, and at its next start the leader gives it everything.
 *
 * A crash at any point leaves what a start refuses (logs without snapshots) or what it may start from
 * (nothing): the folder with the snapshots and epochs goes first, for the logs alone are no history, and
 * snapshots without their logs would be a shorter one.
 */
import { join, resolve } from 'node:path'
import type { ServerConfig } from '../config/serverConfig.ts'
import { type AsideReason, asideName, VERSION_DIR } from '../storage/fileNames.ts'
import { nodeFileSystem as files } from '../storage/fileSystem.ts'
import { lockDirectory } from '../storage/lock.ts'

/**
 * @param what tells this one from others: a zxid, or the time
 * @returns the new paths; none where there was no data
 * @throws StorageError `locked` when a member runs there, or the system's error; what was renamed by then
 * stays so
 */
export function setAside(config: ServerConfig, reason: AsideReason, what: string): string[] {
  const folders = [...new Set([resolve(config.dataDir), resolve(config.dataLogDir)])].filter(files.exists)
  const locks = []
  try {
    for (const folder of folders) locks.push(lockDirectory(files, folder))
    const name = unusedName(folders, reason, what)
    return folders.flatMap((folder) => moveIn(folder, name))
  } finally {
    for (const lock of locks) lock.release()
  }
}

function moveIn(folder: string, name: string): string[] {
  const from = join(folder, VERSION_DIR)
  if (!files.exists(from)) return []
  const to = join(folder, name)
  files.rename(from, to)
  files.syncDirectory(folder)
  return [to]
}

function unusedName(folders: readonly string[], reason: AsideReason, what: string): string {
  const name = asideName(reason, what)
  const isTaken = folders.some((folder) => files.exists(join(folder, name)))
  return isTaken ? unusedName(folders, reason, `${what}0`) : name
}
