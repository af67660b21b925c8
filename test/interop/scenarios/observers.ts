/**
 * Observers of either kind under leaders of either kind: they accept reads, writes, sessions and watches like
 * other members, cost no quorum when they are dead, add nothing to one while they live, and catch up when
 * they return.
 */
import { expect } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { modeOf } from '../../support/fourLetterWord.ts'
import { OBSERVED } from '../arrangement.ts'
import { oneOfEachKind } from '../kinds.ts'
import type { MixedEnsemble, MixedMember } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'

export const observers: Scenario = {
  name: 'observers',
  title: 'observers read, write, watch, do not vote, catch up',
  where: [...OBSERVED, 'AZAZZaz'],
  core: ['AZZaz'],
  async play(_, stage) {
    const ensemble = await stage.start()
    for (const leader of oneOfEachKind(ensemble.voters)) {
      await ensemble.lead(leader.id)
      const root = `/led-by-${leader.id}`
      const client = await ensemble.connect([leader.id])
      await client.create(root)
      await client.close()
      for (const observer of ensemble.observers) await serves(ensemble, observer, root)
      await areMissedByNobody(ensemble, root)
    }
    await addNothingToAQuorum(ensemble)
  },
}

async function serves(ensemble: MixedEnsemble, observer: MixedMember, root: string): Promise<void> {
  expect(await modeOf(observer.clientPort)).toBe('observer')
  const voter = ensemble.voters[0] as MixedMember
  const [through, beside] = await Promise.all([ensemble.connect([observer.id]), ensemble.connect([voter.id])])
  const path = `${root}/through-${observer.id}`
  await through.create(path, 'by an observer', { mode: 'ephemeral' })
  await beside.sync()
  const seen = await beside.getData(path)
  expect([seen.data?.toString(), seen.stat.ephemeralOwner]).toEqual(['by an observer', through.sessionId])

  const events: string[] = []
  await through.getData(root, ({ type, path }) => events.push(`${type} ${path}`))
  await beside.setData(root, String(observer.id))
  await eventually('an event at the observer', () => events.length > 0)
  expect(events).toEqual([`dataChanged ${root}`])
  await through.close()
  await beside.sync()
  expect(await beside.exists(path)).toBeNull()
  await beside.close()
}

async function areMissedByNobody(ensemble: MixedEnsemble, root: string): Promise<void> {
  const ids = ensemble.observers.map(({ id }) => id)
  await ensemble.kill(ids)
  const client = await ensemble.connect(ensemble.voters.map(({ id }) => id))
  for (let i = 0; i < 20; i++) await client.create(`${root}/missed-`, String(i), { mode: 'sequential' })
  await ensemble.start(ids)
  await ensemble.waitUntilServing()
  const tree = await ensemble.sameTrees()
  expect([...tree.keys()].filter((path) => path.startsWith(`${root}/missed-`))).toHaveLength(20)
  await client.close()
}

/** With too few voters, observers do not make a quorum: no member serves until a voter is back. */
async function addNothingToAQuorum(ensemble: MixedEnsemble): Promise<void> {
  const voters = ensemble.voters.map(({ id }) => id)
  const lost = voters.slice(0, Math.floor(voters.length / 2) + 1)
  await ensemble.kill(lost)
  await eventually('all to see that there is no quorum', async () => {
    return [...(await ensemble.modes()).values()].every((mode) => mode === null)
  })
  await ensemble.start(lost)
  await ensemble.waitUntilServing()
}
