/**
 * A reconfig that moves a member's own ports: the client and election ports move at once, the quorum port
 * moves with leadership.
 */
import { expect, it } from 'vitest'
import { KeeperError, ZooKeeper } from '../../src/client/index.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { allServe, describeEngines, leaderOf, type TestMember } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { modeOf } from '../support/fourLetterWord.ts'
import { claimPorts, isFree, releasePorts } from '../support/ports.ts'

const settings = { reconfigEnabled: 'true', tickTime: '500' }

function lineOf({ id, quorumPort, electionPort, clientPort }: TestMember): string {
  return `server.${id}=127.0.0.1:${quorumPort}:${electionPort}:participant;127.0.0.1:${clientPort}`
}

/** A leader that hands over closes the connection on which the answer would arrive. */
async function moveTo(member: TestMember, via: TestMember): Promise<void> {
  const client = await ZooKeeper.connect(`127.0.0.1:${via.clientPort}`)
  try {
    await client.reconfig({ joining: [lineOf(member)] })
  } catch (error) {
    if (!(error instanceof KeeperError) || error.code !== ErrorCode.ConnectionLoss) throw error
  } finally {
    await client.close()
  }
}

async function becomes({ id, clientPort }: TestMember, mode: string): Promise<void> {
  await eventually(`member ${id} to be ${mode}`, async () => (await modeOf(clientPort)) === mode, {
    timeoutMs: 30_000,
  })
}

describeEngines('the ports of a member', (start, engine) => {
  it('are where the configuration in force says', { timeout: 150_000 }, async (context) => {
    const ports = (await claimPorts(4)) as [number, number, number, number]
    context.onTestFinished(() => releasePorts(ports))
    const set = engine === 'apache' ? settings : { ...settings, skipACL: 'yes' }
    await using ensemble = await start({
      set,
      jvm: engine === 'apache' ? { 'zookeeper.skipACL': 'yes' } : {},
    })
    await allServe(ensemble.members)
    const first = await leaderOf(ensemble)
    // Among members with the same history the one with the greatest id is elected.
    const before = ensemble.members.filter(({ id }) => id !== first.id)[1] as TestMember
    const others = ensemble.members.filter(({ id }) => id !== before.id)
    const moved = { ...before, clientPort: ports[0], quorumPort: ports[1], electionPort: ports[2] }
    const connected = await ZooKeeper.connect(`127.0.0.1:${before.clientPort}`)

    await moveTo(moved, first)
    await becomes(moved, 'follower')
    for (const port of [before.clientPort, before.electionPort])
      await eventually(`port ${port} to be free`, () => isFree(port))
    await eventually('the election port', async () => !(await isFree(moved.electionPort)))
    // Existing connections stay open.
    expect(await connected.exists('/zookeeper')).not.toBeNull()
    await connected.close()

    // The member takes part in elections at the new port, and leads at the new quorum port.
    await ensemble.kill(first.id)
    await becomes(moved, 'leader')
    await ensemble.start(first.id)
    await becomes(first, 'follower')
    expect([await isFree(moved.quorumPort), await isFree(before.quorumPort)]).toEqual([false, true])

    // A leader whose quorum port moves hands over, and follows.
    const last = { ...moved, quorumPort: ports[3] }
    await moveTo(last, others[0] as TestMember)
    await becomes(last, 'follower')
    await eventually('the old port to be free', () => isFree(moved.quorumPort))
    await ensemble.kill(last.id)
    await ensemble.start(last.id)
    await becomes(last, 'follower')
    const client = await ZooKeeper.connect(`127.0.0.1:${last.clientPort}`)
    expect((await client.getConfig()).servers.get(last.id)).toContain(`:${ports[3]}:${last.electionPort}:`)
    await client.close()
  })
})
