/**
 * A member's data was altered by hand while it was down. Apache notices it with the next transaction (it logs
 * and counts), and so does our member (an error in its log, once); neither does more about it. When the data
 * is deleted, the correct data comes back by a SNAP.
 */
import { expect } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { catchUp, untilLevel } from '../catchUp.ts'
import { digestComplaints, mismatchesOf } from '../digests.ts'
import { alter } from '../plant.ts'
import type { Scenario } from '../scenario.ts'

export const digestMismatch: Scenario = {
  name: 'digestMismatch',
  title: 'data altered by hand is noticed by its digest',
  where: ['AAZ', 'ZZA', 'AZZ'],
  core: [],
  async play(_, stage) {
    const ensemble = await stage.start()
    const client = await ensemble.connect()
    await client.create('/altered', 'as it should be')
    const leader = await ensemble.waitForLeader()
    const followers = ensemble.voters.filter(({ id }) => id !== leader.id)
    for (const { id, engine } of followers) {
      await untilLevel(ensemble)
      await ensemble.stop(id)
      await alter(ensemble.member(id), '/altered', 'otherwise')
      expect((await catchUp(ensemble, id)).mode).toBe('DIFF')
      await client.create(`/after-${id}`, 'the next transaction')
      await eventually('the difference to be noticed', () => digestComplaints(ensemble, id).length > 0)
      if (engine === 'apache') expect(await mismatchesOf(ensemble, id)).toBeGreaterThan(0)
      const reader = await ensemble.connect([id])
      expect((await reader.getData('/altered')).data?.toString()).toBe('otherwise')
      await reader.close()
      await ensemble.kill(id)
      ensemble.wipe(id)
      await catchUp(ensemble, id)
      await ensemble.sameTrees()
    }
    // Members that hold what the leader holds have nothing to report.
    expect(digestComplaints(ensemble, leader.id)).toEqual([])
    ensemble.expected.push(/digest/i)
  },
}
