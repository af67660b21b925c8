/**
 * What purging may remove (PurgeTxnLog.purgeOlderSnapshots): snapshots older than the newest `retain` whole
 * ones, and logs that none of those needs. A log file may hold transactions far beyond the one in its name,
 * so the last that begins at or before the transaction after the oldest kept snapshot stays.
 */
import { listLogs, listSnapshots } from './fileNames.ts'
import type { FileSystem } from './fileSystem.ts'
import { looksComplete } from './snapshot/snapshotStream.ts'

/** Fewer are never kept: the newest may turn out to be unreadable. */
export const LEAST_RETAINED = 3

/** Paths in the order to remove them: at any moment every snapshot still there has its logs. */
export function purgeable(files: FileSystem, snapDir: string, logDir: string, retain: number): string[] {
  if (retain < LEAST_RETAINED)
    throw new RangeError(`must keep at least ${LEAST_RETAINED} snapshots, not ${retain}`)
  const snapshots = listSnapshots(files, snapDir)
  const kept = []
  for (const snapshot of snapshots) {
    if (kept.length === retain) break
    if (looksComplete(files, snapshot)) kept.push(snapshot)
  }
  const oldestKept = kept.at(-1)
  if (oldestKept === undefined || kept.length < retain) return []
  const logs = listLogs(files, logDir)
  const firstNeeded = logs.findLastIndex(({ zxid }) => zxid <= oldestKept.zxid)
  const oldLogs = logs.slice(0, Math.max(0, firstNeeded))
  const oldSnapshots = snapshots.filter(({ zxid }) => zxid < oldestKept.zxid).reverse()
  return [...oldSnapshots, ...oldLogs].map(({ path }) => path)
}
