/**
 * `zk-pseudo up` on data that a later version wrote: the message, the exit code, and that nothing is touched.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listLogs, listSnapshots } from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { GOLDEN } from '../golden/expected.ts'
import { CommandLineCluster } from '../support/commandLine.ts'
import { fingerprintOf } from '../support/fingerprint.ts'
import { claimPorts, releasePorts } from '../support/ports.ts'
import { unwrapped } from '../support/unwrapped.ts'

let cluster: CommandLineCluster
let ports: number[]
beforeEach(async () => {
  cluster = new CommandLineCluster()
  ports = await claimPorts(9)
})
afterEach(async () => {
  await cluster[Symbol.asyncDispose]()
  releasePorts(ports)
})

/**
 * A member's dataDir as Apache 3.8 wrote it, and its zoo.cfg; returns the file and the folder of the data.
 */
function member(id: number, of: string, lines: string[]): { config: string; version2: string; dir: string } {
  const dir = join(cluster.dir, `member-${id}`)
  mkdirSync(dir)
  cpSync(join(GOLDEN, of, 'version-2'), join(dir, 'data', 'version-2'), { recursive: true })
  writeFileSync(join(dir, 'data', 'myid'), String(id))
  // With reconfigEnabled a server may write files beside zoo.cfg.
  const settings = [
    'tickTime=500',
    'initLimit=10',
    'syncLimit=5',
    'reconfigEnabled=true',
    `dataDir=${join(dir, 'data')}`,
  ]
  const config = join(dir, 'zoo.cfg')
  writeFileSync(config, [...settings, ...lines, ''].join('\n'))
  return { config, version2: join(dir, 'data', 'version-2'), dir }
}

const up = (...configs: string[]) =>
  cluster.attempt('up', ...configs, '-d', '--dir', join(cluster.dir, 'cluster'), '--wait-timeout', '20')

function newest(files: { path: string; zxid: number }[]): string {
  return (files.toSorted((a, b) => b.zxid - a.zxid)[0] as { path: string }).path
}

/** Changes bytes of a file; returns its path. */
function patch(path: string, change: (bytes: Buffer) => void): string {
  const bytes = readFileSync(path)
  change(bytes)
  writeFileSync(path, bytes)
  return path
}

/** What a later version might have left in a directory: returns where it is refused and the message. */
const PLANTED: [string, (version2: string) => { path: string; said: RegExp }][] = [
  [
    'a snapshot of format version 3',
    (version2) => ({
      path: patch(newest(listSnapshots(nodeFileSystem, version2)), (bytes) => bytes.writeInt32BE(3, 4)),
      said: /at offset 4: is a snapshot of format version 3, not 2\. Nothing was changed/,
    }),
  ],
  [
    'a log of format version 3',
    (version2) => ({
      path: patch(newest(listLogs(nodeFileSystem, version2)), (bytes) => bytes.writeInt32BE(3, 4)),
      said: /at offset 4: is a log of format version 3, not 2\. Nothing was changed/,
    }),
  ],
  [
    'a snapshot in a compression of its own',
    (version2) => {
      const path = join(version2, 'snapshot.7fffffff00000000.zst')
      writeFileSync(path, 'compressed')
      return { path, said: /has a name that this version does not know.*Nothing was changed/ }
    },
  ],
]

describe.each(PLANTED)('%s', (_, plant) => {
  it('ends `up` of a standalone server with the name of the file, and nothing is touched', {
    timeout: 60_000,
  }, async () => {
    const { config, version2, dir } = member(1, 'standalone/data', [`clientPort=${ports[0]}`])
    const { path, said } = plant(version2)
    const before = fingerprintOf(dir)
    const { code, stdout, stderr } = await up(config)
    expect(stderr).toContain(path)
    expect(unwrapped(stderr)).toMatch(said)
    expect(stdout).toBe('')
    expect(code).toBe(1)
    await cluster.attempt('down')
    expect(fingerprintOf(dir)).toEqual(before)
  })
})

it('ends `up` in the foreground, too', { timeout: 60_000 }, async () => {
  const { config, version2, dir } = member(1, 'standalone/data', [`clientPort=${ports[0]}`])
  const { path, said } = PLANTED[0]?.[1](version2) ?? { path: '', said: /never/ }
  const before = fingerprintOf(dir)
  const { code, stderr } = await cluster.attempt('up', config, '--dir', join(cluster.dir, 'cluster'))
  expect(stderr).toContain(path)
  expect(unwrapped(stderr)).toMatch(said)
  expect(code).toBe(1)
  expect(fingerprintOf(dir)).toEqual(before)
})

it('stops one member of three: the others serve, `ps` and the log name the file, and none of its files is touched', {
  timeout: 60_000,
}, async () => {
  const servers = [1, 2, 3].map(
    (id) => `server.${id}=127.0.0.1:${ports[id + 2]}:${ports[id + 5]};127.0.0.1:${ports[id - 1]}`,
  )
  const members = [1, 2, 3].map((id) => member(id, `ensemble/${id === 1 ? 'leader' : 'follower'}`, servers))
  const [first, second, third] = members as [(typeof members)[0], (typeof members)[0], (typeof members)[0]]
  const path = patch(newest(listLogs(nodeFileSystem, third.version2)), (bytes) => bytes.writeInt32BE(3, 4))
  const before = fingerprintOf(third.dir)
  await up(first.config, second.config, third.config)
  const logs = await cluster.run('logs')
  expect(logs).toContain(`${path} at offset 4: is a log of format version 3`)
  const { quorum, members: shown } = await cluster.ps()
  expect(quorum).toBe(true)
  expect(shown.find(({ id }) => id === 3)).toMatchObject({ state: 'crashed' })
  await cluster.run('down')
  expect(fingerprintOf(third.dir)).toEqual(before)
  expect(readdirSync(third.version2).some((name) => name.startsWith('zk-pseudo'))).toBe(false)
})
