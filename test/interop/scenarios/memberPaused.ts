/**
 * Members are frozen (SIGSTOP) under load, for longer than the others wait, and resumed: a leader, which
 * finds that another one has replaced it, and followers, which find themselves behind. Members of both kinds,
 * under leaders of both kinds.
 */
import { eventually } from '../../support/eventually.ts'
import { ask } from '../../support/fourLetterWord.ts'
import { FIVES, THREES } from '../arrangement.ts'
import { oneOfEachKind } from '../kinds.ts'
import { Load } from '../load.ts'
import type { MixedEnsemble } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'

export const memberPaused: Scenario = {
  name: 'memberPaused',
  title: 'leaders and followers frozen under load, and resumed',
  where: [...THREES, ...FIVES.slice(2, 3), 'ZAAza'],
  core: ['ZZA', 'ZAA'],
  set: { syncLimit: '4' },
  async play(_, stage) {
    const ensemble = await stage.start()
    await using load = await Load.start(ensemble)
    for (const leader of oneOfEachKind(ensemble.voters)) {
      await ensemble.lead(leader.id)
      for (const { id } of oneOfEachKind(ensemble.members.filter((member) => member.id !== leader.id))) {
        const followers = await learnersOf(ensemble, leader.id)
        await ensemble.pause(id)
        await eventually(`${ensemble.nameOf(leader.id)} to give ${ensemble.nameOf(id)} up`, async () => {
          return (await learnersOf(ensemble, leader.id)) < followers
        })
        await load.grow()
        await ensemble.resume(id)
        await ensemble.waitUntilServing()
      }
      await ensemble.pause(leader.id)
      await ensemble.waitUntilServing()
      await load.grow()
      await ensemble.resume(leader.id)
      await ensemble.waitUntilServing()
      await load.grow()
    }
    await load.stop()
    load.check(await ensemble.sameTrees())
  },
}

/** The number of followers and observers, as the leader itself counts them. */
async function learnersOf(ensemble: MixedEnsemble, id: number): Promise<number> {
  const text = await ask(ensemble.member(id).clientPort, 'mntr')
  const count = (name: string) =>
    Number(new RegExp(`^zk_${name}\\s+(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN)
  const learners = count('synced_followers') + count('synced_observers')
  if (Number.isNaN(learners)) throw new Error(`${ensemble.nameOf(id)} does not count its learners:\n${text}`)
  return learners
}
