/**
 * Plays scenarios with ensembles of Apache's members and ours:
 *
 *     npm run interop [-- scenario …] [--core] [--only AZZ,ZAA] [--jobs 2] [--dir FOLDER] [--table]
 *
 * Without arguments it plays everything, and writes results.json and, from it, docs/interop.md. With
 * `--table` the plays of a smaller run replace their earlier results there, so that after a correction only
 * the affected plays need to run again. `--core` is what CI plays. `--only` selects arrangements
 * (test/interop/arrangement.ts), including ones that a named scenario does not list. `--jobs` is how many
 * ensembles run at the same time. `--dir` keeps the configs, data and logs of every play in an empty folder.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startVitest } from 'vitest/node'
import { table } from './table.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const { values: options, positionals: scenarios } = parseArgs({
  allowPositionals: true,
  options: {
    core: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    dir: { type: 'string', default: '' },
    jobs: { type: 'string', default: '2' },
    table: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (options.help) {
  const [comment = ''] = readFileSync(fileURLToPath(import.meta.url), 'utf8').split('*/')
  process.stdout.write(`${comment.replaceAll(/^\/\*\*\n|^ \*? ?/gm, '').trim()}\n`)
  process.exit()
}
process.env.INTEROP_SCENARIOS = scenarios.join(',')
process.env.INTEROP_ONLY = options.only
process.env.INTEROP_CORE = options.core ? '1' : ''
process.env.INTEROP_DIR = options.dir === '' ? '' : resolve(options.dir)
process.env.INTEROP_JOBS = options.jobs
// A server that lives for seconds is not worth optimizing.
process.env.JVMFLAGS ??= '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC'

const started = performance.now()
const vitest = await startVitest('test', [], {
  config: join(here, 'vitest.config.ts'),
  watch: false,
  reporters: [{ onTestCaseResult: tell }],
})
const modules = vitest.state.getTestModules()
const plays = modules.flatMap((module) => [...module.children.allTests()])
const count = (state) => plays.filter((play) => play.result().state === state).length
for (const error of [...modules.flatMap((module) => module.errors()), ...vitest.state.getUnhandledErrors()])
  process.stdout.write(`failed: ${error.message}\n`)
const isWhole = scenarios.length === 0 && options.only === '' && !options.core
// A run that played nothing has shown nothing.
if (plays.length === 0) process.exitCode = 1
const seconds = Math.round((performance.now() - started) / 1000)
process.stdout.write(
  `interop: ${plays.length} plays, ${count('passed')} passed, ${count('failed')} failed, ${seconds} s\n`,
)
if ((isWhole || options.table) && plays.length > 0) write(seconds)
await vitest.close()

/** Tests that did not even begin (the run was stopped, or a file did not load) are not results. */
function write(seconds) {
  const results = plays.flatMap((play) => {
    const { scenario, arrangement } = play.meta()
    return scenario === undefined
      ? []
      : [{ ...scenario, arrangement, passed: play.result().state === 'passed' }]
  })
  const { apache = '', java = '' } = plays.map((play) => play.meta()).find((meta) => meta.apache) ?? {}
  const kept = join(here, 'results.json')
  const before = !isWhole && existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : null
  const all = before === null ? { apache, java, seconds, plays: results } : merged(before, results)
  writeFileSync(kept, `${JSON.stringify(all, null, 1)}\n`)
  const file = join(here, '../../docs/interop.md')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, table(all.plays, all))
  process.stdout.write('wrote docs/interop.md\n')
}

/** The previous run with some plays replaced. */
function merged(before, results) {
  const idOf = ({ name, arrangement }) => `${name} ${arrangement}`
  const again = new Map(results.map((play) => [idOf(play), play]))
  const known = new Set(before.plays.map(idOf))
  const kept = before.plays.map((play) => again.get(idOf(play)) ?? play)
  return { ...before, plays: [...kept, ...results.filter((play) => !known.has(idOf(play)))] }
}

function tell(play) {
  const { state, errors = [] } = play.result()
  const s = ((play.diagnostic()?.duration ?? 0) / 1000).toFixed(1)
  process.stdout.write(`${state} ${play.name} ${s} s\n`)
  for (const { message } of errors) process.stdout.write(`${message.replace(/^/gm, '    ')}\n`)
}
