/**
 * Members are moved to Apache ZooKeeper and back while clients keep writing: nothing is lost, and a step that
 * fails is undone.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, type TestContext } from 'vitest'
import { ZooKeeper } from '../../src/client/index.ts'
import { Ensemble, type HandoverReport, type MemberInfo } from '../../src/ensemble/index.ts'
import { AcknowledgedWrites } from '../support/acknowledgedWrites.ts'
import { apacheUnavailable } from '../support/apache.ts'
import { CommandLineCluster, lives } from '../support/commandLine.ts'
import { needs } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'

const missing = apacheUnavailable()
const set = { tickTime: '500' }

beforeEach((context) => needs(context as TestContext, missing))

/**
 * Removes one transaction from the middle of the newest log, in a new file, which the running member does not
 * notice.
 */
function loseOne(folder: string): void {
  const name = readdirSync(folder)
    .filter((file) => file.startsWith('log.'))
    .sort()
    .at(-1) as string
  const path = join(folder, name)
  const bytes = readFileSync(path)
  const ends = [16]
  for (let at = 16; bytes.readInt32BE(at + 8) > 0; ) {
    at += 13 + bytes.readInt32BE(at + 8)
    ends.push(at)
  }
  const [from, to] = ends.slice(-4)
  rmSync(path)
  writeFileSync(path, Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]))
}

/**
 * Flips a bit in the middle of the newest log or snapshot, in a new file, which the running member does not
 * notice.
 */
function damageNewest(folder: string, kind: string): void {
  const names = readdirSync(folder).filter((file) => file.startsWith(`${kind}.`))
  const path = join(folder, names.sort().at(-1) as string)
  const bytes = readFileSync(path)
  bytes.writeUInt8(bytes.readUInt8(60) ^ 4, 60)
  rmSync(path)
  writeFileSync(path, bytes)
}

async function engines(ensemble: Ensemble): Promise<string[]> {
  return (await ensemble.status()).members.map(({ engine }) => engine)
}

describe('a handover', () => {
  it('to Apache and back loses no write and no session', { timeout: 240_000 }, async () => {
    // Ticks have the usual length: on a busy machine short ones cause unwanted elections.
    await using ensemble = await Ensemble.start({ observers: 1 })
    const ports = () => ensemble.members.map(({ clientPort }) => clientPort)
    const writes = await AcknowledgedWrites.start('/writes', ports, { pauseMs: 20 })
    const { leader } = await ensemble.status()
    const there = await ensemble.handover('apache')
    expect(there).toMatchObject({ to: 'apache', problem: null, left: [], leaderBefore: leader })
    // Observers are moved first, the leader last.
    expect(there.moved.map(({ role }) => role)).toEqual(['observer', 'follower', 'follower', 'leader'])
    expect(there.moved.at(-1)?.member).toBe(leader)
    expect(there.epoch).toBe(2)
    expect(await engines(ensemble)).toEqual(Array(4).fill('apache'))
    const soFar = writes.names.size
    const back = await ensemble.handover('zk-pseudo')
    expect(back).toMatchObject({ problem: null, left: [], epoch: 3 })
    expect(await engines(ensemble)).toEqual(Array(4).fill('zk-pseudo'))
    await writes.stop()
    expect(soFar).toBeGreaterThan(50)
    expect(writes.names.size).toBeGreaterThan(soFar)
    for (const port of ports()) expect(await writes.missingAt(port)).toEqual([])
  })

  it('moves only the selected members, and says when there is nothing to do', {
    timeout: 60_000,
  }, async () => {
    await using ensemble = await Ensemble.start({ set })
    const { leader } = await ensemble.status()
    const report = await ensemble.handover('apache', 'followers')
    expect(report).toMatchObject({ problem: null, leaderAfter: leader, epoch: 1 })
    expect(report.moved).toHaveLength(2)
    expect((await engines(ensemble)).filter((engine) => engine === 'zk-pseudo')).toHaveLength(1)
    expect(await ensemble.handover('apache', 'followers')).toMatchObject({ moved: [], problem: null })
  })

  it('ends with the old engine and a healthy ensemble where the new one does not start', {
    timeout: 60_000,
  }, async () => {
    await using ensemble = await Ensemble.start({ set })
    const { members } = await ensemble.status()
    // Our members have already read the config; Apache refuses what is added to it now.
    for (const { config } of members)
      writeFileSync(
        config,
        'authProvider.1=no.such.Provider\nsnapshot.compression.method=none such\ntickTime=five\n',
        { flag: 'a' },
      )
    const report = await ensemble.handover('apache')
    expect(report.moved).toEqual([])
    expect(report.problem).toMatch(/member \d ended \(.*\) with apache; it runs with zk-pseudo again/)
    expect(report.left).toHaveLength(3)
    const after = await ensemble.status()
    expect(after).toMatchObject({ quorum: true, epoch: 1 })
    expect(after.members.map(({ state, engine }) => `${state} ${engine}`)).toEqual(
      Array(3).fill('running zk-pseudo'),
    )
  })

  it('stops with a healthy ensemble when Java breaks on the way', { timeout: 60_000 }, async () => {
    const home = mkdtempSync(join(tmpdir(), 'zk-java-'))
    const { JAVA_HOME } = process.env
    try {
      const java = join(home, 'bin', 'java')
      mkdirSync(join(home, 'bin'))
      writeFileSync(java, `#!/bin/sh\nexec java "$@"\n`, { mode: 0o755 })
      process.env.JAVA_HOME = home
      await using ensemble = await Ensemble.start({ set })
      let first: number | null = null
      ensemble.on(({ event, member }) => {
        if (event.type === 'engine-changed') first ??= member
        else if (event.type === 'serving' && member === first)
          writeFileSync(java, '#!/bin/sh\necho broken >&2\nexit 3\n')
      })
      const report = await ensemble.handover('apache')
      expect(report.moved).toHaveLength(1)
      expect(report.left).toHaveLength(2)
      expect(report.problem).toMatch(/member \d ended \(.*\) with apache; it runs with zk-pseudo again/)
      const after = await ensemble.status()
      expect(after).toMatchObject({ quorum: true, epoch: 1 })
      expect(after.members.map(({ state, engine }) => `${state} ${engine}`).sort()).toEqual([
        'running apache',
        ...Array(2).fill('running zk-pseudo'),
      ])
    } finally {
      if (JAVA_HOME === undefined) delete process.env.JAVA_HOME
      else process.env.JAVA_HOME = JAVA_HOME
      rmSync(home, { recursive: true })
    }
  })

  it.each(['log', 'snapshot'])(
    'stops with a healthy ensemble at a %s that cannot be read',
    {
      timeout: 90_000,
    },
    async (kind) => {
      await using ensemble = await Ensemble.start({ set })
      const client = await ZooKeeper.connect(ensemble.connectString)
      const names = Array.from({ length: 20 }, (_, i) => `/n${i}`)
      for (const name of names) await client.create(name, Buffer.from('x'))
      await client.close()
      const { members, leader } = await ensemble.status()
      const hurt = members.find(({ id }) => id !== leader) as MemberInfo
      damageNewest(join(hurt.dataDir, 'version-2'), kind)
      const report = await ensemble.handover('apache')
      expect(report.moved).toEqual([])
      expect(report.problem).toMatch(
        /ended \(.*\) with apache, and then ended \(.* at offset .*\) with zk-pseudo; its data was set aside/,
      )
      expect(readdirSync(hurt.dataDir)).toContainEqual(expect.stringMatching(/^version-2\.unreadable-/))
      for (const { clientPort } of members) {
        const reader = await ZooKeeper.connect(`127.0.0.1:${clientPort}`)
        await reader.sync('/')
        for (const name of names) expect(await reader.exists(name)).not.toBeNull()
        await reader.close()
      }
      expect((await ensemble.status()).members.map(({ state }) => state)).toEqual(Array(3).fill('running'))
    },
  )

  it('touches no member when Apache would misread a config', { timeout: 60_000 }, async () => {
    await using ensemble = await Ensemble.start({ set })
    const { members } = await ensemble.status()
    writeFileSync(members[2]?.config as string, 'snapCount=1000 # many\n', { flag: 'a' })
    await expect(ensemble.handover('apache')).rejects.toMatchObject({
      code: 'NOT_FOR_APACHE',
      hint: expect.stringMatching(/zoo-2\.cfg:\d+: the comment after snapCount/),
    })
    expect(await ensemble.status()).toMatchObject({ quorum: true, epoch: 1 })
  })

  it('touches no member that the quorum needs', { timeout: 60_000 }, async () => {
    await using ensemble = await Ensemble.start({ set })
    await ensemble.kill('follower')
    await expect(ensemble.handover('apache')).rejects.toMatchObject({ code: 'NO_SPARE' })
    expect(await engines(ensemble)).toEqual(Array(3).fill('zk-pseudo'))
    await using alone = await Ensemble.start({ members: 1 })
    await expect(alone.handover('apache')).rejects.toThrow('there is no quorum, and nothing was touched')
  })

  it('keeps sessions, their ephemerals and watches', { timeout: 90_000 }, async () => {
    await using ensemble = await Ensemble.start({ set })
    const client = await ZooKeeper.connect(ensemble.connectString, { sessionTimeoutMs: 8000 })
    try {
      await client.create('/alive', Buffer.from(''), { mode: 'ephemeral' })
      const session = client.sessionId
      const seen: string[] = []
      await client.exists('/later', ({ type, path }) => seen.push(`${type} ${path}`))
      expect((await ensemble.handover('apache')).problem).toBeNull()
      expect(await client.exists('/alive')).not.toBeNull()
      expect((await ensemble.handover('zk-pseudo')).problem).toBeNull()
      expect(await client.exists('/alive')).not.toBeNull()
      expect(client.sessionId).toBe(session)
      await client.create('/later')
      await eventually('the watch from before the handovers to fire', () => seen.length > 0)
      expect(seen).toEqual([expect.stringMatching(/created \/later/i)])
    } finally {
      await client.close()
    }
  })

  it('stops after the current member when it is aborted, and can be continued later', {
    timeout: 90_000,
  }, async () => {
    await using ensemble = await Ensemble.start({ set })
    const told = new AbortController()
    const changed = new Set<number | null>()
    ensemble.on(({ event, member }) => {
      if (event.type === 'engine-changed') changed.add(member)
    })
    const work = ensemble.handover('apache', [], { signal: told.signal })
    await eventually('the first member to change', () => changed.size > 0)
    told.abort()
    const report = await work
    expect(report).toMatchObject({ problem: 'it was interrupted', moved: [{ member: [...changed][0] }] })
    expect(report.left).toHaveLength(2)
    expect(await ensemble.status()).toMatchObject({ quorum: true, epoch: 1 })
    const rest = await ensemble.handover('apache')
    expect(rest).toMatchObject({ problem: null, left: [] })
    expect(rest.moved).toHaveLength(2)
  })

  it('allows no other handover and no restart meanwhile; a fault stops it', { timeout: 90_000 }, async () => {
    await using ensemble = await Ensemble.start({ set })
    const { leader } = await ensemble.status()
    const followers = ensemble.members.filter(({ id }) => id !== leader).map(({ id }) => id)
    const work = ensemble.handover('apache')
    const begun = (id: number) => {
      return eventually('it to begin', async () => (await ensemble.status()).members[id]?.engine === 'apache')
    }
    await begun(followers[0] as number)
    await expect(ensemble.handover('zk-pseudo')).rejects.toMatchObject({ code: 'BUSY' })
    await expect(ensemble.restart('all')).rejects.toMatchObject({ code: 'BUSY' })
    await ensemble.kill(followers[1] as number, { wait: false })
    const report = await work
    expect(report.problem).toContain(`member ${followers[1]} was killed meanwhile`)
    expect(report.moved.map(({ member }) => member)).toEqual([followers[0]])
    await ensemble.start('all', { waitTimeoutMs: 20_000 })
    expect((await ensemble.status()).members.map(({ state }) => state)).toEqual(Array(3).fill('running'))
  })

  it('ends with the cluster, and leaves no process behind', { timeout: 60_000 }, async () => {
    await using ensemble = await Ensemble.start({ set })
    const pids = new Set<number>()
    const work = ensemble.handover('apache')
    await eventually('a JVM', async () => {
      for (const { engine, pid } of (await ensemble.status()).members) {
        if (engine === 'apache' && pid !== null && pid > 0) pids.add(pid)
      }
      return pids.size > 0
    })
    await ensemble.close()
    expect(await work).toMatchObject({ problem: 'the cluster went down meanwhile', leaderAfter: null })
    expect([...pids].filter(lives)).toEqual([])
  })

  it('sends the whole history to a member whose log has lost something', { timeout: 90_000 }, async () => {
    await using ensemble = await Ensemble.start({ set })
    const client = await ZooKeeper.connect(ensemble.connectString)
    try {
      for (let i = 0; i < 20; i += 1) await client.create(`/n${i}`, Buffer.from('x'))
      const { members, leader } = await ensemble.status()
      const hurt = members.find(({ id }) => id !== leader)
      const folder = join(hurt?.dataDir as string, 'version-2')
      loseOne(folder)
      const report = await ensemble.handover('apache', String(hurt?.id))
      expect(report.problem).toBeNull()
      expect(report.moved[0]?.note).toMatch(/its log lacked 0x1[0-9a-f]{8}, which the others have/)
      expect(readdirSync(hurt?.dataDir as string)).toContainEqual(expect.stringMatching(/^version-2\.lacks-/))
      const reader = await ZooKeeper.connect(`127.0.0.1:${hurt?.clientPort}`)
      await reader.sync('/')
      for (let i = 0; i < 20; i += 1) expect(await reader.exists(`/n${i}`)).not.toBeNull()
      await reader.close()
    } finally {
      await client.close()
    }
  })

  it('uses the current server list, and so does everything else', { timeout: 120_000 }, async () => {
    await using ensemble = await Ensemble.start({
      members: 4,
      set: { ...set, reconfigEnabled: 'true', skipACL: 'yes' },
    })
    const before = await ensemble.status()
    const others = before.members.filter(({ id }) => id !== before.leader)
    const [gone, watches] = others as [MemberInfo, MemberInfo, MemberInfo]
    // A member that changes its role drops its clients, and Apache's does so before it has answered them; the
    // leader stays.
    const leader = `127.0.0.1:${before.members[before.leader as number]?.clientPort}`
    const client = await ZooKeeper.connect(leader)
    const line = `server.${watches.id}=127.0.0.1:${watches.quorumPort}:${watches.electionPort}:observer;127.0.0.1:${watches.clientPort}`
    await client.reconfig({ leaving: [gone.id] })
    await client.reconfig({ joining: [line] })
    await client.close()
    const after = await eventually('the new roles', async () => {
      const now = await ensemble.status()
      return now.members[watches.id]?.role === 'observer' && now.quorum ? now : undefined
    })
    expect(after.members[gone.id]).toMatchObject({ listed: false, voter: false })
    expect(after.members[watches.id]).toMatchObject({ listed: true, voter: false })
    expect(ensemble.connectString.split(',')).not.toContain(`127.0.0.1:${gone.clientPort}`)
    const paused = await ensemble.pause('observer')
    expect(paused.members).toEqual([watches.id])
    await ensemble.resume('all')
    // Two voters are left, and neither can be spared; the observer can.
    await expect(ensemble.handover('apache')).rejects.toMatchObject({ code: 'NO_SPARE' })
    expect(await ensemble.handover('apache', 'observer')).toMatchObject({
      problem: null,
      moved: [{ member: watches.id }],
    })
    const again = await ZooKeeper.connect(leader)
    await again.reconfig({ joining: [line.replace('observer', 'participant')] })
    await again.close()
    await eventually('a voter again', async () => (await ensemble.status()).members[watches.id]?.voter)
    await ensemble.waitForLeader()
    const report = await ensemble.handover('apache')
    expect(report).toMatchObject({ problem: null, left: [{ member: gone.id }] })
    expect(report.moved).toHaveLength(2)
    expect((await ensemble.status()).quorum).toBe(true)
  })

  it('is available as a command, and the next up uses its engines', { timeout: 90_000 }, async () => {
    await using cluster = new CommandLineCluster()
    await cluster.up('3', '--ports', 'auto', '--set', 'tickTime=500')
    const report: HandoverReport = JSON.parse(await cluster.run('handover', '--to', 'apache', '--json'))
    expect(report).toMatchObject({ to: 'apache', problem: null, left: [] })
    expect(report.moved).toHaveLength(3)
    expect(await cluster.run('handover', '--to', 'apache')).toContain(
      'every member meant runs with apache already',
    )
    await cluster.run('down')
    const again = await cluster.up()
    expect(again.members).toMatchObject(Array(3).fill({ engine: 'apache' }))
    expect(again.epoch).toBe(3)
    expect((await cluster.attempt('handover')).stderr).toMatch(/handover --name \S+ --to apache/)
    expect((await cluster.attempt('handover', '--to', 'etcd')).code).toBe(2)
  })
})
