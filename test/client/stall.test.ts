/**
 * A process that stood still (at a breakpoint, or in a long computation) does not take its server for dead.
 */
import { expect, it } from 'vitest'
import { ZooKeeper } from '../../src/client/index.ts'
import { Ensemble } from '../../src/ensemble/index.ts'

it('reads what has arrived meanwhile before it gives a server up', async () => {
  await using ensemble = await Ensemble.start({ members: 1, set: { tickTime: '2000' } })
  const client = await ZooKeeper.connect(ensemble.connectString, { sessionTimeoutMs: 4000 })
  const states: string[] = []
  client.on('state', (state) => states.push(state))
  await client.create('/n', 'x')
  const answers = Promise.all(Array.from({ length: 20 }, () => client.getData('/n')))
  // Two thirds of the timeout are 2.7 s; the member, in its thread, has long answered by then.
  const until = performance.now() + 3200
  while (performance.now() < until);
  expect((await answers).length).toBe(20)
  await client.sync('/')
  expect(states).toEqual([])
  await client.close()
})
