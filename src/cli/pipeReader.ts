/**
 * Whether anybody still reads the pipe that is stdout, for a command that may write nothing for hours: only a
 * write tells for certain. So on Linux the reader is looked for in /proc. Once it is gone, and nobody else is
 * seen, `confirm` is to write. A reader that is never seen (another user's, or outside of a container) is not
 * missed.
 */
import { fstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'

const FIRST_LOOK_MS = 50
const LOOK_EVERY_MS = 1000

export function watchPipeReader(fd: number, confirm: () => void): void {
  if (process.platform !== 'linux' || !fstatSync(fd).isFIFO()) return
  const pipe = readlinkSync(`/proc/self/fd/${fd}`)
  let reader: string | null = null
  const look = (): void => {
    const isThere = reader !== null && linkOf(reader) === pipe
    const found = isThere ? reader : readerOf(pipe)
    const isGone = reader !== null && found === null
    reader = found
    if (isGone) confirm()
    else setTimeout(look, LOOK_EVERY_MS).unref()
  }
  setTimeout(look, FIRST_LOOK_MS).unref()
}

/** A descriptor, as its path in /proc, that reads the pipe. */
function readerOf(pipe: string): string | null {
  for (const pid of entriesOf('/proc').filter((entry) => /^\d+$/.test(entry))) {
    for (const fd of entriesOf(`/proc/${pid}/fd`)) {
      const path = `/proc/${pid}/fd/${fd}`
      if (linkOf(path) === pipe && isForReading(`/proc/${pid}/fdinfo/${fd}`)) return path
    }
  }
  return null
}

/** O_RDONLY is 0 in the two lowest bits of the flags, which are octal. */
function isForReading(fdinfo: string): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(fdinfo, 'utf8'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & 3) === 0
  } catch {
    return false
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // The process is another user's, or has just ended.
    return []
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
}
