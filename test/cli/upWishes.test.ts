/** An `up` of a cluster that runs: the same wishes are content, others are told with what runs. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseEngine, parseSetting, type UpOptions, upRequest } from '../../src/cli/upRequest.ts'
import { differencesOf, type Runs } from '../../src/cli/upWishes.ts'
import type { ClusterRequest } from '../../src/supervisor/clusterRequest.ts'
import { runCli } from './cli.ts'
import { fakeCluster, playground, three } from './fakeCluster.ts'

let root: string
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'zkp-wishes-')))
  mkdirSync(join(root, 'configs'))
  for (const name of ['zoo-0.cfg', 'zoo-1.cfg', 'notes.txt']) writeFileSync(join(root, 'configs', name), '')
  writeFileSync(join(root, 'other.cfg'), '')
  symlinkSync(join(root, 'configs'), join(root, 'link'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const byNumber: ClusterRequest = {
  members: 3,
  files: [],
  dir: '/nowhere/.zk-pseudo',
  name: null,
  basePort: null,
  autoPorts: false,
  observers: 1,
  settings: { tickTime: '500' },
  isolation: 'thread',
}
const running: Runs = {
  request: byNumber,
  engines: { 0: 'zk-pseudo', 1: 'zk-pseudo', 2: 'zk-pseudo', 3: 'apache' },
  apacheHome: null,
}

function differences(targets: string[], options: Partial<UpOptions>, runs = running): string[] {
  const given = { waitTimeout: 1, ...options }
  const request = upRequest(targets, given)
  return differencesOf(request, given, runs).map(({ asked, runs: is }) => `${asked} / ${is}`)
}

describe('an up of what runs', () => {
  const same: [string, string[], Partial<UpOptions>][] = [
    ['names nothing', [], {}],
    ['names the members', ['3'], {}],
    ['names what there is', ['3'], { observers: 1, isolation: 'thread', basePort: 2180 }],
    ['names a setting as it is', ['3'], { set: parseSetting('tickTime=500', undefined) }],
    ['names engines as they are', [], { engine: parseEngine('zk-pseudo,3=apache', undefined) }],
  ]
  it.each(same)('is content when it %s', (_what, targets, options) => {
    expect(differences(targets, options)).toEqual([])
  })

  const other: [string[], Partial<UpOptions>, string[]][] = [
    [['5'], { basePort: 25_100 }, ['5 members / 3 members', '--base-port 25100 / --base-port 2180']],
    [[], { observers: 0 }, ['0 observers / 1 observer']],
    [[], { ports: 'auto' }, ['--ports auto / --base-port 2180']],
    [[], { isolation: 'process' }, ['--isolation process / --isolation thread']],
    [
      [],
      { set: parseSetting('tickTime=400', parseSetting('initLimit=5', undefined)) },
      ['--set initLimit=5 / no --set initLimit', '--set tickTime=400 / --set tickTime=500'],
    ],
    [
      [],
      { engine: parseEngine('apache', undefined) },
      ['--engine 0=apache,1=apache,2=apache / 0=zk-pseudo, 1=zk-pseudo and 2=zk-pseudo'],
    ],
    [[], { engine: parseEngine('7=apache', undefined) }, ['--engine 7=apache / 7=no such member']],
    [[], { apacheHome: '/opt/zk' }, ['--apache-home /opt/zk / none named']],
  ]
  it.each(other)('of %j with %j says what runs', (targets, options, told) => {
    expect(differences(targets, options)).toEqual(told)
  })

  it('knows files by their real paths, in folders or one by one', () => {
    const files = [join(root, 'configs')]
    const runs = { ...running, request: { ...byNumber, members: null, observers: 0, settings: {}, files } }
    const [one, two] = ['zoo-0.cfg', 'zoo-1.cfg'].map((name) => join(root, 'link', name)) as [string, string]
    expect(differences([join(root, 'link')], {}, runs)).toEqual([])
    expect(differences([two, one], {}, runs)).toEqual([])
    expect(differences([one], {}, runs)).toEqual([`the configs ${one} / the configs ${files[0]}`])
    expect(differences(['3'], {}, runs)).toEqual([`3 members / the configs ${files[0]}`])
    expect(differences([], { ports: 'auto' }, runs)).toEqual(['--ports auto / the ports of its configs'])
    const other = join(root, 'other.cfg')
    expect(differences([other], {})).toEqual([`the configs ${other} / 3 members`])
  })

  it('ends with what runs, what was asked and what to do when they differ', async () => {
    using ground = playground()
    await using fake = await fakeCluster(ground, { cluster: three() })
    const manifest = { name: 'three', ...running, ports: null, created: [] }
    writeFileSync(join(fake.dir, 'cluster.json'), JSON.stringify(manifest))
    const up = (words: string[]) => runCli(['up', ...words, '--dir', fake.dir], { env: ground.env })
    const ran = await up(['5', '-d'])
    expect(ran.code).toBe(1)
    expect(ran.stdout).toBe('')
    expect(ran.stderr).toMatch(/three runs already, but not as asked\n.*ASKED +RUNS\n +5 members +3 members/)
    const json = await up(['5', '--json'])
    expect(JSON.parse(json.stdout).error).toMatchObject({
      code: 'RUNS_OTHERWISE',
      exitCode: 1,
      hint: expect.stringContaining(`zk-pseudo down --dir ${fake.dir}, and this up again`),
    })
    expect((await up(['3', '-d'])).code).toBe(0)
    expect((await up(['-d'])).code).toBe(0)
  })
})
