/**
 * Time from the command to kill the leader to the first acknowledged write on a survivor. The killed member
 * is started again and follows before the next kill; at the end every write of the probe must be there.
 */
import { RawClient } from '../../../test/support/rawClient.ts'
import type { RunningEngine } from '../engine.ts'
import { roles, type Scenario, serves, withEnsemble } from '../scenario.ts'
import { firstWrite } from '../writeProbe.ts'

export const failOver: Scenario = {
  name: 'failover',
  about: 'leader killed to the first acknowledged write on a survivor',
  run: (engine, sizes, parentDir) =>
    withEnsemble(engine, sizes, parentDir, async (ensemble) => {
      const samples = []
      for (let i = 0; i < sizes.repeats; i++) {
        const value = await once(ensemble, `/bench-failover-${i}`)
        samples.push({ metric: 'leader killed to first write', unit: 'ms' as const, value })
      }
      const lost = await lostWrites(ensemble, sizes.repeats)
      return { samples, failures: lost, check: `${sizes.repeats} kills, ${lost} of their first writes lost` }
    }),
}

async function once(ensemble: RunningEngine, path: string): Promise<number> {
  const { leader, followers } = await roles(ensemble)
  const survivors = followers.map((member) => member.clientPort)
  const begun = performance.now()
  const killed = ensemble.kill(leader.id)
  const { acknowledgedAt } = await firstWrite(survivors, path)
  await killed
  await ensemble.restart(leader.id)
  await Promise.all(ensemble.members.map(serves))
  return acknowledgedAt - begun
}

async function lostWrites(ensemble: RunningEngine, kills: number): Promise<number> {
  const { leader } = await roles(ensemble)
  const client = await RawClient.open(leader.clientPort)
  await client.sync()
  const names = await client.getChildren('/')
  await client.close()
  const kept = Array.from({ length: kills }, (_, i) => i).filter((i) =>
    names.some((name) => name.startsWith(`bench-failover-${i}-`)),
  )
  return kills - kept.length
}
