/**
 * Quotas: each member sums up its own statistics, which must agree, and a write beyond a hard limit is
 * refused by a leader of either kind, whichever member forwards it.
 */
import { expect } from 'vitest'
import { create, getData, remove, setData, sync } from '../../conformance/operations.ts'
import { eventually } from '../../support/eventually.ts'
import { FIVES, THREES } from '../arrangement.ts'
import { oneOfEachKind } from '../kinds.ts'
import type { MixedEnsemble } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'

export const quotas: Scenario = {
  name: 'quotas',
  title: 'quotas: the same sums, enforced by either leader',
  where: [...THREES, ...FIVES.slice(3)],
  core: ['ZZA', 'AZA'],
  set: { enforceQuota: 'true' },
  async play(_, stage) {
    const ensemble = await stage.start()
    for (const leader of oneOfEachKind(ensemble.voters)) {
      await ensemble.lead(leader.id)
      for (const id of ensemble.ids) await limited(ensemble, `led-by-${leader.id}-through-${id}`, id)
    }
    // The sums are the same when they are read from the disk again.
    const before = await sums(ensemble)
    await ensemble.stop([...ensemble.running])
    await ensemble.start(ensemble.ids)
    await ensemble.waitUntilServing()
    expect(await sums(ensemble)).toEqual(before)
  },
}

async function limited(ensemble: MixedEnsemble, name: string, id: number): Promise<void> {
  const session = await ensemble.session(id)
  const quota = `/zookeeper/quota/${name}`
  await session.must(create(`/${name}`, { data: '12345' }))
  await session.must(create(quota))
  await session.must(
    create(`${quota}/zookeeper_limits`, { data: 'count=3,bytes=20,byteHardLimit=20,countHardLimit=3' }),
  )
  await session.must(create(`${quota}/zookeeper_stats`, { data: 'count=0,bytes=0' }))
  // The leader decides by its own sums, and may apply a write after the follower that has answered it.
  const atLeader = await ensemble.session((await ensemble.waitForLeader()).id)
  await eventually('the leader to have the statistics', async () => {
    return (await atLeader.do(getData(`${quota}/zookeeper_stats`))).outcome === 'ok'
  })
  const counted = (sums: string) =>
    eventually(`the leader to have counted ${sums}`, async () => {
      return (await atLeader.must(getData(`${quota}/zookeeper_stats`))).data.startsWith(sums)
    })
  await session.must(create(`/${name}/a`, { data: '1234567890' }))
  await counted('count=2,bytes=15')
  // The first write exceeds the bytes, the second the count.
  expect((await session.do(setData(`/${name}/a`, 'x'.repeat(16)))).outcome).toBe('QuotaExceeded')
  expect((await session.do(setData(`/${name}/a`, 'x'.repeat(15)))).outcome).toBe('ok')
  await counted('count=2,bytes=20')
  expect((await session.do(create(`/${name}/b`, { data: '' }))).outcome).toBe('ok')
  await counted('count=3,bytes=20')
  expect((await session.do(create(`/${name}/c`, { data: '' }))).outcome).toBe('QuotaExceeded')
  await session.must(remove(`/${name}/a`))
  await counted('count=2,bytes=5')
  await session.must(create(`/${name}/c`, { data: 'xyz' }))
  await atLeader.close()
  await session.must(sync('/'))
  expect((await session.must(getData(`${quota}/zookeeper_stats`))).data).toMatch(/^count=3,bytes=8/)
  await session.close()
}

async function sums(ensemble: MixedEnsemble): Promise<[string, string | undefined][]> {
  const tree = await ensemble.sameTrees()
  return [...tree]
    .filter(([path]) => path.endsWith('/zookeeper_stats'))
    .map(([path, { data }]) => [path, data?.toString()])
}
