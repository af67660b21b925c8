/** A cluster that is over is read from its folder, and it is said how it ended. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ClusterEvent } from '../../src/api/api.ts'
import { classicEnsemble } from '../../src/config/classic.ts'
import type { ClusterRequest } from '../../src/supervisor/clusterRequest.ts'
import { ClusterDir } from '../../src/supervisor/folder/clusterDir.ts'
import { unwrapped } from '../support/unwrapped.ts'
import { runCli } from './cli.ts'
import { fakeCluster, type Playground, playground, three } from './fakeCluster.ts'

const begun = new Date(2024, 0, 2, 3, 4, 5, 6).getTime()

function lines(values: object[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('')
}

/** A folder as an `up 2` leaves it in which member 1 was killed. */
function past(ground: Playground, ended: 'stopped' | 'died'): string {
  const path = join(ground.root, 'demo', '.zk-pseudo')
  mkdirSync(join(ground.root, 'demo'))
  const dir = new ClusterDir(path)
  const request: ClusterRequest = {
    members: 2,
    files: [],
    dir: path,
    name: null,
    basePort: 13_100,
    autoPorts: false,
    observers: 0,
    settings: {},
    isolation: 'thread',
  }
  dir.begin({ name: 'demo', request, ports: null })
  for (const member of classicEnsemble({ members: 2, dir: path, basePort: 13_100 }).members) {
    dir.write(member.file, member.text)
    dir.write(member.myidFile, member.myidText)
  }
  dir.make(dir.logsPath)
  dir.settle()
  const happened: [number | null, ClusterEvent['event']][] = [
    [0, { type: 'member-started' }],
    [1, { type: 'member-started' }],
    [0, { type: 'serving', role: 'follower', epoch: 3, zxid: 0x300000007 }],
    [1, { type: 'member-killed' }],
  ]
  if (ended === 'stopped') happened.push([0, { type: 'member-stopped' }], [null, { type: 'cluster-down' }])
  const events = happened.map(([member, event], i) => ({ seq: i + 1, at: begun + i * 1000, member, event }))
  // A kill cuts the last line where it stands.
  writeFileSync(dir.eventsPath, `${lines(events)}${ended === 'died' ? '{"seq":99,"at' : ''}`)
  writeFileSync(dir.logPath(0), lines([{ level: 30, member: 0, time: begun, msg: 'of member 0' }]))
  writeFileSync(dir.logPath(1), lines([{ level: 40, member: 1, time: begun - 5, msg: 'of member 1' }]))
  writeFileSync(dir.logPath(null), lines([{ level: 20, time: begun + 5, msg: 'of the supervisor' }]))
  return join(ground.root, 'demo')
}

describe('a cluster that is over', () => {
  it('is shown by ps, exit 3, with its last states and how it ended', async () => {
    using ground = playground()
    // Another that runs is not meant.
    await using _fake = await fakeCluster(ground, { cluster: three() })
    const cwd = past(ground, 'stopped')
    const { code, stdout } = await runCli(['ps'], { cwd, env: ground.env })
    expect(code).toBe(3)
    expect(stdout).toMatch(/^demo: down, it was stopped on 2024-01-02 03:04:10\n/)
    expect(stdout).toMatch(/ 0 +stopped .* 13100 .* 3 +0x300000007/)
    expect(stdout).toMatch(/ 1 +killed .* 13101 /)
    const json = await runCli(['ps', '--json', '--dir', join(cwd, '.zk-pseudo')], { env: ground.env })
    expect(json.code).toBe(3)
    expect(JSON.parse(json.stdout)).toMatchObject({
      name: 'demo',
      quorum: false,
      leader: null,
      epoch: 3,
      connectString: '127.0.0.1:13100,127.0.0.1:13101',
      members: [
        { id: 0, state: 'stopped', zxid: '0x300000007' },
        { id: 1, state: 'killed' },
      ],
      ended: { how: 'stopped', at: begun + 5000, supervisorPid: null },
    })
  })

  it('whose supervisor was killed says so', async () => {
    using ground = playground()
    const cwd = past(ground, 'died')
    writeFileSync(join(cwd, '.zk-pseudo', 'supervisor.json'), JSON.stringify({ pid: 4_194_304 }))
    const { code, stdout } = await runCli(['ps'], { cwd, env: ground.env })
    expect(code).toBe(3)
    expect(unwrapped(stdout)).toContain(
      'its supervisor (process 4194304) was killed or crashed, last seen on 2024-01-02 03:04:08',
    )
    expect(stdout).toContain('member 0 killed: ended with its supervisor')
  })

  it('has its logs and events still', async () => {
    using ground = playground()
    const cwd = past(ground, 'died')
    const logs = await runCli(['logs'], { cwd, env: ground.env })
    expect(logs.code).toBe(0)
    expect(unwrapped(logs.stderr)).toMatch(
      /^demo is down: its supervisor was killed .*; this is what its folder holds\n$/,
    )
    const said = [...logs.stdout.matchAll(/of (?:member \d|the supervisor)/g)].map(([words]) => words)
    expect(said).toEqual(['of member 1', 'of member 0', 'of the supervisor'])
    const some = await runCli(['logs', '1', 'server.0', '-n', '1', '--level', 'info', '-f'], {
      cwd,
      env: ground.env,
    })
    expect(some.stdout).toMatch(/^member 0 .*of member 0\n$/)
    const events = await runCli(['events', '-f', '--member', '1'], { cwd, env: ground.env })
    expect(events).toMatchObject({ code: 0, stdout: expect.stringMatching(/started\n.*killed\n$/) })
  })
})
