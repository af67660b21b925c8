/**
 * Voters of both kinds lead under load and are killed, again and again: nothing acknowledged is lost, and no
 * number is assigned twice.
 */
import { FIVES, THREES } from '../arrangement.ts'
import { oneOfEachKind } from '../kinds.ts'
import { Load } from '../load.ts'
import type { Scenario } from '../scenario.ts'

export const leaderKilled: Scenario = {
  name: 'leaderKilled',
  title: 'the leader killed under load, leaders of both kinds',
  where: [...THREES, ...FIVES.slice(0, 2), 'AZZaz'],
  core: ['AZZ', 'AZA'],
  async play(_, stage) {
    const ensemble = await stage.start()
    await using load = await Load.start(ensemble)
    // With more than three voters one of each kind is killed, because each turn costs three elections.
    const { voters } = ensemble
    for (const { id } of voters.length === 3 ? voters : oneOfEachKind(voters)) {
      await ensemble.lead(id)
      await load.grow()
      await ensemble.kill(id)
      await ensemble.waitUntilServing()
      await load.grow()
      await ensemble.start(id)
    }
    await load.grow()
    await load.stop()
    await ensemble.waitUntilServing()
    load.check(await ensemble.sameTrees())
  },
}
