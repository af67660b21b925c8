/** Session limits that differ between members, and local sessions that become global ones. */
import { expect } from 'vitest'
import { course } from '../course.ts'
import type { MixedEnsemble } from '../mixedEnsemble.ts'
import type { Scenario, Stage } from '../scenario.ts'

const LOCAL = { localSessionsEnabled: 'true', localSessionsUpgradingEnabled: 'true' }

export const wireOptionsSessions: Scenario = {
  name: 'wireOptionsSessions',
  title: 'local sessions, differing session time-outs',
  where: ['AZZ', 'ZAA', 'ZZAa'],
  core: [],
  timeoutMs: 300_000,
  async play(_, stage) {
    const timeouts = await stage.start({
      edit: (id, text) =>
        `${text}minSessionTimeout=${1000 + id * 1000}\nmaxSessionTimeout=${20_000 + id * 5000}\n`,
    })
    await course(timeouts)
    for (const { id } of timeouts.members) {
      expect(await granted(timeouts, id, 1)).toBe(1000 + id * 1000)
      expect(await granted(timeouts, id, 3_600_000)).toBe(20_000 + id * 5000)
    }
    await timeouts.close()
    await local(stage)
  },
}

async function granted(ensemble: MixedEnsemble, id: number, sessionTimeoutMs: number): Promise<number> {
  const client = await ensemble.connect([id], { sessionTimeoutMs, connectTimeoutMs: 5000 })
  await client.sync()
  const { sessionTimeoutMs: answer } = client
  await client.close()
  return answer
}

/**
 * All members have the option: a leader without it expires the local sessions of the others
 * (LeaderSessionTracker.checkSession).
 */
async function local(stage: Stage): Promise<void> {
  const ensemble = await stage.start({ set: LOCAL })
  for (const { id } of ensemble.members) {
    // At any member, a session becomes a global one with its first ephemeral, and only then.
    const client = await ensemble.connect([id])
    await client.create(`/by-${id}`, 'persistent')
    await client.create(`/ephemeral-${id}`, '', { mode: 'ephemeral' })
    for (const other of ensemble.ids) {
      const reader = await ensemble.connect([other])
      await reader.sync()
      expect((await reader.exists(`/ephemeral-${id}`))?.ephemeralOwner).toBe(client.sessionId)
      await reader.close()
    }
    const moved = await ensemble.connect([(id + 1) % ensemble.members.length], { session: client.leave() })
    expect(await moved.getEphemerals()).toEqual([`/ephemeral-${id}`])
    await moved.close()
    expect((await ensemble.sameTrees()).has(`/ephemeral-${id}`)).toBe(false)
  }
  await course(ensemble)
  await ensemble.close()
}
