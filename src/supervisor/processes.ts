/**
 * Processes by pid and start time: a pid alone may have been given to somebody else since. The start time is
 * field 22 of /proc/PID/stat on Linux, what `ps` says elsewhere; only equality matters.
 */
import { spawnSync } from 'node:child_process'
import { statFields } from '../host/procStat.ts'

export interface ProcessIdentity {
  pid: number
  /** Null where the system does not tell. */
  startTime: string | null
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTime: startTimeOf(pid) }
}

/** Whether this very process still runs. A zombie does not. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  if (pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  if (process.platform === 'linux') {
    const stat = statFields(`/proc/${pid}/stat`)
    if (stat === null || stat[0] === 'Z' || stat[0] === 'X') return false
  }
  return startTime === null || startTimeOf(pid) === startTime
}

function startTimeOf(pid: number): string | null {
  if (process.platform === 'linux') return statFields(`/proc/${pid}/stat`)?.[19] ?? null
  if (process.platform === 'win32') return null
  const { status, stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}
