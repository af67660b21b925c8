/**
 * ACLs, whichever member they are set and read through: users of the digest scheme, addresses, and the
 * creators of a znode. What a user may do is the same through every member.
 */
import { expect } from 'vitest'
import {
  auth,
  create,
  create2,
  getAcl,
  getChildren,
  getData,
  multi,
  remove,
  setAcl,
  setData,
  whoAmI,
} from '../../conformance/operations.ts'
import { FIVES, THREES } from '../arrangement.ts'
import { type Play, playEverywhere } from '../everywhere.ts'
import { acrossKinds, oneOfEachKind } from '../kinds.ts'
import { type MixedEnsemble, SUPER } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'

const ANN = 'ann:secret'

export const permissions: Scenario = {
  name: 'permissions',
  title: 'ACLs and users, set at one kind, held at the other',
  where: [...THREES, ...FIVES.slice(2, 3)],
  core: ['ZAZ', 'AAZ'],
  async play(_, stage) {
    const ensemble = await stage.start()
    const answers: unknown[] = []
    for (const leader of oneOfEachKind(ensemble.voters)) {
      await ensemble.lead(leader.id)
      answers.push(await playEverywhere(ensemble, `/led-by-${leader.id}`, everyScheme))
      for (const [at, other] of acrossKinds(ensemble.voters)) {
        await areHeld(ensemble, `/led-by-${leader.id}-set-at-${at.id}`, at.id, other.id)
      }
    }
    expect(answers[1]).toEqual(answers[0])
  },
}

const everyScheme: Play = async (root, ask) => {
  await ask(create(root))
  await ask(create(`${root}/before`, { acl: [[31, 'auth', '']] }))
  await ask(auth('digest', ANN))
  await ask(whoAmI())
  for (const [name, acl] of Object.entries({
    own: [[31, 'auth', '']],
    read: [[1, 'world', 'anyone']],
    none: [[0, 'world', 'anyone']],
    local: [[31, 'ip', '127.0.0.1']],
    remote: [[31, 'ip', '10.0.0.0/8']],
    two: [
      [31, 'digest', 'bob:9ibzqZ6qjGNqKGIkXNWQbnGDwk0='],
      [1, 'world', 'anyone'],
    ],
    unknown: [[31, 'nobody', 'knows']],
    empty: [],
  } as Record<string, [number, string, string][]>)) {
    await ask(create2(`${root}/${name}`, { acl, data: name }))
    await ask(getAcl(`${root}/${name}`))
    await ask(getData(`${root}/${name}`))
    await ask(setData(`${root}/${name}`))
    await ask(create(`${root}/${name}/below`))
    await ask(getChildren(`${root}/${name}`))
    await ask(setAcl(`${root}/${name}`, [[3, 'world', 'anyone']]))
    await ask(setAcl(`${root}/${name}`, [[31, 'world', 'anyone']], 7))
    await ask(multi(setData(`${root}/${name}`), remove(`${root}/nothing`)))
    await ask(remove(`${root}/${name}`))
  }
  await ask(getChildren(root))
  await ask(auth('digest', SUPER))
  await ask(getAcl(`${root}/none`))
  await ask(setData(`${root}/none`))
}

async function areHeld(ensemble: MixedEnsemble, path: string, at: number, other: number): Promise<void> {
  const [ann, stranger] = [await ensemble.session(at), await ensemble.session(other)]
  await ann.must(auth('digest', ANN))
  await ann.must(create(path, { data: 'mine', acl: [[31, 'auth', '']] }))
  await stranger.settle()
  const attempts = [getData(path), setData(path), create(`${path}/below`), getChildren(path), setAcl(path)]
  const outcomes = async () => (await stranger.doAll(...attempts)).map(({ outcome }) => outcome)
  expect(await outcomes()).toEqual(attempts.map(() => 'NoAuth'))
  await stranger.must(auth('digest', ANN))
  expect(await outcomes()).toEqual(attempts.map(() => 'ok'))
  await ann.close()
  await stranger.close()
}
