/**
 * Every name that a member gives to a file or folder of its data. `log.<hex of its first transaction>` and
 * `snapshot.<hex of its last transaction>[.gz]` carry a zxid. Apache takes any name whose first dotted part
 * is `log` or `snapshot` for one of these (Util.getZxidFromName), so temporary names must begin differently.
 *
 * `down --volumes` removes what `isVersionDir` and `isMemberFile` recognize, and nothing else. So a new kind
 * of file or folder must be declared here first.
 */
import { join } from 'node:path'
import { parseZxidHex, type Zxid, zxidHex } from '../protocol/zxid.ts'
import type { FileSystem } from './fileSystem.ts'

export const VERSION_DIR = 'version-2'
/**
 * A file that somebody puts into dataLogDir to permit a new, empty database (zkServer-initialize.sh). It is
 * removed once that database exists.
 */
export const INITIALIZE_FLAG = 'initialize'
const TEMPORARY_PREFIX = 'tmp-'
/** The file that says how far the history has reached (historyRecord.ts). Apache ignores the name. */
export const HISTORY_RECORD = 'zk-pseudo.history'

export type Compression = '' | 'gz' | 'snappy'

export interface LogName {
  path: string
  /** The zxid of the log's first transaction. */
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

/** The zxid is never -1 (no database yet): a snapshot of that is never taken. */
export function snapshotName(zxid: Zxid, compression: Compression): string {
  return `snapshot.${zxidHex(zxid)}${compression === '' ? '' : `.${compression}`}`
}

/** The name of a log until its first batch is durable. */
export function temporaryLogName(zxid: Zxid): string {
  return TEMPORARY_PREFIX + logName(zxid)
}

/** The name of a snapshot until it is complete. `token` keeps two attempts apart. */
export function temporarySnapshotName(zxid: Zxid, compression: Compression, token: string): string {
  return `${TEMPORARY_PREFIX}${snapshotName(zxid, compression)}.${token}`
}

/** Whether the name is that of a log or snapshot that is not in force yet: a crash may have cut it short. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name)
}

const TEMPORARY = new RegExp(`^${TEMPORARY_PREFIX}(snapshot|log)\\.`)

export const EPOCH_FILES = { accepted: 'acceptedEpoch', current: 'currentEpoch' } as const

/** The ending of a file that is not in force yet. Apache's AtomicFileOutputStream uses it, too. */
export const UNFINISHED = '.tmp'

/** The beginning of the name of a lock in dataDir or dataLogDir. */
export const LOCK_PREFIX = 'zk-pseudo.lock.'

/**
 * Why a member's data was set aside: it lacks transactions that others have, it cannot be read, or somebody
 * asked for a resync.
 */
export type AsideReason = 'lacks' | 'unreadable' | 'resync'

const ASIDE_REASONS: Readonly<Record<AsideReason, true>> = { lacks: true, unreadable: true, resync: true }

/** The name of a version-2 folder that was set aside. `what` keeps two of them apart: a zxid, or the time. */
export function asideName(reason: AsideReason, what: string): string {
  return `${VERSION_DIR}.${reason}-${what}`
}

/**
 * Whether a folder of this name in a dataDir or dataLogDir belongs to a member: the one in use, or one that
 * was set aside.
 */
export function isVersionDir(name: string): boolean {
  return name === VERSION_DIR || ASIDE.test(name)
}

const ASIDE = new RegExp(`^${VERSION_DIR}\\.(${Object.keys(ASIDE_REASONS).join('|')})-[0-9a-f]+$`)

/** Whether a file of this name in version-2 belongs to a member. */
export function isMemberFile(name: string): boolean {
  return isTemporary(name) || isLockFile(name) || MEMBER_FILE.test(name)
}

const MEMBER_FILE = new RegExp(
  `^(log\\.[0-9a-f]+|snapshot\\.[0-9a-f]+(\\.gz|\\.snappy)?|${Object.values(EPOCH_FILES).join('|')}|${HISTORY_RECORD})(\\${UNFINISHED})?$`,
)

export function isLockFile(name: string): boolean {
  return name.startsWith(LOCK_PREFIX)
}

interface ForeignName {
  path: string
  /** Infinity when the name's zxid is beyond the epochs that this version can hold. */
  zxid: number
}

/**
 * Files whose names begin as those of logs and snapshots do, but have an ending that means nothing here: a
 * later version's compression, or a copy that somebody made. (Apache reads either as if it were plain.)
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

/** The logs in ascending order of their zxids. */
export function listLogs(files: FileSystem, dir: string): LogName[] {
  const found: LogName[] = []
  for (const name of files.list(dir)) {
    const zxid = name.startsWith('log.') ? parseZxidHex(name.slice(4)) : null
    if (zxid !== null) found.push({ path: join(dir, name), zxid })
  }
  return found.sort((a, b) => a.zxid - b.zxid)
}

/** The snapshots in descending order of their zxids: the newest first. */
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
