/**
 * The settings of one file, read by the rows of the tables.
 *
 * A key that is read through here has a field in ServerConfig; the keys that nobody reads go to `other`.
 * Faulty text is reported once and the default holds, so that parsing always yields a complete config.
 */
import { type Location, type Problem, problem } from '../problem.ts'
import type { Entry } from '../text/lexer.ts'
import { isInFamily } from './keys.ts'
import type { Fields, Row, Table, Value } from './row.ts'
import { FLAT, GROUPS, type TableFields } from './table.ts'
import { isText, readValue } from './values.ts'

export interface Settings {
  has(key: string): boolean
  /** The line of a key, or the file where the key is missing. */
  at(key: string): Location
  /** The text of a key; null where it is missing or empty. */
  written(key: string): string | null
  /** What the rows of all tables make of the file. */
  fields(): TableFields
  /** The entries without a row in these tables, in file order. */
  unread(): Entry[]
}

export function settingsOf(entries: ReadonlyMap<string, Entry>, file: string, problems: Problem[]): Settings {
  const read = new Set<string>()

  function at(key: string): Location {
    const entry = entries.get(key)
    return { file: entry?.file ?? file, line: entry?.line ?? null }
  }

  function fieldOf(row: Row): Value | null {
    if (row.kind === 'family') return familyOf(row)
    read.add(row.key)
    const hasDefault = row.default !== '' || row.kind === 'words'
    const fallback = hasDefault ? readValue(row, row.default).value : null
    const text = entries.get(row.key)?.value
    if (text === undefined || (text === '' && isText(row))) return fallback
    const { value, fault } = readValue(row, text)
    if (fault !== null) problems.push(faultProblem(row, text, fault, at(row.key), value === null))
    return raised(row, value ?? fallback)
  }

  function familyOf(row: Row): Record<string, string> {
    const members = [...entries.values()].filter(({ key }) => isInFamily(row, key))
    for (const { key } of members) read.add(key)
    return Object.fromEntries(members.map(({ key, value }) => [key, value]))
  }

  function raised({ key, raisedTo: least }: Row, value: Value | null): Value | null {
    if (least === undefined || typeof value !== 'number' || value >= least) return value
    problems.push(problem('warning', at(key), `${key} ${value} is too small`, `${least} is used`))
    return least
  }

  function fieldsOf<T extends Table>(table: T): Fields<T> {
    return Object.fromEntries(Object.entries(table).map(([name, row]) => [name, fieldOf(row)])) as Fields<T>
  }

  function fields(): TableFields {
    const groups = Object.entries(GROUPS).map(([name, table]) => [name, fieldsOf(table)])
    return { ...fieldsOf(FLAT), ...Object.fromEntries(groups) }
  }

  return {
    has: (key) => entries.has(key),
    at,
    written: (key) => entries.get(key)?.value || null,
    fields,
    unread: () => [...entries.values()].filter(({ key }) => !read.has(key)),
  }
}

/**
 * An error where Apache refuses the text; a warning where it silently takes the default or another meaning.
 */
export function faultProblem(
  row: Row,
  written: string,
  fault: string,
  where: Location,
  usesDefault: boolean,
): Problem {
  const severity = row.source === 'file' ? 'error' : 'warning'
  const unit = row.unit ? ` ${row.unit}` : ''
  const hint =
    severity === 'warning' && usesDefault
      ? `the default${row.default === '' ? '' : ` (${row.default}${unit})`} is used`
      : null
  return problem(severity, where, `${row.key}: "${written}" ${fault}`, hint)
}
