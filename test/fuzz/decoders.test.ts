/**
 * 100,000 wrong inputs for everything that reads bytes of others: each gives a value or a declared error, in
 * time, and no more memory than its bytes justify. See hunt.ts.
 */
import { describe, expect, it } from 'vitest'
import { decoders } from './decoders.ts'
import { hunt } from './hunt.ts'
import { seed, seeded } from './seed.ts'

const INPUTS = Number(process.env.ZK_FUZZ_INPUTS ?? 100_000)

describe('wrong bytes', () => {
  it(`${INPUTS} of them, no decoder but takes or refuses them`, {
    timeout: 120_000 + INPUTS * 2,
  }, async () => {
    const all = await decoders()
    const weights = all.reduce((sum, { weight }) => sum + (weight ?? 1), 0)
    const startMs = performance.now()
    let inputs = 0
    let signatures = 0
    for (const decoder of all) {
      const runs = Math.ceil((INPUTS * (decoder.weight ?? 1)) / weights)
      const hunted = seeded(() => hunt(decoder, runs, seed))
      inputs += hunted.inputs
      signatures += hunted.signatures
      // A decoder that takes all, or nothing but what it was recorded with, was not tried.
      expect(hunted.values, decoder.name).toBeGreaterThan(decoder.corpus.length)
      if (process.env.ZK_FUZZ_VERBOSE === '1') console.info(decoder.name, hunted)
    }
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
    console.info(
      `${inputs} wrong inputs for ${all.length} decoders in ${seconds} s, ${signatures} ways through them, seed ${seed}`,
    )
    expect(inputs).toBeGreaterThanOrEqual(INPUTS)
    expect(signatures).toBeGreaterThan(all.length * 2)
  })
})
