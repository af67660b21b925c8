import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Storage } from '../../src/storage/storage.ts'
import { storageOptions } from '../storage/support.ts'
import { creates } from '../storage/transactions.ts'
import { runCli } from './cli.ts'
import { type Playground, playground } from './fakeCluster.ts'

const CONFIG = [
  'tickTime=2000',
  'initLimit=10',
  'syncLimit=5',
  'dataDir=/var/lib/zookeeper',
  'clientPort=2181',
  'server.1=s1:2888:3888',
  'server.2=s2:2888:3888',
  'server.3=s3:2888:3888',
  '',
].join('\n')

function put(ground: Playground, path: string, text = CONFIG): string {
  const file = join(ground.root, path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, text)
  return file
}

const inside = (ground: Playground, ...words: string[]) =>
  runCli(['localize', ...words], { cwd: ground.root })

/** A dataDir with a few transactions. */
function dataAt(ground: Playground, name: string, changes = {}): string {
  const dir = join(ground.root, name)
  const environment = { random: () => 0.5, onNote: () => {} }
  const storage = Storage.open(storageOptions(dir, changes), environment)
  storage.recover()
  storage.append(creates(1, 1, 5))
  storage.sync()
  storage.saveEpoch('accepted', 1)
  storage.saveEpoch('current', 1)
  storage.close()
  return dir
}

describe("localize with ports of the user's choice", () => {
  const portsIn = (ground: Playground) =>
    [1, 2, 3].map((id) => {
      const text = readFileSync(join(ground.root, `zk-local/zoo-${id}.cfg`), 'utf8')
      const own = new RegExp(`^server\\.${id}=127\\.0\\.0\\.1:(\\d+):(\\d+)$`, 'm').exec(text) ?? []
      return [/^clientPort=(\d+)$/m.exec(text)?.[1], own[1], own[2]].map(Number)
    })

  it('counts all up from --base-port, client ports first', async () => {
    using ground = playground()
    put(ground, 'zoo.cfg')
    const ran = await inside(ground, 'zoo.cfg', '--base-port', '12180')
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toContain('clientPort: 2181 → 12180, 12181, 12182: --base-port 12180\n')
    expect(portsIn(ground)).toEqual([
      [12_180, 12_183, 12_186],
      [12_181, 12_184, 12_187],
      [12_182, 12_185, 12_188],
    ])
  })

  it('draws free ones with --ports auto', async () => {
    using ground = playground()
    put(ground, 'zoo.cfg')
    expect(await inside(ground, 'zoo.cfg', '--ports', 'auto')).toMatchObject({ code: 0, stderr: '' })
    const ports = portsIn(ground).flat()
    expect(new Set(ports).size).toBe(9)
    expect(ports.every((port) => port >= 10_000)).toBe(true)
  })

  it.each([
    [['--base-port', '65530'], /leaves no room for the 9 ports of these members/],
    [['--base-port', '1', '--ports', 'auto'], /exclude one another/],
    [['--ports', 'free'], /--ports takes auto; "free" is not that/],
    [['--base-port', 'x'], /--base-port takes a whole number/],
  ])('refuses %j', async (words, message) => {
    using ground = playground()
    put(ground, 'zoo.cfg')
    const ran = await inside(ground, 'zoo.cfg', ...words)
    expect(ran.code).toBe(2)
    expect(ran.stderr).toMatch(message)
    expect(existsSync(join(ground.root, 'zk-local'))).toBe(false)
  })
})

describe('localize', () => {
  it('writes configs that up takes, ids and folders, and says what it changed', async () => {
    using ground = playground()
    put(ground, 'zoo.cfg')
    const ran = await inside(ground, 'zoo.cfg')
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toContain('hosts: s1, s2, s3 → 127.0.0.1: all run on this machine\n')
    expect(ran.stdout).toContain('dataDir: /var/lib/zookeeper → zk-local/data/<id>: ')
    expect(ran.stdout).toContain(
      'wrote zoo-1.cfg, zoo-2.cfg and zoo-3.cfg into zk-local\nnext: zk-pseudo up zk-local\n',
    )
    expect(readdirSync(join(ground.root, 'zk-local'))).toEqual([
      'data',
      'zoo-1.cfg',
      'zoo-2.cfg',
      'zoo-3.cfg',
    ])
    expect(readFileSync(join(ground.root, 'zk-local/data/2/myid'), 'utf8')).toBe('2\n')
    const plan = await runCli(['up', 'zk-local', '--dry-run', '--json'], { cwd: ground.root })
    expect(plan).toMatchObject({ code: 0, stderr: '' })
    const { members, problems } = JSON.parse(plan.stdout)
    expect(problems).toEqual([])
    expect(members.map(({ id, clientPort }: { id: number; clientPort: number }) => [id, clientPort])).toEqual(
      [
        [1, 2181],
        [2, 2182],
        [3, 2183],
      ],
    )
  })

  it('takes the files of hosts with what lies beside them', async () => {
    using ground = playground()
    const own = CONFIG.replace(/server.*\n/g, '')
    const list = 'server.1=s1:2888:3888;2181\nserver.2=s2:2888:3888;2181\nserver.3=s3:2888:3888;2181\n'
    for (const [folder, id] of [
      ['x', 3],
      ['y', 1],
      ['z', 2],
    ] as const) {
      put(ground, `hosts/${folder}/zoo.cfg`, `${own}dynamicConfigFile=/conf/zoo.cfg.dynamic.7\n`)
      put(ground, `hosts/${folder}/zoo.cfg.dynamic.7`, list)
      put(ground, `hosts/${folder}/myid`, `${id}\n`)
      put(ground, `hosts/${folder}/java.env`, `export JVMFLAGS="-Dzookeeper.snapCount=${id}0"\n`)
    }
    const ran = await inside(ground, 'hosts', '--out', 'here', '--json')
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    const { members, changes } = JSON.parse(ran.stdout)
    expect(members.map(({ id, from }: { id: number; from: string }) => [id, from])).toEqual([
      [1, 'hosts/y/zoo.cfg'],
      [2, 'hosts/z/zoo.cfg'],
      [3, 'hosts/x/zoo.cfg'],
    ])
    expect(members[0]).toMatchObject({
      clientPort: 2181,
      quorumPort: 2888,
      electionPort: 3888,
      role: 'participant',
    })
    expect(changes).toContainEqual({ what: 'snapCount', from: null, to: '10, 20, 30', why: 'from java.env' })
    expect(readFileSync(join(ground.root, 'here/zoo-3.cfg'), 'utf8')).toContain(
      'server.3=127.0.0.1:2890:3890;127.0.0.1:2183\n',
    )
  })

  it('writes nothing with --dry-run', async () => {
    using ground = playground()
    put(ground, 'zoo.cfg')
    const ran = await inside(ground, 'zoo.cfg', '--dry-run')
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toContain(`# ${join(ground.root, 'zk-local/zoo-3.cfg')}\n`)
    expect(ran.stdout).toContain('clientPort=2183\n')
    expect(readdirSync(ground.root)).toEqual(['zoo.cfg'])
  })

  it('overwrites only what it wrote itself, and only when told', async () => {
    using ground = playground()
    put(ground, 'zoo.cfg')
    expect(await inside(ground, 'zoo.cfg')).toMatchObject({ code: 0 })
    const again = await inside(ground, 'zoo.cfg')
    expect(again).toMatchObject({ code: 1, stdout: '' })
    expect(again.stderr).toMatch(/zk-local is not empty\n.*--out DIR.*--force/)
    put(ground, 'zk-local/data/1/version-2/log.1', 'data')
    put(ground, 'zoo.cfg', CONFIG.replace(/server\.3.*\n/, '').replace('tickTime=2000', 'tickTime=999'))
    expect(await inside(ground, 'zoo.cfg', '--force')).toMatchObject({ code: 0 })
    // Neither a member that is no more, nor data lost.
    expect(readdirSync(join(ground.root, 'zk-local'))).toEqual(['data', 'zoo-1.cfg', 'zoo-2.cfg'])
    expect(readFileSync(join(ground.root, 'zk-local/data/1/version-2/log.1'), 'utf8')).toBe('data')
    expect(readFileSync(join(ground.root, 'zk-local/zoo-1.cfg'), 'utf8')).toContain('tickTime=999\n')
    put(ground, 'zk-local/mine.cfg')
    const foreign = await inside(ground, 'zoo.cfg', '--force')
    expect(foreign).toMatchObject({ code: 1, stdout: '' })
    expect(foreign.stderr).toContain('has configs of others: mine.cfg')
    expect(existsSync(join(ground.root, 'zk-local/mine.cfg'))).toBe(true)
  })

  it('copies data in: for one member, for all, and from two folders', async () => {
    using ground = playground()
    put(ground, 'zoo.cfg', CONFIG.replace('clientPort', 'dataLogDir=/logs\nclientPort'))
    dataAt(ground, 'backup')
    dataAt(ground, 'snap', { dataLogDir: join(ground.root, 'log') })
    const all = await inside(ground, 'zoo.cfg', '--data', 'backup/version-2', '--out', 'all', '--json')
    expect(all).toMatchObject({ code: 0, stderr: '' })
    const { members, notes } = JSON.parse(all.stdout)
    expect(members.map(({ data }: { data: { zxid: string } }) => data.zxid)).toEqual([
      '0x100000005',
      '0x100000005',
      '0x100000005',
    ])
    expect(notes).toEqual([])
    expect(readdirSync(join(ground.root, 'all/data/3/version-2')).sort()).toEqual([
      'acceptedEpoch',
      'currentEpoch',
      'snapshot.0',
    ])
    expect(readdirSync(join(ground.root, 'all/datalog/3/version-2'))).toEqual(['log.100000001'])
    const one = await inside(ground, 'zoo.cfg', '--data', '2=snap', '--data', '2=log', '--out', 'one')
    expect(one).toMatchObject({ code: 0, stderr: '' })
    expect(one.stdout).toContain('data of member 2: up to 0x100000005, 10 znodes\n')
    expect(one.stdout).toContain('warning: members 1 and 3 begin without data, and they are a majority')
    const more = await inside(ground, 'zoo.cfg', '--data', '2=backup', '--out', 'one', '--force')
    expect(more).toMatchObject({ code: 1, stdout: '' })
    expect(more.stderr).toContain('member 2 has data already: ')
  })

  it.each<[string, string[], number, RegExp]>([
    ['no file', [], 2, /missing required argument/],
    ['a file that is not there', ['nowhere.cfg'], 2, /nowhere\.cfg: there is no such file; check the path/],
    ['a folder without configs', ['empty'], 2, /has no \.cfg files, and no folders with a zoo\.cfg/],
    [
      'a config with errors',
      ['bad.cfg'],
      2,
      /nothing was written: the configs have 2 errors[\s\S]*bad\.cfg:5: clientPort/,
    ],
    ['a dynamic file that is elsewhere', ['dynamic.cfg'], 2, /fetch it too, and put it at/],
    ['data that is not there', ['zoo.cfg', '--data', '1=nowhere'], 2, /there is no folder "nowhere"/],
    ['a folder that is no data', ['zoo.cfg', '--data', 'empty'], 1, /empty has no ZooKeeper data/],
    ['an unknown member', ['zoo.cfg', '--data', '9=empty'], 2, /there is no member 9/],
  ])('%s: says what to do', async (_, words, code, message) => {
    using ground = playground()
    put(ground, 'zoo.cfg')
    put(
      ground,
      'bad.cfg',
      CONFIG.replace('clientPort=2181', 'clientPort=x').replace('s1:2888:3888', 's1:2888'),
    )
    put(ground, 'dynamic.cfg', `${CONFIG.replace(/server.*\n/g, '')}dynamicConfigFile=/nowhere/dyn\n`)
    mkdirSync(join(ground.root, 'empty'))
    const ran = await inside(ground, ...words)
    expect(ran).toMatchObject({ code, stdout: '' })
    expect(ran.stderr).toMatch(message)
    expect(existsSync(join(ground.root, 'zk-local'))).toBe(false)
  })
})
