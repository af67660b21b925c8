/**
 * Taking a cluster's folder: one atomic step before anything in it is written, moved or removed. Of all
 * processes that share this machine's network namespace, one holds the folder, by its path (so that it may be
 * made under the claim) and by its inode (so that other paths to it count as the same). A supervisor in
 * another network namespace shows itself by its control socket, which lies in the folder.
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

/** A holder that only prepares, removes, or has noticed that its folder is gone lets go within this time. */
const PATIENCE_MS = 5000
const AGAIN_MS = 20

/** What the process that holds a folder tells of itself. */
export interface Holder extends ProcessIdentity {
  /** Null until it is known. */
  name: string | null
  dir: string
  /** The folder that it holds; null until that is made. */
  inode: string | null
  /** It holds the folder for a moment only, and runs nothing there. */
  brief: boolean
}

export class FolderClaim {
  /** Canonical. */
  readonly path: string
  /** The levels that were made for it, the outermost first. */
  readonly made: readonly string[]
  private readonly holder: Holder
  private readonly releases: Release[]

  /**
   * Makes the folder if need be, and holds it.
   * @throws OperationError `ALREADY_RUNNING`, which says who runs there; the system's error when it cannot be
   *   made
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

  /** What others are told from now on. */
  set name(name: string) {
    this.holder.name = name
  }

  /**
   * Whether the folder is still there, and still this one. It was emptied when none of its own files is left.
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

/** Who holds the folder at this path, which may be gone or another one by now; null when nobody does. */
export async function holderOf(path: string): Promise<Holder | null> {
  return parse(await askHolder(nameOfPath(path)), path)
}

/** The words for somebody who wants a folder that another has. */
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

/** It lets go soon, or says soon what its name is: a supervisor reads that only when it has the folder. */
function isBeginningOrEnding(holder: Holder): boolean {
  return holder.brief || isReplaced(holder) || (holder.pid > 0 && holder.name === null)
}

/** A holder that does not answer is who the folder says it is. */
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

/** The words for somebody who is not the cluster's user. */
export function notAllowed(dir: string): OperationError {
  const uid = statSync(dir, { throwIfNoEntry: false })?.uid
  const owner = uid === undefined ? 'another user' : `another user (uid ${uid})`
  return new OperationError(
    'NOT_ALLOWED',
    `the cluster in ${dir} belongs to ${owner}`,
    'only the user who started a cluster can control it; take a folder of your own: --dir FOLDER',
  )
}

/** The same path may be another folder in another mount namespace that shares the network. */
function nameOfPath(path: string): string {
  let mounts = ''
  try {
    mounts = readlinkSync('/proc/self/ns/mnt')
  } catch {
    // A system without them.
  }
  return `path-${createHash('sha1').update(`${mounts} ${path}`).digest('hex')}`
}

/** Whether the folder that it holds is gone, or another one by now. What cannot be looked at is not. */
export function isReplaced({ dir, inode }: Pick<Holder, 'dir' | 'inode'>): boolean {
  if (inode === null) return false
  try {
    const stats = statSync(dir, { bigint: true, throwIfNoEntry: false })
    return stats === undefined || `${stats.dev}-${stats.ino}` !== inode
  } catch {
    return false
  }
}

/** While it is open its inode is given to no other folder, even when it was removed. */
function keepOpen(path: string): Release {
  if (process.platform === 'win32') return () => {}
  const folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  return () => closeSync(folder)
}

/** Not mkdir's own recursion, which never ends below /proc. */
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
