/** Every voter of either kind leads once, and in each turn every member accepts a write. */
import { expect } from 'vitest'
import { FIVES, OBSERVED, THREES } from '../arrangement.ts'
import type { Scenario } from '../scenario.ts'

export const turns: Scenario = {
  name: 'turns',
  title: "every member's turn as leader, writes through all",
  where: [...THREES, ...FIVES.slice(0, 2), ...OBSERVED.slice(2)],
  core: ['AZZ', 'ZAA'],
  async play(_, stage) {
    const ensemble = await stage.start()
    const written: string[] = []
    for (const { id: leader } of ensemble.voters) {
      await ensemble.lead(leader)
      for (const { id } of ensemble.members) {
        const client = await ensemble.connect([id])
        const path = `/led-by-${leader}-through-${id}`
        expect(await client.create(path, path)).toBe(path)
        await client.setData(path, `${path} again`, 0)
        await client.close()
        written.push(path)
      }
      expect((await ensemble.leader())?.id).toBe(leader)
    }
    const tree = await ensemble.sameTrees()
    for (const path of written) expect(tree.get(path)?.data?.toString()).toBe(`${path} again`)
    // There is one epoch for each change of the leader, and no other.
    const epochs = new Set(written.map((path) => Math.floor((tree.get(path)?.stat.czxid ?? 0) / 2 ** 32)))
    expect(epochs.size).toBe(ensemble.voters.length)
  },
}
