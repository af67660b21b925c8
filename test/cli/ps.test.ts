import { describe, expect, it } from 'vitest'
import type { MemberInfo } from '../../src/api/api.ts'
import { clusterReport } from '../../src/cli/format/cluster.ts'
import { runCli } from './cli.ts'
import { cluster, dead, fakeCluster, member, playground, three } from './fakeCluster.ts'

const plain = { columns: 80, tableColumns: 80, paint: (_style: unknown, text: string) => text }

describe('ps', () => {
  it('prints a table', async () => {
    using ground = playground()
    await using _fake = await fakeCluster(ground, {
      cluster: cluster('three', [
        member(0),
        dead(1, 'killed', 'killed by zk-pseudo kill'),
        member(2, { role: 'leader', connections: 12 }),
      ]),
    })
    const { code, stdout, stderr } = await runCli(['ps'], { env: ground.env, cwd: ground.cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe(`\
three: member 2 leads epoch 3; 127.0.0.1:2180,127.0.0.1:2181,127.0.0.1:2182

ID  STATE    ROLE      CLIENT  QUORUM  ELECT  EPOCH  ZXID         CONN  UPTIME   PID  STARTS
 0  running  follower    2180    8000   8100      3  0x300000012     1    65 s  4711       1
 1  killed   -           2181    8001   8101      -  -               -       -     -       1
 2  running  leader      2182    8002   8102      3  0x300000012    12    65 s  4711       1

member 1 killed: killed by zk-pseudo kill
`)
  })

  it('--json prints exactly the fields of the contract', async () => {
    using ground = playground()
    const promised = three()
    await using fake = await fakeCluster(ground, { cluster: promised })
    Object.assign(promised, { later: 'addition' })
    Object.assign(promised.members[0] ?? {}, { later: 'addition' })
    const { stdout } = await runCli(['ps', '--json'], { env: ground.env, cwd: ground.cwd })
    const document = JSON.parse(stdout)
    expect(Object.keys(document)).toEqual(['name', 'connectString', 'quorum', 'leader', 'epoch', 'members'])
    expect(document.members.map(Object.keys)).toEqual(
      Array(3).fill([
        'id',
        'state',
        'role',
        'isolation',
        'pid',
        'clientPort',
        'secureClientPort',
        'quorumPort',
        'electionPort',
        'epoch',
        'zxid',
        'connections',
        'dataDir',
        'config',
        'uptimeMs',
        'restarts',
        'exit',
        'engine',
      ]),
    )
    const {
      voter: _,
      listed: __,
      clientHost: ___,
      ...contract
    } = fake.script.cluster.members[1] as MemberInfo
    expect(document.members[1]).toEqual(contract)
  })

  it('says plainly that nobody is served without a quorum', () => {
    const [headline] = clusterReport(
      cluster('three', [member(0, { role: 'looking' }), dead(1), dead(2)]),
      plain,
    )
    expect(headline).toBe('three: no quorum, nobody is served')
  })

  it('never wraps: columns give way', () => {
    const wide = cluster(
      'wide',
      [0, 1, 2].map((id) => member(101 + id, { clientPort: 52_180 + id, zxid: '0x7fffffff00000012' })),
    )
    for (const columns of [64, 80, 100]) {
      for (const line of clusterReport(wide, { ...plain, tableColumns: columns }).slice(2)) {
        expect(line.length).toBeLessThanOrEqual(columns)
      }
    }
    expect(clusterReport(wide, { ...plain, tableColumns: 64 })[2]).toMatch(
      /ID.*STATE.*ROLE.*CLIENT.*EPOCH.*ZXID.*CONN/,
    )
    expect(clusterReport(wide, { ...plain, tableColumns: 200 })[2]).toMatch(
      /QUORUM.*ELECT.*UPTIME.*PID.*STARTS/,
    )
  })

  it('-o wide shows everything, whatever the terminal', () => {
    const report = clusterReport(three(), plain, { isWide: true }).join('\n')
    expect(report).toMatch(/STARTS +ENGINE +ISOLATION +CONFIG +DATA\n/)
    expect(report).toContain('/tmp/three/.zk-pseudo/conf/zoo-0.cfg  /tmp/three/.zk-pseudo/data/0')
  })

  it('connstr prints the connect string and nothing else', async () => {
    using ground = playground()
    await using _fake = await fakeCluster(ground, { cluster: three() })
    const ran = await runCli(['connstr'], { env: ground.env, cwd: ground.cwd })
    expect(ran).toEqual({ code: 0, stdout: '127.0.0.1:2180,127.0.0.1:2181,127.0.0.1:2182\n', stderr: '' })
  })

  it('has colours only where they are wanted', async () => {
    using ground = playground()
    await using _fake = await fakeCluster(ground, { cluster: three() })
    const ps = async (env: Record<string, string>): Promise<string> =>
      (await runCli(['ps'], { env: { ...ground.env, ...env } })).stdout
    const escapeCode = String.fromCharCode(27)
    expect(await ps({})).not.toContain(escapeCode)
    expect(await ps({ FORCE_COLOR: '1' })).toContain(escapeCode)
    expect(await ps({ FORCE_COLOR: '0' })).not.toContain(escapeCode)
    expect(await ps({ NO_COLOR: '1' })).not.toContain(escapeCode)
  })
})
