/**
 * A short course through what options could break: a leader of each kind, a follower of the other kind that
 * was down, writes through both, and the leader's end during a session that survives it.
 */
import { expect } from 'vitest'
import { catchUp, pairsOf } from './catchUp.ts'
import type { MixedEnsemble } from './mixedEnsemble.ts'
import { everyKind } from './workload.ts'

export interface CourseOptions {
  /** Brings the members level where an option requires it, such as by another write through each member. */
  readonly alsoIn?: (ensemble: MixedEnsemble, leader: number, learner: number) => Promise<void>
}

export async function course(ensemble: MixedEnsemble, { alsoIn }: CourseOptions = {}): Promise<void> {
  const holder = await ensemble.connect()
  await holder.create('/held', 'through everything', { mode: 'ephemeral' })
  for (const { leader, learner } of pairsOf(ensemble)) {
    await ensemble.lead(leader)
    const away = [learner, ...ensemble.observers.map(({ id }) => id)]
    await ensemble.kill(away)
    const client = await ensemble.connect(ensemble.voters.map(({ id }) => id))
    await everyKind(client, `/missed-by-${learner}`)
    await client.close()
    for (const id of away) {
      expect((await catchUp(ensemble, id)).leader).toBe(leader)
      const through = await ensemble.connect([id])
      await everyKind(through, `/through-${id}-led-by-${leader}`)
      await through.create(`/of-${id}-led-by-${leader}`, '', { mode: 'ephemeral' })
      await through.close()
    }
    await alsoIn?.(ensemble, leader, learner)
    await ensemble.kill(leader)
    await ensemble.waitUntilServing()
    await holder.create(`/after-${leader}`, 'in the next epoch')
    await ensemble.start(leader)
    await ensemble.waitUntilServing()
  }
  const tree = await ensemble.sameTrees()
  expect(tree.get('/held')?.stat.ephemeralOwner).toBe(holder.sessionId)
  expect([...tree.keys()].filter((path) => path.startsWith('/of-'))).toEqual([])
}
