/**
 * Runs the conformance suite:
 *
 *     npm run conformance -- --engine apache|zk-pseudo [topic …] [--grep text] [--connect host:port,…]
 *         [--record]
 *     npm run conformance -- --property [--runs 150] [--seed N]
 *
 * A topic is a file of `cases/`. `--connect` uses a running ensemble; cases that end members are then
 * skipped. `--record` writes the tables of the generated cases anew: Apache's, or with our engine the
 * intended differences. `--property` plays random operations on both engines at the same time.
 */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startVitest } from 'vitest/node'

const here = dirname(fileURLToPath(import.meta.url))
const { values: options, positionals: topics } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string', default: 'zk-pseudo' },
    grep: { type: 'string' },
    connect: { type: 'string' },
    record: { type: 'boolean', default: false },
    property: { type: 'boolean', default: false },
    runs: { type: 'string' },
    seed: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})
if (!['apache', 'zk-pseudo'].includes(options.engine))
  fail(`--engine is apache or zk-pseudo, not ${options.engine}`)
if (options.record && options.connect) fail('--record starts its own ensembles: leave out --connect')

process.env.CONFORMANCE_ENGINE = options.engine
process.env.CONFORMANCE_CONNECT = options.connect ?? ''
process.env.CONFORMANCE_RECORD = options.record ? '1' : ''
process.env.CONFORMANCE_RUNS = options.runs ?? ''
process.env.CONFORMANCE_SEED = options.seed ?? ''

const started = performance.now()
const vitest = await startVitest('test', topics, {
  config: join(here, options.property ? 'property/vitest.config.ts' : 'vitest.config.ts'),
  watch: false,
  ...(options.grep === undefined ? {} : { testNamePattern: options.grep }),
  reporters: options.property ? ['default'] : [{ onTestCaseResult: tell }],
})
if (!options.property) {
  const cases = vitest.state.getTestModules().flatMap((module) => [...module.children.allTests()])
  const count = (state) => cases.filter((one) => one.result().state === state).length
  const ms = Math.round(performance.now() - started)
  const where = options.connect ?? options.engine
  const asked = cases.length - count('skipped')
  // A run that played nothing has shown nothing.
  if (asked === 0) process.exitCode = 1
  for (const module of vitest.state.getTestModules()) {
    const groups = [module, ...module.children.allSuites()]
    for (const { message } of groups.flatMap((group) => group.errors()))
      process.stdout.write(`failed: ${message}\n`)
  }
  if (options.verbose)
    for (const module of vitest.state.getTestModules()) {
      const { duration } = module.diagnostic()
      process.stdout.write(`${String(Math.round(duration)).padStart(7)} ms  ${module.relativeModuleId}\n`)
    }
  process.stdout.write(
    `conformance of ${where}: ${asked} cases, ${count('passed')} passed, ${count('failed')} failed, ${ms} ms\n`,
  )
}
await vitest.close()

/** Prints the failures as they occur; with `--verbose` every case. */
function tell(one) {
  const { state, errors = [] } = one.result()
  if (state === 'failed') {
    const reasons = errors.map(({ message, diff, stack, cause }) =>
      [diff || message || stack, cause?.message].filter(Boolean).join(': '),
    )
    process.stdout.write(`failed: ${one.fullName}\n${reasons.join('\n').replace(/^/gm, '    ')}\n`)
  } else if (options.verbose) process.stdout.write(`${state}: ${one.fullName}\n`)
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}
