/**
 * A file of lines that grows up to a limit, and then becomes the previous file (`0.log`, `0.previous.log`).
 * The lines of one turn of the event loop leave in one write, and reading through this class returns
 * everything written before that is still there. Followers get each line as it is written.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { extname } from 'node:path'
import { setImmediate } from '../../time.ts'

/** How much of a file's end is read when only its last lines are wanted. */
const TAIL_BYTES = 4 * 1024 * 1024

interface LineFileOptions {
  /** A file larger than this becomes the previous one. */
  readonly limitBytes: number
  /** Whether the lines that an earlier run left in the previous file belong to it, too. */
  readonly continues: boolean
}

/** `events.previous.jsonl` for `events.jsonl`. */
export function previousOf(path: string): string {
  const extension = extname(path)
  return `${path.slice(0, path.length - extension.length)}.previous${extension}`
}

export class LineFile {
  private readonly path: string
  private readonly limitBytes: number
  private fd: number
  private size: number
  private hasPrevious: boolean
  private pending: string[] = []
  private readonly followers = new Set<(line: string) => void>()
  private isClosed = false

  constructor(path: string, { limitBytes, continues }: LineFileOptions) {
    this.path = path
    this.limitBytes = limitBytes
    this.hasPrevious = continues && existsSync(previousOf(path))
    this.fd = openSync(path, 'a+', 0o644)
    this.size = endOfLines(this.fd)
  }

  /** @param line without its newline */
  write(line: string): void {
    if (this.isClosed) return
    this.pending.push(line)
    if (this.pending.length === 1) setImmediate(() => this.flush())
    for (const follower of this.followers) follower(line)
  }

  flush(): void {
    if (this.pending.length === 0 || this.isClosed) return
    const bytes = Buffer.from(`${this.pending.join('\n')}\n`)
    this.pending = []
    try {
      const written = writeSync(this.fd, bytes)
      this.size += written
      // The disk took only a part: the line that was cut must not be joined with the next one.
      if (written < bytes.length) this.size = endOfLines(this.fd)
      if (this.size > this.limitBytes) this.rotate()
    } catch {
      // A full disk costs log lines, not the ensemble.
    }
  }

  private rotate(): void {
    renameSync(this.path, previousOf(this.path))
    this.hasPrevious = true
    const next = openSync(this.path, 'a+', 0o644)
    closeSync(this.fd)
    this.fd = next
    this.size = 0
  }

  /** The last `count` lines, or as many as there are; without a count all of them. */
  lines(count?: number): string[] {
    this.flush()
    if (this.isClosed || count === 0) return []
    const here = linesIn(this.fd, count)
    if (!this.hasPrevious || (count !== undefined && here.length >= count)) return here
    const missing = count === undefined ? undefined : count - here.length
    return [...linesAt(previousOf(this.path), missing), ...here]
  }

  /** @returns ends it */
  follow(follower: (line: string) => void): () => void {
    this.followers.add(follower)
    return () => this.followers.delete(follower)
  }

  close(): void {
    if (this.isClosed) return
    this.flush()
    this.isClosed = true
    this.followers.clear()
    closeSync(this.fd)
  }
}

/** The lines of a file that nothing writes any more; none where there is no such file. */
export function linesAt(path: string, count?: number): string[] {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return []
  }
  try {
    return linesIn(fd, count)
  } finally {
    closeSync(fd)
  }
}

/** The record of a JSON line; none for a line that was cut, by a full disk or by the end of its writer. */
export function recordIn<T>(line: string): T[] {
  try {
    return [JSON.parse(line) as T]
  } catch {
    return []
  }
}

/**
 * Where the last whole line ends. What follows it was cut by a full disk, or by the end of its writer, and is
 * removed.
 */
function endOfLines(fd: number): number {
  const { size } = fstatSync(fd)
  const length = Math.min(size, TAIL_BYTES)
  const bytes = Buffer.alloc(length)
  const read = readSync(fd, bytes, 0, length, size - length)
  const end = size - length + bytes.subarray(0, read).lastIndexOf('\n') + 1
  if (end < size) ftruncateSync(fd, end)
  return end
}

function linesIn(fd: number, count: number | undefined): string[] {
  const { size } = fstatSync(fd)
  const length = count === undefined ? size : Math.min(size, TAIL_BYTES)
  const bytes = Buffer.alloc(length)
  const read = readSync(fd, bytes, 0, length, size - length)
  const lines = bytes
    .toString('utf8', 0, read)
    .split('\n')
    .filter((line) => line !== '')
  // The first line may be incomplete.
  if (length < size) lines.shift()
  return count === undefined ? lines : lines.slice(-count)
}
