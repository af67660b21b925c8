/**
 * The ensemble is changed while it runs, under leaders of both kinds: a member of the other kind becomes an
 * observer and votes again, leaves and joins again, and the leader hands over and returns. All members agree
 * on the result, also after all have been restarted.
 */
import { expect } from 'vitest'
import { ErrorCode, KeeperError, type ReconfigOptions } from '../../../src/client/index.ts'
import { eventually } from '../../support/eventually.ts'
import { FIVES, THREES } from '../arrangement.ts'
import { oneOfEachKind } from '../kinds.ts'
import { type MixedEnsemble, type MixedMember, PATIENCE_MS, SUPER } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'

export const reconfig: Scenario = {
  name: 'reconfig',
  title: 'roles changed, members removed and joined, handed over',
  where: [...THREES, ...FIVES.slice(0, 1)],
  core: ['ZAZ'],
  set: { reconfigEnabled: 'true' },
  async play(_, stage) {
    const ensemble = await stage.start()
    for (const leader of oneOfEachKind(ensemble.voters)) {
      await ensemble.lead(leader.id)
      const others = ensemble.voters.filter(({ id }) => id !== leader.id)
      const other = others.find(({ engine }) => engine !== leader.engine) as MixedMember
      const via = others.find(({ id }) => id !== other.id) as MixedMember
      await changed(ensemble, leader, { joining: [lineOf(other, 'observer')] })
      await becomes(ensemble, other, 'observer')
      await writes(ensemble, other)
      await changed(ensemble, via, { joining: [lineOf(other)] })
      await becomes(ensemble, other, 'follower')
      await changed(ensemble, via, { leaving: [other.id] })
      await changed(ensemble, leader, { joining: [lineOf(other)] })
      await becomes(ensemble, other, 'follower')
      await writes(ensemble, other)

      await changed(ensemble, via, { joining: [lineOf(leader, 'observer')] })
      await becomes(ensemble, leader, 'observer')
      await ensemble.waitUntilServing()
      await changed(ensemble, via, { joining: [lineOf(leader)] })
      await becomes(ensemble, leader, 'follower')
      await ensemble.waitUntilServing()
    }
    const before = await configOf(ensemble)
    for (const { id } of ensemble.members) {
      expect(before).toMatch(new RegExp(`^server\\.${id}=\\S+:participant(;\\S+)?$`, 'm'))
    }
    await ensemble.stop(ensemble.ids)
    await ensemble.start(ensemble.ids)
    await ensemble.waitUntilServing()
    expect(await configOf(ensemble)).toBe(before)
  },
}

function lineOf({ id, quorumPort, electionPort, clientPort }: MixedMember, role = 'participant'): string {
  return `server.${id}=127.0.0.1:${quorumPort}:${electionPort}:${role};127.0.0.1:${clientPort}`
}

/**
 * When a leader hands over, the answer may be lost with the connection, so the configuration is read instead.
 */
async function changed(
  ensemble: MixedEnsemble,
  through: MixedMember,
  options: ReconfigOptions,
): Promise<void> {
  const client = await ensemble.connect([through.id])
  await client.addAuth('digest', SUPER)
  await client.reconfig(options).catch((error: unknown) => {
    if (!(error instanceof KeeperError) || error.code !== ErrorCode.ConnectionLoss) throw error
  })
  await ensemble.waitForLeader()
  const { joining = [], leaving = [] } = options
  await eventually(`the change ${JSON.stringify(options)} to be in force`, async () => {
    const { text } = await client.getConfig()
    return (
      joining.every((line) => text.includes(line)) && leaving.every((id) => !text.includes(`server.${id}=`))
    )
  })
  await client.close()
}

async function becomes(ensemble: MixedEnsemble, { id }: MixedMember, mode: string): Promise<void> {
  const told = `${ensemble.nameOf(id)} to be ${mode} in ${ensemble.arrangement}`
  await eventually(told, async () => (await ensemble.modes()).get(id) === mode, { timeoutMs: PATIENCE_MS })
}

async function writes(ensemble: MixedEnsemble, { id }: MixedMember): Promise<void> {
  const client = await ensemble.connect([id])
  await client.create('/written-', String(id), { mode: 'sequential' })
  await client.close()
}

async function configOf(ensemble: MixedEnsemble): Promise<string> {
  return (await ensemble.sameTrees()).get('/zookeeper/config')?.data?.toString() ?? ''
}
