/**
 * Aligned tables. Columns that do not fit are left out, the least important first, so that no line ever
 * wraps.
 */
import { printedWidth } from './wrap.ts'

export interface Column {
  title: string
  align?: 'left' | 'right'
  /** Columns with the greatest number are left out first; a column without a number always stays. */
  expendable?: number
}

const gap = 2

/** The lines of a table, header first. Cells may carry colours; an empty table has a header all the same. */
export function table(columns: Column[], rows: string[][], width: number): string[] {
  const widths = columns.map((column, i) =>
    Math.max(column.title.length, ...rows.map((row) => printedWidth(row[i] ?? ''))),
  )
  const shown = new Set(columns.keys())
  const total = (): number => [...shown].reduce((sum, i) => sum + (widths[i] ?? 0) + gap, -gap)
  while (total() > width) {
    const next = leastImportant(columns, shown)
    if (next === null) break
    shown.delete(next)
  }
  const indexes = [...shown]
  const line = (cells: string[]): string =>
    indexes
      .map((i) => pad(cells[i] ?? '', widths[i] ?? 0, columns[i]?.align ?? 'left'))
      .join(' '.repeat(gap))
      .trimEnd()
  return [line(columns.map((column) => column.title)), ...rows.map(line)]
}

function leastImportant(columns: Column[], shown: Set<number>): number | null {
  let found: number | null = null
  let rank = 0
  for (const i of shown) {
    const expendable = columns[i]?.expendable ?? 0
    if (expendable > rank) {
      found = i
      rank = expendable
    }
  }
  return found
}

function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, width - printedWidth(text)))
  return align === 'left' ? text + blanks : blanks + text
}
