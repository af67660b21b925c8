/**
 * Generated cases: every row with every column. The expected result of each is in a table under `tables/`,
 * which was recorded from Apache ZooKeeper (`--record`) and can be read as a table; a case's text is what a
 * client can observe.
 *
 * Where our members differ on purpose, the plan says why, and `tables/differences/` has what they answer
 * instead: it is recorded, too, and only for the cells that the plan names.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, expect, inject } from 'vitest'
import type { ProfileName } from './profiles.ts'
import { type Case, conformance } from './suite.ts'

type Seen = string | readonly string[]
type Table = Record<string, Record<string, Seen>>

export interface Matrix<Row, Column> {
  /** The table's file name, without its extension. */
  readonly table: string
  readonly profile?: ProfileName
  readonly rows: Readonly<Record<string, Row>>
  readonly columns: Readonly<Record<string, Column>>
  /** Whether a combination makes no sense. */
  skip?(row: string, column: string): boolean
  /** Plays the case and returns what was observed; `~` stands for the case's own znode. */
  observe(at: Case, row: Row, column: Column): Promise<Seen>
  /** What was surprising about Apache ZooKeeper, by `row: column` or by one of them alone. */
  readonly surprises?: Readonly<Record<string, string>>
  /** Why our members may differ on purpose, by the same keys. */
  readonly differences?: Readonly<Record<string, string>>
}

export function matrix<Row, Column>(title: string, plan: Matrix<Row, Column>): void {
  const { table, profile = 'plain', rows, columns, surprises = {}, differences = {} } = plan
  const apache = readTable(table)
  const ours = inject('engine') === 'zk-pseudo' ? readTable(`differences/${table}`) : {}
  const recorded = new Map<string, Seen>()
  conformance(title, profile, (it) => {
    for (const [row, column] of cells(plan)) {
      const noteOf = (notes: Readonly<Record<string, string>>) =>
        notes[`${row}: ${column}`] ?? notes[column] ?? notes[row]
      const surprise = noteOf(surprises)
      const different = noteOf(differences) === undefined ? undefined : ours[row]?.[column]
      const name = different === undefined ? '' : ` (differs: ${noteOf(differences)})`
      const body = async (at: Case) => {
        const seen = withRoot(at, await plan.observe(at, rows[row] as Row, columns[column] as Column))
        if (!inject('isRecording')) expect(seen).toEqual(different ?? apache[row]?.[column])
        else if (inject('engine') === 'apache') recorded.set(key(row, column), seen)
        else if (noteOf(differences) !== undefined && !isDeepStrictEqual(seen, apache[row]?.[column]))
          recorded.set(key(row, column), seen)
      }
      it(`${row}: ${column}${name}`, body, surprise === undefined ? {} : { surprise })
    }
    afterAll(() => {
      if (!inject('isRecording')) return
      if (inject('engine') === 'apache') writeTable(table, plan, recorded, apache)
      else if (recorded.size > 0) writeTable(`differences/${table}`, plan, recorded, {})
    })
  })
}

const key = (row: string, column: string) => `${row}\n${column}`

function cells(plan: Matrix<unknown, unknown>): [row: string, column: string][] {
  return Object.keys(plan.rows).flatMap((row) =>
    Object.keys(plan.columns)
      .filter((column) => plan.skip?.(row, column) !== true)
      .map((column): [string, string] => [row, column]),
  )
}

function withRoot(at: Case, seen: Seen): Seen {
  return typeof seen === 'string' ? at.text(seen) : seen.map((line) => at.text(line))
}

function fileOf(table: string): string {
  return fileURLToPath(new URL(`tables/${table}.json`, import.meta.url))
}

function readTable(table: string): Table {
  const file = fileOf(table)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Table) : {}
}

/** Cells that were not played this time (`--grep`) keep their text from `before`. */
function writeTable(
  table: string,
  plan: Matrix<unknown, unknown>,
  recorded: Map<string, Seen>,
  before: Table,
): void {
  const after: Table = {}
  for (const [row, column] of cells(plan)) {
    const seen = recorded.get(key(row, column)) ?? before[row]?.[column]
    if (seen === undefined) continue
    after[row] ??= {}
    ;(after[row] as Record<string, Seen>)[column] = seen
  }
  mkdirSync(dirname(fileOf(table)), { recursive: true })
  writeFileSync(fileOf(table), `${JSON.stringify(after, null, 2)}\n`)
}
