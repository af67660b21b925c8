/**
 * Reconfiguration of real members: voters leave and return, change their role and hand over leadership;
 * restarts keep all of it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type KeeperError, ZooKeeper } from '../../src/client/index.ts'
import { loadConfig } from '../../src/config/load/load.ts'
import { Ensemble } from '../../src/ensemble/index.ts'
import { Peer } from '../../src/peer/peer.ts'
import { describeEngines, leaderOf, modes, type TestEnsemble, type TestMember } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { modeOf } from '../support/fourLetterWord.ts'
import { claimPorts, releasePorts } from '../support/ports.ts'

const set = { reconfigEnabled: 'true', skipACL: 'yes', tickTime: '500' }

function lineOf(member: TestMember, role = 'participant'): string {
  const { id, quorumPort, electionPort, clientPort } = member
  return `server.${id}=127.0.0.1:${quorumPort}:${electionPort}:${role};127.0.0.1:${clientPort}`
}

async function connect(members: readonly TestMember[]): Promise<ZooKeeper> {
  return ZooKeeper.connect(members.map(({ clientPort }) => `127.0.0.1:${clientPort}`).join(','))
}

async function reconfigured(via: readonly TestMember[], options: Parameters<ZooKeeper['reconfig']>[0]) {
  const client = await connect(via)
  try {
    return await client.reconfig(options)
  } finally {
    await client.close()
  }
}

describeEngines('reconfiguration', (start) => {
  it('removes a follower, adds it again, and makes it an observer', { timeout: 60_000 }, async () => {
    await using ensemble = await start({ members: 3, set })
    const leader = await leaderOf(ensemble)
    const follower = ensemble.members.find(({ id }) => id !== leader.id) as TestMember
    const rest = ensemble.members.filter(({ id }) => id !== follower.id)
    const out = await reconfigured([leader], { leaving: [follower.id] })
    expect([...out.servers.keys()]).toEqual(rest.map(({ id }) => id))
    expect(out.version).toBe(BigInt(out.stat.mzxid))
    // A removed server continues as a follower without a vote.
    expect(
      await eventually('the removed one to serve', async () => (await modes(ensemble))[follower.id]),
    ).toBe('follower')
    const back = await reconfigured([leader], {
      joining: [lineOf(follower, 'observer')],
      fromVersion: out.version,
    })
    expect(back.servers.get(follower.id)).toContain(':observer;')
    await eventually('an observer', async () => (await modes(ensemble))[follower.id] === 'observer')
    await reconfigured([leader], { joining: [lineOf(follower)] })
    await eventually('a follower again', async () => (await modes(ensemble))[follower.id] === 'follower')
    const client = await connect([follower])
    await client.create('/after', Buffer.from('x'))
    await client.close()
  })

  it('hands over when the leader becomes an observer, and when it leaves', { timeout: 90_000 }, async () => {
    await using ensemble = await start({ members: 3, set })
    const first = await leaderOf(ensemble)
    const others = ensemble.members.filter(({ id }) => id !== first.id)
    await reconfigured([first], { joining: [lineOf(first, 'observer')] })
    const second = await eventually('another leader', async () => {
      const said = await modes(ensemble)
      return said[first.id] === 'observer' ? others.find(({ id }) => said[id] === 'leader') : undefined
    })
    await reconfigured([second], { joining: [lineOf(first)] })
    await eventually('a voter again', async () => (await modes(ensemble))[first.id] === 'follower')
    const after = await reconfigured([second], { leaving: [second.id] })
    expect([...after.servers.keys()]).not.toContain(second.id)
    await eventually('a third leader', async () => {
      const said = await modes(ensemble)
      return said[second.id] === 'follower' && said.filter((mode) => mode === 'leader').length === 1
    })
    const client = await connect([second])
    await client.create('/after', Buffer.from('x'))
    expect((await client.getConfig()).text).toBe(after.text)
    await client.close()
  })

  it('keeps the configuration through restarts of all members', { timeout: 90_000 }, async () => {
    await using ensemble = await start({ members: 3, set })
    const leader = await leaderOf(ensemble)
    const follower = ensemble.members.find(({ id }) => id !== leader.id) as TestMember
    const changed = await reconfigured([leader], { joining: [lineOf(follower, 'observer')] })
    await eventually('an observer', async () => (await modes(ensemble))[follower.id] === 'observer')
    for (const { id } of ensemble.members) await ensemble.kill(id)
    await ensemble.start(...ensemble.members.map(({ id }) => id))
    await leaderOf(ensemble)
    await eventually('an observer', async () => (await modes(ensemble))[follower.id] === 'observer')
    const client = await connect([follower])
    const config = await client.getConfig()
    expect([config.text, config.version, config.stat.version]).toEqual([changed.text, changed.version, -1])
    await client.close()
  })

  it('accepts a whole new list at once, and refuses what is not a list', { timeout: 60_000 }, async () => {
    await using ensemble = await start({ members: 3, set })
    const leader = await leaderOf(ensemble)
    const client = await connect([leader])
    const before = await client.getConfig()
    // The first configuration has the epoch that announced it as its version.
    expect(before.version & 0xffffffffn).toBe(0n)
    expect(before.version).toBeGreaterThan(0n)
    const errorOf = (options: Parameters<ZooKeeper['reconfig']>[0]) =>
      client.reconfig(options).then(
        () => 0,
        (error: unknown) => (error as KeeperError).code,
      )
    const [a, b, c] = ensemble.members as [TestMember, TestMember, TestMember]
    expect(await errorOf({ leaving: [a.id], fromVersion: before.version + 1n })).toBe(-103)
    expect(await errorOf({ members: [lineOf(a)] })).toBe(-8)
    expect(await errorOf({ members: ['server.0=nothing'] })).toBe(-8)
    expect(await errorOf({ members: ['tickTime=2000'] })).toBe(-8)
    expect(await errorOf({ members: ['server.x=127.0.0.1:1:2'] })).toBe(-5)
    expect(await errorOf({ members: [lineOf(a, 'observer')] })).toBe(-5)
    expect(await errorOf({ joining: ['server.7'] })).toBe(-8)
    expect(await errorOf({ joining: ['server.7=127.0.0.1:1:2:participant'] })).toBe(-8)
    expect(await errorOf({ joining: ['server.7=127.0.0.1:1:70000:participant;3'] })).toBe(-5)
    expect(await errorOf({ joining: ['server.7=127.0.0.1:1:2:leader;3'] })).toBe(-8)
    expect(await errorOf({ leaving: [a.id, b.id] })).toBe(-8)
    const strangers = [7, 8, 9].map(
      (id) => `server.${id}=127.0.0.1:${id}1:${id}2:participant;127.0.0.1:${id}3`,
    )
    expect(await errorOf({ joining: strangers })).toBe(-13)
    const events: string[] = []
    await client.getConfig((event) => events.push(event.path ?? ''))
    const changed = await client.reconfig({ members: [lineOf(a), lineOf(b), lineOf(c, 'observer')] })
    expect(changed.servers.size).toBe(3)
    await eventually('the watch', () => events.length > 0)
    expect(events).toEqual(['/zookeeper/config'])
    await client.close()
  })
})

describe('a server that is in no configuration', () => {
  it('follows without a vote, joins, and leads when the others are gone', {
    timeout: 90_000,
  }, async (context) => {
    const dir = mkdtempSync(join(tmpdir(), 'zk-pseudo-joiner-'))
    context.onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    const [clientPort, quorumPort, electionPort] = (await claimPorts(3)) as [number, number, number]
    await using ensemble = await startOurs(set)
    const joiner = { id: 9, clientPort, quorumPort, electionPort }
    const file = join(dir, 'zoo.cfg')
    const lines = [...ensemble.members, joiner].map((member) => lineOf(member))
    const settings = [
      ...Object.entries(set),
      ['initLimit', 10],
      ['syncLimit', 5],
      ['dataDir', dir],
      ['clientPort', clientPort],
    ]
    writeFileSync(join(dir, 'myid'), '9')
    writeFileSync(
      file,
      [...settings.map(([key, value]) => `${key}=${value}`), '4lw.commands.whitelist=*', ...lines].join('\n'),
    )
    const { config } = loadConfig(file)
    if (config === null) throw new Error('the joining server has no config')
    const peer = await Peer.open({ config, onEvent: () => {}, onExit: () => {} })
    try {
      peer.run()
      await eventually('the joiner to follow', async () => (await modeOf(clientPort)) === 'follower')
      const leader = await leaderOf(ensemble)
      const grown = await reconfigured([leader], { joining: [lineOf(joiner)] })
      expect([...grown.servers.keys()]).toEqual([0, 1, 2, 9])
      // The joiner's zoo.cfg is as Apache would leave it: the list is in a separate file, and the old zoo.cfg
      // is kept.
      const dynamicFile = `${file}.dynamic.${grown.version.toString(16)}`
      await eventually('the file', () =>
        readFileSync(file, 'utf8').includes(`dynamicConfigFile=${dynamicFile}`),
      )
      expect(readFileSync(dynamicFile, 'utf8').split('\n')).toEqual(
        grown.text.split('\n').slice(0, -1).sort(),
      )
      expect(readFileSync(file, 'utf8')).not.toContain('server.')
      expect(readFileSync(`${file}.bak`, 'utf8')).toContain(lineOf(joiner))
      await reconfigured([leader], {
        leaving: [0, 1, 2].filter((id) => id !== leader.id).slice(0, 1),
      })
      const shrunk = await reconfigured([leader], { leaving: [leader.id] })
      expect(shrunk.servers.size).toBe(2)
      await eventually('a leader among those that are left', async () => {
        const said = [...(await modes(ensemble)), await modeOf(clientPort)]
        return said.filter((mode) => mode === 'leader').length === 1 && said.every((mode) => mode !== null)
      })
      const client = await ZooKeeper.connect(`127.0.0.1:${clientPort}`)
      await client.create('/by-the-new-ones', null)
      await client.close()
    } finally {
      await peer.stop()
      releasePorts([clientPort, quorumPort, electionPort])
    }
  })

  it('is refused where reconfiguration is off', { timeout: 60_000 }, async () => {
    await using ensemble = await startOurs({ tickTime: '500' })
    const client = await connect(ensemble.members)
    await expect(client.reconfig({ leaving: [0] })).rejects.toMatchObject({ code: -123 })
    await client.close()
  })
})

describe('reconfiguration of a standalone server, and without permission', () => {
  it('is not implemented, as in Apache', { timeout: 60_000 }, async () => {
    await using ensemble = await Ensemble.start({ members: 1, ports: 'auto', dir: 'temp', set: { ...set } })
    const client = await ZooKeeper.connect(ensemble.connectString)
    await expect(client.reconfig({ leaving: [0] })).rejects.toMatchObject({ code: -6 })
    await client.close()
  })

  it('needs permission to write /zookeeper/config', { timeout: 60_000 }, async () => {
    await using ensemble = await startOurs({ reconfigEnabled: 'true', tickTime: '500' })
    const client = await connect(ensemble.members)
    const leader = await leaderOf(ensemble)
    const follower = ensemble.members.find(({ id }) => id !== leader.id) as TestMember
    await eventually('all to serve', async () => (await modes(ensemble)).every((mode) => mode !== null))
    await expect(client.reconfig({ leaving: [follower.id] })).rejects.toMatchObject({ code: -102 })
    await client.close()
  })
})

async function startOurs(settings: Record<string, string>): Promise<TestEnsemble> {
  const ensemble = await Ensemble.start({
    members: 3,
    ports: 'auto',
    dir: 'temp',
    set: { '4lw.commands.whitelist': '*', ...settings },
  })
  return {
    engine: 'zk-pseudo',
    members: ensemble.members as unknown as readonly TestMember[],
    connectString: ensemble.connectString,
    pids: () => [],
    kill: async (...ids) => void (await ensemble.kill(ids)),
    stop: async (id) => void (await ensemble.stop(id)),
    start: async (...ids) => void (await ensemble.start(ids)),
    [Symbol.asyncDispose]: () => ensemble.stopAll(),
  }
}
