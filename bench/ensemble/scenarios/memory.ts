/**
 * Memory of all the engine's processes together (PSS, so that shared pages count once): idle after the start,
 * and the highest value seen while pipelined writes and then reads run.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { memoryBytes } from '../../../test/support/procfs.ts'
import type { RunningEngine } from '../engine.ts'
import { generateLoad } from '../loadGenerator.ts'
import { type Sample, type Scenario, type Sizes, withEnsemble } from '../scenario.ts'
import { check, prepare } from './load.ts'

const sampleEveryMs = 100

export const memory: Scenario = {
  name: 'memory',
  about: 'memory of all processes, idle and at its highest under pipelined writes and reads',
  run: (engine, sizes, parentDir) =>
    withEnsemble(engine, sizes, parentDir, async (ensemble) => {
      await sleep(sizes.idleMs)
      const idle = memoryBytes(ensemble.pids())
      if (idle === null) return { samples: [], failures: 0, check: 'no /proc here: memory not measured' }
      const loaded = await highestWhile(ensemble, () => underLoad(ensemble, sizes))
      const samples: Sample[] = [
        { metric: 'memory, idle', unit: 'MB', value: idle / 2 ** 20 },
        { metric: 'memory, under load', unit: 'MB', value: loaded.highest / 2 ** 20 },
      ]
      return { samples, ...loaded.result }
    }),
}

async function underLoad(
  ensemble: RunningEngine,
  sizes: Sizes,
): Promise<{ failures: number; check: string }> {
  let failures = 0
  const words = []
  for (const kind of ['write', 'read'] as const) {
    const job = await prepare(ensemble, kind, sizes, 'pipelined')
    const outcome = await check(ensemble, job, await generateLoad(job))
    failures += outcome.failures
    words.push(outcome.check)
  }
  return { failures, check: words.join('; ') }
}

async function highestWhile<T>(
  ensemble: RunningEngine,
  work: () => Promise<T>,
): Promise<{ result: T; highest: number }> {
  let highest = 0
  const sample = (): void => {
    highest = Math.max(highest, memoryBytes(ensemble.pids()) ?? 0)
  }
  const timer = setInterval(sample, sampleEveryMs)
  try {
    const result = await work()
    sample()
    return { result, highest }
  } finally {
    clearInterval(timer)
  }
}
