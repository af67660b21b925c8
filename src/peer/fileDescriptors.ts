/**
 * The process's open files, as Apache's mntr reports them. Members in threads of one process share one count.
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { FileDescriptorsReport } from '../net/memberReport.ts'

/** Null for what the system does not tell. */
export function fileDescriptors(): FileDescriptorsReport {
  return { open: openCount(), max: softLimit() }
}

/**
 * Linux has /proc/self/fd, macOS and the BSDs have /dev/fd. Reading the folder itself opens one descriptor.
 */
function openCount(): number | null {
  const folder = process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd'
  if (process.platform === 'win32') return null
  try {
    return Math.max(0, readdirSync(folder).length - 1)
  } catch {
    return null
  }
}

function softLimit(): number | null {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    const soft = /^Max open files +(\d+)/m.exec(limits)?.[1]
    return soft === undefined ? null : Number(soft)
  } catch {
    return null
  }
}
