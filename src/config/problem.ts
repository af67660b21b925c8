/**
 * What is wrong with a configuration, where, and what to do about it.
 *
 * Every check returns problems instead of throwing, so that a person sees all of them at once.
 * A config with an `error` must not be used; a `warning` changes nothing about what runs.
 */

type Severity = 'error' | 'warning'

/** A line of a file. `line` counts from 1, and is null for the whole file, or for no file. */
export interface Location {
  file: string
  line: number | null
}

/** One finding: `message` says what is wrong, and `hint` what to do next (null when that is obvious). */
export interface Problem extends Location {
  severity: Severity
  message: string
  hint: string | null
}

export function problem(
  severity: Severity,
  where: Location,
  message: string,
  hint: string | null = null,
): Problem {
  return { severity, file: where.file, line: where.line, message, hint }
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((p) => p.severity === 'error')
}

/** `zoo-2.cfg:4`, or only the file when there is no line. */
export function formatLocation(where: Location): string {
  return where.line === null ? where.file : `${where.file}:${where.line}`
}

/** One line for people: `zoo-2.cfg:4: clientPort 2180 is taken by zoo-1.cfg:4; give each member its own`. */
export function formatProblem(p: Problem): string {
  const severity = p.severity === 'warning' ? 'warning: ' : ''
  const hint = p.hint === null ? '' : `; ${p.hint}`
  return `${formatLocation(p)}: ${severity}${p.message}${hint}`
}

let naturally: Intl.Collator | null = null

/**
 * Natural order of file names: `zoo-2.cfg` before `zoo-10.cfg`. Code units break ties, so the order is total.
 * A collator takes milliseconds to make, and a member that starts has only one file.
 */
export function compareFiles(a: string, b: string): number {
  if (a === b) return 0
  naturally ??= new Intl.Collator('en', { numeric: true })
  return naturally.compare(a, b) || (a < b ? -1 : 1)
}

/**
 * Sorts by file, by line (whole files first), and errors before warnings; otherwise in the order of finding.
 */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return [...problems].sort(
    (a, b) =>
      compareFiles(a.file, b.file) || (a.line ?? 0) - (b.line ?? 0) || a.severity.localeCompare(b.severity),
  )
}
