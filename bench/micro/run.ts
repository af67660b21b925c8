/** Runs every small bench and prints the nanoseconds of an iteration and the hash of the results. */
import { type MicroBench, measure } from './bench.ts'
import { codecBenches } from './codec.ts'
import { treeBenches } from './tree.ts'

/** Each file of this folder exports its benches; a new one is added here. */
const all: readonly MicroBench[] = [...codecBenches, ...treeBenches]

export function runMicro({ toy, json }: { toy?: true; json?: true }): void {
  const results = all.map((bench) => measure(bench, toy ? 20 : 1000))
  if (json) {
    console.log(JSON.stringify({ results }, null, 2))
    return
  }
  for (const { name, nsPerIteration, hash } of results) {
    console.log(`${name.padEnd(40)} ${nsPerIteration.toFixed(0).padStart(8)} ns  ${hash}`)
  }
}
