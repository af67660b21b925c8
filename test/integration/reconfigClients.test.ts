/**
 * Reconfiguration of mixed ensembles by the clients that people use: kazoo's `reconfig`, and `reconfig -add`,
 * `-remove` and `-members` of Apache's zkCli. Each kind of member leads; a client that keeps writing loses
 * nothing, and the configuration that the members show and keep is the same on both kinds.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ZooKeeper } from '../../src/client/index.ts'
import { type Engine, Ensemble, type MemberInfo } from '../../src/ensemble/index.ts'
import { AcknowledgedWrites } from '../support/acknowledgedWrites.ts'
import { apacheUnavailable } from '../support/apache.ts'
import { needs } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { modeOf } from '../support/fourLetterWord.ts'
import { claimPorts, releasePorts } from '../support/ports.ts'
import { runProgram, works } from '../support/programs.ts'

const settings = { reconfigEnabled: 'true', skipACL: 'yes', tickTime: '500' }
const zkCli = process.env.ZK_CLI ?? '/usr/share/zookeeper/bin/zkCli.sh'
const python = [process.env.PYTHON ?? 'python3', '/usr/bin/python3'].find((candidate) =>
  works(candidate, ['-c', 'import kazoo']),
)
const missing =
  apacheUnavailable() ??
  (existsSync(zkCli) ? undefined : `${zkCli} is missing (Debian: zookeeper)`) ??
  (python === undefined ? 'no Python with kazoo was found (Debian: python3-kazoo)' : undefined)

type Member = MemberInfo & { clientPort: number }

/** No member here has TLS alone, so each has a plain client port. */
async function statusOf(ensemble: Ensemble): Promise<{ members: Member[]; leader: number | null }> {
  const { members, leader } = await ensemble.status()
  return { members: members as Member[], leader }
}

type Addresses = Pick<Member, 'id' | 'quorumPort' | 'electionPort' | 'clientPort'>

function lineOf({ id, quorumPort, electionPort, clientPort }: Addresses, role = 'participant'): string {
  return `server.${id}=127.0.0.1:${quorumPort}:${electionPort}:${role};127.0.0.1:${clientPort}`
}

/** Changes the ensemble with kazoo through this member. @returns the new configuration as kazoo prints it */
async function kazoo(via: Member, change: { joining?: string; leaving?: string }): Promise<string> {
  const script = [
    'import sys',
    'from kazoo.client import KazooClient',
    'client = KazooClient(hosts=sys.argv[1], timeout=10)',
    'client.start(timeout=15)',
    'data, stat = client.reconfig(sys.argv[2] or None, sys.argv[3] or None, None)',
    'print(data.decode())',
    'client.stop()',
  ].join('\n')
  const args = ['-c', script, `127.0.0.1:${via.clientPort}`, change.joining ?? '', change.leaving ?? '']
  const { code, stdout, stderr } = await runProgram(python as string, args)
  expect(code, stderr).toBe(0)
  return stdout.trim()
}

/** Changes the ensemble with zkCli through this member. @returns the new configuration as zkCli prints it */
async function cli(via: Member, ...command: string[]): Promise<string> {
  const args = ['-server', `127.0.0.1:${via.clientPort}`, 'reconfig', ...command]
  const { stdout, stderr } = await runProgram(zkCli, args, { timeoutMs: 40_000 })
  const [, config] = /Committed new configuration:\n([\s\S]*?version=[0-9a-f]+)/.exec(stdout) ?? []
  expect(config, stdout + stderr).toBeDefined()
  return (config as string).trim()
}

/** The server lines and the version, in any order. */
const linesOf = (text: string) => text.split('\n').sort()

/** Checks that every member, of either kind, shows this configuration and keeps it in its files. */
async function agreed(members: readonly Member[], text: string): Promise<void> {
  const version = /version=([0-9a-f]+)/.exec(text)?.[1] as string
  const servers = linesOf(text).filter((line) => line.startsWith('server.'))
  for (const { id, clientPort, config } of members) {
    await eventually(`member ${id} to show version ${version}`, async () => {
      const client = await ZooKeeper.connect(`127.0.0.1:${clientPort}`).catch(() => null)
      const shown = await client?.getConfig().catch(() => null)
      await client?.close()
      return shown !== null && shown !== undefined && linesOf(shown.text).join() === linesOf(text).join()
    })
    const file = `${config}.dynamic.${version}`
    await eventually(`member ${id} to keep it`, () => existsSync(file))
    const kept = readFileSync(file, 'utf8').trim().split('\n')
    expect(kept, `of member ${id}`).toEqual(servers)
    expect(readFileSync(config, 'utf8')).toContain(`dynamicConfigFile=${file}`)
    expect(existsSync(`${config}.dynamic.next`), `of member ${id}`).toBe(false)
  }
}

async function becomes({ id, clientPort }: Member, mode: string): Promise<void> {
  await eventually(`member ${id} to be ${mode}`, async () => (await modeOf(clientPort)) === mode, {
    timeoutMs: 30_000,
  })
}

/** Starts two members of each kind; the requested kind leads. */
async function ledBy(kind: Engine): Promise<Ensemble> {
  const engine = { 0: 'apache', 1: 'zk-pseudo', 2: 'apache', 3: 'zk-pseudo' } as const
  const ensemble = await Ensemble.start({ members: 4, engine, set: settings, waitTimeoutMs: 60_000 })
  for (let turn = 0; turn < 4; turn += 1) {
    const { members, leader } = await statusOf(ensemble)
    if (members.find(({ id }) => id === leader)?.engine === kind) return ensemble
    await ensemble.kill('leader', { waitTimeoutMs: 30_000 })
    await ensemble.start(leader as number, { waitTimeoutMs: 30_000 })
  }
  throw new Error(`no member of ${kind} leads`)
}

describe.each<Engine>(['apache', 'zk-pseudo'])('an ensemble of both kinds, led by %s', (kind) => {
  it('is changed by kazoo and zkCli while a client writes', { timeout: 240_000 }, async (context) => {
    needs(context, missing)
    await using ensemble = await ledBy(kind)
    const { members, leader: id } = await statusOf(ensemble)
    const leader = members.find((member) => member.id === id) as Member
    const same = members.find((member) => member !== leader && member.engine === kind) as Member
    const [one, two] = members.filter(({ engine }) => engine !== kind) as [Member, Member]
    for (const member of [same, one, two]) await becomes(member, 'follower')
    const ports = members.map(({ clientPort }) => clientPort)
    const writes = await AcknowledgedWrites.start('/writes', () => ports, { pauseMs: 20 })

    // A member is removed, and added again as a voter: a server without a vote continues as a follower.
    for (const member of [one, same]) {
      const without = await kazoo(two, { leaving: String(member.id) })
      expect(without).not.toContain(`server.${member.id}=`)
      await agreed(members, without)
      await becomes(member, 'follower')
      await agreed(members, await cli(leader, '-add', lineOf(member)))
    }
    // One member of each kind becomes an observer, and a voter again.
    const roles = members.map((member) => lineOf(member, member === one ? 'observer' : undefined))
    await agreed(members, await cli(two, '-members', roles.join(',')))
    await becomes(one, 'observer')
    await agreed(members, await kazoo(leader, { joining: lineOf(same, 'observer'), leaving: '' }))
    await becomes(same, 'observer')
    for (const member of [one, same]) {
      await agreed(members, await kazoo(two, { joining: lineOf(member) }))
      await becomes(member, 'follower')
    }
    // The leader is removed: another member leads, and the old leader follows it.
    const before = writes.names.size
    await cli(two, '-remove', String(leader.id)).catch(() => undefined)
    await becomes(leader, 'follower')
    const next = await eventually('another leader', async () => {
      const modes = await Promise.all(members.map(({ clientPort }) => modeOf(clientPort)))
      return members.find((_, index) => modes[index] === 'leader')
    })
    expect(next.id).not.toBe(leader.id)
    await eventually('more writes', () => writes.names.size > before + 100)
    await agreed(members, await kazoo(next, { joining: lineOf(leader) }))

    await writes.stop()
    for (const port of ports) expect(await writes.missingAt(port)).toEqual([])
  })
})

describe.each<[Engine, Engine]>([
  ['apache', 'zk-pseudo'],
  ['zk-pseudo', 'apache'],
])('a server of %s that joins one of %s', (joins, others) => {
  it('follows, votes, and is needed for the quorum', { timeout: 120_000 }, async (context) => {
    needs(context, missing)
    const dir = mkdtempSync(join(tmpdir(), 'zk-pseudo-joins-'))
    context.onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    const ports = await claimPorts(9)
    context.onTestFinished(() => releasePorts(ports))
    const servers = [0, 1, 2].map((id) => ({
      id,
      clientPort: ports[3 * id] as number,
      quorumPort: ports[3 * id + 1] as number,
      electionPort: ports[3 * id + 2] as number,
    }))
    // The first two do not know a third server; the third has the list that it will be in.
    const configs = servers.map(({ id, clientPort }) => {
      const data = join(dir, `data-${id}`)
      mkdirSync(data)
      writeFileSync(join(data, 'myid'), String(id))
      const lines = Object.entries({
        ...settings,
        initLimit: '10',
        syncLimit: '5',
        dataDir: data,
        clientPort,
      })
      const list = (id === 2 ? servers : servers.slice(0, 2)).map((server) => lineOf(server))
      const file = join(dir, `zoo-${id}.cfg`)
      const text = [...lines.map(([key, value]) => `${key}=${value}`), ...list]
      writeFileSync(file, `${[...text, '4lw.commands.whitelist=*'].join('\n')}\n`)
      return file
    })
    const start = (name: string, files: string[], engine: Record<number, Engine>, waitTimeoutMs: number) =>
      Ensemble.start({ name, dir: join(dir, name), configs: files, engine, waitTimeoutMs })
    await using ensemble = await start('two', configs.slice(0, 2), { 0: others, 1: others }, 60_000)
    await using joiner = await start('joiner', configs.slice(2), { 2: joins }, 0)
    const members = [...(await statusOf(ensemble)).members, ...(await statusOf(joiner)).members]
    const [first, second, third] = members as [Member, Member, Member]
    await becomes(third, 'follower')
    const clientPorts = members.map(({ clientPort }) => clientPort)
    const writes = await AcknowledgedWrites.start('/writes', () => clientPorts, { pauseMs: 20 })
    await agreed(members, await cli(first, '-add', lineOf(third)))
    // Two of three make a quorum, so the one that is left of the first two needs the third's vote.
    await ensemble.kill(0, { wait: false })
    for (const { id, clientPort } of [second, third])
      await eventually(`member ${id} to serve`, () => modeOf(clientPort), { timeoutMs: 30_000 })
    const before = writes.names.size
    await eventually('more writes', () => writes.names.size > before + 50)
    await ensemble.start(0, { wait: false })
    await becomes(first, 'follower')
    await writes.stop()
    for (const port of clientPorts) expect(await writes.missingAt(port)).toEqual([])
  })
})
