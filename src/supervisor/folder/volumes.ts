/**
 * Removes what zk-pseudo made, and nothing else.
 *
 * Invariant: a file goes only if its path is remembered as made, or if it bears a name that members or
 * supervisors give (storage/fileNames, config/load/fileNames, lineFile) beside a file or in a folder that is
 * remembered; a folder goes only when it is remembered, or a member's, and nothing is left in it.
 */
import { type Dirent, lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { basename, dirname, extname, join, sep } from 'node:path'
import { isBesideConfig } from '../../config/load/fileNames.ts'
import { isLockFile, isMemberFile, isVersionDir } from '../../storage/fileNames.ts'
import { previousOf } from '../logs/lineFile.ts'

/** Something that stays, and why, for people. */
export interface Kept {
  path: string
  reason: string
}

export interface Removal {
  /** Files and folders that are gone, in the order in which they went. */
  removed: string[]
  /** What is not ours and lies among it. */
  kept: Kept[]
  /** What is ours and could not be removed. */
  failed: Kept[]
}

const NOT_OURS = 'not made by zk-pseudo'

/** @param made in the order in which it was made */
export function removeMade(made: readonly string[]): Removal {
  const removal: Removal = { removed: [], kept: [], failed: [] }
  // A link in place of a folder of ours leads to something that was never ours.
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

/** In a folder of a member's it is what lies there that is not ours. */
function nameStrangers(path: string): Kept[] {
  const inside = isVersionDir(basename(path)) ? entriesOf(path) : []
  const paths = inside.length === 0 ? [path] : inside.map(({ name }) => join(path, name))
  return paths.map((stranger) => ({ path: stranger, reason: NOT_OURS }))
}

/** What a member writes beside its zoo.cfg, and the file of lines that the present one continues. */
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
    // What somebody put there is named by its own path.
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
    // Whatever it is, the attempt to remove it says what is wrong.
    return code === 'ENOENT' || code === 'ENOTDIR' ? null : 'file'
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    // Not there, not a folder, or not for us to read: then it cannot be removed either, which is reported.
    return []
  }
}
