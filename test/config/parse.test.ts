import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/load/parse.ts'
import { formatProblem } from '../../src/config/problem.ts'
import type { ServerConfig } from '../../src/config/serverConfig.ts'

const STANDALONE = 'dataDir=/data\nclientPort=2181\n'
const THREE = `tickTime=2000
initLimit=10
syncLimit=5
dataDir=/data
clientPort=2181
server.1=a:2888:3888
server.2=b:2888:3888
server.3=c:2888:3888
`

function problemsOf(text: string): string[] {
  return parseConfig(text, 'zoo.cfg').problems.map(formatProblem)
}

/** Lines after `base`, and how the problems that they cause begin. */
const faults: [base: string, lines: string, problems: string[]][] = [
  ['', 'clientPort=2181', ['zoo.cfg: dataDir is missing; add a line such as dataDir=/tmp/zookeeper']],
  ['', 'dataDir=/d', ['zoo.cfg: clientPort is missing; add a line such as clientPort=2181']],
  ['', 'dataDir=\nclientPort=1', ['zoo.cfg:1: dataDir is missing']],
  [STANDALONE, 'tickTime=0', ['zoo.cfg:3: tickTime: "0" must be at least 1']],
  [STANDALONE, 'tickTime=2s', ['zoo.cfg:3: tickTime: "2s" is not a number']],
  [STANDALONE, 'tickTime=0x10', ['zoo.cfg:3: tickTime: "0x10" is not a decimal number']],
  [STANDALONE, 'tickTime=99999999999', ['zoo.cfg:3: tickTime: "99999999999" is out of range']],
  [
    'dataDir=/d\n',
    'clientPort=65536',
    ['zoo.cfg:2: clientPort: "65536" is out of range; a port is 1 to 65535'],
  ],
  ['dataDir=/d\n', 'clientPort=0', ['zoo.cfg:2: clientPort: "0" is out of range']],
  ['dataDir=/d\n', 'clientPort=http', ['zoo.cfg:2: clientPort: "http" is not a port number']],
  [STANDALONE, 'electionAlg=0', ['zoo.cfg:3: electionAlg must be 3']],
  [STANDALONE, 'peerType=voter', ['zoo.cfg:3: peerType: "voter" is neither participant nor observer']],
  [STANDALONE, 'syncEnabled=yes', ["zoo.cfg:3: syncEnabled: \"yes\" is neither 'true' nor 'false'"]],
  [STANDALONE, 'sslQuorum=maybe', ["zoo.cfg:3: sslQuorum: \"maybe\" is neither 'true' nor 'false'"]],
  [
    STANDALONE,
    'tickTime=2000\nminSessionTimeout=50000',
    ['zoo.cfg:4: minSessionTimeout 50000 ms is larger than maxSessionTimeout 40000 ms'],
  ],
  [THREE.replace('initLimit=10', ''), '', ['zoo.cfg: initLimit is missing, and an ensemble needs it']],
  [THREE.replace('syncLimit=5', 'syncLimit=0'), '', ['zoo.cfg:3: syncLimit is missing']],
  [
    THREE,
    'server.3=d:2888:3888',
    ['zoo.cfg:9: server.3 is defined in line 8 already; give each server its own id'],
  ],
  [THREE, 'server.03=d:2888:3888', ['zoo.cfg:9: server.3 is defined in line 8 already']],
  [
    THREE,
    'server.4=c:2888:3889',
    ['zoo.cfg:9: quorum port 2888 of server.4 is taken by zoo.cfg:8', 'zoo.cfg:9: warning: 4'],
  ],
  [THREE, 'server.x=d:1:2', ['zoo.cfg:9: server.x does not end in an id']],
  [THREE, 'server.-1=d:1:2', ['zoo.cfg:9: server.-1 does not end in an id']],
  [THREE, 'server.4=d', ['zoo.cfg:9: server.4: "d" is not host:port:port']],
  [THREE, 'server.4=d:2888', ['zoo.cfg:9: server.4: "d:2888" has no election port; write d:2888:3888']],
  [THREE, 'server.4=d:2888:99999', ['zoo.cfg:9: server.4: election port "99999" is out of range']],
  [THREE, 'server.4=d:x:3888', ['zoo.cfg:9: server.4: quorum port "x" is not a port number']],
  [THREE, 'server.4=d:2888:2888', ['zoo.cfg:9: server.4: 2888 is both quorum port and election port']],
  [
    THREE,
    'server.4=d:1:2:voter',
    ['zoo.cfg:9: server.4: "voter" is not a role; write participant or observer'],
  ],
  [THREE, 'server.4=d:1:2;3;4', ['zoo.cfg:9: server.4: there is more than one ;']],
  [THREE, 'server.4=d:1:2;host:port', ['zoo.cfg:9: server.4: client port "port" is not a port number']],
  [THREE, 'server.4=<host4>:1:2', ['zoo.cfg:9: server.4: "<host4>" is not a host name or address']],
  [THREE, 'server.4=::1:2888:3888', ['zoo.cfg:9: server.4: "::1:2888:3888" is not host:port:port']],
  [
    THREE,
    'server.4=fe80::1:2888:3888',
    ['zoo.cfg:9: server.4: "fe80::1:2888:3888" has too many parts; write IPv6'],
  ],
  [THREE, 'server.4=[::1:1:2', ['zoo.cfg:9: server.4: "[::1:1:2" has no ] for its [']],
  [THREE, 'server.4=d:1:2:observer|e:1:2:participant', ['zoo.cfg:9: server.4: its addresses disagree']],
  [THREE, 'server.300=d:1:2\nserver.5=e:1:2', ['zoo.cfg:9: warning: the id 300 does not fit']],
  [THREE, 'group.1=1:2', ['zoo.cfg:8: server.3 is in no group']],
  [THREE, 'group.1=1:2:3:9', ['zoo.cfg:9: group.1: there is no server.9']],
  [THREE, 'group.1=1:2\ngroup.2=2:3', ['zoo.cfg:10: group.2: server.2 is in group.1 already']],
  [THREE, 'group.1=1:2:3\nweight.1=heavy', ['zoo.cfg:10: weight.1: "heavy" is not a weight']],
  [
    THREE,
    'dynamicConfigFile=/x',
    [
      ...[6, 7, 8].map((n) => `zoo.cfg:${n}: server.${n - 5} must be in the dynamic`),
      'zoo.cfg:9: dynamicConfigFile /x was not read',
    ],
  ],
  [
    STANDALONE,
    'standaloneEnabled=false',
    ['zoo.cfg:3: standaloneEnabled=false needs at least one participant'],
  ],
  [STANDALONE, 'server.1=a:1:2:observer', ['zoo.cfg:3: all servers are observers']],
  [STANDALONE, 'server.1=a:1:2\nserver.2=b:1:2:observer', ['zoo.cfg:4: observers need a quorum']],
]

const warnings: [base: string, lines: string, problems: string[]][] = [
  [STANDALONE, 'ticktime=2000', ['zoo.cfg:3: warning: unknown key ticktime; did you mean tickTime?']],
  [STANDALONE, 'whatever=1', ['zoo.cfg:3: warning: unknown key whatever; it has no effect']],
  [
    STANDALONE,
    'tickTime=2000 # ms',
    ['zoo.cfg:3: warning: a comment behind the value of tickTime: Apache ZooKeeper refuses the file'],
  ],
  [STANDALONE, 'tickTime=2000#ms', ['zoo.cfg:3: warning: a comment behind the value of tickTime']],
  [
    STANDALONE,
    'snapCount=10 // few',
    ['zoo.cfg:3: warning: a comment behind the value of snapCount: Apache ZooKeeper cannot read'],
  ],
  [
    STANDALONE,
    'dataLogDir=/l # log',
    ['zoo.cfg:3: warning: a comment behind the value of dataLogDir: Apache ZooKeeper takes it as part'],
  ],
  [
    THREE.replace('c:2888:3888', 'c:2888:3888 # third'),
    '',
    ['zoo.cfg:8: warning: a comment behind the value of server.3: Apache ZooKeeper refuses'],
  ],
  [
    THREE.replace('c:2888:3888', 'c:2888:3888 '),
    '',
    ['zoo.cfg:8: warning: server.3 has blanks behind its value, for which Apache ZooKeeper refuses'],
  ],
  [THREE.replace('c:2888:3888', 'c:2888:3888:participant '), '', []],
  [
    STANDALONE,
    'tickTime=1000\ntickTime=2000',
    ['zoo.cfg:4: warning: tickTime is set in line 3 already; this line wins'],
  ],
  [
    STANDALONE,
    'snapCount=many',
    ['zoo.cfg:3: warning: snapCount: "many" is not a number; the default (100000 transactions) is used'],
  ],
  [STANDALONE, 'snapCount=1', ['zoo.cfg:3: warning: snapCount 1 is too small; 2 is used']],
  [
    STANDALONE,
    'autopurge.snapRetainCount=1',
    ['zoo.cfg:3: warning: autopurge.snapRetainCount 1 is too small; 3 is used'],
  ],
  [
    STANDALONE,
    'forceSync=false',
    ['zoo.cfg:3: warning: forceSync: "false" leaves it on: only \'no\' counts'],
  ],
  [STANDALONE, 'skipACL=true', ['zoo.cfg:3: warning: skipACL: "true" leaves it off: only \'yes\' counts']],
  [STANDALONE, 'leaderServes=true', []],
  [STANDALONE, 'admin.enableServer=false', []],
  [STANDALONE, 'oraclePath=x', ['zoo.cfg:3: warning: oraclePath has no effect in this version']],
  [STANDALONE, 'sslQuorum=false', []],
  [STANDALONE, 'nio.numWorkerThreads=4', []],
  [STANDALONE, 'jute.maxbuffer=0x200000', ['zoo.cfg:3: warning: jute.maxbuffer works here, but Apache']],
  [
    STANDALONE,
    'server.1=a:1:2',
    ['zoo.cfg:3: warning: the only server line is ignored: one server runs standalone'],
  ],
  [
    THREE.replace('server.3', '#'),
    '',
    ['zoo.cfg:7: warning: 2 voting servers survive no failure: a majority of 2 is 2; use 3'],
  ],
  [
    THREE,
    'server.4=d:1:2',
    [
      'zoo.cfg:9: warning: 4 voting servers survive 1 failure, no more than 3 do: a majority of 4 is 3; use 3 or 5',
    ],
  ],
  [THREE, 'server.4=d:1:2:observer', []],
  [
    THREE,
    'server.4=d:1:2:observer|e:3:4',
    ['zoo.cfg:9: warning: server.4 has several addresses, and this version uses'],
  ],
  [THREE, '', []],
]

describe('parseConfig', () => {
  it.each(faults)('%j + %j is refused', (base, lines, expected) => {
    const { problems } = parseConfig(base + lines, 'zoo.cfg')
    expect(problems.map(formatProblem)).toEqual(expected.map((start) => expect.stringContaining(start)))
    expect(problems.some(({ severity }) => severity === 'error') || lines.includes('server.300')).toBe(true)
  })

  it.each(warnings)('%j + %j is accepted', (base, lines, expected) => {
    const { problems } = parseConfig(base + lines, 'zoo.cfg')
    expect(problems.map(formatProblem)).toEqual(expected.map((start) => expect.stringContaining(start)))
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  })

  it('reports everything at once, by line', () => {
    const found = problemsOf('tickTime=0\nclientPort=99999\nfoo=1\nserver.1=a:1\nserver.b=c')
    expect(found.map((text) => text.split(': ')[0])).toEqual([
      'zoo.cfg',
      ...[1, 2, 3, 4, 5].map((n) => `zoo.cfg:${n}`),
    ])
  })

  const values: [lines: string, config: { [F in keyof ServerConfig]?: Partial<ServerConfig[F]> }][] = [
    [
      '',
      {
        tickTimeMs: 3000,
        minSessionTimeoutMs: 6000,
        maxSessionTimeoutMs: 60000,
        clientPortAddress: '127.0.0.1',
      },
    ],
    ['', { dataDir: '/data', dataLogDir: '/data', servers: [], sid: null, fourLetterWords: ['srvr'] }],
    ['tickTime=2000', { tickTimeMs: 2000, minSessionTimeoutMs: 4000, maxSessionTimeoutMs: 40000 }],
    ['maxSessionTimeout=-1\nminSessionTimeout=100', { minSessionTimeoutMs: 100, maxSessionTimeoutMs: 60000 }],
    ['4lw.commands.whitelist=stat, ruok', { fourLetterWords: ['stat', 'ruok', 'srvr'] }],
    ['4lw.commands.whitelist=stat,*', { fourLetterWords: ['*'] }],
    ['forceSync=no\nleaderServes=no\nskipACL=yes', { forceSync: false, leaderServes: false, skipAcl: true }],
    ['syncEnabled=true\nobserver.syncEnabled=false', { syncEnabled: false }],
    ['jute.maxbuffer=0x100', { juteMaxBuffer: 256, juteMaxBufferExtraSize: 1024 }],
    ['snapCount=010', { snapCount: 8 }],
    ['tickTime=010', { tickTimeMs: 10 }],
    ['autopurge.purgeInterval=24', { autopurge: { snapRetainCount: 3, purgeIntervalHours: 24 } }],
    ['autopurge.purgeInterval=30m', { autopurge: { snapRetainCount: 3, purgeIntervalHours: 0.5 } }],
    ['server.1=a:1:2;2182', { servers: [], clientPort: 2181 }],
    ['mine=1\nnio.numWorkerThreads=4', { other: { mine: '1', 'nio.numWorkerThreads': '4' } }],
    [
      'DigestAuthenticationProvider.superDigest=super:abc=',
      { authentication: { superDigest: 'super:abc=' } },
    ],
  ]
  it.each(values)('%j is read', (lines, config) => {
    expect(parseConfig(STANDALONE + lines, 'zoo.cfg').config).toMatchObject(config)
  })

  it('takes the client port of an only server line', () => {
    const { config, problems } = parseConfig('dataDir=/d\nserver.1=a:1:2;10.0.0.1:2181', 'zoo.cfg')
    expect(config).toMatchObject({ clientPort: 2181, clientPortAddress: '10.0.0.1', servers: [] })
    expect(problems).toHaveLength(1)
  })

  it('keeps the only server line when standaloneEnabled=false', () => {
    const text = `${STANDALONE}initLimit=1\nsyncLimit=1\nstandaloneEnabled=false\nserver.7=a:1:2`
    expect(parseConfig(text, 'zoo.cfg').config.servers.map(({ sid }) => sid)).toEqual([7])
  })

  it('merges the dynamic file', () => {
    const lines = THREE.split('\n').filter((line) => line.startsWith('server'))
    const fixed = `${STANDALONE}initLimit=10\nsyncLimit=5\ndynamicConfigFile=/z/zoo.cfg.dynamic.10000000a`
    const dynamic = { file: '/z/zoo.cfg.dynamic.10000000a', text: lines.join('\n') }
    const { config, problems } = parseConfig(fixed, 'zoo.cfg', dynamic)
    expect(problems).toEqual([])
    expect(config.servers.map(({ sid }) => sid)).toEqual([1, 2, 3])
    expect(config.configVersion).toBe('10000000a')
    expect(config.origin['server.2']).toEqual({ file: dynamic.file, line: 2 })
  })

  it('wants nothing but the server list in the dynamic file', () => {
    const dynamic = { file: 'dyn', text: 'version=1\ntickTime=2\nserver.1=a:1:2' }
    const { problems } = parseConfig(`${STANDALONE}dynamicConfigFile=dyn`, 'zoo.cfg', dynamic)
    expect(problems.map(formatProblem).slice(0, 2)).toEqual([
      expect.stringContaining('dyn:1: the dynamic config file must not have a version inside'),
      expect.stringContaining('dyn:2: tickTime in the dynamic config file'),
    ])
  })
})
