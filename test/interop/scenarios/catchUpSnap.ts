/**
 * A follower of either kind gets the whole database from a leader of the other kind: because it is further
 * behind than the leader's memory reaches, because its folder is empty, or because it was restored from an
 * older copy.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { THREES } from '../arrangement.ts'
import { catchUp, pairsOf, untilLevel } from '../catchUp.ts'
import { checkDisks, versionDir } from '../disk.ts'
import type { MixedEnsemble } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'
import { everyKind, many } from '../workload.ts'

/** The minimum that either engine accepts for commitLogCount, and its default. */
const MEMORY = 500

export const catchUpSnap: Scenario = {
  name: 'catchUpSnap',
  title: 'a follower catches up by SNAP: far behind, empty, older',
  where: THREES,
  core: ['AZZ'],
  // Apache's leader would read its log for a longer DIFF, which catchUpLog plays.
  set: { snapshotSizeFactor: '-1', extendedTypesEnabled: 'true' },
  async play(_, stage) {
    const ensemble = await stage.start()
    const holder = await ensemble.connect()
    await holder.create('/held', 'by a session', { mode: 'ephemeral' })
    for (const { leader, learner } of pairsOf(ensemble)) {
      await ensemble.lead(leader)
      await farBehind(ensemble, leader, learner)
      await empty(ensemble, learner)
      await restored(ensemble, leader, learner)
    }
    await checkDisks(ensemble)
  },
}

async function farBehind(ensemble: MixedEnsemble, leader: number, learner: number): Promise<void> {
  await ensemble.kill(learner)
  const client = await ensemble.connect([leader])
  await everyKind(client, `/kinds-${learner}`, true)
  await many(client, `/far-ahead-of-${learner}`, MEMORY + 100)
  await client.create(`/held-for-${learner}`, '', { mode: 'ephemeral' })
  expect(await catchUp(ensemble, learner)).toMatchObject({ leader, mode: 'SNAP' })
  // The SNAP brought the session, and its ownership of an ephemeral.
  const moved = await ensemble.connect([learner], { session: client.leave() })
  expect(await moved.getEphemerals(`/held-for-${learner}`)).toEqual([`/held-for-${learner}`])
  await moved.close()
  expect((await ensemble.sameTrees()).has(`/held-for-${learner}`)).toBe(false)
}

async function empty(ensemble: MixedEnsemble, learner: number): Promise<void> {
  await ensemble.kill(learner)
  ensemble.wipe(learner)
  expect(await catchUp(ensemble, learner)).toMatchObject({ mode: 'SNAP' })
  await ensemble.sameTrees()
}

/** The copy is first younger than what the leader's memory holds, and then older. */
async function restored(ensemble: MixedEnsemble, leader: number, learner: number): Promise<void> {
  const { dataDir } = ensemble.member(learner)
  const copies = mkdtempSync(join(tmpdir(), 'zk-pseudo-copy-'))
  try {
    for (const [count, mode] of [
      [5, 'DIFF'],
      [MEMORY + 100, 'SNAP'],
    ] as const) {
      await untilLevel(ensemble)
      await ensemble.stop(learner)
      const copy = join(copies, mode)
      cpSync(versionDir(dataDir), copy, { recursive: true })
      expect(await catchUp(ensemble, learner)).toMatchObject({ mode: 'DIFF' })
      const client = await ensemble.connect([leader])
      await many(client, `/restored-${learner}-${mode}`, count)
      await client.close()
      await untilLevel(ensemble)
      await ensemble.kill(learner)
      rmSync(versionDir(dataDir), { recursive: true })
      cpSync(copy, versionDir(dataDir), { recursive: true })
      expect(await catchUp(ensemble, learner)).toMatchObject({ mode })
      await ensemble.sameTrees()
    }
  } finally {
    rmSync(copies, { recursive: true })
  }
}
