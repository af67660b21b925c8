/**
 * Processes by pid and start time: a pid alone may since have been given to another process. The start time
 * is field 22 of /proc/PID/stat on Linux, and the output of `ps` elsewhere; only equality matters.
 *
 * A pid is meaningful only in its pid namespace and until the next boot. A process of another container, or
 * of another machine that shares the folder, cannot be judged by its pid: it is `unknown`, which is neither
 * alive nor gone, and nothing is removed or killed because of it.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { statFields } from '../../storage/lock.ts'

export interface ProcessIdentity {
  pid: number
  /** The start time; null if the system does not report it. */
  startTime: string | null
  /** The pid namespace and the boot in which `pid` is valid; null if the system has neither. */
  pidScope: string | null
}

type Fate = 'alive' | 'gone' | 'unknown'

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTime: startTimeOf(pid), pidScope: ownScope() }
}

/** The state of this very process. A zombie counts as gone. */
export function fateOf({ pid, startTime, pidScope }: ProcessIdentity): Fate {
  if (pidScope !== ownScope()) return 'unknown'
  if (pid <= 0) return 'gone'
  const signal = signalled(pid)
  if (signal === 'ESRCH') return 'gone'
  if (hasOwnProc()) {
    const stat = statFields(`/proc/${pid}/stat`)
    // With hidepid, another user's process exists but cannot be seen.
    if (stat === null) return signal === 'EPERM' ? 'unknown' : 'gone'
    if (stat[0] === 'Z' || stat[0] === 'X') return 'gone'
  }
  return startTime === null || startTimeOf(pid) === startTime ? 'alive' : 'gone'
}

export function isAlive(identity: ProcessIdentity): boolean {
  return fateOf(identity) === 'alive'
}

/** Whether the process is frozen by SIGSTOP, Ctrl-Z or a debugger. */
export function isStopped(identity: ProcessIdentity): boolean {
  if (!hasOwnProc() || !isAlive(identity)) return false
  const state = statFields(`/proc/${identity.pid}/stat`)?.[0]
  return state === 'T' || state === 't'
}

/** The error of a signal that does nothing; null if it may be sent. */
function signalled(pid: number): string | null {
  try {
    process.kill(pid, 0)
    return null
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'ESRCH'
  }
}

function startTimeOf(pid: number): string | null {
  if (process.platform === 'linux')
    return hasOwnProc() ? (statFields(`/proc/${pid}/stat`)?.[19] ?? null) : null
  if (process.platform === 'win32') return null
  const { status, stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}

let scope: string | null | undefined

function ownScope(): string | null {
  if (scope === undefined) scope = readScope()
  return scope
}

function readScope(): string | null {
  if (process.platform !== 'linux') return null
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${readlinkSync('/proc/self/ns/pid')} ${boot}`
  } catch {
    return null
  }
}

let ownProc: boolean | undefined

/**
 * Whether /proc describes this pid namespace: `unshare --pid` without a /proc of its own shows the outer
 * pids.
 */
function hasOwnProc(): boolean {
  ownProc ??= readsOwnPid()
  return ownProc
}

function readsOwnPid(): boolean {
  try {
    return readlinkSync('/proc/self') === String(process.pid)
  } catch {
    return false
  }
}
