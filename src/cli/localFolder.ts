/**
 * The folder that `localize` makes. Nothing in it is overwritten unless it was asked for, and then only what
 * an earlier `localize` wrote; data is never replaced.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { LOCAL_MARK, type LocalMember } from '../config/localize/localize.ts'
import { copyData, type DataCopy, type DataDirs, isDataFault } from '../storage/dataCopy.ts'
import { OperationError } from './errors.ts'

/** By member: where its data is now. */
export type DataSources = ReadonlyMap<number, DataDirs>

/** @throws OperationError when something in the folder must not be overwritten */
export function checkFolder(
  out: string,
  members: readonly LocalMember[],
  sources: DataSources,
  force: boolean,
): void {
  if (!existsSync(out)) return
  const present = readdirSync(out)
  if (present.length > 0 && !force) {
    const hint = 'name another (--out DIR), or have its configs made anew (--force; data stays)'
    throw new OperationError('OUT_NOT_EMPTY', `${out} is not empty`, hint)
  }
  const foreign = present.filter((name) => name.endsWith('.cfg') && !isMadeHere(join(out, name)))
  if (foreign.length > 0) {
    const hint = 'move them, or name another folder: --out DIR'
    throw new OperationError('OUT_NOT_EMPTY', `${out} has configs of others: ${foreign.join(', ')}`, hint)
  }
  for (const { sid, dataDir, dataLogDir } of members) {
    const full = [dataDir, dataLogDir].map((dir) => join(dir, 'version-2')).find((dir) => hasFiles(dir))
    if (!sources.has(sid) || full === undefined) continue
    const hint = 'move it away, or name another folder: --out DIR'
    throw new OperationError('OUT_NOT_EMPTY', `member ${sid} has data already: ${full}`, hint)
  }
}

function isMadeHere(file: string): boolean {
  return readFileSync(file, 'utf8').startsWith(LOCAL_MARK)
}

function hasFiles(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0
}

/** @returns by member, what was copied into it */
export async function writeFolder(
  out: string,
  members: readonly LocalMember[],
  sources: DataSources,
): Promise<Map<number, DataCopy>> {
  mkdirSync(out, { recursive: true })
  // Removes configs of an earlier run, of members that no longer exist, because `up` would use them too.
  for (const name of readdirSync(out)) if (name.endsWith('.cfg')) rmSync(join(out, name))
  const copies = new Map<number, DataCopy>()
  for (const member of members) {
    for (const folder of [member.dataDir, member.dataLogDir, ...member.folders])
      mkdirSync(folder, { recursive: true })
    writeFileSync(join(member.dataDir, 'myid'), `${member.sid}\n`)
    const source = sources.get(member.sid)
    const copy = source === undefined ? null : await copyData(source, member).catch(dataFault)
    if (source !== undefined && copy === null) throw noData(source.dataDir)
    if (copy !== null) copies.set(member.sid, copy)
    else if (member.initializeFile !== null) writeFileSync(member.initializeFile, '')
    writeFileSync(member.file, member.text)
  }
  return copies
}

/** For `catch`: data that cannot be copied is reported to the user, and is no fault of this program. */
export function dataFault(error: unknown): never {
  if (!isDataFault(error)) throw error
  throw new OperationError('BAD_DATA', error.message, 'nothing of the data there was changed')
}

function noData(dir: string): OperationError {
  const hint = 'name the dataDir itself, the folder that holds version-2'
  return new OperationError(
    'NO_DATA',
    `${dir} has no ZooKeeper data (no snapshots or logs in version-2)`,
    hint,
  )
}

/**
 * From `--data 1=DIR`, `--data DIR` (for every member), given twice where logs are kept apart.
 * @throws OperationError when a folder has no data
 */
export function dataSources(
  given: readonly { sid: number | null; dir: string }[],
  members: readonly LocalMember[],
): DataSources {
  const found = new Map<number, DataDirs>()
  for (const { sid: member } of members) {
    const own = given.filter(({ sid }) => sid === member)
    const dirs = (own.length > 0 ? own : given.filter(({ sid }) => sid === null)).map(({ dir }) =>
      homeOf(dir),
    )
    const [first, ...more] = dirs
    if (first !== undefined) found.set(member, dirsOf([first, ...more]))
  }
  return found
}

/** Either version-2 itself or the folder around it. */
function homeOf(dir: string): string {
  return basename(dir) === 'version-2' ? dirname(dir) : dir
}

function dirsOf(dirs: readonly [string, ...string[]]): DataDirs {
  const has = (dir: string, prefix: string): boolean => {
    const folder = join(dir, 'version-2')
    return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith(prefix))
  }
  const missing = dirs.find((dir) => !has(dir, 'snapshot.') && !has(dir, 'log.'))
  if (missing !== undefined) throw noData(missing)
  const dataDir = dirs.find((dir) => has(dir, 'snapshot.')) ?? dirs[0]
  return { dataDir, dataLogDir: dirs.find((dir) => has(dir, 'log.')) ?? dataDir }
}
