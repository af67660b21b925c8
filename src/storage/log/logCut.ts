/** Cuts the log after a transaction. What remains has no gap at any moment. */
import type { Zxid } from '../../protocol/zxid.ts'
import { listLogs } from '../fileNames.ts'
import type { FileSystem } from '../fileSystem.ts'
import { LogFile } from './logFile.ts'

/**
 * Removes every transaction after `zxid`: first whole files, beginning with the last one, and this is made
 * durable; then the end of the file that holds `zxid`. (FileTxnLog.truncate cuts first, and a crash then
 * leaves a gap.)
 */
export function cutLogAfter(files: FileSystem, logDir: string, zxid: Zxid): void {
  const logs = listLogs(files, logDir)
  const later = logs.filter((log) => log.zxid > zxid)
  for (const { path } of later.reverse()) files.remove(path)
  if (later.length > 0) files.syncDirectory(logDir)

  const holder = logs.findLast((log) => log.zxid <= zxid)
  if (holder === undefined) return
  const log = new LogFile(files, holder)
  let cutAt: number | null = null
  try {
    for (let entry = log.next(); entry !== null && cutAt === null; entry = log.next())
      if (entry.zxid > zxid) cutAt = entry.offset
  } finally {
    log.close()
  }
  if (cutAt !== null) cutFile(files, holder.path, cutAt)
}

/** Cuts a file to `size` bytes. Durable when it returns. */
export function cutFile(files: FileSystem, path: string, size: number): void {
  const fd = files.open(path, 'edit')
  try {
    files.resize(fd, size)
    files.sync(fd)
  } finally {
    files.close(fd)
  }
}

/**
 * Syncs the newest log. A member that was killed may read back what it had not synced; since its votes claim
 * these transactions, they must not be lost any more.
 */
export function syncNewestLog(files: FileSystem, logDir: string): void {
  const newest = listLogs(files, logDir).at(-1)
  if (newest === undefined) return
  const fd = files.open(newest.path, 'edit')
  try {
    files.sync(fd)
  } finally {
    files.close(fd)
  }
  files.syncDirectory(logDir)
}
