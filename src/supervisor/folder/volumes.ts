/**
 * Removes what zk-pseudo made, and nothing else.
 *
 * Invariant: a file is removed only if its path is recorded as made, or if its name is one that members or
 * supervisors give (storage/fileNames, config/load/fileNames, lineFile) and it lies beside a recorded file or
 * in a recorded folder. A folder is removed only if it is recorded, or belongs to a member, and is empty.
 */
import { type Dirent, lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { basename, dirname, extname, join, sep } from 'node:path'
import { isBesideConfig } from '../../config/load/fileNames.ts'
import { isLockFile, isMemberFile, isVersionDir } from '../../storage/fileNames.ts'
import { previousOf } from '../logs/lineFile.ts'

/** Something that stays, and the reason, for people. */
export interface Kept {
  path: string
  reason: string
}

export interface Removal {
  /** The files and folders that were removed, in order of removal. */
  removed: string[]
  /** What lies among them and is not ours. */
  kept: Kept[]
  /** What is ours and could not be removed. */
  failed: Kept[]
}

const NOT_OURS = 'not made by zk-pseudo'

/** @param made the paths in the order in which they were made */
export function removeMade(made: readonly string[]): Removal {
  const removal: Removal = { removed: [], kept: [], failed: [] }
  // A link in place of one of our folders leads to something that was never ours.
  const links = made.filter((path) => kindOf(path) === 'link')
  removal.kept.push(...links.map((path) => ({ path, reason: 'a link, which zk-pseudo did not make' })))
  const own = made.filter((path) => !links.some((link) => isWithin(path, link)))
  for (const path of [...own].reverse()) {
    const kind = kindOf(path)
    if (kind === 'folder') removeFolder(path, removal)
    else if (kind === 'file') {
      for (const beside of writtenBeside(path)) removeFile(beside, removal)
      removeFile(path, removal)
    }
  }
  const failed = new Set(removal.failed.map(({ path }) => path))
  for (const folder of own) {
    const left = entriesOf(folder).map(({ name }) => join(folder, name))
    const strange = left.filter((path) => !own.includes(path) && !failed.has(path) && !links.includes(path))
    removal.kept.push(...strange.flatMap(nameStrangers))
  }
  return removal
}

export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

/** For a member's folder, this reports the contents that are not ours. */
function nameStrangers(path: string): Kept[] {
  const inside = isVersionDir(basename(path)) ? entriesOf(path) : []
  const paths = inside.length === 0 ? [path] : inside.map(({ name }) => join(path, name))
  return paths.map((stranger) => ({ path: stranger, reason: NOT_OURS }))
}

/** The files that a member writes beside its zoo.cfg, and the predecessor of a file of lines. */
export function writtenBeside(path: string): string[] {
  if (extname(path) === '.log' || extname(path) === '.jsonl') return [previousOf(path)]
  if (extname(path) !== '.cfg') return []
  const names = entriesOf(dirname(path)).filter((entry) => entry.isFile() && isBesideConfig(path, entry.name))
  return names.map(({ name }) => join(dirname(path), name)).filter((beside) => beside !== path)
}

function removeFolder(folder: string, removal: Removal): void {
  if (isVersionDir(basename(folder))) {
    removeNamed(folder, isMemberFile, removal)
    removeNamed(dirname(folder), isLockFile, removal)
  } else {
    removeNamed(folder, isLockFile, removal)
    for (const entry of entriesOf(folder)) {
      if (entry.isDirectory() && isVersionDir(entry.name)) removeFolder(join(folder, entry.name), removal)
    }
  }
  try {
    rmdirSync(folder)
    removal.removed.push(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A file that a user put there is named by its own path.
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') removal.failed.push(failure(folder, error))
  }
}

function removeNamed(folder: string, isOurs: (name: string) => boolean, removal: Removal): void {
  for (const entry of entriesOf(folder)) {
    if (entry.isFile() && isOurs(entry.name)) removeFile(join(folder, entry.name), removal)
  }
}

function removeFile(path: string, removal: Removal): void {
  if (kindOf(path) === null) return
  try {
    rmSync(path)
    removal.removed.push(path)
  } catch (error) {
    removal.failed.push(failure(path, error))
  }
}

function failure(path: string, error: unknown): Kept {
  return { path, reason: `it cannot be removed (${(error as NodeJS.ErrnoException).code})` }
}

function kindOf(path: string): 'folder' | 'link' | 'file' | null {
  try {
    const stats = lstatSync(path)
    return stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'folder' : 'file'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Whatever the problem is, the attempt to remove it reports it.
    return code === 'ENOENT' || code === 'ENOTDIR' ? null : 'file'
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    // The folder does not exist, is no folder, or is not readable: then it cannot be removed either, which is
    // reported.
    return []
  }
}
