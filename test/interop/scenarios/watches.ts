/**
 * Watches of every kind, set at a member of one kind and triggered through one of the other; and moved to the
 * other kind, where events for what changed meanwhile arrive at once (setWatches, setWatches2) and the rest
 * later.
 */
import { expect } from 'vitest'
import {
  addWatch,
  create,
  exists,
  getChildren,
  getData,
  remove,
  setData,
  setWatches,
  setWatches2,
  sync,
} from '../../conformance/operations.ts'
import type { RawSession } from '../../conformance/rawSession.ts'
import { FIVES, THREES } from '../arrangement.ts'
import { acrossKinds, oneOfEachKind } from '../kinds.ts'
import type { MixedEnsemble, MixedMember } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'

const PERSISTENT = 0
const RECURSIVE = 1

export const watches: Scenario = {
  name: 'watches',
  title: 'watches across members, taken along on a move',
  where: [...THREES, ...FIVES.slice(2, 3), 'ZAAza'],
  core: ['ZZA', 'AAZ'],
  async play(_, stage) {
    const ensemble = await stage.start()
    for (const leader of oneOfEachKind(ensemble.voters)) {
      await ensemble.lead(leader.id)
      for (const [at, via] of acrossKinds(ensemble.members)) {
        const root = `/led-by-${leader.id}-at-${at.id}`
        const [watching, changing] = [await ensemble.session(at.id), await ensemble.session(via.id)]
        await changing.must(create(root))
        await fire(watching, changing, `${root}/fire`)
        await moveAlong(ensemble, via, changing, watching, `${root}/move`)
        await changing.close()
      }
    }
  },
}

async function doAll(session: RawSession, ...operations: Parameters<RawSession['must']>[0][]): Promise<void> {
  for (const operation of operations) await session.must(operation)
}

async function prepare(changing: RawSession, watching: RawSession, root: string): Promise<void> {
  const paths = ['', '/data', '/gone', '/child', '/persistent', '/recursive', '/recursive/deep', '/still']
  await doAll(changing, ...paths.map((path) => create(`${root}${path}`)))
  await watching.must(sync('/'))
  for (const path of ['data', 'gone', 'still']) await watching.must(getData(`${root}/${path}`, true))
  await watching.must(getChildren(`${root}/child`, true))
  expect((await watching.do(exists(`${root}/later`, true))).outcome).toBe('NoNode')
  expect((await watching.do(exists(`${root}/never`, true))).outcome).toBe('NoNode')
  await watching.must(addWatch(`${root}/persistent`, PERSISTENT))
  await watching.must(addWatch(`${root}/recursive`, RECURSIVE))
}

/** The events arrive in the order of the changes, each one-shot watch once. */
async function fire(watching: RawSession, changing: RawSession, root: string): Promise<void> {
  await prepare(changing, watching, root)
  await doAll(
    changing,
    setData(`${root}/data`),
    setData(`${root}/data`),
    create(`${root}/later`),
    remove(`${root}/later`),
    create(`${root}/child/one`),
    create(`${root}/child/two`),
    setData(`${root}/persistent`),
    create(`${root}/persistent/one`),
    setData(`${root}/persistent/one`),
    setData(`${root}/persistent`),
    create(`${root}/recursive/deep/one`),
    setData(`${root}/recursive/deep/one`),
    remove(`${root}/recursive/deep/one`),
    remove(`${root}/gone`),
  )
  await watching.must(sync('/'))
  expect(watching.takeEvents()).toEqual([
    `dataChanged ${root}/data`,
    `created ${root}/later`,
    `childrenChanged ${root}/child`,
    `dataChanged ${root}/persistent`,
    `childrenChanged ${root}/persistent`,
    `dataChanged ${root}/persistent`,
    `created ${root}/recursive/deep/one`,
    `dataChanged ${root}/recursive/deep/one`,
    `deleted ${root}/recursive/deep/one`,
    `deleted ${root}/gone`,
  ])
}

async function moveAlong(
  ensemble: MixedEnsemble,
  to: MixedMember,
  changing: RawSession,
  watching: RawSession,
  root: string,
): Promise<void> {
  await prepare(changing, watching, root)
  const { sessionId, password, lastZxid: lastZxidSeen } = watching
  await watching.drop()
  await doAll(
    changing,
    setData(`${root}/data`),
    remove(`${root}/gone`),
    create(`${root}/later`),
    create(`${root}/child/one`),
    setData(`${root}/persistent`),
    setData(`${root}/recursive/deep`),
  )
  const moved = await ensemble.session(to.id, { sessionId, password, lastZxidSeen })
  const paths = (...names: string[]) => names.map((name) => `${root}/${name}`)
  const standard = {
    data: paths('data', 'gone', 'still'),
    exist: paths('later', 'never'),
    child: paths('child'),
  }
  const lasting = { persistent: paths('persistent'), recursive: paths('recursive') }
  const missed = [
    `dataChanged ${root}/data`,
    `deleted ${root}/gone`,
    `created ${root}/later`,
    `childrenChanged ${root}/child`,
  ]
  await moved.must(setWatches2(lastZxidSeen, { ...standard, ...lasting }))
  expect(moved.takeEvents()).toEqual(missed)
  // The older request has the same effect, but no persistent watches.
  await moved.must(
    setWatches(lastZxidSeen, { ...standard, data: paths('data', 'gone'), exist: paths('later') }),
  )
  expect(moved.takeEvents()).toEqual(missed)
  await doAll(
    changing,
    setData(`${root}/still`),
    create(`${root}/never`),
    setData(`${root}/data`),
    create(`${root}/child/two`),
    setData(`${root}/persistent`),
    setData(`${root}/recursive/deep`),
  )
  await moved.must(sync('/'))
  expect(moved.takeEvents()).toEqual([
    `dataChanged ${root}/still`,
    `created ${root}/never`,
    `dataChanged ${root}/persistent`,
    `dataChanged ${root}/recursive/deep`,
  ])
  await moved.close()
}
