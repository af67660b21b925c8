/**
 * Empty members find a leader, started all at once, and one after the other. Members that are missing are not
 * waited for, so among the members of the first quorum, whose histories are equally long, the one with the
 * greatest id leads (FastLeaderElection.totalOrderPredicate), and a member that comes later follows, however
 * great its id.
 */
import { expect } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { FIVES, THREES } from '../arrangement.ts'
import type { MixedEnsemble } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'

const ORDERS: Readonly<Record<number, readonly (readonly number[])[]>> = {
  3: [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ],
  5: [
    [0, 1, 2, 3, 4],
    [4, 3, 2, 1, 0],
    [2, 0, 4, 1, 3],
  ],
}

export const coldStart: Scenario = {
  name: 'coldStart',
  title: 'election from a cold start, in every order',
  where: [...THREES, ...FIVES, 'AZZaz'],
  core: ['AZZ', 'AZA', 'ZAA'],
  async play(_, stage) {
    const ensemble = await stage.start({ wait: false })
    await ensemble.waitUntilServing()
    const { id: first } = await ensemble.waitForLeader()
    // A member's events arrive after its port reports its mode.
    const voters = await eventually(`member ${first} to tell who elected it`, () => votersOf(ensemble, first))
    expect(first).toBe(Math.max(...voters))

    for (const order of ORDERS[ensemble.voters.length] ?? []) await startInOrder(ensemble, order)
  },
}

function votersOf(ensemble: MixedEnsemble, leader: number): number[] | null {
  for (const { member, event } of ensemble.events)
    if (member === leader && event.type === 'elected') return Object.keys(event.votes).map(Number)
  return null
}

async function startInOrder(ensemble: MixedEnsemble, order: readonly number[]): Promise<void> {
  await ensemble.kill([...ensemble.running])
  for (const id of ensemble.ids) ensemble.wipe(id)
  const quorum = Math.floor(order.length / 2) + 1
  const first = order.slice(0, quorum)
  for (const id of first) await ensemble.start(id)
  await ensemble.waitForLeader(Math.max(...first))
  await ensemble.waitUntilServing()
  for (const id of order.slice(quorum)) await ensemble.start(id)
  await ensemble.start(ensemble.observers.map(({ id }) => id))
  await ensemble.waitUntilServing()
  const told = `the leader of those that started in the order ${order.join(', ')}`
  expect((await ensemble.leader())?.id, told).toBe(Math.max(...first))
  const client = await ensemble.connect([order.at(-1) as number])
  await client.create('/written', order.join(' '))
  await client.close()
  await ensemble.sameTrees()
}
