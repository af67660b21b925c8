import { describe, expect, it } from 'vitest'
import { classicEnsemble, classicPorts } from '../../src/config/classic.ts'
import { checkEnsemble } from '../../src/config/ensemble.ts'
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

  it('shifts all ports with the base', () => {
    expect(classicPorts(2180, 2)[1]).toEqual({ clientPort: 2181, quorumPort: 8001, electionPort: 8101 })
    expect(classicPorts(12180, 2)[1]).toEqual({ clientPort: 12181, quorumPort: 18001, electionPort: 18101 })
    const { members } = classicEnsemble({ members: 1, observers: 1, basePort: 12180, dir: '/zk' })
    expect(members[1]?.config).toMatchObject({
      clientPort: 12181,
      peerType: 'observer',
      standaloneEnabled: false,
    })
    expect(members[1]?.config.servers[1]).toMatchObject({
      quorumPort: 18001,
      electionPort: 18101,
      role: 'observer',
    })
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
      { members: 3, basePort: 60_000 },
      'layout: base port 60000 puts the ports of 3 servers out of range; use 1 to 59613',
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
    const { problems } = classicEnsemble({ members: 99, basePort: 65535 - 5920 - 98, dir: '/zk' })
    expect(problems).toEqual([])
  })
})
