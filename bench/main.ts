/**
 * `npm run bench`: zk-pseudo beside Apache ZooKeeper on this machine, in one run, with one load generator.
 * The bundle starts itself again for the processes it needs (`serve`, `generate`); these two commands are not
 * meant for users.
 */
import { cpus } from 'node:os'
import { Command, InvalidArgumentError, Option } from 'commander'
import { apacheEngine } from './ensemble/apacheEngine.ts'
import { generate } from './ensemble/loadGenerator.ts'
import { pseudoEngine } from './ensemble/pseudoEngine.ts'
import { format, makeReport } from './ensemble/report.ts'
import { run } from './ensemble/runner.ts'
import { fullSizes, type Scenario, type Sizes, toySizes } from './ensemble/scenario.ts'
import { coldStart } from './ensemble/scenarios/coldStart.ts'
import { commands } from './ensemble/scenarios/commands.ts'
import { failOver } from './ensemble/scenarios/failOver.ts'
import { loadScenarios } from './ensemble/scenarios/load.ts'
import { memory } from './ensemble/scenarios/memory.ts'
import { sessions } from './ensemble/scenarios/sessions.ts'
import { watches } from './ensemble/scenarios/watches.ts'
import { znodes } from './ensemble/scenarios/znodes.ts'
import { serve } from './ensemble/serve.ts'
import { runMicro } from './micro/run.ts'

const scenarios: readonly Scenario[] = [
  coldStart,
  failOver,
  memory,
  ...loadScenarios,
  commands,
  sessions,
  watches,
  znodes,
]

interface Options {
  engine: 'apache' | 'zk-pseudo' | 'both'
  isolation: 'thread' | 'process'
  rounds?: number
  only?: string[]
  toy?: true
  json?: true
  dir?: string
  warmUp?: number
  measure?: number
}

const program = new Command('bench')
  .description(
    'Measures zk-pseudo beside Apache ZooKeeper: start, fail-over, memory, throughput, latency, scale.',
  )
  .addOption(
    new Option('--engine <name>', 'what to measure').choices(['apache', 'zk-pseudo', 'both']).default('both'),
  )
  .addOption(
    new Option('--isolation <kind>', "how zk-pseudo's members run")
      .choices(['thread', 'process'])
      .default('thread'),
  )
  .option('--rounds <n>', 'rounds, engines taking turns in each (default: 3, toy: 1)', count)
  .addOption(
    new Option('--only <name...>', 'only these scenarios').choices(
      scenarios.map((scenario) => scenario.name),
    ),
  )
  .option('--toy', 'a few seconds in all, to see that every scenario works')
  .option(
    '--warm-up <ms>',
    'longest warm-up before each load (default: while the rate rises, 4 to 30 s)',
    count,
  )
  .option('--measure <ms>', `length of each measured load (default: ${fullSizes.measureMs})`, count)
  .option('--dir <folder>', 'where data directories go (default: the temporary folder)')
  .option('--json', 'one JSON document on stdout; progress on stderr')
  .action(ensembleBench)

program
  .command('micro')
  .description('the small benches: codec, tree, log')
  .option('--toy', 'few iterations')
  .option('--json', 'one JSON document on stdout')
  .action((_, command: Command) => runMicro(command.optsWithGlobals<{ toy?: true; json?: true }>()))
program
  .command('serve', { hidden: true })
  .argument('<options>')
  .action((json) => serve(JSON.parse(json)))
program
  .command('generate', { hidden: true })
  .argument('<job>')
  .action(async (json) => {
    process.once('disconnect', () => process.exit())
    const result = await generate(JSON.parse(json))
    process.send?.(result, () => process.disconnect())
  })

async function ensembleBench(options: Options): Promise<void> {
  const asked = [apacheEngine, pseudoEngine(options.isolation)].filter(
    ({ name }) => options.engine === 'both' || options.engine === name,
  )
  const missing = asked.flatMap((engine) => {
    const reason = engine.unavailable()
    return reason === undefined ? [] : [{ name: engine.name, reason }]
  })
  const engines = asked.filter((engine) => engine.unavailable() === undefined)
  for (const { name, reason } of missing) console.error(`${name} is not measured: ${reason}`)
  const rounds = options.rounds ?? (options.toy ? 1 : 3)
  const only = options.only
  // Exit handlers end what was started and remove its folders.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const result = await run({
    engines,
    scenarios: scenarios.filter(({ name }) => only === undefined || only.includes(name)),
    sizes: sizesOf(options),
    rounds,
    dir: options.dir,
    progress: (line) => console.error(line),
  })
  const report = makeReport(result, { engines, missing, rounds, machine: machine() })
  console.log(options.json ? JSON.stringify(report, null, 2) : `\n${format(report)}`)
  process.exitCode = report.failures > 0 || engines.length === 0 ? 1 : 0
}

function sizesOf({ toy, warmUp, measure }: Options): Sizes {
  const sizes = toy ? toySizes : fullSizes
  return {
    ...sizes,
    warmUp: warmUp ? { leastMs: Math.min(warmUp, sizes.warmUp.leastMs), mostMs: warmUp } : sizes.warmUp,
    measureMs: measure ?? sizes.measureMs,
  }
}

function machine(): string {
  const [first] = cpus()
  return `${cpus().length} x ${first?.model.trim() ?? 'CPU'}, Node ${process.versions.node}, ${process.platform}`
}

function count(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number of at least 1')
  return value
}

await program.parseAsync()
