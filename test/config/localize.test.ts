import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { settingsOfFlags } from '../../src/config/jvmFlags.ts'
import { checkEnsemble } from '../../src/config/load/ensemble.ts'
import { parseConfig } from '../../src/config/load/parse.ts'
import { HEAD, localized, source, THREE } from './localizing.ts'

const lineOf = (text: string | undefined, key: string) =>
  text?.split('\n').find((line) => line.startsWith(`${key}=`))

describe('a zoo.cfg that all hosts share', () => {
  it('gives a member for each server line, with ports counted up from the first', () => {
    const { members, configs, told, problems } = localized([source([...HEAD, ...THREE])])
    expect(problems).toEqual([])
    expect(members.map(({ sid, file, dataDir }) => [sid, file, dataDir])).toEqual([
      [1, '/out/zoo-1.cfg', '/out/data/1'],
      [2, '/out/zoo-2.cfg', '/out/data/2'],
      [3, '/out/zoo-3.cfg', '/out/data/3'],
    ])
    expect(
      configs.map(({ clientPort, tickTimeMs, initLimit, syncLimit }) => [
        clientPort,
        tickTimeMs,
        initLimit,
        syncLimit,
      ]),
    ).toEqual([
      [2181, 1500, 12, 4],
      [2182, 1500, 12, 4],
      [2183, 1500, 12, 4],
    ])
    expect(members[1]?.text).toContain(
      'server.1=127.0.0.1:2888:3888\nserver.2=127.0.0.1:2889:3889\nserver.3=127.0.0.1:2890:3890\n',
    )
    const why = 'each port is there once here; a taken one is counted on by 1'
    expect(told).toEqual([
      'hosts: s1, s2, s3 → 127.0.0.1: all run on this machine',
      `quorum port: 2888 → 2888, 2889, 2890: ${why}`,
      `election port: 3888 → 3888, 3889, 3890: ${why}`,
      'dataDir: /var/lib/zookeeper → /out/data/<id>: each member has its own, beside the configs',
      `clientPort: 2181 → 2181, 2182, 2183: ${why}`,
      'clientPortAddress: 127.0.0.1 added: for clients of this machine only; without it Apache ZooKeeper listens at all addresses',
      'admin.enableServer: false added: the admin servers of all members would want port 8080',
    ])
  })

  it('keeps comments, order, and what has nothing to do with the place', () => {
    const lines = [
      '# production',
      ...HEAD,
      '',
      'maxClientCnxns=0',
      '4lw.commands.whitelist=*',
      'authProvider.1=org.example.Auth',
      '# the servers',
      ...THREE,
      'autopurge.purgeInterval=24',
    ]
    const [member] = localized([source(lines)]).members
    expect(member?.text.split('\n')).toEqual([
      '# Made by zk-pseudo localize from zoo.cfg',
      '# production',
      'tickTime=1500',
      'initLimit=12',
      'syncLimit=4',
      'dataDir=/out/data/1',
      'clientPort=2181',
      '',
      'maxClientCnxns=0',
      '4lw.commands.whitelist=*',
      'authProvider.1=org.example.Auth',
      '# the servers',
      'server.1=127.0.0.1:2888:3888',
      'server.2=127.0.0.1:2889:3889',
      'server.3=127.0.0.1:2890:3890',
      'autopurge.purgeInterval=24',
      '',
      'clientPortAddress=127.0.0.1',
      'admin.enableServer=false',
      '',
    ])
  })

  it('writes what Apache would misread as Apache takes it', () => {
    const lines = [
      ...HEAD.slice(1),
      'tickTime=2000 # ms',
      ...THREE.slice(0, 2),
      `${THREE[2]} `,
      'maxClientCnxns=\\\n  7',
      'x=\u00e9',
    ]
    const [member] = localized([source(['\uFEFF# mark', ...lines])]).members
    expect(member?.text).toContain('\n# ms\ntickTime=2000\n')
    expect(member?.text).toContain('\nmaxClientCnxns=\\\n  7\n')
    expect(member?.text).toContain('\nx=\\u00e9\n')
    expect(member?.text).toMatch(/^[\t\n\x20-\x7e]*$/)
  })

  it('keeps observers, groups and weights', () => {
    const lines = [
      ...HEAD,
      'peerType=observer',
      ...THREE,
      'server.11=s4:2888:3888:observer',
      'group.1=1:2:3',
      'weight.2=5',
    ]
    const { members, configs } = localized([source(lines)])
    expect(members.map(({ role }) => role)).toEqual(['participant', 'participant', 'participant', 'observer'])
    expect(members.map(({ text }) => lineOf(text, 'peerType'))).toEqual([
      'peerType=participant',
      'peerType=participant',
      'peerType=participant',
      'peerType=observer',
    ])
    expect(lineOf(members[0]?.text, 'server.11')).toBe('server.11=127.0.0.1:2891:3891:observer')
    expect(configs[2]).toMatchObject({ groups: { 1: [1, 2, 3] }, weights: { 2: 5 } })
  })

  it.each([
    [';2181', ';127.0.0.1:2181', ';127.0.0.1:2182'],
    [';0.0.0.0:2181', ';127.0.0.1:2181', ';127.0.0.1:2182'],
    [';[fd00::1]:2181', ';127.0.0.1:2181', ';127.0.0.1:2182'],
  ])('moves the client port behind %s', (client, first, second) => {
    const servers = THREE.map((line) => `${line}:participant${client}`)
    const { members, configs, problems } = localized([source([...HEAD.slice(0, -1), ...servers])])
    expect(problems).toEqual([])
    expect(lineOf(members[0]?.text, 'server.1')).toBe(`server.1=127.0.0.1:2888:3888${first}`)
    expect(lineOf(members[0]?.text, 'server.2')).toBe(`server.2=127.0.0.1:2889:3889${second}`)
    expect(members[0]?.text).not.toContain('clientPort')
    expect(configs.map(({ clientPort, clientPortAddress }) => `${clientPortAddress}:${clientPort}`)).toEqual([
      '127.0.0.1:2181',
      '127.0.0.1:2182',
      '127.0.0.1:2183',
    ])
  })

  it('takes IPv6 hosts and several addresses of a host', () => {
    const servers = [
      'server.1=[fd00::1]:2888:3888',
      'server.2=a:2888:3888|b:2889:3889',
      'server.3=c:2888:3888',
    ]
    const { members, told } = localized([source([...HEAD, 'multiAddress.enabled=true', ...servers])])
    expect(told[0]).toBe('hosts: fd00::1, a, b, c → 127.0.0.1: all run on this machine, each at one address')
    expect(lineOf(members[1]?.text, 'server.2')).toBe('server.2=127.0.0.1:2889:3889')
    expect(told).toContain('multiAddress.enabled: true removed: members have one address here')
    expect(members[1]?.text).not.toContain('multiAddress')
  })

  it('takes the server list from a dynamic config file into each file', () => {
    const dynamic = {
      file: 'zoo.cfg.dynamic.100000000',
      text: THREE.map((line) => `${line};2181`).join('\n'),
    }
    const lines = [
      ...HEAD.slice(0, -1),
      'reconfigEnabled=true',
      `dynamicConfigFile=/conf/${dynamic.file}`,
      'snapCount=5',
    ]
    const { members, told, configs } = localized([source(lines, { dynamic })])
    expect(configs.map(({ servers, dynamicConfigFile }) => [servers.length, dynamicConfigFile])).toEqual([
      [3, null],
      [3, null],
      [3, null],
    ])
    expect(members[0]?.text).toContain('reconfigEnabled=true\nserver.1=')
    expect(told).toContain(
      `dynamicConfigFile: /conf/${dynamic.file} removed: each file has the server list itself`,
    )
  })

  it('takes away what no member can do on one machine, and spreads ports of every kind', () => {
    const lines = [
      ...HEAD,
      'dataLogDir=/logs',
      'quorumListenOnAllIPs=true',
      'clientPortAddress=10.0.0.1',
      'observerMasterPort=2191',
      'secureClientPort=2281',
      'secureClientPortAddress=10.0.0.1',
      'ssl.keyStore.location=/etc/zk/keys.jks',
      'admin.serverPort=9000',
      'admin.serverAddress=10.0.0.1',
      'metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
      'metricsProvider.httpPort=7000',
      'sslQuorum=true',
      ...THREE,
    ]
    const { members, configs, told, problems } = localized([source(lines)])
    const [, second] = members
    expect(second?.text).not.toMatch(/quorumListenOnAllIPs|observerMasterPort|10\.0\.0\.1/)
    for (const line of [
      'dataLogDir=/out/datalog/2',
      'clientPortAddress=127.0.0.1',
      'secureClientPort=2282',
      'secureClientPortAddress=127.0.0.1',
      'admin.serverPort=9001',
      'admin.serverAddress=127.0.0.1',
      'metricsProvider.httpPort=7001',
      'ssl.quorum.hostnameVerification=false',
      'ssl.keyStore.location=/etc/zk/keys.jks',
    ]) {
      expect(second?.text).toContain(`\n${line}\n`)
    }
    expect(second?.text).not.toContain('admin.enableServer')
    expect(told).toContain(
      'ssl.keyStore.location: /etc/zk/keys.jks kept: it is not on this machine: put it there, or change the path',
    )
    // Apache can run this, so it is written; our members cannot read that key store, so that is reported.
    expect(problems[0]).toMatch(/zoo-1\.cfg:\d+: warning: zk-pseudo up will refuse this: .*of type JKS/)
    expect(configs[1]?.secureClientPort).toMatchObject({ port: 2282, address: '127.0.0.1' })
  })

  it('makes settings of the JVM options in java.env', () => {
    const flags = settingsOfFlags(
      '# -Djute.maxbuffer=1\nexport SERVER_JVMFLAGS="-Xmx1g -Djute.maxbuffer=4194304 -Dzookeeper.snapCount=77 -Dzookeeper.log.dir=/x -Dother=1 -Dzookeeper.skipACL=yes"',
    )
    expect([...flags]).toEqual([
      ['jute.maxbuffer', '4194304'],
      ['snapCount', '77'],
      ['skipACL', 'yes'],
    ])
    const lines = [...HEAD, ...THREE, 'jute.maxbuffer=5', 'skipACL=no']
    const { configs, told } = localized([source(lines, { flags })])
    // Apache ignores jute.maxbuffer in the file, so the flag wins; for skipACL, the file wins.
    expect(configs[2]).toMatchObject({ juteMaxBuffer: 4194304, snapCount: 77, skipAcl: false })
    expect(told).toContain('snapCount: 77 added: from java.env')
  })

  it('makes a standalone server of a config without servers, with its id', () => {
    expect(localized([source(HEAD)]).members).toMatchObject([
      { sid: 0, file: '/out/zoo-0.cfg', role: 'participant' },
    ])
    const { members, configs } = localized([source([...HEAD, 'server.7=s7:2888:3888'])])
    expect(members).toMatchObject([{ sid: 7, dataDir: '/out/data/7' }])
    expect(configs[0]?.servers).toEqual([])
  })

  it('makes what a config forbids its members to make', () => {
    const [member] = localized([
      source([...HEAD, 'datadir.autocreate=false', 'db.autocreate=false', ...THREE]),
    ]).members
    expect(member).toMatchObject({
      folders: ['/out/data/1/version-2'],
      initializeFile: '/out/data/1/initialize',
    })
  })

  it('reports what is wrong with it, and makes nothing', () => {
    const { members, problems } = localized([
      source(['initLimit=1', 'clientPort=x', ...THREE, 'server.4=s4:1']),
    ])
    expect(members).toEqual([])
    expect(problems).toEqual([
      expect.stringContaining('zoo.cfg: dataDir is missing'),
      expect.stringContaining('clientPort: "x" is not a port number'),
      expect.stringContaining('server.4: "s4:1" has no election port'),
    ])
  })
})

it('makes an ensemble without errors of any that was one, with the same ids, roles and timings', () => {
  const host = fc.constantFrom('a', 'b.example.com', '10.0.0.7', '[fd00::1]', 'localhost')
  const port = fc.constantFrom(2181, 2182, 2888, 2889, 3888)
  const server = fc.record({
    host,
    quorum: port,
    election: port,
    isObserver: fc.boolean(),
    client: fc.option(port),
  })
  const servers = fc.uniqueArray(fc.record({ sid: fc.nat(254), server }), {
    minLength: 3,
    maxLength: 7,
    selector: ({ sid }) => sid,
  })
  fc.assert(
    fc.property(servers, fc.integer({ min: 1, max: 9999 }), (list, tickTime) => {
      const lines = list.map(({ sid, server: { host, quorum, election, isObserver, client } }, i) => {
        const role = isObserver && i > 1 ? ':observer' : ''
        return `server.${sid}=${host}:${quorum}:${election === quorum ? 3999 : election}${role}${client === null ? '' : `;${client}`}`
      })
      const given = source([...HEAD.slice(1), `tickTime=${tickTime}`, ...lines])
      const { config } = parseConfig(given.text, given.file)
      const { members, configs, problems } = localized([given])
      expect(problems).toEqual([])
      expect(checkEnsemble(configs).filter(({ severity }) => severity === 'error')).toEqual([])
      expect(members.map(({ sid, role }) => [sid, role])).toEqual(
        config.servers.map(({ sid, role }) => [sid, role]),
      )
      expect(configs.every(({ tickTimeMs }) => tickTimeMs === tickTime)).toBe(true)
    }),
  )
})
