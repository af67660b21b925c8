/** Runs scenarios round by round, with the engines alternating (A B A B), and collects what they measured. */
import { rmSync } from 'node:fs'
import type { Engine, EngineName } from './engine.ts'
import { makeParentDir, type Sample, type Scenario, type Sizes } from './scenario.ts'

export interface Measurement extends Sample {
  scenario: string
  engine: EngineName
  round: number
}

export interface Check {
  scenario: string
  engine: EngineName
  round: number
  failures: number
  check: string
}

export interface RunResult {
  measurements: Measurement[]
  checks: Check[]
}

export interface RunOptions {
  engines: readonly Engine[]
  scenarios: readonly Scenario[]
  sizes: Sizes
  rounds: number
  /** Where data directories are created; the temporary folder unless given. */
  dir?: string | undefined
  progress(line: string): void
}

export async function run(options: RunOptions): Promise<RunResult> {
  const result: RunResult = { measurements: [], checks: [] }
  const parentDir = makeParentDir(options.dir)
  const clearAway = (): void => rmSync(parentDir, { recursive: true, force: true, maxRetries: 3 })
  process.once('exit', clearAway)
  try {
    for (const scenario of options.scenarios) {
      for (let round = 1; round <= options.rounds; round++) {
        const able = options.engines.filter(
          ({ name }) => scenario.only === undefined || scenario.only === name,
        )
        for (const engine of able) await runOnce(scenario, engine, round, parentDir, options, result)
      }
    }
  } finally {
    clearAway()
    process.off('exit', clearAway)
  }
  return result
}

/** An error counts as a failure and does not end the run: the other figures remain valid. */
async function runOnce(
  scenario: Scenario,
  engine: Engine,
  round: number,
  parentDir: string,
  { sizes, rounds, progress }: RunOptions,
  result: RunResult,
): Promise<void> {
  const where = { scenario: scenario.name, engine: engine.name, round }
  progress(`${scenario.name}, round ${round} of ${rounds}, ${engine.name}: ${scenario.about}`)
  try {
    const { samples, failures, check } = await scenario.run(engine, sizes, parentDir)
    result.measurements.push(...samples.map((sample) => ({ ...sample, ...where })))
    result.checks.push({ ...where, failures, check })
    progress(`  ${check}`)
  } catch (error) {
    const check = `failed: ${error instanceof Error ? error.message : String(error)}`
    result.checks.push({ ...where, failures: 1, check })
    progress(`  ${check}`)
  }
}
