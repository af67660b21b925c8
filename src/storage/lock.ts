/**
 * Keeps two members off one data directory. Each contender creates a file of its own,
 * `zk-pseudo.lock.<pid>.<start time>.<token>`, and only then looks for others: if one of those has a living
 * owner it withdraws. Of two that come at once the later to create sees the earlier, so never both succeed
 * (both may withdraw). No file is ever taken over, so there is no moment between "it is stale" and "it is
 * mine"; files of the dead are removed in passing.
 *
 * Whether an owner lives: a thread that is terminated runs no code, but Node closes the file descriptors it
 * had opened, and the kernel those of a dead process. On Linux /proc shows whether the owner still holds its
 * lock file open, so a member restarted within the same process follows its killed predecessor at once.
 * Elsewhere a lock of another live process holds, and one of this process does not: the supervisor there
 * starts a member anew only when its predecessor has ended.
 * Apache ZooKeeper neither makes nor minds these files. Containers that share a volume but not their process
 * ids are beyond this lock, as they are beyond Apache's (it has none).
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { StorageError } from './errors.ts'
import { LOCK_PREFIX } from './fileNames.ts'
import type { FileSystem } from './fileSystem.ts'

const hasProc = existsSync('/proc/self/fd')

export interface DirectoryLock {
  release(): void
}

/** @throws StorageError `locked`, naming the owner. */
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
      // On a disk that takes no writes any more it stays: nobody holds it open, so it is nobody's.
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

/** The process of the member that uses `dir`; null when none does, or when there is no such directory. */
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
  const match = /^zk-pseudo\.lock\.(\d+)\.(\d+)\.[0-9a-f]+$/.exec(name)
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

/** In clock ticks since boot, which tells a process from a later one with its pid; null where unknown. */
function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command's name, field 2, may hold spaces and parentheses: count from the last one.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

/**
 * Whether the process has this very file open (a copy of a directory in use has lock files of the same
 * names); null where that cannot be seen: another user's process, or no /proc.
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

/** null for what is closed or removed by now. */
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
