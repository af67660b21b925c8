/**
 * The names in version-2 that carry a zxid: `log.<hex of the first>` and `snapshot.<hex of the last>[.gz]`.
 * Apache takes any name whose first dotted part is `log` or `snapshot` for one of these
 * (Util.getZxidFromName), so temporary names must begin otherwise.
 */
import { join } from 'node:path'
import { parseZxidHex, type Zxid, zxidHex } from '../protocol/zxid.ts'
import type { FileSystem } from './fileSystem.ts'

export const VERSION_DIR = 'version-2'
export const TEMPORARY_PREFIX = 'tmp-'

export type Compression = '' | 'gz' | 'snappy'

export interface LogName {
  path: string
  /** Of its first transaction. */
  zxid: Zxid
}

export interface SnapshotName {
  path: string
  zxid: Zxid
  compression: Compression
}

export function logName(zxid: Zxid): string {
  return `log.${zxidHex(zxid)}`
}

/** zxid -1 (no database yet) never becomes a snapshot. */
export function snapshotName(zxid: Zxid, compression: Compression): string {
  return `snapshot.${zxidHex(zxid)}${compression === '' ? '' : `.${compression}`}`
}

/** What Apache's syncs leave when they are cut short (AtomicFileOutputStream): never in force. */
const UNFINISHED = '.tmp'

export interface ForeignName {
  path: string
  /** Infinity for one that is beyond the epochs this version can count. */
  zxid: number
}

/**
 * Logs and snapshots by their names' beginning, with an ending that means nothing here: a later version's compression,
 * or copies that somebody made. (Apache reads either as if it were plain.)
 */
export function listForeign(files: FileSystem, dir: string): ForeignName[] {
  const known = new Set([...listLogs(files, dir), ...listSnapshots(files, dir)].map(({ path }) => path))
  const found: ForeignName[] = []
  for (const name of files.list(dir)) {
    const digits = /^(?:log|snapshot)\.([0-9a-f]{1,16})(?:\.|$)/i.exec(name)?.[1]
    const path = join(dir, name)
    if (digits === undefined || known.has(path) || name.endsWith(UNFINISHED)) continue
    found.push({ path, zxid: parseZxidHex(digits) ?? Number.POSITIVE_INFINITY })
  }
  return found
}

/** Ascending by zxid. */
export function listLogs(files: FileSystem, dir: string): LogName[] {
  const found: LogName[] = []
  for (const name of files.list(dir)) {
    const zxid = name.startsWith('log.') ? parseZxidHex(name.slice(4)) : null
    if (zxid !== null) found.push({ path: join(dir, name), zxid })
  }
  return found.sort((a, b) => a.zxid - b.zxid)
}

/** Descending by zxid: the newest first. */
export function listSnapshots(files: FileSystem, dir: string): SnapshotName[] {
  const found: SnapshotName[] = []
  for (const name of files.list(dir)) {
    const match = /^snapshot\.([0-9a-f]+)(?:\.(gz|snappy))?$/i.exec(name)
    const zxid = match === null ? null : parseZxidHex(match[1] as string)
    if (match !== null && zxid !== null)
      found.push({ path: join(dir, name), zxid, compression: (match[2] ?? '') as Compression })
  }
  return found.sort((a, b) => b.zxid - a.zxid)
}
