/** Medians over all rounds, the two engines side by side with their ratio, and the goals. */
import type { Engine, EngineName } from './engine.ts'
import { goals, reached } from './goals.ts'
import type { RunResult } from './runner.ts'
import { median } from './statistics.ts'

export interface Row {
  metric: string
  unit: string
  apache: number | null
  zkPseudo: number | null
  /** zk-pseudo / Apache */
  ratio: number | null
}

export interface GoalRow {
  metric: string
  goal: string
  measured: number | null
  reached: boolean | null
}

export interface Report {
  engines: { name: EngineName; description: string }[]
  /** Requested engines that could not run, and why. */
  missing: { name: EngineName; reason: string }[]
  rounds: number
  machine: string
  rows: Row[]
  goals: GoalRow[]
  failures: number
  checks: RunResult['checks']
  measurements: RunResult['measurements']
}

export function makeReport(
  result: RunResult,
  about: Pick<Report, 'missing' | 'rounds' | 'machine'> & { engines: readonly Engine[] },
): Report {
  const metrics = [...new Set(result.measurements.map(({ metric }) => metric))]
  const rows = metrics.map((metric) => rowOf(result, metric))
  const failures = result.checks.reduce((sum, check) => sum + check.failures, 0)
  const engines = about.engines.map(({ name, description }) => ({ name, description }))
  return { ...about, engines, rows, goals: goalRows(rows), failures, ...result }
}

function rowOf(result: RunResult, metric: string): Row {
  const samples = result.measurements.filter((sample) => sample.metric === metric)
  const of = (engine: EngineName): number | null => {
    const values = samples.filter((sample) => sample.engine === engine).map(({ value }) => value)
    return values.length === 0 ? null : median(values)
  }
  const [apache, zkPseudo] = [of('apache'), of('zk-pseudo')]
  const ratio = apache !== null && zkPseudo !== null ? zkPseudo / apache : null
  return { metric, unit: samples[0]?.unit ?? '', apache, zkPseudo, ratio }
}

function goalRows(rows: readonly Row[]): GoalRow[] {
  return goals.flatMap((goal) => {
    const row = rows.find(({ metric }) => metric === goal.metric)
    if (!row) return []
    const unit = goal.of === 'ratio' ? 'x' : ` ${row.unit}`
    const words = `${goal.bound === 'below' ? '<=' : '>='} ${figure(goal.limit)}${unit}`
    const measured = goal.of === 'ratio' ? row.ratio : row.zkPseudo
    const met = measured === null ? null : reached(goal, measured)
    return [{ metric: goal.metric, goal: words, measured, reached: met }]
  })
}

/** The report as text for a terminal. */
export function format(report: Report): string {
  const figures = report.rows.map((row) => [
    row.metric,
    row.unit,
    figure(row.apache),
    figure(row.zkPseudo),
    row.ratio === null ? '-' : `${figure(row.ratio)}x`,
  ])
  const goalLines = report.goals.map((row) => [
    row.metric,
    row.goal,
    figure(row.measured),
    row.reached === null ? 'not measured' : row.reached ? 'reached' : 'MISSED',
  ])
  return [
    `Medians of ${report.rounds} round${report.rounds === 1 ? '' : 's'}, fsync on, ${report.machine}`,
    ...report.engines.map(({ name, description }) => `  ${name}: ${description}`),
    ...report.missing.map(({ name, reason }) => `  ${name} was not measured: ${reason}`),
    '',
    table(['', 'unit', 'Apache', 'zk-pseudo', 'ratio'], figures),
    '',
    ...(goalLines.length > 0
      ? [table(['goal (x: zk-pseudo / Apache)', 'wanted', 'measured', ''], goalLines), '']
      : []),
    failureLines(report),
  ].join('\n')
}

function failureLines({ checks, failures }: Report): string {
  if (failures === 0) return `All ${checks.length} checks passed: every request was answered without error.`
  const bad = checks.filter((check) => check.failures > 0)
  return [
    `${failures} FAILURES:`,
    ...bad.map(({ scenario, engine, round, check }) => `  ${scenario}, ${engine}, round ${round}: ${check}`),
  ].join('\n')
}

/** Columns are as wide as needed; the first is left-aligned, the others are right-aligned. */
function table(head: string[], body: string[][]): string {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...body].map((row) => (row[column] ?? '').length)),
  )
  const line = (row: string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(line)].join('\n')
}

function figure(value: number | null): string {
  if (value === null) return '-'
  if (value >= 1000) return Math.round(value).toLocaleString('en')
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
