/** Medians of rounds, and a latency histogram that costs the load generator next to nothing. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return Number.NaN
  if (sorted.length % 2 === 1) return sorted[middle] as number
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

const perOctave = 64

/**
 * Counts by logarithmic buckets of microseconds: 64 buckets in each octave, so an answer is off by at most
 * 1.1 %.
 */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(perOctave * 30)
  #total = 0

  record(ms: number): void {
    const bucket = Math.round(Math.log2(Math.max(1, ms * 1000)) * perOctave)
    const index = Math.min(bucket, this.#counts.length - 1)
    this.#counts[index] = (this.#counts[index] as number) + 1
    this.#total++
  }

  get total(): number {
    return this.#total
  }

  /** The latency in ms that `share` of all records do not exceed. */
  percentile(share: number): number {
    let left = Math.ceil(this.#total * share)
    for (const [bucket, count] of this.#counts.entries()) {
      left -= count
      if (left <= 0) return 2 ** (bucket / perOctave) / 1000
    }
    return Number.NaN
  }
}
