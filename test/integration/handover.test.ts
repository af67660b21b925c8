/** Members are moved to Apache ZooKeeper and back while clients write all the while: nothing is lost, and what goes wrong is undone. */
import { writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, it, type TestContext } from 'vitest'
import { ZooKeeper } from '../../src/client/index.ts'
import { Ensemble, type HandoverReport } from '../../src/ensemble/index.ts'
import { AcknowledgedWrites } from '../support/acknowledgedWrites.ts'
import { apacheUnavailable } from '../support/apache.ts'
import { CommandLineCluster } from '../support/commandLine.ts'
import { needs } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'

const missing = apacheUnavailable()
const set = { tickTime: '500' }

beforeEach((context) => needs(context as TestContext, missing))

async function engines(ensemble: Ensemble): Promise<string[]> {
  return (await ensemble.status()).members.map(({ engine }) => engine)
}

describe('a handover', () => {
  it('there and back loses no write and no session', { timeout: 120_000 }, async () => {
    await using ensemble = await Ensemble.start({ observers: 1, set })
    const ports = () => ensemble.members.map(({ clientPort }) => clientPort)
    const writes = await AcknowledgedWrites.start('/writes', ports)
    const { leader } = await ensemble.status()
    const there = await ensemble.handover('apache')
    expect(there).toMatchObject({ to: 'apache', problem: null, left: [], leaderBefore: leader })
    // Observers first, the leader last.
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

  it('moves only whom it was told to, and says when there is nothing to do', {
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
    // Ours has taken the config already; Apache refuses what is in it now.
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

  it('touches nobody whose config Apache would misread', { timeout: 60_000 }, async () => {
    await using ensemble = await Ensemble.start({ set })
    const { members } = await ensemble.status()
    writeFileSync(members[2]?.config as string, 'snapCount=1000 # many\n', { flag: 'a' })
    await expect(ensemble.handover('apache')).rejects.toMatchObject({
      code: 'NOT_FOR_APACHE',
      hint: expect.stringMatching(/zoo-2\.cfg:\d+: the comment behind snapCount/),
    })
    expect(await ensemble.status()).toMatchObject({ quorum: true, epoch: 1 })
  })

  it('touches nobody without whom there is no quorum', { timeout: 60_000 }, async () => {
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
      await eventually('the watch of before to fire', () => seen.length > 0)
      expect(seen).toEqual([expect.stringMatching(/created \/later/i)])
    } finally {
      await client.close()
    }
  })

  it('is a command, and its engines are those of the next up', { timeout: 90_000 }, async () => {
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
    expect((await cluster.attempt('handover')).stderr).toContain('handover --to apache')
    expect((await cluster.attempt('handover', '--to', 'etcd')).code).toBe(2)
  })
})
