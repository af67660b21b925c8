import { describe, expect, it } from 'vitest'
import { classicEnsemble, classicPorts } from '../../src/config/classic.ts'
import { checkEnsemble } from '../../src/config/load/ensemble.ts'
import { formatProblem } from '../../src/config/problem.ts'

describe('classicEnsemble', () => {
  it('is the well-known pseudo-cluster', () => {
    const { members, problems } = classicEnsemble({ members: 3, dir: '/zk' })
    expect(problems).toEqual([])
    expect(members.map(({ file }) => file)).toEqual([
      '/zk/conf/zoo-0.cfg',
      '/zk/conf/zoo-1.cfg',
      '/zk/conf/zoo-2.cfg',
    ])
    expect(members[1]).toMatchObject({
      sid: 1,
      myidFile: '/zk/data/1/myid',
      myidText: '1\n',
      text: `tickTime=2000
initLimit=10
syncLimit=5
dataDir=/zk/data/1
clientPort=2181
clientPortAddress=127.0.0.1
4lw.commands.whitelist=*
admin.enableServer=false
server.0=127.0.0.1:8000:8100
server.1=127.0.0.1:8001:8101
server.2=127.0.0.1:8002:8102
`,
    })
    expect(members[1]?.config).toMatchObject({
      sid: 1,
      clientPort: 2181,
      fourLetterWords: ['*'],
      initLimit: 10,
    })
    expect(checkEnsemble(members.map(({ config }) => config))).toEqual([])
  })

  it('has the well-known ports on the well-known base, and three ports a member in a row on any other', () => {
    expect(classicPorts(2180, 2)[1]).toEqual({ clientPort: 2181, quorumPort: 8001, electionPort: 8101 })
    expect(classicPorts(28_000, 3)).toEqual([
      { clientPort: 28_000, quorumPort: 28_003, electionPort: 28_006 },
      { clientPort: 28_001, quorumPort: 28_004, electionPort: 28_007 },
      { clientPort: 28_002, quorumPort: 28_005, electionPort: 28_008 },
    ])
    const { members } = classicEnsemble({ members: 1, observers: 1, basePort: 12180, dir: '/zk' })
    expect(members[1]?.config).toMatchObject({
      clientPort: 12181,
      peerType: 'observer',
      standaloneEnabled: false,
    })
    expect(members[1]?.config.servers[1]).toMatchObject({
      quorumPort: 12183,
      electionPort: 12185,
      role: 'observer',
    })
  })

  it.each([1, 2, 3, 10, 50, 99])('uses each port once with %i members', (count) => {
    for (const base of [2180, 2181, 19_000]) {
      const ports = classicPorts(base, count).flatMap((member) => Object.values(member))
      expect(new Set(ports).size).toBe(3 * count)
      if (base !== 2180) expect(Math.max(...ports) - Math.min(...ports)).toBe(3 * count - 1)
    }
  })

  it.each([
    [28_000, []],
    [32_759, []],
    [32_760, ['layout: warning: 1 of 9 ports lie between 32768 and 60999']],
    [40_000, ['layout: warning: 9 of 9 ports lie between 32768 and 60999']],
  ])('base port %i: ports that outgoing connections may take are warned about', (basePort, expected) => {
    const ephemeral = { first: 32_768, last: 60_999 }
    const { members, problems } = classicEnsemble({ members: 3, basePort, dir: '/zk', ephemeral })
    expect(members).toHaveLength(3)
    expect(problems.map(formatProblem)).toEqual(expected.map((text) => expect.stringContaining(text)))
  })

  it('takes ports as given and settings for all', () => {
    const ports = [0, 1, 2].map((i) => ({
      clientPort: 40_000 + i,
      quorumPort: 41_000 + i,
      electionPort: 42_000 + i,
    }))
    const { members, problems } = classicEnsemble({
      members: 3,
      dir: '/zk',
      ports,
      set: { tickTime: '500', snapCount: '7' },
    })
    expect(problems).toEqual([])
    expect(members[2]?.config).toMatchObject({
      clientPort: 40_002,
      tickTimeMs: 500,
      snapCount: 7,
      maxSessionTimeoutMs: 10_000,
    })
  })

  it('runs one member standalone', () => {
    const { members, problems } = classicEnsemble({ members: 1, dir: '/zk' })
    expect(problems).toEqual([])
    expect(members[0]?.config).toMatchObject({ servers: [], sid: 0, clientPort: 2180 })
  })

  it.each([
    [{ members: 0 }, 'layout: 0 members with 0 observers make no ensemble'],
    [{ members: 101 }, 'layout: 101 servers are too many; use at most 100'],
    [
      { members: 3, basePort: 65_528 },
      'layout: base port 65528 puts the ports of 3 servers out of range; use 1 to 65527',
    ],
    [{ members: 2, ports: classicPorts(1, 1) }, 'layout: there are ports for 1 servers of 2'],
    [{ members: 3, set: { tickTime: '0' } }, '--set: tickTime: "0" must be at least 1'],
    [{ members: 3, set: { dataDir: '/x' } }, '--set: dataDir differs from member to member'],
    [{ members: 3, set: { 'server.1': 'x' } }, '--set: server.1 differs from member to member'],
    [
      {
        members: 3,
        ports: [1, 1, 3].map((i) => ({ clientPort: i, quorumPort: 5 + i, electionPort: 9 + i })),
      },
      '/zk/conf/zoo-0.cfg:10: quorum port 6 of server.1 is taken by /zk/conf/zoo-0.cfg:9',
    ],
  ])('%j is refused', (layout, expected) => {
    const { members, problems } = classicEnsemble({ ...layout, dir: '/zk' })
    expect(members).toEqual([])
    expect(problems.map(formatProblem).join('\n')).toContain(expected)
  })

  it.each([
    [{ members: 4 }, '/zk/conf/zoo-0.cfg:12: warning: 4 voting servers survive 1 failure'],
    [{ members: 2 }, '/zk/conf/zoo-0.cfg:10: warning: 2 voting servers survive no failure'],
    [
      { members: 3, set: { snapCuont: '7' } },
      '--set: warning: unknown key snapCuont; did you mean snapCount?',
    ],
  ])('%j is warned about once', (layout, expected) => {
    const { members, problems } = classicEnsemble({ ...layout, dir: '/zk' })
    expect(members).toHaveLength(layout.members)
    expect(problems.map(formatProblem)).toEqual([expect.stringContaining(expected)])
  })

  it('largest base and largest ensemble fit', () => {
    const { problems } = classicEnsemble({ members: 99, basePort: 65535 - 3 * 99 + 1, dir: '/zk' })
    expect(problems).toEqual([])
  })
})
