/**
 * Claims a cluster's folder, in one atomic step before anything in it is written, moved or removed. Of all
 * processes that share this machine's network namespace, one holds the folder, by its path (so that the
 * folder can be made under the claim) and by its inode (so that other paths to it count as the same). A
 * supervisor in another network namespace is visible by its control socket, which lies in the folder.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readlinkSync,
  rmdirSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { OperationError } from '../../api/operationError.ts'
import { performance, sleep } from '../../time.ts'
import { canonicalPath } from './canonicalPath.ts'
import { askHolder, claim, type Release } from './claim.ts'
import { probe } from './controlSocket.ts'
import { identityOf, isStopped, type ProcessIdentity } from './processes.ts'
import { readState } from './supervisorState.ts'

/**
 * A holder that only prepares, removes, or has noticed that its folder is gone releases it within this time.
 */
const PATIENCE_MS = 5000
const AGAIN_MS = 20

/** What the process that holds a folder reports of itself. */
interface Holder extends ProcessIdentity {
  /** The cluster's name; null until it is known. */
  name: string | null
  dir: string
  /** The folder that it holds; null until that is made. */
  inode: string | null
  /** Whether it holds the folder only for a moment, and runs nothing there. */
  brief: boolean
}

export class FolderClaim {
  /** The canonical path of the folder. */
  readonly path: string
  /** The levels that were made for the folder, the outermost first. */
  readonly made: readonly string[]
  private readonly holder: Holder
  private readonly releases: Release[]

  /**
   * Makes the folder if necessary, and claims it.
   * @throws OperationError `ALREADY_RUNNING`, which says which cluster runs there; the system's error if the
   *   folder cannot be made
   */
  static async take(folder: string, { brief = false } = {}): Promise<FolderClaim> {
    const path = canonicalPath(folder)
    const holder: Holder = { ...identityOf(process.pid), name: null, dir: path, inode: null, brief }
    const releases = [await claimOrThrow(nameOfPath(path), holder)]
    const made: string[] = []
    try {
      make(path, made)
      const stats = statSync(path, { bigint: true })
      holder.inode = `${stats.dev}-${stats.ino}`
      releases.push(await claimOrThrow(`folder-${holder.inode}`, holder))
      releases.push(keepOpen(path))
      await checkSilent(path)
      return new FolderClaim(path, made, holder, releases)
    } catch (error) {
      removeEmpty(made)
      for (const release of releases) release()
      throw error
    }
  }

  private constructor(path: string, made: readonly string[], holder: Holder, releases: Release[]) {
    this.path = path
    this.made = made
    this.holder = holder
    this.releases = releases
  }

  /** The name that others are told from now on. */
  set name(name: string) {
    this.holder.name = name
  }

  /**
   * Whether the folder still exists and is still this one. It counts as emptied if none of its own files is
   * left.
   */
  get isHere(): boolean {
    if (isReplaced(this.holder)) return false
    return ['cluster.json', 'supervisor.json', 'control.sock'].some((file) =>
      existsSync(join(this.path, file)),
    )
  }

  release(): void {
    for (const release of this.releases.splice(0)) release()
  }
}

/** The holder of the folder at this path, which may be gone or replaced by now; null if there is none. */
export async function holderOf(path: string): Promise<Holder | null> {
  return parse(await askHolder(nameOfPath(path)), path)
}

/** The error for a caller that wants a folder which another process holds. */
export function alreadyRunning({ name, dir, pid }: Pick<Holder, 'name' | 'dir' | 'pid'>): OperationError {
  const by = pid > 0 ? ` (process ${pid})` : ''
  const hint = 'it is seen with zk-pseudo ps, and ended with zk-pseudo down'
  return new OperationError('ALREADY_RUNNING', `${name ?? 'a cluster'} runs in ${dir}${by}`, hint)
}

async function claimOrThrow(name: string, holder: Holder): Promise<Release> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const release = await claim(name, () => JSON.stringify(holder))
    if (release !== null) return release
    const other = parse(await askHolder(name), holder.dir)
    const isPassing = other === null || (!isStopped(other) && isBeginningOrEnding(other))
    if (!isPassing || performance.now() > deadline) throw alreadyRunning(other ?? { ...holder, pid: 0 })
    await sleep(AGAIN_MS)
  }
}

/**
 * The holder releases the folder soon, or reports its name soon: a supervisor reads the name only after it
 * has claimed the folder.
 */
function isBeginningOrEnding(holder: Holder): boolean {
  return holder.brief || isReplaced(holder) || (holder.pid > 0 && holder.name === null)
}

/** A holder that does not answer is identified by what the folder says. */
function parse(told: string | null, dir: string): Holder | null {
  if (told === null) return null
  try {
    return JSON.parse(told) as Holder
  } catch {
    const nobody = { pid: 0, startTime: null, pidScope: null, name: null }
    return { ...(readState(dir) ?? nobody), dir, inode: null, brief: false }
  }
}

async function checkSilent(path: string): Promise<void> {
  const answer = await probe(path)
  if (answer === 'silent') return
  const state = readState(path)
  if (answer === 'answers')
    throw alreadyRunning({ name: state?.name ?? null, pid: state?.pid ?? 0, dir: path })
  throw notAllowed(path)
}

/** The error for a caller that runs as another user than the cluster. */
export function notAllowed(dir: string): OperationError {
  const uid = statSync(dir, { throwIfNoEntry: false })?.uid
  const owner = uid === undefined ? 'another user' : `another user (uid ${uid})`
  return new OperationError(
    'NOT_ALLOWED',
    `the cluster in ${dir} belongs to ${owner}`,
    'only the user who started a cluster can control it; take a folder of your own: --dir FOLDER',
  )
}

/** The same path may be a different folder in another mount namespace that shares the network. */
function nameOfPath(path: string): string {
  let mounts = ''
  try {
    mounts = readlinkSync('/proc/self/ns/mnt')
  } catch {
    // The system has no namespaces.
  }
  return `path-${createHash('sha1').update(`${mounts} ${path}`).digest('hex')}`
}

/**
 * Whether the folder that the holder claimed is gone or has been replaced. A folder that cannot be examined
 * counts as present.
 */
export function isReplaced({ dir, inode }: Pick<Holder, 'dir' | 'inode'>): boolean {
  if (inode === null) return false
  try {
    const stats = statSync(dir, { bigint: true, throwIfNoEntry: false })
    return stats === undefined || `${stats.dev}-${stats.ino}` !== inode
  } catch {
    return false
  }
}

/** While the descriptor is open, the inode is given to no other folder, even if the folder was removed. */
function keepOpen(path: string): Release {
  if (process.platform === 'win32') return () => {}
  const folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  return () => closeSync(folder)
}

/** This does not use mkdir's own recursion, which never ends below /proc. */
function make(path: string, made: string[]): void {
  if (existsSync(path)) return
  make(dirname(path), made)
  try {
    mkdirSync(path)
    made.push(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function removeEmpty(folders: readonly string[]): void {
  for (const folder of [...folders].reverse()) {
    try {
      rmdirSync(folder)
    } catch {
      return
    }
  }
}
