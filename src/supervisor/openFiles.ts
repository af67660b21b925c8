/**
 * Whether a process has used up the files that it may open. Its connections do not reveal this: those that it
 * makes fail like any other, and those that others make are closed before it sees them.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** The fewest files that must be left: one connection between two members in one process takes two. */
const LEAST = 2

/**
 * What is wrong and what to do about it; null while there is room, and if the system does not report the
 * numbers.
 */
export function openFilesTrouble(pid: number): string | null {
  try {
    // This process opens one more file to read the listing.
    const open = readdirSync(`/proc/${pid}/fd`).length - Number(pid === process.pid)
    const limit = Number(/^Max open files +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1])
    if (!(open > limit - LEAST)) return null
    return `process ${pid} has opened ${open} of the ${limit} files that it may open: ${HINT}`
  } catch (error) {
    const isOwn = pid === process.pid && (error as NodeJS.ErrnoException).code === 'EMFILE'
    return isOwn ? `process ${pid} may open no more files: ${HINT}` : null
  }
}

const HINT = 'raise the limit of its shell (ulimit -n 4096), and start again'
