/**
 * A file of lines that grows: what one event-loop turn wrote goes out in one write, and whoever reads it through
 * here finds everything written before. Followers get each line as it is written.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'

/** So much of a file's end is looked at when only its last lines are wanted. */
const TAIL_BYTES = 4 * 1024 * 1024

export class LineFile {
  private readonly fd: number
  private pending: string[] = []
  private readonly followers = new Set<(line: string) => void>()
  private isClosed = false

  constructor(path: string) {
    this.fd = openSync(path, 'a+', 0o644)
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
    const text = `${this.pending.join('\n')}\n`
    this.pending = []
    try {
      writeSync(this.fd, text)
    } catch {
      // A full disk costs log lines, not the ensemble.
    }
  }

  /** The last `count` lines, or as many as are there; all of them without a count. */
  lines(count?: number): string[] {
    this.flush()
    if (this.isClosed || count === 0) return []
    const { size } = fstatSync(this.fd)
    const length = count === undefined ? size : Math.min(size, TAIL_BYTES)
    const bytes = Buffer.alloc(length)
    const read = readSync(this.fd, bytes, 0, length, size - length)
    const lines = bytes
      .toString('utf8', 0, read)
      .split('\n')
      .filter((line) => line !== '')
    // The first may be cut.
    if (length < size) lines.shift()
    return count === undefined ? lines : lines.slice(-count)
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
