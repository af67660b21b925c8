/**
 * The short form of `npm run damage` (test/damage). ZK_PSEUDO_DAMAGE_ROUNDS sets the number of rounds for
 * each isolation (2), ZK_PSEUDO_DAMAGE_ISOLATION selects one isolation, ZK_PSEUDO_SEED is the seed of the
 * first round.
 */
import { expect, it } from 'vitest'
import { DamageRounds } from '../damage/rounds.ts'
import { isolations, rounds, seed } from '../damage/settings.ts'

const count = rounds(2)

for (const isolation of isolations)
  it(`acknowledged writes survive damage to one disk, ${count} rounds, isolation ${isolation}, seed ${seed}`, {
    timeout: 60_000 + count * 40_000,
  }, async () => {
    await using damage = await DamageRounds.start(isolation, seed)
    for (let round = 0; round < count; round++) {
      const { acknowledged, znodes } = await damage.next()
      expect(acknowledged).toBeGreaterThan(0)
      expect(znodes).toBeGreaterThan(acknowledged)
    }
  })
