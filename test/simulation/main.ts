/** `npm run simulate`: many seeds, or one again with its trace. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { type PlantedFault, plantedFaults } from './faults.ts'
import { simulate } from './world.ts'

interface Options {
  seeds: number
  first: number
  seed?: number
  fault?: PlantedFault | null
  reconfigs?: boolean
  damage?: boolean
  trace?: boolean
}

function count(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('a whole number from 0 on is needed')
  return value
}

function replay(seed: number, { fault = null, reconfigs = false, damage = false }: Partial<Options>): number {
  try {
    console.log(simulate({ seed, fault, reconfigs, damage, trace: (line) => console.log(line) }))
    return 0
  } catch (error) {
    console.error(`seed ${seed}: ${error instanceof Error ? error.stack : error}`)
    return 1
  }
}

function many(options: Options): number {
  const started = performance.now()
  const totals = { steps: 0, epochs: 0, committed: 0, reads: 0, reconfigs: 0, acknowledged: 0, virtualMs: 0 }
  const disks = { damaged: 0, refused: 0, resynced: 0 }
  for (let seed = options.first; seed < options.first + options.seeds; seed++) {
    try {
      const { fault = null, reconfigs = false, damage = false } = options
      const result = simulate({ seed, fault, reconfigs, damage })
      for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += result[key]
      for (const key of Object.keys(disks) as (keyof typeof disks)[]) disks[key] += result.damage[key]
    } catch (error) {
      console.error(`seed ${seed}: ${error}`)
      console.error(`its trace follows; replay it with: npm run simulate -- --seed ${seed}`)
      return replay(seed, options)
    }
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const { steps, epochs, committed, reads, reconfigs, acknowledged, virtualMs } = totals
  console.log(
    `${options.seeds} ensembles, ${steps} steps, ${epochs} leaders established, ${committed} transactions,`,
  )
  console.log(`${disks.damaged} disks damaged, ${disks.refused} refused, ${disks.resynced} resynced,`)
  console.log(
    `${acknowledged} writes acknowledged, ${reads} reads compared, ${reconfigs} reconfigurations, ${(virtualMs / 3_600_000).toFixed(1)} h of their time in ${seconds} s: all checks hold`,
  )
  return 0
}

const program = new Command('simulate')
  .description('runs simulated ensembles under faults and checks them after every step')
  .option('--seeds <count>', 'how many', count, 1000)
  .option('--first <seed>', 'the first seed', count, 1)
  .option('--seed <seed>', 'replay one seed with its trace', count)
  .option('--reconfigs', 'many reconfigs in each')
  .option('--damage', 'damaged disks in each')
  .addOption(new Option('--fault <name>', 'plant a fault, which the checks must find').choices(plantedFaults))
  .parse()

const options = program.opts<Options>()
process.exitCode = options.seed === undefined ? many(options) : replay(options.seed, options)
