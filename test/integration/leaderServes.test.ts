/**
 * leaderServes=no: the leader leaves clients to the other members. The same holds for Apache
 * (ZK_TEST_ENGINE=both).
 */
import { expect, test } from 'vitest'
import { ZooKeeper } from '../../src/client/index.ts'
import { describeEngines, modes, type TestEnsemble } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { ask } from '../support/fourLetterWord.ts'
import { RawClient } from '../support/rawClient.ts'

/** The member that serves no clients while the two others do. */
async function silent(ensemble: TestEnsemble, among: readonly number[]): Promise<number> {
  const found = await eventually('two to follow', async () => {
    const said = await modes(ensemble)
    return said.filter((mode) => mode === 'follower').length === among.length - 1 ? said : null
  })
  return among.find((id) => found[id] === null) as number
}

describeEngines('leaderServes=no', (start) => {
  test('clients are served by followers only, also under the next leader', { timeout: 60_000 }, async () => {
    await using ensemble = await start({ members: 5, set: { tickTime: '500', leaderServes: 'no' } })
    const everyone = [0, 1, 2, 3, 4]
    const leader = await silent(ensemble, everyone)
    const portOf = (id: number) => ensemble.members[id]?.clientPort as number
    expect(await ask(portOf(leader), 'srvr')).toMatch(/not currently serving/)
    expect(await ask(portOf(leader), 'ruok')).toBe('imok')
    await expect(RawClient.open(portOf(leader))).rejects.toThrow()

    const client = await ZooKeeper.connect(ensemble.connectString, { sessionTimeoutMs: 8000 })
    await client.create('/here', 'x', { mode: 'ephemeral' })
    const { sessionId } = client
    await ensemble.kill(leader)
    const next = await silent(
      ensemble,
      everyone.filter((id) => id !== leader),
    )
    expect(next).not.toBe(leader)
    await eventually('a write', () => client.create('/there', 'y').catch(() => null))
    expect(await client.exists('/here')).not.toBeNull()
    expect(client.sessionId).toBe(sessionId)
    await client.close()
    const reader = await ZooKeeper.connect(ensemble.connectString)
    await reader.sync('/')
    expect(await reader.exists('/here')).toBeNull()
    expect(await reader.exists('/there')).not.toBeNull()
    await reader.close()
  })
})
