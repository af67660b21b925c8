import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { classicEnsemble } from '../../src/config/classic.ts'
import { makeZxid } from '../../src/protocol/zxid.ts'
import { Storage } from '../../src/storage/storage.ts'
import { storageOptions } from '../storage/support.ts'
import { creates } from '../storage/transactions.ts'
import { unwrapped } from '../support/unwrapped.ts'
import { runCli } from './cli.ts'
import { cluster, dead, fakeCluster, member, type Playground, playground } from './fakeCluster.ts'

/** What `up 3` leaves in `dir`; `lengths` of the histories of its members, none for a negative one. */
function layOut(dir: string, lengths: readonly number[]): void {
  const { members } = classicEnsemble({ members: lengths.length, dir })
  const request = {
    members: lengths.length,
    files: [],
    dir,
    name: 'three',
    basePort: null,
    autoPorts: false,
    observers: 0,
    settings: {},
    isolation: 'thread',
  }
  mkdirSync(join(dir, 'conf'), { recursive: true })
  writeFileSync(
    join(dir, 'cluster.json'),
    JSON.stringify({ name: 'three', request, ports: null, created: [] }),
  )
  for (const { sid, file, text, myidFile, myidText, config } of members) {
    mkdirSync(config.dataDir, { recursive: true })
    writeFileSync(file, text)
    writeFileSync(myidFile, myidText)
    const length = lengths[sid] as number
    if (length < 0) continue
    const storage = Storage.open(storageOptions(config.dataDir), { random: () => 0.5, onNote: () => {} })
    storage.recover()
    storage.append(creates(1, 1, length))
    storage.sync()
    storage.close()
  }
}

function down(ground: Playground, lengths = [3, 5, 4]): void {
  layOut(join(ground.root, '.zk-pseudo'), lengths)
}

const inside = (ground: Playground, ...words: string[]) =>
  runCli(['export', ...words], { cwd: ground.root, env: ground.env })

const dataOf = (ground: Playground, folder: string) =>
  readFileSync(join(ground.root, folder, 'data/version-2/log.100000001'))

describe('export', () => {
  it('writes configs, ids and the longest history for each host, of a cluster that is down', async () => {
    using ground = playground()
    down(ground)
    const ran = await inside(ground, '--hosts', 'h1,h2,h3')
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toContain('three: for Apache ZooKeeper on 3 hosts\n')
    expect(ran.stdout).toContain('data: of member 1, the longest history: 10 znodes, up to 0x100000005\n')
    expect(ran.stdout).toContain('next: the steps in zk-export/README.md\n')
    expect(readdirSync(join(ground.root, 'zk-export'))).toEqual(['README.md', 'h1', 'h2', 'h3'])
    expect(readdirSync(join(ground.root, 'zk-export/h3'))).toEqual(['data', 'zoo.cfg'])
    expect(readFileSync(join(ground.root, 'zk-export/h3/data/myid'), 'utf8')).toBe('2\n')
    expect(dataOf(ground, 'zk-export/h1')).toEqual(dataOf(ground, 'zk-export/h3'))
    expect(readdirSync(ground.root).sort()).toEqual(['.zk-pseudo', 'zk-export'])
  })

  it('takes what the members that run have, the dead ones too', async () => {
    using ground = playground()
    const zxid = (counter: number) => `0x${makeZxid(1, counter).toString(16)}`
    const at = (dir: string, id: number) => ({
      dataDir: join(dir, `data/${id}`),
      config: join(dir, `conf/zoo-${id}.cfg`),
    })
    const dir = join(ground.root, 'three', '.zk-pseudo')
    layOut(dir, [4, 7, 6])
    const members = [
      member(0, { zxid: zxid(4), ...at(dir, 0) }),
      { ...dead(1), ...at(dir, 1) },
      member(2, { role: 'leader', zxid: zxid(6), ...at(dir, 2) }),
    ]
    await using _fake = await fakeCluster(ground, { cluster: cluster('three', members) })
    const ran = await inside(ground, '--hosts', 'h1,h2,h3', '--name', 'three', '--json')
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    const document = JSON.parse(ran.stdout)
    expect(document).toMatchObject({
      cluster: 'three',
      format: 'cfg',
      connectString: 'h1:2181,h2:2181,h3:2181',
      data: { from: 1, zxid: zxid(7), epoch: 1 },
      notes: ['it runs: what is written from now on is not in the export'],
    })
    expect(document.hosts[2]).toEqual({
      id: 2,
      role: 'participant',
      host: 'h3',
      folder: 'h3',
      clientPort: 2181,
      quorumPort: 2888,
      electionPort: 3888,
      jvmFlags: [],
      files: [],
    })
  })

  it('refuses data that does not reach what the members say they have', async () => {
    using ground = playground()
    const dir = join(ground.root, 'three', '.zk-pseudo')
    layOut(dir, [4])
    const config = join(dir, 'conf/zoo-0.cfg')
    await using _fake = await fakeCluster(ground, {
      cluster: cluster('three', [member(0, { zxid: '0x100000009', config })]),
    })
    const ran = await inside(ground, '--hosts', 'h1', '--name', 'three')
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(unwrapped(ran.stderr)).toContain('ends at 0x100000004, but 0x100000009 was acknowledged')
    expect(readdirSync(ground.root).filter((name) => name.includes('zk-export'))).toEqual([])
  })

  it('passes one damaged member over, and refuses when too many are', async () => {
    using ground = playground()
    down(ground)
    const spoil = (id: number) =>
      writeFileSync(join(ground.root, `.zk-pseudo/data/${id}/version-2/acceptedEpoch`), 'x')
    spoil(1)
    const one = await inside(ground, '--hosts', 'h1,h2,h3', '--out', 'one')
    expect(one).toMatchObject({ code: 0, stderr: '' })
    expect(one.stdout).toContain('data: of member 2, ')
    expect(one.stdout).toContain('the data of member 1 was passed over:')
    spoil(2)
    const two = await inside(ground, '--hosts', 'h1,h2,h3', '--out', 'two')
    expect(two).toMatchObject({ code: 1, stdout: '' })
    expect(two.stderr).toContain('the data of too many members cannot be read')
    expect(readdirSync(ground.root).sort()).toEqual(['.zk-pseudo', 'one'])
  })

  it('writes configs alone where nothing was ever written', async () => {
    using ground = playground()
    down(ground, [-1, -1, -1])
    const ran = await inside(ground, '--hosts', 'h1,h2,h3', '--format', 'compose')
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toContain('no data yet: the servers will begin empty\n')
    expect(readdirSync(join(ground.root, 'zk-export'))).toEqual([
      'README.md',
      'docker-compose.yml',
      'h1',
      'h2',
      'h3',
    ])
  })

  it.each<[string, string[], RegExp]>([
    ['no hosts', [], /--hosts is missing: three has members 0, 1 and 2[\s\S]*--hosts zk1,zk2,zk3/],
    ['too few', ['--hosts', 'h1,h2'], /2 hosts are too few for members 0, 1, 2[\s\S]*--hosts h1,h2,h3/],
    ['too many', ['--hosts', 'a,b,c,d'], /4 hosts are too many/],
    ['a host with a port', ['--hosts', 'h1:1,h2,h3'], /"h1:1" has a port[\s\S]*--keep-ports/],
    [
      'one host for all',
      ['--hosts', 'h1,h1,h1'],
      /would both have port 2181 \(client\) on h1[\s\S]*--keep-ports/,
    ],
    ['an unknown format', ['--hosts', 'h1,h2,h3', '--format', 'compos'], /did you mean compose\?/],
    [
      'addresses for containers',
      ['--hosts', '10.0.0.1,h2,h3', '--format', 'compose'],
      /10\.0\.0\.1 cannot be a container's name/,
    ],
    [
      'a data dir for containers',
      ['--hosts', 'h1,h2,h3', '--format', 'compose', '--data-dir', '/x'],
      /--data-dir is not for --format compose/,
    ],
  ])('%s: exits 2 and says what to do', async (_, words, message) => {
    using ground = playground()
    down(ground)
    const ran = await inside(ground, ...words)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toMatch(message)
    expect(readdirSync(ground.root)).toEqual(['.zk-pseudo'])
  })

  it('refuses a folder that is not empty', async () => {
    using ground = playground()
    down(ground)
    mkdirSync(join(ground.root, 'full'))
    writeFileSync(join(ground.root, 'full/mine'), '')
    const ran = await inside(ground, '--hosts', 'h1,h2,h3', '--out', 'full')
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toMatch(/full is not empty\n.*--out DIR/)
    mkdirSync(join(ground.root, 'empty'))
    expect(await inside(ground, '--hosts', 'h1,h2,h3', '--out', 'empty')).toMatchObject({ code: 0 })
  })

  it('finds no cluster where there is none', async () => {
    using ground = playground()
    for (const words of [[], ['--dir', 'nowhere'], ['--name', 'nobody']]) {
      const ran = await inside(ground, '--hosts', 'h1', ...words)
      expect(ran).toMatchObject({ code: 3, stdout: '' })
      expect(ran.stderr).toMatch(/is running\n/)
      expect(ran.stderr).toContain(`start one: ${['zk-pseudo', 'up', ...words, '3', '-d'].join(' ')}`)
    }
  })
})
