/**
 * Random sequences, played on Apache ZooKeeper and on a member of ours at the same time: what the clients see
 * must be the same, line by line. A difference is shrunk to the shortest sequence that shows one.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ApacheEnsemble, apacheUnavailable } from '../../support/apache.ts'
import { action } from './actions.ts'
import { play } from './play.ts'

const RUNS = Number(process.env.CONFORMANCE_RUNS || 150)
const SEED = Number(process.env.CONFORMANCE_SEED || Date.now() % 2 ** 31)
const LONGEST = 40

// Containers must not be removed in the middle of a sequence, because the time of removal is unpredictable.
const NEVER = { 'znode.container.checkIntervalMs': '100000000' }

let apache: ApacheEnsemble
let ours: { connectString: string; close(): Promise<void> }
const missing = apacheUnavailable()

beforeAll(async () => {
  if (missing !== undefined) return
  const set = { maxClientCnxns: '0' }
  apache = await ApacheEnsemble.start({ members: 1, set, jvm: NEVER })
  const { Ensemble } = await import('../../../src/ensemble/index.ts')
  ours = await Ensemble.start({ members: 1, set })
  await apache.waitForLeader()
}, 60_000)

afterAll(async () => {
  await ours?.close()
  await apache?.stopAll()
})

it.skipIf(missing !== undefined)(
  `${RUNS} random sequences look the same on both (--seed ${SEED})`,
  async () => {
    process.stdout.write(`property: ${RUNS} runs, --seed ${SEED}\n`)
    let run = 0
    const sequences = fc.array(action, { minLength: 1, maxLength: LONGEST, size: 'max' })
    const property = fc.asyncProperty(sequences, async (actions) => {
      run += 1
      const root = `/run${run}`
      const [theirs, own] = await Promise.all([
        play(apache.connectString, root, actions),
        play(ours.connectString, root, actions),
      ])
      expect(own.join('\n')).toEqual(theirs.join('\n'))
    })
    await fc.assert(property, { numRuns: RUNS, seed: SEED, endOnFailure: false })
  },
  600_000,
)
