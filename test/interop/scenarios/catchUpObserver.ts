/**
 * Observers of either kind catch up by each mode from a leader of either kind, while clients of other members
 * write, and serve reads and writes as soon as they are back. An observer logs only what is committed; the
 * transaction that TRUNC cuts off is planted in its log, where it would be after the voters were restored
 * from a backup.
 */
import { expect } from 'vitest'
import { OBSERVED } from '../arrangement.ts'
import { catchUp, untilLevel } from '../catchUp.ts'
import { checkDisks, loggedZxids } from '../disk.ts'
import type { MixedEnsemble } from '../mixedEnsemble.ts'
import { plant } from '../plant.ts'
import type { Scenario } from '../scenario.ts'
import { everyKind, many } from '../workload.ts'

export const catchUpObserver: Scenario = {
  name: 'catchUpObserver',
  title: 'observers catch up by DIFF, SNAP and TRUNC',
  where: OBSERVED,
  core: [],
  set: { snapshotSizeFactor: '-1' },
  timeoutMs: 300_000,
  async play(_, stage) {
    const ensemble = await stage.start()
    const kinds = new Set(ensemble.voters.map(({ engine }) => engine))
    for (const engine of kinds) {
      const leader = ensemble.voters.find((voter) => voter.engine === engine)?.id as number
      await ensemble.lead(leader)
      for (const observer of ensemble.observers.filter((one) => one.engine !== engine)) {
        await byDiff(ensemble, observer.id)
        await byTrunc(ensemble, observer.id)
        await bySnap(ensemble, observer.id)
        await readsAndWrites(ensemble, observer.id)
      }
      expect((await ensemble.waitForLeader()).id).toBe(leader)
    }
    await checkDisks(ensemble)
  },
}

async function byDiff(ensemble: MixedEnsemble, observer: number): Promise<void> {
  await ensemble.kill(observer)
  const { id: leader } = await ensemble.waitForLeader()
  const client = await ensemble.connect([leader])
  await everyKind(client, `/kinds-${leader}-${observer}`)
  await client.close()
  expect(await catchUp(ensemble, observer)).toMatchObject({ leader, mode: 'DIFF' })
  await untilLevel(ensemble)
  await ensemble.kill(observer)
  const empty = await catchUp(ensemble, observer)
  expect(empty).toMatchObject({ mode: 'DIFF', from: empty.to })
}

async function byTrunc(ensemble: MixedEnsemble, observer: number): Promise<void> {
  await untilLevel(ensemble)
  await ensemble.kill(observer)
  const zxid = await plant(ensemble.member(observer), `/planted-in-${observer}`)
  expect((await catchUp(ensemble, observer)).mode).toBe('TRUNC')
  expect(loggedZxids(ensemble.member(observer).dataDir)).not.toContain(zxid)
  expect((await ensemble.sameTrees()).has(`/planted-in-${observer}`)).toBe(false)
}

async function bySnap(ensemble: MixedEnsemble, observer: number): Promise<void> {
  await ensemble.kill(observer)
  const { id: leader } = await ensemble.waitForLeader()
  const client = await ensemble.connect([leader])
  await many(client, `/far-ahead-${leader}-${observer}`, 700)
  expect(await catchUp(ensemble, observer)).toMatchObject({ leader, mode: 'SNAP' })
  await ensemble.kill(observer)
  ensemble.wipe(observer)
  // Writes continue while the observer is synced.
  const writing = many(client, `/meanwhile-${leader}-${observer}`, 700)
  expect(await catchUp(ensemble, observer)).toMatchObject({ leader, mode: 'SNAP' })
  await writing
  await client.close()
  await ensemble.sameTrees()
}

async function readsAndWrites(ensemble: MixedEnsemble, observer: number): Promise<void> {
  const client = await ensemble.connect([observer])
  const path = `/through-${observer}-`
  const written = await client.create(path, 'by an observer', { mode: 'ephemeralSequential' })
  await client.sync()
  expect((await client.getData(written)).data?.toString()).toBe('by an observer')
  await client.close()
  expect((await ensemble.sameTrees()).has(written)).toBe(false)
}
