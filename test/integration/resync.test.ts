/** Members that refuse their data or find another member's, and the one command that recovers them. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ZooKeeper } from '../../src/client/index.ts'
import { Ensemble, type EnsembleOptions } from '../../src/ensemble/index.ts'
import { apacheUnavailable } from '../support/apache.ts'
import { needs } from '../support/ensembles.ts'
import { claimPorts, releasePorts } from '../support/ports.ts'
import { TemporaryFolder } from './oneServer.ts'

const start = (options: EnsembleOptions = {}) =>
  Ensemble.start({ members: 3, ports: 'auto', dir: 'temp', ...options })

const dataOf = (ensemble: Ensemble, id: number) =>
  ensemble.members.find((member) => member.id === id)?.dataDir as string
const stateOf = async (ensemble: Ensemble, id: number) =>
  (await ensemble.status()).members.find((member) => member.id === id)

/** Damages every snapshot of a member that is down. */
function damage(dataDir: string): void {
  const folder = join(dataDir, 'version-2')
  for (const name of readdirSync(folder).filter((file) => file.startsWith('snapshot.'))) {
    const bytes = readFileSync(join(folder, name))
    bytes[30] = (bytes[30] as number) ^ 1
    writeFileSync(join(folder, name), bytes)
  }
}

async function valueAt(ensemble: Ensemble, id: number, path: string): Promise<string | null> {
  const port = ensemble.members.find((member) => member.id === id)?.clientPort
  const client = await ZooKeeper.connect(`127.0.0.1:${port}`)
  try {
    await client.sync('/')
    return String((await client.getData(path)).data)
  } finally {
    await client.close()
  }
}

async function write(ensemble: Ensemble, path: string, value: string): Promise<void> {
  const client = await ZooKeeper.connect(ensemble.connectString)
  await client.create(path, value)
  await client.close()
}

describe('start with resync', () => {
  it.each(['thread', 'process'] as const)(
    'brings back a member that refuses its data (%s)',
    async (isolation) => {
      await using ensemble = await start({ isolation })
      await write(ensemble, '/a', 'before')
      await ensemble.stop(1)
      damage(dataOf(ensemble, 1))
      await expect(ensemble.start(1)).rejects.toMatchObject({
        code: 'CRASHED',
        exitCode: 1,
        message: expect.stringContaining('zk-pseudo start 1 --resync'),
      })
      const damaged = readdirSync(join(dataOf(ensemble, 1), 'version-2'))
      const { setAside, members, quorum } = await ensemble.start(1, { resync: true })
      expect({ members, quorum }).toEqual({ members: [1], quorum: true })
      const [path] = setAside?.[0]?.paths ?? []
      expect(path).toMatch(/version-2\.resync-\d+$/)
      expect(readdirSync(path as string)).toEqual(damaged)
      expect(await stateOf(ensemble, 1)).toMatchObject({ state: 'running' })
      expect(await valueAt(ensemble, 1, '/a')).toBe('before')
    },
  )

  it.each(['thread', 'process'] as const)('sets aside logs in a separate folder (%s)', async (isolation) => {
    using folder = new TemporaryFolder()
    const ports = await claimPorts(9)
    const configs = [0, 1, 2].map((id) => {
      const [dataDir, dataLogDir] = [join(folder.path, `data${id}`), join(folder.path, `log${id}`)]
      mkdirSync(dataDir)
      writeFileSync(join(dataDir, 'myid'), `${id}\n`)
      const lines = [
        ...['tickTime=500', 'initLimit=10', 'syncLimit=5'],
        ...[`dataDir=${dataDir}`, `dataLogDir=${dataLogDir}`, `clientPort=${ports[id]}`],
        ...[0, 1, 2].map((sid) => `server.${sid}=127.0.0.1:${ports[3 + sid]}:${ports[6 + sid]}`),
      ]
      const file = join(dataDir, 'zoo.cfg')
      writeFileSync(file, `${lines.join('\n')}\n`)
      return file
    })
    try {
      await using ensemble = await Ensemble.start({ configs, isolation })
      await write(ensemble, '/c', 'before')
      await ensemble.stop(1)
      const logs = join(folder.path, 'log1', 'version-2')
      const [name = ''] = readdirSync(logs).filter((file) => file.startsWith('log.'))
      const bytes = readFileSync(join(logs, name))
      bytes[40] = (bytes[40] as number) ^ 1
      writeFileSync(join(logs, name), bytes)
      await expect(ensemble.start(1)).rejects.toMatchObject({ code: 'CRASHED' })
      const { setAside } = await ensemble.start(1, { resync: true })
      const paths = setAside?.[0]?.paths ?? []
      expect(paths.map((path) => dirname(path))).toEqual([
        join(folder.path, 'data1'),
        join(folder.path, 'log1'),
      ])
      expect(readFileSync(join(paths[1] as string, name)).equals(bytes)).toBe(true)
      expect(await valueAt(ensemble, 1, '/c')).toBe('before')
      await write(ensemble, '/d', 'after')
      expect(await valueAt(ensemble, 1, '/d')).toBe('after')
    } finally {
      releasePorts(ports)
    }
  })

  it('is refused for a running member, and when the others are not a serving quorum', async () => {
    await using ensemble = await start()
    const { leader } = await ensemble.status()
    const follower = leader === 0 ? 1 : 0
    await expect(ensemble.start(follower, { resync: true })).rejects.toMatchObject({ code: 'RUNS' })
    await ensemble.stop(['0'])
    await ensemble.stop(['1'])
    await expect(ensemble.start(1, { resync: true })).rejects.toMatchObject({
      code: 'NO_QUORUM',
      hint: expect.stringContaining('member 0'),
    })
    for (const id of [0, 1]) expect(readdirSync(dataOf(ensemble, id))).toContain('version-2')
    await ensemble.start('all')
  })

  it('resyncs several members one after the other, where each counts among the others for the next', async () => {
    await using ensemble = await start({ members: 5, set: { tickTime: '500' } })
    await write(ensemble, '/b', 'kept')
    const { leader } = await ensemble.status()
    const two = ensemble.members
      .map(({ id }) => id)
      .filter((id) => id !== leader)
      .slice(0, 2)
    for (const id of two) await ensemble.kill(id)
    for (const id of two) damage(dataOf(ensemble, id))
    const { setAside, members } = await ensemble.start('all', { resync: true })
    expect(members).toEqual(two)
    expect(setAside?.map(({ member }) => member)).toEqual(two)
    for (const id of two) expect(await valueAt(ensemble, id, '/b')).toBe('kept')
  })

  it('is not available for a standalone server', async () => {
    await using ensemble = await start({ members: 1 })
    await ensemble.stop(0)
    await expect(ensemble.start(0, { resync: true })).rejects.toMatchObject({ code: 'NO_QUORUM' })
    await ensemble.start(0)
  })
})

describe('a member whose myid is not its own', () => {
  it.each(['thread', 'process'] as const)(
    'is not started, and a running one is not stopped (%s)',
    async (isolation) => {
      await using ensemble = await start({ isolation })
      const myid = join(dataOf(ensemble, 1), 'myid')
      writeFileSync(myid, '2\n')
      const refused = { code: 'WRONG_MYID', exitCode: 1, message: expect.stringContaining(`${myid} says 2`) }
      await expect(ensemble.restart(1)).rejects.toMatchObject(refused)
      expect(await stateOf(ensemble, 1)).toMatchObject({ state: 'running' })
      await ensemble.stop(1)
      await expect(ensemble.start(1)).rejects.toMatchObject(refused)
      await expect(ensemble.start(1, { resync: true })).rejects.toMatchObject(refused)
      rmSync(myid)
      await expect(ensemble.start(1)).rejects.toMatchObject({ code: 'WRONG_MYID' })
      expect(await stateOf(ensemble, 1)).toMatchObject({ state: 'stopped' })
      writeFileSync(myid, '1\n')
      expect(await ensemble.start(1)).toMatchObject({ members: [1], quorum: true })
    },
  )

  it('does not serve when the data dirs of two were exchanged', async () => {
    await using ensemble = await start()
    const [zero, one] = [dataOf(ensemble, 0), dataOf(ensemble, 1)]
    await ensemble.stop(['0'])
    await ensemble.stop(['1'])
    renameSync(zero, `${zero}.away`)
    renameSync(one, zero)
    renameSync(`${zero}.away`, one)
    await expect(ensemble.start('all')).rejects.toMatchObject({ code: 'WRONG_MYID' })
    for (const id of [0, 1]) await expect(ensemble.start(id)).rejects.toMatchObject({ code: 'WRONG_MYID' })
    const { members } = await ensemble.status()
    expect(members.map(({ state }) => state)).toEqual(['stopped', 'stopped', 'running'])
  })

  it('is not started with Apache ZooKeeper either', async (context) => {
    needs(context, apacheUnavailable())
    await using ensemble = await start({ engine: { 1: 'apache' }, waitTimeoutMs: 60_000 })
    await ensemble.stop(1)
    writeFileSync(join(dataOf(ensemble, 1), 'myid'), '0\n')
    await expect(ensemble.start(1)).rejects.toMatchObject({ code: 'WRONG_MYID' })
    writeFileSync(join(dataOf(ensemble, 1), 'myid'), '1\n')
    const { setAside } = await ensemble.start(1, { resync: true, waitTimeoutMs: 60_000 })
    expect(setAside?.[0]?.paths).toHaveLength(1)
    expect(await stateOf(ensemble, 1)).toMatchObject({ state: 'running', engine: 'apache' })
  })
})
