/**
 * Transactions of every kind, applied and refused, and reads in one request: the same answers through every
 * member, under each kind of leader.
 */
import { expect } from 'vitest'
import {
  check,
  create,
  create2,
  createContainer,
  createTtl,
  Flag,
  getChildren,
  getData,
  multi as multiOf,
  multiRead,
  remove,
  setData,
} from '../../conformance/operations.ts'
import { FIVES, THREES } from '../arrangement.ts'
import { type Play, playEverywhere } from '../everywhere.ts'
import { oneOfEachKind } from '../kinds.ts'
import type { Scenario } from '../scenario.ts'

export const multi: Scenario = {
  name: 'multi',
  title: 'multi and multiRead, done and refused, alike',
  where: [...THREES, ...FIVES.slice(3), 'AZZaz'],
  core: ['AZZ', 'ZAA'],
  set: { extendedTypesEnabled: 'true' },
  async play(_, stage) {
    const ensemble = await stage.start()
    const answers: unknown[] = []
    for (const leader of oneOfEachKind(ensemble.voters)) {
      await ensemble.lead(leader.id)
      answers.push(await playEverywhere(ensemble, `/led-by-${leader.id}`, everyKind))
    }
    expect(answers[1]).toEqual(answers[0])
  },
}

const everyKind: Play = async (root, ask) => {
  const outcomes: string[] = []
  const play = async (...parts: Parameters<typeof multiOf>) => {
    outcomes.push((await ask(multiOf(...parts))).outcome)
  }
  await ask(create(root))
  // These are applied.
  await play(
    create(`${root}/a`, { data: '1' }),
    create2(`${root}/b`),
    setData(`${root}/a`, '2', 0),
    check(`${root}/a`, 1),
  )
  await play(
    create(`${root}/a/s-`, { flags: Flag.sequential }),
    create(`${root}/a/s-`, { flags: Flag.sequential }),
  )
  await play(
    create(`${root}/e`, { flags: Flag.ephemeral }),
    create2(`${root}/es-`, { flags: Flag.ephemeralSequential }),
  )
  await play(createContainer(`${root}/c`), create(`${root}/c/child`), createTtl(`${root}/t`, 3_600_000n))
  await play(create(`${root}/x`), create(`${root}/x/y`), remove(`${root}/x/y`), remove(`${root}/x`))
  await play(setData(`${root}/b`, null), setData(`${root}/b`, ''), remove(`${root}/e`))
  await play()
  // These are refused, and none of their parts is applied.
  await play(create(`${root}/n1`), check(`${root}/a`, 99), create(`${root}/n2`))
  await play(create(`${root}/n1`), create(`${root}/a`))
  await play(create(`${root}/n1`), remove(`${root}/a`))
  await play(remove(`${root}/nothing`), create(`${root}/n1`))
  await play(setData(`${root}/a`, 'never'), setData(`${root}/nothing`))
  await play(create(`${root}/n1`), create(`${root}/n1`))
  await play(create(`${root}/es/below`, {}), check(`${root}/a`, 1))
  await play(create(`${root}/n1`), create('no slash'))
  await play(create(`${root}/n1`, { acl: [] }))
  await ask(getChildren(root))
  // These are reads.
  await ask(
    multiRead(
      getData(`${root}/a`),
      getChildren(`${root}/a`),
      getData(`${root}/nothing`),
      getData(`${root}/b`),
    ),
  )
  await ask(multiRead())
  expect(outcomes.filter((outcome) => outcome === 'ok').length, outcomes.join(' ')).toBeGreaterThanOrEqual(7)
}
