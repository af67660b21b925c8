/** Which log records are wanted. Lines are pino's JSON; several files are merged by time. */

/** pino's numbers. */
export const LOG_LEVELS = { debug: 20, info: 30, warn: 40, error: 50 } as const

export interface LogQuery {
  /** Without any: those of every member and of the supervisor. */
  members?: readonly number[]
  /** How many of the matching records are wanted, the last ones. */
  tail?: number
  /** ms since 1970. */
  sinceMs?: number
  /** pino's number of the lowest level that is wanted. */
  level?: number
}

/** Whether a line matches. */
export function wantedLine({ sinceMs, level }: LogQuery): (line: string) => boolean {
  if (sinceMs === undefined && level === undefined) return () => true
  return (line) => timeOf(line) >= (sinceMs ?? 0) && numberIn(line, 'level') >= (level ?? 0)
}

/** @param read the lines of one file, the last `count` of them when given */
export function selectLines<T>(
  files: readonly T[],
  query: LogQuery,
  read: (file: T, count: number | undefined) => string[],
): string[] {
  const { tail, sinceMs, level } = query
  const isFiltered = sinceMs !== undefined || level !== undefined
  const found = files.map((file) => read(file, isFiltered ? undefined : tail).filter(wantedLine(query)))
  const merged = found.length === 1 ? (found[0] ?? []) : byTime(found.flat())
  return tail === undefined ? merged : merged.slice(merged.length - Math.min(tail, merged.length))
}

function byTime(lines: string[]): string[] {
  return lines
    .map((line) => ({ line, time: timeOf(line) }))
    .sort((a, b) => a.time - b.time)
    .map(({ line }) => line)
}

function timeOf(line: string): number {
  return numberIn(line, 'time')
}

/** A field of the record; quotes within its texts are escaped. */
function numberIn(line: string, field: keyof typeof FIELDS): number {
  const found = FIELDS[field].exec(line)?.[1]
  return found === undefined ? 0 : Number(found)
}

const FIELDS = { time: /"time":(\d+)/, level: /"level":(\d+)/ } as const
