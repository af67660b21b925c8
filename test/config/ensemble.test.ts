import { describe, expect, it } from 'vitest'
import { checkEnsemble } from '../../src/config/load/ensemble.ts'
import { inferSids } from '../../src/config/load/identity.ts'
import { parseConfig } from '../../src/config/load/parse.ts'
import { formatProblem, sortProblems } from '../../src/config/problem.ts'
import type { ServerConfig } from '../../src/config/serverConfig.ts'
import { resolveHosts } from '../../src/config/servers/hosts.ts'
import { withSid } from '../../src/config/servers/ownServer.ts'

const SERVERS = ['127.0.0.1:8000:8100', '127.0.0.1:8001:8101', '127.0.0.1:8002:8102']

/**
 * `zoo-<sid>.cfg` with dataDir in line 3, clientPort in line 4, the servers in lines 5 to 7, and then `more`.
 */
function textOf(sid: number, servers = SERVERS, more = ''): string {
  return [
    'initLimit=10',
    'syncLimit=5',
    `dataDir=/data/${sid}`,
    `clientPort=${2180 + sid}`,
    ...servers.map((value, i) => `server.${i}=${value}`),
    more,
  ].join('\n')
}

function memberOf(text: string, sid: number | null, file = `zoo-${sid}.cfg`): ServerConfig {
  return withSid(parseConfig(text, file).config, sid, { file: 'myid', line: 1 }).config
}

function problemsOf(...texts: string[]): string[] {
  return sortProblems(checkEnsemble(texts.map((text, sid) => memberOf(text, sid)))).map(formatProblem)
}

describe('checkEnsemble', () => {
  it('has nothing to say about three good members', () => {
    expect(problemsOf(textOf(0), textOf(1), textOf(2))).toEqual([])
  })

  it('names both lines of a port taken twice', () => {
    const clash = textOf(2).replace('2182', '2181')
    expect(problemsOf(textOf(0), textOf(1), clash)).toEqual([
      'zoo-2.cfg:4: clientPort 2181 is taken by zoo-1.cfg:4; give each member its own',
    ])
  })

  it.each([
    ['127.0.0.2', []],
    ['0.0.0.0', ['zoo-1.cfg:4: clientPort 2180 is taken by zoo-0.cfg:4; give each member its own']],
    ['localhost', ['zoo-1.cfg:4: clientPort 2180 is taken by zoo-0.cfg:4; give each member its own']],
  ])('the same port on %s', (address, expected) => {
    const other = `${textOf(1).replace('2181', '2180')}clientPortAddress=${address}`
    expect(problemsOf(textOf(0), other, textOf(2))).toEqual(expected)
  })

  it('finds a client port among the quorum ports', () => {
    const clash = textOf(1).replace('2181', '8000')
    expect(problemsOf(textOf(0), clash, textOf(2))).toEqual([
      'zoo-1.cfg:4: clientPort 8000 is taken by zoo-0.cfg:5 (quorum port of server.0); give each member its own',
    ])
  })

  it('finds names that stand for one address', async () => {
    const servers = ['node0:2888:3888', 'node1:2888:3888', 'node2:2889:3889']
    const members = [0, 1, 2].map((sid) => memberOf(textOf(sid, servers), sid))
    const { addressesOf } = await resolveHosts(members, async () => ['127.0.1.1'])
    expect(checkEnsemble(members, addressesOf).map(formatProblem)).toEqual([
      'zoo-1.cfg:6: quorum port 2888 of server.1 is taken by zoo-0.cfg:5 (quorum port of server.0); give each member its own',
      'zoo-1.cfg:6: election port 3888 of server.1 is taken by zoo-0.cfg:5 (election port of server.0); give each member its own',
    ])
  })

  it.each([
    ['dataDir=/data/1', 'zoo-2.cfg:3: dataDir /data/1 is used by zoo-1.cfg:3; give each member its own'],
    [
      'dataDir=/data/2\ndataLogDir=/data/0',
      'zoo-2.cfg:4: dataLogDir /data/0 is used by zoo-0.cfg:3; give each member its own',
    ],
  ])('finds a folder used twice: %j', (lines, expected) => {
    expect(problemsOf(textOf(0), textOf(1), textOf(2).replace('dataDir=/data/2', lines))).toEqual([expected])
  })

  it('finds members that disagree', () => {
    const [a, b, c] = SERVERS as [string, string, string]
    expect(
      problemsOf(textOf(0), textOf(1, [a, b, '127.0.0.1:8002:8103']), textOf(2, [a, b, c, '127.0.0.1:1:2'])),
    ).toEqual([
      'zoo-0.cfg: server.3 is missing, but zoo-2.cfg:8 has it; all members need the same server list',
      'zoo-1.cfg:7: server.2 is 127.0.0.1:8002:8103:participant, but 127.0.0.1:8002:8102:participant in zoo-0.cfg:7; all members need the same server list',
    ])
    expect(problemsOf(textOf(0), textOf(1), textOf(2, [a, b, `${c}:observer`]))).toHaveLength(1)
    const grouped = (gid: number) => `group.${gid}=0:1:2`
    expect(problemsOf(textOf(0, SERVERS, grouped(1)), textOf(1, SERVERS, grouped(2)))).toContain(
      'zoo-1.cfg:8: group or weight of server.0 is not as in zoo-0.cfg; all members need the same groups and weights',
    )
  })

  it('lets a member write 0.0.0.0 and its client port for itself', () => {
    const [a, b, c] = SERVERS as [string, string, string]
    const members = [
      textOf(0, ['0.0.0.0:8000:8100;2180', b, c]),
      textOf(1, [a, '0.0.0.0:8001:8101;2181', c]),
      textOf(2, [a, b, '0.0.0.0:8002:8102;2182']),
    ]
    expect(problemsOf(...members)).toEqual([])
  })

  it('finds one id twice, a missing member and files that belong to no ensemble', () => {
    const twice = [memberOf(textOf(0), 0), memberOf(textOf(1), 1), memberOf(textOf(2), 1, 'zoo-2.cfg')]
    expect(checkEnsemble(twice).map(formatProblem)).toContain(
      'zoo-2.cfg:3: /data/2/myid says 1, and so does /data/1/myid of zoo-1.cfg; give each member its own id',
    )
    expect(problemsOf(textOf(0), textOf(1))).toEqual([
      'zoo-0.cfg:7: warning: no config file was given for server.2; the others will count it as down unless it runs elsewhere',
    ])
    expect(problemsOf(textOf(0, []), textOf(1, []))).toEqual([
      'zoo-0.cfg: has no server list, so it runs alone; write the same server.N lines into every file, or start it by itself',
      'zoo-1.cfg: has no server list, so it runs alone; write the same server.N lines into every file, or start it by itself',
    ])
  })
})

describe('withSid', () => {
  const withClient = (client: string, more = '') => {
    const parsed = parseConfig(
      textOf(1, [...SERVERS.slice(0, 1), `127.0.0.1:8001:8101${client}`, ...SERVERS.slice(2)], more),
      'zoo.cfg',
    )
    return withSid(parsed.config, 1, { file: '/data/1/myid', line: 1 })
  }

  it.each([
    ['', '', '127.0.0.1', []],
    [';2181', '', '127.0.0.1', []],
    [';10.0.0.1:2181', '', '10.0.0.1', []],
    [';10.0.0.1:2181', 'clientPortAddress=10.0.0.1', '10.0.0.1', []],
    [';10.0.0.1:2181', 'clientPortAddress=0.0.0.0', '10.0.0.1', []],
    [';127.0.0.1:2181', 'clientPortAddress=localhost', '127.0.0.1', []],
    [
      ';2181',
      'clientPortAddress=127.0.0.1',
      '127.0.0.1',
      ['zoo.cfg:8: warning: clientPortAddress 127.0.0.1 is not in zoo.cfg:6, and Apache'],
    ],
    [
      ';10.0.0.1:2181',
      'clientPortAddress=127.0.0.1',
      '127.0.0.1',
      ['zoo.cfg:8: clientPortAddress 127.0.0.1 differs from 10.0.0.1 in zoo.cfg:6'],
    ],
    [';2199', '', '127.0.0.1', ['zoo.cfg:4: clientPort 2181 differs from 2199 in zoo.cfg:6']],
  ])('server line ending in "%s" with "%s" serves clients on %s', (client, more, address, expected) => {
    const { config, problems } = withClient(client, more)
    expect(problems.map(formatProblem)).toEqual(expected.map((start) => expect.stringContaining(start)))
    expect(config).toMatchObject({ clientPort: 2181, clientPortAddress: address, sid: 1 })
  })

  it('takes role and client port from the own line', () => {
    const text = textOf(1, ['a:1:2', 'b:3:4:observer;2199', 'c:5:6']).replace('clientPort=2181\n', '')
    const { config, problems } = withSid(parseConfig(text, 'zoo.cfg').config, 1, { file: 'myid', line: 1 })
    expect(problems).toEqual([])
    expect(config).toMatchObject({ peerType: 'observer', clientPort: 2199 })
    const other = withSid(parseConfig(text, 'zoo.cfg').config, 0, { file: 'myid', line: 1 })
    expect(other.problems.map(formatProblem)).toEqual([
      'zoo.cfg: clientPort is missing; add a line such as clientPort=2181',
    ])
  })

  it('warns when peerType says otherwise, and refuses an id that is not listed', () => {
    expect(withClient('', 'peerType=observer').problems.map(formatProblem)).toEqual([
      'zoo.cfg:8: warning: peerType observer is overruled by server.1, a participant; write :observer behind its server line too',
    ])
    const { problems } = withSid(parseConfig(textOf(1), 'zoo.cfg').config, 7, {
      file: '/data/1/myid',
      line: 1,
    })
    expect(problems.map(formatProblem)).toEqual([
      '/data/1/myid:1: the id 7 is not in the server list of zoo.cfg, which has 0, 1, 2; write one of these, or add a server.7 line',
    ])
  })
})

describe('inferSids', () => {
  /** Files by name, with the id in their myid if they have one. */
  const infer = (servers: string[], ...files: [file: string, port: number, sid?: number][]) =>
    inferSids(
      files.map(([file, port, sid]) => ({
        config: parseConfig(`dataDir=/${file}\nclientPort=${port}\n${servers.join('\n')}`, file).config,
        sid: sid ?? null,
      })),
    )
  const plain = [11, 12, 13].map((sid) => `server.${sid}=h:${sid}00:${sid}01`)
  const withPorts = [11, 12, 13].map((sid) => `server.${sid}=h:${sid}00:${sid}01;21${sid}`)

  it.each([
    ['client port', withPorts, ['c.cfg', 'b.cfg', 'a.cfg'], [12, 13, 11], [2112, 2113, 2111]],
    ['file name', plain, ['zoo13.cfg', 'zk1/server.12.cfg', 'zoo-11.cfg'], [13, 12, 11], [1, 2, 3]],
    ['order', plain, ['c.cfg', 'a.cfg', 'b.cfg'], [11, 12, 13], [1, 2, 3]],
    // That one name fits does not make the others fit.
    ['order', plain, ['zoo-12.cfg', 'zoo-2.cfg', 'zoo-3.cfg'], [11, 12, 13], [1, 2, 3]],
  ] as const)('by %s', (by, servers, files, sids, ports) => {
    const { inferences, problems } = infer(
      [...servers],
      ...files.map((file, i) => [file, ports[i] ?? 0] as [string, number]),
    )
    expect(problems).toEqual([])
    expect(inferences.map(({ file, sid }) => [file, sid])).toEqual(files.map((file, i) => [file, sids[i]]))
    expect(new Set(inferences.map((inference) => inference.by))).toEqual(new Set([by]))
    expect(inferences[0]?.text).toMatch(/: is server\.\d+ by its .*; \/.* has no myid yet/)
  })

  it('gives what myid files leave over', () => {
    const { inferences } = infer(plain, ['a.cfg', 1], ['b.cfg', 2, 11], ['c.cfg', 3])
    expect(inferences.map(({ file, sid }) => [file, sid])).toEqual([
      ['a.cfg', 12],
      ['c.cfg', 13],
    ])
  })

  it('does not guess when files and servers are not equally many', () => {
    const { inferences, problems } = infer(plain, ['a.cfg', 1], ['b.cfg', 2])
    expect(inferences).toEqual([])
    expect(problems.map(formatProblem)).toEqual([
      'a.cfg:1: cannot tell which of server.11, server.12, server.13 this is: its dataDir has no myid; write the id into /a.cfg/myid',
      'b.cfg:1: cannot tell which of server.11, server.12, server.13 this is: its dataDir has no myid; write the id into /b.cfg/myid',
    ])
    const many = infer(plain, ['a.cfg', 1, 11], ['b.cfg', 2, 12], ['c.cfg', 3, 13], ['d.cfg', 4])
    expect(many.problems.map(({ message }) => message)).toEqual(['no server line is left for this file'])
  })
})

describe('resolveHosts', () => {
  const lookup = async (host: string) => {
    if (host === 'nowhere') throw Object.assign(new Error('no'), { code: 'ENOTFOUND' })
    return [host === 'elsewhere' ? '10.9.8.7' : '192.0.2.5']
  }
  const problemsAt = async (servers: string[], sid = 0) => {
    const { problems } = await resolveHosts([memberOf(textOf(sid, servers), sid)], lookup, ['192.0.2.5'])
    return problems.map(formatProblem)
  }

  it.each(['127.0.0.1', '127.8.9.10', 'localhost', '[::1]', '0.0.0.0', 'here', '192.0.2.5'])(
    '%s is this machine',
    async (host) => {
      expect(await problemsAt([`${host}:1:2`, 'here:3:4', 'elsewhere:5:6'])).toEqual([])
    },
  )

  it.each([
    [
      'nowhere',
      'zoo-0.cfg:5: server.0: "nowhere" does not resolve (ENOTFOUND); add it to the hosts file, or write 127.0.0.1',
    ],
    [
      'elsewhere',
      'zoo-0.cfg:5: server.0: "elsewhere" resolves to 10.9.8.7, which is not an address of this machine; all',
    ],
    ['10.1.1.1', 'zoo-0.cfg:5: server.0: 10.1.1.1 is not an address of this machine; all members run here'],
  ])('%s is not', async (host, expected) => {
    expect(await problemsAt([`${host}:1:2`, 'here:3:4', 'here:5:6'])).toEqual([
      expect.stringContaining(expected),
    ])
  })

  it('only warns about servers that run elsewhere', async () => {
    expect(await problemsAt(['here:1:2', 'nowhere:3:4', 'elsewhere:5:6'])).toEqual([
      'zoo-0.cfg:6: warning: server.1: "nowhere" does not resolve (ENOTFOUND); add it to the hosts file, or write 127.0.0.1',
    ])
  })

  it('asks the system for names', async () => {
    const text = textOf(0, ['no-such-host.invalid:1:2', 'localhost:3:4', 'localhost:5:6'])
    const { problems } = await resolveHosts([memberOf(text, 0)])
    expect(problems.map(formatProblem)).toEqual([
      expect.stringMatching(/"no-such-host.invalid" does not resolve \(E\w+\)/),
    ])
  })
})
