/**
 * All members end at once during writes, and are started again in another order: everything acknowledged is
 * still there.
 */
import { FIVES, THREES } from '../arrangement.ts'
import { Load } from '../load.ts'
import type { Scenario } from '../scenario.ts'

const CUTS = 3

export const powerCut: Scenario = {
  name: 'powerCut',
  title: 'all killed at once under load, and started again',
  where: [...THREES, ...FIVES.slice(1, 2), 'AZZaz'],
  core: ['AAZ', 'ZZA'],
  async play(_, stage) {
    const ensemble = await stage.start()
    await using load = await Load.start(ensemble)
    for (let cut = 0; cut < CUTS; cut++) {
      await load.grow()
      await ensemble.kill(ensemble.ids)
      const ids = [...ensemble.ids.slice(cut), ...ensemble.ids.slice(0, cut)]
      for (const id of ids) await ensemble.start(id)
      await ensemble.waitUntilServing()
    }
    await load.grow()
    await load.stop()
    load.check(await ensemble.sameTrees())
  },
}
