/**
 * Every name that a member gives to a file or folder of its data. `log.<hex of the first>` and
 * `snapshot.<hex of the last>[.gz]` carry a zxid; Apache takes any name whose first dotted part is `log` or
 * `snapshot` for one of these (Util.getZxidFromName), so temporary names must begin otherwise.
 *
 * `down --volumes` removes what is named here and nothing else: a new kind of file or folder is declared here
 * first.
 */
import { join } from 'node:path'
import { parseZxidHex, type Zxid, zxidHex } from '../protocol/zxid.ts'
import type { FileSystem } from './fileSystem.ts'

export const VERSION_DIR = 'version-2'
export const TEMPORARY_PREFIX = 'tmp-'
/** How far the history has reached (historyRecord.ts). Apache ignores the name. */
export const HISTORY_RECORD = 'zk-pseudo.history'

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

/** Until its first batch is durable. */
export function temporaryLogName(zxid: Zxid): string {
  return TEMPORARY_PREFIX + logName(zxid)
}

/** Until it is whole; `token` keeps two attempts apart. */
export function temporarySnapshotName(zxid: Zxid, compression: Compression, token: string): string {
  return `${TEMPORARY_PREFIX}${snapshotName(zxid, compression)}.${token}`
}

/** A log or snapshot that a crash cut short. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name)
}

const TEMPORARY = new RegExp(`^${TEMPORARY_PREFIX}(snapshot|log)\\.`)

export const EPOCH_FILES = { accepted: 'acceptedEpoch', current: 'currentEpoch' } as const

/** Ends the name of what is not in force yet; Apache's AtomicFileOutputStream names it so, too. */
export const UNFINISHED = '.tmp'

/** Begins the name of a lock in dataDir or dataLogDir. */
export const LOCK_PREFIX = 'zk-pseudo.lock.'

/** Why a member's data was set aside: it lacks what others have, it cannot be read, somebody asked for it. */
export type AsideReason = 'lacks' | 'unreadable' | 'resync'

const ASIDE_REASONS: Readonly<Record<AsideReason, true>> = { lacks: true, unreadable: true, resync: true }

/** The name of a version-2 that was set aside. `what` keeps two apart: a zxid, or the time. */
export function asideName(reason: AsideReason, what: string): string {
  return `${VERSION_DIR}.${reason}-${what}`
}

/**
 * Whether a folder of this name, in a dataDir or dataLogDir, is a member's: the one in use, or one set aside.
 */
export function isVersionDir(name: string): boolean {
  return name === VERSION_DIR || ASIDE.test(name)
}

const ASIDE = new RegExp(`^${VERSION_DIR}\\.(${Object.keys(ASIDE_REASONS).join('|')})-[0-9a-f]+$`)

/** Whether a member gives this name to a file in version-2. */
export function isMemberFile(name: string): boolean {
  return isTemporary(name) || isLockFile(name) || MEMBER_FILE.test(name)
}

const MEMBER_FILE = new RegExp(
  `^(log\\.[0-9a-f]+|snapshot\\.[0-9a-f]+(\\.gz|\\.snappy)?|${Object.values(EPOCH_FILES).join('|')}|${HISTORY_RECORD})(\\${UNFINISHED})?$`,
)

export function isLockFile(name: string): boolean {
  return name.startsWith(LOCK_PREFIX)
}

export interface ForeignName {
  path: string
  /** Infinity for one that is beyond the epochs this version can count. */
  zxid: number
}

/**
 * Logs and snapshots by their names' beginning, with an ending that means nothing here: a later version's
 * compression, or copies that somebody made. (Apache reads either as if it were plain.)
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
