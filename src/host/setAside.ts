/**
 * Sets a member's data aside: version-2 gets another name, in dataDir and dataLogDir, and nothing is deleted.
 * The member's id (`myid`) stays, and at its next start the leader sends it everything.
 *
 * A crash at any point leaves either data that a start refuses (logs without snapshots) or data that it may
 * start from (none). To ensure this, the folder with the snapshots and epochs is renamed first: logs alone
 * are not a history, but snapshots without their logs would be a shorter one.
 */
import { join, resolve } from 'node:path'
import type { ServerConfig } from '../config/serverConfig.ts'
import { type AsideReason, asideName, VERSION_DIR } from '../storage/fileNames.ts'
import { nodeFileSystem as files } from '../storage/fileSystem.ts'
import { lockDirectory } from '../storage/lock.ts'

/**
 * @param what tells these folders from others that were set aside: a zxid, or the time
 * @returns the new paths; none if there was no data
 * @throws StorageError `locked` when a member uses the data, or the system's error; folders that were renamed
 * before stay renamed
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
