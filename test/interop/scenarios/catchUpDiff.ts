/**
 * A follower of either kind that missed some transactions, or none, is sent exactly those by a leader of the
 * other kind.
 */
import { expect } from 'vitest'
import { THREES } from '../arrangement.ts'
import { catchUp, pairsOf, untilLevel } from '../catchUp.ts'
import { checkDisks } from '../disk.ts'
import type { MixedEnsemble } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'
import { everyKind } from '../workload.ts'

export const catchUpDiff: Scenario = {
  name: 'catchUpDiff',
  title: 'a follower catches up by DIFF, also by an empty one',
  where: THREES,
  core: ['ZAA'],
  set: { extendedTypesEnabled: 'true' },
  async play(_, stage) {
    const ensemble = await stage.start()
    const holder = await ensemble.connect()
    for (const { leader, learner } of pairsOf(ensemble)) {
      await ensemble.lead(leader)
      await missing(ensemble, leader, learner)
      await missingNothing(ensemble, learner)
    }
    await holder.create('/held', 'by a session', { mode: 'ephemeral' })
    await checkDisks(ensemble)
  },
}

async function missing(ensemble: MixedEnsemble, leader: number, learner: number): Promise<void> {
  await ensemble.kill(learner)
  const client = await ensemble.connect([leader])
  await everyKind(client, `/missed-by-${learner}`, true)
  await client.create(`/held-for-${learner}`, '', { mode: 'ephemeral' })
  const found = await catchUp(ensemble, learner)
  expect(found).toMatchObject({ leader, mode: 'DIFF' })
  expect((found.to ?? 0) - (found.from ?? 0)).toBeGreaterThan(20)
  // The learner also has the session that was opened meanwhile, and its ephemeral.
  const session = client.leave()
  const moved = await ensemble.connect([learner], { session })
  expect(await moved.getEphemerals(`/held-for-${learner}`)).toEqual([`/held-for-${learner}`])
  await moved.close()
  expect((await ensemble.sameTrees()).has(`/held-for-${learner}`)).toBe(false)
}

/** The learner is down, and nothing happens. */
async function missingNothing(ensemble: MixedEnsemble, learner: number): Promise<void> {
  await ensemble.waitUntilServing()
  await untilLevel(ensemble)
  await ensemble.kill(learner)
  const found = await catchUp(ensemble, learner)
  expect(found.mode).toBe('DIFF')
  expect(found.to).toBe(found.from)
  await ensemble.sameTrees()
}
