/** Apache's leader reads its log for a DIFF that goes back further than its memory; ours sends a SNAP. */
import { expect } from 'vitest'
import { THREES } from '../arrangement.ts'
import { catchUp, pairsOf } from '../catchUp.ts'
import { checkDisks, loggedZxids } from '../disk.ts'
import type { Scenario } from '../scenario.ts'
import { everyKind, many } from '../workload.ts'

export const catchUpLog: Scenario = {
  name: 'catchUpLog',
  title: "a DIFF from Apache's log, beyond its memory",
  where: THREES,
  core: [],
  // The log that it reads may be as large as its last snapshot.
  set: { snapshotSizeFactor: '1', preAllocSize: '64' },
  async play(_, stage) {
    const ensemble = await stage.start()
    for (const { leader, learner } of pairsOf(ensemble)) {
      const client = await ensemble.connect()
      for (const i of [1, 2, 3]) await client.create(`/large-${learner}-${i}`, Buffer.alloc(900_000, i))
      // The leader begins to lead with a snapshot.
      await ensemble.restart(leader)
      await ensemble.lead(leader)
      await ensemble.kill(learner)
      await everyKind(client, `/kinds-${learner}`)
      await many(client, `/far-ahead-of-${learner}`, 600)
      await client.close()
      const { mode, from } = await catchUp(ensemble, learner)
      expect(mode).toBe(ensemble.member(leader).engine === 'apache' ? 'DIFF' : 'SNAP')
      await ensemble.sameTrees()
      const logged = loggedZxids(ensemble.member(learner).dataDir).filter((zxid) => zxid > (from ?? 0))
      if (mode === 'DIFF') expect(logged.length).toBeGreaterThan(600)
    }
    await checkDisks(ensemble)
  },
}
