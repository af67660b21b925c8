/**
 * Reconfiguration of an ensemble of Apache ZooKeeper's members and one of ours, which takes over the files of
 * an Apache member and leaves them to it afterwards: proposals, activations and handovers in both directions.
 */
import { expect, it } from 'vitest'
import { KeeperError, ZooKeeper } from '../../src/client/index.ts'
import { loadConfig } from '../../src/config/load/load.ts'
import { Peer } from '../../src/peer/peer.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { ApacheEnsemble, type ApacheMember, apacheUnavailable } from '../support/apache.ts'
import { needs } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { modeOf } from '../support/fourLetterWord.ts'

async function openOurs(file: string): Promise<Peer> {
  const { config, problems } = loadConfig(file)
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  if (config === null) throw new Error(`${file} cannot be read`)
  const peer = await Peer.open({
    config,
    onEvent: (event) =>
      process.env.TRACE && console.log(new Date().toISOString(), JSON.stringify(event).slice(0, 300)),
    onExit: ({ reason }) => console.error(`our member ended: ${reason}`),
  })
  peer.run()
  return peer
}

function lineOf({ id, quorumPort, electionPort, clientPort }: ApacheMember, role = 'participant'): string {
  return `server.${id}=127.0.0.1:${quorumPort}:${electionPort}:${role};127.0.0.1:${clientPort}`
}

async function reconfigured(via: ApacheMember, options: Parameters<ZooKeeper['reconfig']>[0]) {
  const client = await ZooKeeper.connect(`127.0.0.1:${via.clientPort}`)
  try {
    return await client.reconfig(options)
  } finally {
    await client.close()
  }
}

/** Every Apache member leaves its old leader at once, so the answer may be lost with the connection. */
async function handedOver(via: ApacheMember, options: Parameters<ZooKeeper['reconfig']>[0]) {
  await reconfigured(via, options).catch((error: unknown) => {
    if (!(error instanceof KeeperError) || error.code !== ErrorCode.ConnectionLoss) throw error
  })
}

it('passes between our members and those of Apache ZooKeeper', { timeout: 120_000 }, async (context) => {
  needs(context, apacheUnavailable())
  await using apache = await ApacheEnsemble.start({
    set: { reconfigEnabled: 'true', skipACL: 'yes', tickTime: '500' },
    jvm: { 'zookeeper.skipACL': 'yes' },
  })
  const [a, b, ours] = apache.members as [ApacheMember, ApacheMember, ApacheMember]
  const modes = () => Promise.all(apache.members.map(({ clientPort }) => modeOf(clientPort)))
  const becomes = (member: ApacheMember, mode: string) =>
    eventually(`member ${member.id} to be ${mode}`, async () => (await modes())[member.id] === mode, {
      timeoutMs: 30_000,
    })
  await apache.waitForLeader()
  for (const member of apache.members) await eventually('all to serve', () => modeOf(member.clientPort))
  // The member's zoo.cfg names a dynamic file by now.
  await apache.kill(ours.id)
  const leader = await apache.waitForLeader()
  const follower = leader.id === a.id ? b : a
  let peer = await openOurs(ours.config)
  try {
    await becomes(ours, 'follower')
    // Apache leads: our member becomes an observer and a voter again.
    await reconfigured(leader, { joining: [lineOf(ours, 'observer')] })
    await becomes(ours, 'observer')
    await reconfigured(leader, { joining: [lineOf(ours)] })
    await becomes(ours, 'follower')
    // Apache hands over to our member, which is the only other voter besides the one that stays.
    await handedOver(follower, { joining: [lineOf(leader, 'observer')] })
    await becomes(leader, 'observer')
    await eventually('a leader', async () => (await modes()).includes('leader'))
    await reconfigured(follower, { joining: [lineOf(leader)] })
    await becomes(leader, 'follower')
    // Our member leads.
    if ((await modes())[ours.id] !== 'leader') {
      const present = (await modes()).indexOf('leader')
      await apache.kill(present)
      await becomes(ours, 'leader')
      apache.start(present)
      await becomes(apache.member(present), 'follower')
    }
    await reconfigured(a, { joining: [lineOf(b, 'observer')] })
    await becomes(b, 'observer')
    await reconfigured(ours, { leaving: [b.id] })
    await becomes(b, 'follower')
    await reconfigured(ours, { joining: [lineOf(b)] })
    await becomes(b, 'follower')
    // Our member hands over to Apache.
    await handedOver(a, { joining: [lineOf(ours, 'observer')] })
    await becomes(ours, 'observer')
    await eventually('a leader', async () => (await modes()).includes('leader'))
    const last = await reconfigured(a, { joining: [lineOf(ours)] })
    await becomes(ours, 'follower')
    // What our member has written is read by Apache, and by our member again.
    await peer.stop()
    apache.start(ours.id)
    await becomes(ours, 'follower')
    const client = await ZooKeeper.connect(`127.0.0.1:${ours.clientPort}`)
    expect((await client.getConfig()).text).toBe(last.text)
    await client.close()
    await apache.kill(ours.id)
    peer = await openOurs(ours.config)
    await becomes(ours, 'follower')
  } finally {
    await peer.stop()
  }
})
