/**
 * An epoch whose counter is used up ends in an election, and nothing is lost: in ensembles that count to 60
 * only.
 */
import { expect, test, vi } from 'vitest'
import { simulate } from '../../simulation/world.ts'

vi.mock('../../../src/protocol/zxid.ts', async (original) => ({
  ...(await original<typeof import('../../../src/protocol/zxid.ts')>()),
  MAX_COUNTER: 60,
}))

test('the leader steps down before a zxid could run into the next epoch', { timeout: 60_000 }, () => {
  const endings: string[] = []
  const results = Array.from({ length: 15 }, (_, i) =>
    simulate({ seed: i + 1, trace: (line) => line.includes('is used up') && endings.push(line) }),
  )
  expect(endings.length).toBeGreaterThan(15)
  expect(results.reduce((total, { acknowledged }) => total + acknowledged, 0)).toBeGreaterThan(15 * 100)
})
