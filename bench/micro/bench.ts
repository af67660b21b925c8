/**
 * One small bench: a function that is called many times and whose results are hashed, so that a bench that
 * measures nothing, or something else than yesterday, is noticed.
 */
export interface MicroBench {
  name: string
  /**
   * Prepares and returns one iteration; `i` counts from 0. The iteration returns any number that depends on
   * its work.
   */
  prepare(): (i: number) => number
}

export interface MicroResult {
  name: string
  iterations: number
  nsPerIteration: number
  /** Hash of the results of the first 1000 iterations, which is the same in every run. */
  hash: string
}

const hashed = 1000

/** Calls the bench until `budgetMs` is used up, in batches that double. */
export function measure(bench: MicroBench, budgetMs: number): MicroResult {
  const hash = hashOf(bench.prepare())
  const iteration = bench.prepare()
  let sink = 0
  let iterations = 0
  let best = Number.POSITIVE_INFINITY
  const deadline = performance.now() + budgetMs
  for (let batch = 64; performance.now() < deadline; batch = Math.min(batch * 2, 1 << 16)) {
    const begun = performance.now()
    for (let i = 0; i < batch; i++) sink ^= iteration(iterations + i)
    best = Math.min(best, ((performance.now() - begun) * 1e6) / batch)
    iterations += batch
  }
  if (!Number.isInteger(sink)) throw new Error(`${bench.name} returned something other than whole numbers`)
  return { name: bench.name, iterations, nsPerIteration: best, hash }
}

/** FNV-1a over the results as 32-bit words. */
function hashOf(iteration: (i: number) => number): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < hashed; i++) hash = Math.imul(hash ^ iteration(i), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
