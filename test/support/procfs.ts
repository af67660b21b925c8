/** Memory and CPU time of processes from Linux's /proc. Elsewhere the figures are null. */
import { readdirSync, readFileSync } from 'node:fs'

/** A clock tick of /proc/PID/stat is 1/100 s on every Linux that Node runs on (USER_HZ). */
const ticksPerSecond = 100

/** The process and all its descendants. */
export function processTree(root: number): number[] {
  const found = [root]
  for (const pid of found) {
    try {
      for (const task of readdirSync(`/proc/${pid}/task`)) {
        const children = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ')
        found.push(...children.filter(Boolean).map(Number))
      }
    } catch {
      // It ended meanwhile, or there is no /proc.
    }
  }
  return found
}

/** Bytes of RAM that the processes take together: PSS, which counts a shared page once. */
export function memoryBytes(pids: readonly number[]): number | null {
  let total = 0
  for (const pid of pids) {
    const pss = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1]
    if (pss === undefined) return null
    total += Number(pss) * 1024
  }
  return total
}

/** CPU seconds the processes have used so far, user and system. */
export function cpuSeconds(pids: readonly number[]): number | null {
  let ticks = 0
  for (const pid of pids) {
    const stat = read(`/proc/${pid}/stat`)
    // The command's name may contain blanks, so fields are counted from the parenthesis after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [user, system] = [Number(fields[11]), Number(fields[12])]
    if (!Number.isFinite(user + system)) return null
    ticks += user + system
  }
  return ticks / ticksPerSecond
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
