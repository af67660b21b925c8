/**
 * Container and TTL znodes, made through members of either kind, are removed by a leader of either kind,
 * including one that was not yet the leader when they were made.
 */
import { expect } from 'vitest'
import { create, createContainer, createTtl, Flag, remove, setData } from '../../conformance/operations.ts'
import { eventually } from '../../support/eventually.ts'
import { FIVES, THREES } from '../arrangement.ts'
import { oneOfEachKind } from '../kinds.ts'
import type { MixedEnsemble } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'

const SHORT_MS = 700n
const LONG_MS = 3_600_000n

export const containersAndTtl: Scenario = {
  name: 'containersAndTtl',
  title: 'container and TTL znodes, removed by either leader',
  where: [...THREES, ...FIVES.slice(0, 1), 'AZZaz'],
  core: ['AZA', 'ZAZ'],
  set: { extendedTypesEnabled: 'true', 'znode.container.checkIntervalMs': '300' },
  async play(_, stage) {
    const ensemble = await stage.start()
    for (const leader of oneOfEachKind(ensemble.voters)) {
      await ensemble.lead(leader.id)
      const roots = ensemble.ids.map((id) => `/led-by-${leader.id}-through-${id}`)
      const passing: string[] = []
      for (const id of ensemble.ids) passing.push(...(await make(ensemble, id, roots[id] as string)))
      await gone(ensemble, passing)
      await othersStay(ensemble, roots)
    }
    // The znodes are created under one leader, and emptied and removed under one of the other kind.
    const [one, other] = oneOfEachKind(ensemble.voters)
    for (const [before, after] of [
      [one, other],
      [other, one],
    ]) {
      if (before === undefined || after === undefined) throw new Error('the ensemble is not mixed')
      await ensemble.lead(before.id)
      const session = await ensemble.session(after.id, { timeoutMs: 10_000 })
      const root = `/made-under-${before.id}`
      await session.must(createContainer(root))
      await session.must(create(`${root}/child`))
      await session.must(createTtl(`${root}-ttl`, 5000n))
      await session.close()
      await ensemble.lead(after.id)
      const next = await ensemble.session(before.id)
      await next.must(remove(`${root}/child`))
      await next.close()
      await gone(ensemble, [root, `${root}-ttl`])
    }
  },
}

/** @returns the paths that will be removed */
async function make(ensemble: MixedEnsemble, id: number, root: string): Promise<string[]> {
  const session = await ensemble.session(id)
  for (const operation of [
    createContainer(`${root}-never-used`),
    createContainer(`${root}-in-use`),
    create(`${root}-in-use/child`),
    createContainer(`${root}-emptied`),
    create(`${root}-emptied/child`),
    createTtl(`${root}-short`, SHORT_MS),
    createTtl(`${root}-long`, LONG_MS),
    createTtl(`${root}-parent`, SHORT_MS),
    create(`${root}-parent/child`),
    createTtl(`${root}-written`, LONG_MS),
    setData(`${root}-written`),
    remove(`${root}-emptied/child`),
  ]) {
    await session.must(operation)
  }
  const numbered = createTtl(`${root}-numbered-`, SHORT_MS, { flags: Flag.sequentialTtl })
  const { path } = await session.must(numbered)
  await session.close()
  return [`${root}-emptied`, `${root}-short`, path]
}

async function othersStay(ensemble: MixedEnsemble, roots: readonly string[]): Promise<void> {
  const tree = await ensemble.sameTrees()
  const left = [...tree.keys()].filter((path) => roots.some((root) => path.startsWith(`${root}-`))).sort()
  const stays = ['in-use', 'in-use/child', 'long', 'never-used', 'parent', 'parent/child', 'written']
  expect(left).toEqual(roots.flatMap((root) => stays.map((name) => `${root}-${name}`)).sort())
}

/** Waits until the paths are gone from every member. */
async function gone(ensemble: MixedEnsemble, paths: readonly string[]): Promise<void> {
  for (const id of ensemble.ids) {
    const client = await ensemble.connect([id])
    await eventually(`${paths.join(', ')} to go from ${ensemble.nameOf(id)}`, async () => {
      const found = await Promise.all(paths.map((path) => client.exists(path)))
      return found.every((stat) => stat === null)
    })
    await client.close()
  }
}
