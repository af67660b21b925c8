/**
 * The lock that keeps two members from using one data directory. Each contender creates a file of its own,
 * `zk-pseudo.lock.<pid>.<start time>.<token>`, and only then looks for others. If one of those has a living
 * owner, the contender withdraws. Of two that come at once, the one that creates its file later sees the
 * earlier one, so they never both succeed (both may withdraw). No file is ever taken over, so there is no
 * moment between "it is stale" and "it is mine". Files of dead owners are removed in passing.
 *
 * How a living owner is recognized: a terminated thread runs no code, but Node closes the file descriptors
 * that it had opened, and the kernel closes those of a dead process. On Linux, /proc shows whether the owner
 * still holds its lock file open, so a member restarted within the same process can follow its killed
 * predecessor at once. On other systems, a lock of another live process holds, and a lock of this process
 * does not, because the supervisor restarts a member only when its predecessor has ended.
 *
 * Apache ZooKeeper neither creates nor heeds these files. The lock cannot keep apart containers that share a
 * volume but not their process ids; Apache, which has no lock, cannot either.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { StorageError } from './errors.ts'
import { isLockFile, LOCK_PREFIX } from './fileNames.ts'
import type { FileSystem } from './fileSystem.ts'

const hasProc = existsSync('/proc/self/fd')

export interface DirectoryLock {
  release(): void
}

/** @throws StorageError `locked`, which names the owner */
export function lockDirectory(files: FileSystem, dir: string): DirectoryLock {
  const name = `${LOCK_PREFIX}${process.pid}.${startTime(process.pid) ?? 0}.${randomBytes(6).toString('hex')}`
  const path = join(dir, name)
  const fd = files.open(path, 'create')
  let released = false
  const release = () => {
    if (released) return
    released = true
    files.close(fd)
    try {
      removeIfThere(files, path)
    } catch (error) {
      // On a disk that no longer takes writes, the file stays. No process holds it open, so it locks nothing.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
    }
  }
  try {
    for (const other of files.list(dir)) {
      const owner = other === name ? null : ownerOf(other)
      if (owner === null) continue
      if (isHeld(owner, join(dir, other)))
        throw new StorageError('locked', dir, `is in use by process ${owner.pid}`, {
          hint: `Stop that member first${hasProc ? '' : `, or remove ${other} if no member runs there`}`,
        })
      removeIfThere(files, join(dir, other))
    }
  } catch (error) {
    release()
    throw error
  }
  return { release }
}

/**
 * The pid of the process whose member uses `dir`; null when no member does, or when there is no such
 * directory.
 */
export function lockHolder(dir: string): number | null {
  let names: string[]
  try {
    names = readdirSync(dir)
  } catch {
    return null
  }
  const owners = names.map((name) => ({ owner: ownerOf(name), path: join(dir, name) }))
  return owners.find(({ owner, path }) => owner !== null && isHeld(owner, path))?.owner?.pid ?? null
}

interface Owner {
  pid: number
  startTime: string
}

function ownerOf(name: string): Owner | null {
  if (!isLockFile(name)) return null
  const match = /^(\d+)\.(\d+)\.[0-9a-f]+$/.exec(name.slice(LOCK_PREFIX.length))
  return match === null ? null : { pid: Number(match[1]), startTime: match[2] as string }
}

function isHeld(owner: Owner, path: string): boolean {
  if (!isAlive(owner.pid)) return false
  const started = startTime(owner.pid)
  if (started !== null && started !== owner.startTime) return false
  return holdsOpen(owner.pid, path) ?? owner.pid !== process.pid
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * When a process started, in clock ticks since boot. This tells a process from a later one with the same pid.
 * Null where it is not known.
 */
function startTime(pid: number): string | null {
  return statFields(`/proc/${pid}/stat`)?.[19] ?? null
}

/**
 * The fields that follow the command's name in /proc's line about a process or a thread (Linux,
 * proc_pid_stat(5)): the state at index 0, the start time at index 19. The name may itself hold blanks and
 * parentheses, so the fields are counted from the last parenthesis. Null when the process is gone.
 */
export function statFields(file: string): string[] | null {
  try {
    const text = readFileSync(file, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}

/**
 * Whether the process has this very file open. (A copy of a directory in use has lock files of the same
 * names.) Null where that cannot be seen: it is another user's process, or there is no /proc.
 */
function holdsOpen(pid: number, path: string): boolean | null {
  const dir = `/proc/${pid}/fd`
  let descriptors: string[]
  try {
    descriptors = readdirSync(dir)
  } catch {
    return null
  }
  const file = statOrNull(path)
  return descriptors.some((fd) => {
    const open = statOrNull(join(dir, fd))
    return open !== null && file !== null && open.ino === file.ino && open.dev === file.dev
  })
}

/** Null when the file has been closed or removed meanwhile. */
function statOrNull(path: string): Stats | null {
  return statSync(path, { throwIfNoEntry: false }) ?? null
}

function removeIfThere(files: FileSystem, path: string): void {
  try {
    files.remove(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
