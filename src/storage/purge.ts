/**
 * Which files purging may remove (PurgeTxnLog.purgeOlderSnapshots): snapshots older than the newest `retain`
 * complete ones, and logs that none of those needs. A log file may hold transactions far beyond the one in
 * its name, so the last log that begins at or before the oldest kept snapshot stays.
 */
import { listLogs, listSnapshots } from './fileNames.ts'
import type { FileSystem } from './fileSystem.ts'
import { looksComplete } from './snapshot/snapshotStream.ts'

/** At least this many snapshots are kept, because the newest may turn out to be unreadable. */
const LEAST_RETAINED = 3

/** The paths in the order in which to remove them: at any moment, every remaining snapshot has its logs. */
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
