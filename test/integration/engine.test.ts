/**
 * Apache ZooKeeper as the engine of members: an ensemble of Apache's members alone and a mixed one, through
 * the command line and the library, with our own commands and verdicts.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, type TestContext } from 'vitest'
import { Ensemble } from '../../src/ensemble/index.ts'
import { AcknowledgedWrites } from '../support/acknowledgedWrites.ts'
import { apacheUnavailable } from '../support/apache.ts'
import { type ClusterDocument, CommandLineCluster, lives } from '../support/commandLine.ts'
import { needs } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { isFree } from '../support/ports.ts'
import { RawClient } from '../support/rawClient.ts'

interface EngineDocument extends ClusterDocument {
  members: (ClusterDocument['members'][number] & { engine: string; zxid: string | null })[]
}

interface VerdictDocument {
  members: number[]
  leaderBefore: number
  leaderAfter: number
  epoch: number
  electionMs: number
  writeGapMs: number
  sessionsMoved: number
  quorum: boolean
}

const missing = apacheUnavailable()
const quick = ['--ports', 'auto', '--set', 'tickTime=500']

beforeEach((context) => needs(context as TestContext, missing))

const engines = (document: ClusterDocument) =>
  (document as EngineDocument).members.map(({ engine }) => engine)

describe('an ensemble of Apache ZooKeeper', () => {
  it('can be killed, paused, restarted, logged and ended by our commands', {
    timeout: 90_000,
  }, async () => {
    await using cluster = new CommandLineCluster()
    const up = await cluster.up('3', '--engine', 'apache', ...quick)
    expect(up).toMatchObject({ quorum: true, epoch: 1 })
    expect(engines(up)).toEqual(['apache', 'apache', 'apache'])
    expect(new Set(up.members.map(({ pid }) => pid)).size).toBe(3)

    const other = up.members.find(({ id }) => id !== up.leader)
    const client = await RawClient.open(other?.clientPort as number)
    await client.create('/kept', 'yes')
    const killed: VerdictDocument = JSON.parse(await cluster.run('kill', 'leader', '--json'))
    expect(killed).toMatchObject({ members: [up.leader], leaderBefore: up.leader, epoch: 2, quorum: true })
    expect(killed.leaderAfter).not.toBe(up.leader)
    expect(killed.electionMs).toBeGreaterThan(0)
    expect(killed.writeGapMs).toBeGreaterThan(0)
    client.destroy()
    const dead = up.members.find(({ id }) => id === up.leader)
    expect(lives(dead?.pid as number)).toBe(false)
    expect(await isFree(dead?.clientPort as number)).toBe(true)

    await cluster.run('start', String(up.leader))
    await cluster.run('pause', 'follower')
    const paused = (await cluster.ps()).members.find(({ state }) => state === 'paused')
    expect(paused?.id).not.toBe(killed.leaderAfter)
    await cluster.run('resume', 'all')
    await cluster.run('restart', String(paused?.id))
    const after = (await cluster.ps()) as EngineDocument
    expect(after).toMatchObject({ quorum: true, leader: killed.leaderAfter, epoch: 2 })
    expect(after.members.map(({ role }) => role).sort()).toEqual(['follower', 'follower', 'leader'])
    expect(after.members.every(({ zxid }) => zxid?.startsWith('0x2'))).toBe(true)
    const reader = await RawClient.open(dead?.clientPort as number)
    await reader.sync()
    expect(String((await reader.getData('/kept')).data)).toBe('yes')
    await reader.close()

    const logs = await cluster.run('logs', String(killed.leaderAfter), '--json')
    const records = logs
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: number; msg: string })
    const said = (words: string) => records.some(({ msg }) => msg.includes(words))
    expect(said('Reading configuration from:') && said('LEADING - LEADER ELECTION TOOK')).toBe(true)
    const events = (await cluster.run('events', '--json')).trim().split('\n')
    const types = new Set(events.map((line) => (JSON.parse(line) as { event: { type: string } }).event.type))
    for (const type of [
      'role',
      'vote-received',
      'elected',
      'established',
      'sync',
      'serving',
      'session-opened',
    ]) {
      expect(types).toContain(type)
    }

    const pids = after.members.map(({ pid }) => pid as number)
    await cluster.run('down')
    expect(pids.filter(lives)).toEqual([])
  })

  it.each(['apache', 'zk-pseudo'] as const)(
    'has a leader that serves no clients with leaderServes=no: %s',
    {
      timeout: 60_000,
    },
    async (engine) => {
      await using ensemble = await Ensemble.start({ engine, set: { tickTime: '500', leaderServes: 'no' } })
      const before = await ensemble.status()
      expect(before).toMatchObject({ quorum: true, epoch: 1 })
      expect(before.members[before.leader as number]).toMatchObject({ role: 'leader' })
      const verdict = await ensemble.kill('leader')
      expect(verdict).toMatchObject({ leaderBefore: before.leader, epoch: 2, quorum: true })
      expect((await ensemble.status()).leader).toBe(verdict.leaderAfter)
    },
  )

  it('reports a session that was not kept alive', { timeout: 60_000 }, async () => {
    await using ensemble = await Ensemble.start({ engine: 'apache', set: { tickTime: '500' } })
    const [first] = ensemble.members
    const client = await RawClient.open(first?.clientPort as number, { sessionTimeoutMs: 2000 })
    const session = `0x${BigInt.asUintN(64, client.sessionId).toString(16)}`
    const seen: string[] = []
    ensemble.on(({ event }) => {
      if ('session' in event && event.session === session) seen.push(event.type)
    })
    client.destroy()
    await eventually('the session to expire', () => seen.includes('session-expired'))
  })

  it('crashes at once with the output of Java', { timeout: 60_000 }, async () => {
    const before = process.env.SERVER_JVMFLAGS
    process.env.SERVER_JVMFLAGS = '-XX:+NoSuchOption'
    try {
      const begun = performance.now()
      await expect(Ensemble.start({ engine: 'apache' })).rejects.toMatchObject({
        code: 'CRASHED',
        message: expect.stringMatching(/members? [\d, ]+ crashed/),
        hint: expect.stringContaining('NoSuchOption'),
      })
      expect(performance.now() - begun).toBeLessThan(20_000)
    } finally {
      if (before === undefined) delete process.env.SERVER_JVMFLAGS
      else process.env.SERVER_JVMFLAGS = before
    }
  })

  it('is not started where Apache ZooKeeper cannot be found', async () => {
    const nowhere = mkdtempSync(join(tmpdir(), 'zkp-nowhere-'))
    try {
      await expect(Ensemble.start({ engine: 'apache', apacheHome: nowhere })).rejects.toMatchObject({
        code: 'NO_APACHE',
        message: expect.stringContaining(nowhere),
      })
    } finally {
      rmSync(nowhere, { recursive: true })
    }
  })
})

describe('a mixed ensemble', () => {
  it('is what --engine says, and again at the next up', { timeout: 90_000 }, async () => {
    await using cluster = new CommandLineCluster()
    const mixed = ['apache', 'zk-pseudo', 'apache']
    const asked = ['--engine', '0=apache,1=zk-pseudo,2=apache', ...quick]
    expect(engines(await cluster.up('3', ...asked))).toEqual(mixed)
    expect(await cluster.run('ps')).toMatch(/ENGINE\n 0 .*apache\n 1 .*zk-pseudo\n 2 .*apache\n/)
    for (const id of [0, 1, 2]) {
      await cluster.run('kill', String(id))
      await cluster.run('start', String(id))
    }
    expect(engines(await cluster.ps())).toEqual(mixed)
    await cluster.run('down')
    expect(engines(await cluster.up())).toEqual(mixed)
    await cluster.run('down')
    const wrong = await cluster.attempt('up', '3', '--engine', '7=apache', '--dir', cluster.dir, '-d')
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--engine names member 7[\s\S]*0, 1, 2/),
    })
  })

  it('is led by members in turn, and loses nothing', { timeout: 90_000 }, async () => {
    await using ensemble = await Ensemble.start({
      engine: { 0: 'apache', 2: 'apache' },
      set: { tickTime: '500' },
    })
    const ports = () => ensemble.members.map(({ clientPort }) => clientPort)
    const writes = await AcknowledgedWrites.start('/writes', ports, { pauseMs: 20 })
    const led = new Set<string>()
    for (let turn = 0; turn < 4; turn += 1) {
      const { members, leader } = await ensemble.status()
      led.add(members.find(({ id }) => id === leader)?.engine ?? 'nobody')
      const verdict = await ensemble.kill('leader', { waitTimeoutMs: 20_000 })
      expect(verdict).toMatchObject({ quorum: true, leaderBefore: leader })
      await ensemble.start(verdict.leaderBefore as number, { waitTimeoutMs: 20_000 })
    }
    await writes.stop()
    expect(writes.names.size).toBeGreaterThan(50)
    for (const port of ports()) expect(await writes.missingAt(port)).toEqual([])
    expect(led).toContain('apache')
  })

  it('can be started from config files, too', { timeout: 60_000 }, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'zkp-engine-'))
    try {
      await using made = await Ensemble.start({ dir: join(dir, 'made') })
      const configs = (await made.status()).members.map(({ config }) => config)
      await made.close()
      for (const config of configs) writeFileSync(config, 'jute.maxbuffer=2097152\n', { flag: 'a' })
      await using ensemble = await Ensemble.start({ dir: join(dir, 'run'), configs, engine: { 1: 'apache' } })
      const { members } = await ensemble.status()
      expect(members.map(({ engine }) => engine)).toEqual(['zk-pseudo', 'apache', 'zk-pseudo'])
      const client = await RawClient.open(ensemble.members[1]?.clientPort as number)
      const large = 'x'.repeat(1_500_000)
      await client.create('/large', large)
      expect((await client.getData('/large')).data.length).toBe(large.length)
      await client.close()
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })
})
