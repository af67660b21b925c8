/**
 * `npm run damage`: rounds of damage until Ctrl-C ends them, or ZK_PSEUDO_DAMAGE_ROUNDS of them.
 * ZK_PSEUDO_DAMAGE_ISOLATION is thread (the default) or process; ZK_PSEUDO_SEED is the seed of the first
 * round. A failure ends the run, and the ensemble's folder is kept for whoever looks for the cause.
 */
import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DamageRounds, type Round } from './rounds.ts'
import { isolations, rounds, seed } from './settings.ts'

/** The exit code that a shell reports after Ctrl-C. */
const INTERRUPTED = 130

class Totals {
  private readonly counts = new Map<string, number>()
  private acknowledged = 0
  private longestMs = 0

  add({ kind, refusal, became, acknowledged, ms }: Round): void {
    const outcome = refusal === null ? 'recovered' : 'refused and resynced'
    for (const name of ['rounds', kind, outcome, became]) this.count(name)
    this.acknowledged += acknowledged
    this.longestMs = Math.max(this.longestMs, ms)
  }

  toString(): string {
    const counts = [...this.counts].map(([name, count]) => `${name} ${count}`).join(', ')
    return `${counts || 'no round'}; ${this.acknowledged} writes acknowledged; longest round ${seconds(this.longestMs)}`
  }

  private count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

function lineOf({ seed, victim, kind, damage, refusal, became, acknowledged, znodes, ms }: Round): string {
  const outcome = refusal === null ? 'recovered' : `refused (${refusal}), resynced`
  return `seed ${seed}: member ${victim} ${kind}: ${damage}; ${outcome}, ${became}; ${acknowledged} acknowledged, ${znodes} znodes equal, ${seconds(ms)}`
}

async function keep(damage: DamageRounds): Promise<string> {
  await damage.ensemble.kill('all', { wait: false })
  const kept = mkdtempSync(join(tmpdir(), 'zk-pseudo-damage-'))
  cpSync(damage.ensemble.dir, kept, { recursive: true, filter: (path) => !path.endsWith('.sock') })
  return kept
}

/** @returns the exit code */
async function run(damage: DamageRounds, totals: Totals): Promise<number> {
  const most = rounds(Number.POSITIVE_INFINITY)
  for (let round = 0; round < most; round++) {
    try {
      const result = await damage.next()
      totals.add(result)
      console.log(lineOf(result))
    } catch (error) {
      // The interruption ended the ensemble while the round was running.
      if (isInterrupted) return INTERRUPTED
      console.error(`seed ${seed + round}: ${error instanceof Error ? error.stack : error}`)
      console.error(`the run began with ZK_PSEUDO_SEED=${seed}; its files are kept in ${await keep(damage)}`)
      return 1
    }
  }
  return 0
}

let isInterrupted = false
const interrupted = new Promise<number>((resolve) => {
  const interrupt = () => {
    isInterrupted = true
    resolve(INTERRUPTED)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt)
})

const [isolation] = isolations
console.log(`isolation ${isolation}, ZK_PSEUDO_SEED=${seed}`)
const totals = new Totals()
const damage = await DamageRounds.start(isolation, seed)
const exitCode = await Promise.race([run(damage, totals), interrupted])
await damage.ensemble.close()
console.log(String(totals))
// After an interruption the interrupted round still waits for the ensemble that has ended.
process.exit(exitCode)
