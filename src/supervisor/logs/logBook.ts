/**
 * The members' logs: pino's JSON lines, one file a member and one of the supervisor's own, bounded in size.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import type { ClusterEvent } from '../../api/api.ts'
import { LineFile } from './lineFile.ts'
import { logLine } from './logLines.ts'
import { type LogQuery, selectLines, wantedLine } from './logQuery.ts'

/** The limit of a file; one previous file is kept beside it. */
const LIMIT_BYTES = 16 * 1024 * 1024

interface Book {
  file: LineFile
  logger: Logger
}

/** Null is the supervisor. */
type Writer = number | null

export class LogBook {
  private readonly books = new Map<Writer, Book>()

  constructor(dir: string, members: readonly number[]) {
    mkdirSync(dir, { recursive: true })
    this.books.set(null, open(join(dir, 'supervisor.log'), {}))
    for (const member of members) this.books.set(member, open(join(dir, `${member}.log`), { member }))
  }

  has(member: number): boolean {
    return this.books.has(member)
  }

  write({ at, member, event, probe }: ClusterEvent): void {
    if (probe) return
    const line = logLine(event)
    if (line === null) return
    const { logger } = this.books.get(member) ?? this.bookOf(null)
    // The member's own clock, not the moment of writing.
    logger[line.level]({ ...line.fields, time: Math.round(at) }, line.message)
  }

  /** The records so far that match `query`, by time. */
  lines(query: LogQuery): string[] {
    return selectLines(this.booksOf(query), query, ({ file }, count) => file.lines(count))
  }

  /** @returns ends it */
  follow(query: LogQuery, follower: (line: string) => void): () => void {
    const isWanted = wantedLine(query)
    const ends = this.booksOf(query).map(({ file }) => {
      return file.follow((line) => {
        if (isWanted(line)) follower(line)
      })
    })
    return () => {
      for (const end of ends) end()
    }
  }

  close(): void {
    for (const { file } of this.books.values()) file.close()
  }

  private booksOf({ members }: LogQuery): Book[] {
    if (members === undefined) return [...this.books.values()]
    return members.map((member) => this.bookOf(member))
  }

  private bookOf(writer: Writer): Book {
    const book = this.books.get(writer)
    if (book === undefined) throw new Error(`invariant: no log of member ${writer}`)
    return book
  }
}

function open(path: string, base: Record<string, unknown>): Book {
  const file = new LineFile(path, { limitBytes: LIMIT_BYTES, continues: true })
  const stream = { write: (text: string) => file.write(text.trimEnd()) }
  // Each record has its own time.
  return { file, logger: pino({ base, level: 'debug', timestamp: false }, stream) }
}
