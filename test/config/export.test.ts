import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatChange } from '../../src/config/change.ts'
import { classicEnsemble } from '../../src/config/classic.ts'
import { type ExportSource, exportEnsemble } from '../../src/config/export/export.ts'
import { type ExportFormat, exportFiles, usualDataDir } from '../../src/config/export/formats.ts'
import { readHosts } from '../../src/config/export/hosts.ts'
import { settingsOfFlags } from '../../src/config/jvmFlags.ts'
import { parseConfig } from '../../src/config/load/parse.ts'
import { localize } from '../../src/config/localize/localize.ts'
import { withSid } from '../../src/config/servers/ownServer.ts'

const AT = { file: 'myid', line: 1 }

function sourceOf(sid: number, text: string): ExportSource {
  const file = `zoo-${sid}.cfg`
  return { file, text, config: withSid(parseConfig(text, file).config, sid, AT).config }
}

/** The members as `up` writes them. */
function classic(set: Record<string, string> = {}, members = 3, observers = 0): ExportSource[] {
  return classicEnsemble({ members, observers, dir: '/c', set }).members.map(({ sid, text }) =>
    sourceOf(sid, text),
  )
}

interface Wish {
  hosts?: string
  keepPorts?: boolean
  dataDir?: string
  format?: ExportFormat
}

function exported(
  sources: ExportSource[],
  { hosts = 'h1,h2,h3', keepPorts = false, dataDir, format = 'cfg' }: Wish = {},
) {
  const named = readHosts(
    hosts,
    sources.map(({ config }) => config.sid ?? 0),
  )
  if ('fault' in named) throw new Error(named.fault)
  const folders = dataDir === undefined ? usualDataDir(format) : { dataDir, dataLogDir: `${dataDir}-log` }
  const result = exportEnsemble(sources, named, { keepPorts, ...folders })
  const isReconfigurable = sources.some(({ config }) => config.reconfigEnabled)
  const files = exportFiles({ format, hosts: result.hosts, data: null, isReconfigurable })
  return { ...result, told: result.changes.map(formatChange), files: files.texts, dataOf: files.dataOf }
}

it('gives hosts that have only TLS no plain client port', () => {
  const sources = [1, 2, 3].map((sid) => {
    const servers = [1, 2, 3].map((id) => `server.${id}=127.0.0.1:${100 + id}:${200 + id}`)
    const secure = ['ssl.keyStore.location=/k.pem', 'ssl.clientAuth=none', `secureClientPort=${2280 + sid}`]
    return sourceOf(sid, ['dataDir=/d', 'initLimit=5', 'syncLimit=5', ...secure, ...servers, ''].join('\n'))
  })
  for (const hosts of ['h1,h2,h3', '127.0.0.1,127.0.0.2,127.0.0.3']) {
    const result = exported(sources, { hosts })
    expect(result.faults).toEqual([])
    for (const host of result.hosts) {
      expect(host.text).not.toMatch(/^clientPort/m)
      expect(host.clientPort).toBe(2281)
    }
  }
})

describe('the configs of hosts', () => {
  it('are as the members had them, but for hosts, ports and folders', () => {
    const { hosts, told } = exported(classic({ tickTime: '700', snapCount: '99' }))
    expect(hosts[1]?.text).toBe(
      [
        '# Made by zk-pseudo export: server 1, h2',
        'tickTime=700',
        'initLimit=10',
        'syncLimit=5',
        'dataDir=/var/lib/zookeeper',
        'clientPort=2181',
        '4lw.commands.whitelist=*',
        'admin.enableServer=false',
        'snapCount=99',
        'server.0=h1:2888:3888',
        'server.1=h2:2888:3888',
        'server.2=h3:2888:3888',
        '',
      ].join('\n'),
    )
    expect(
      hosts.map(({ folder, myid, clientPort, presentClientPort }) => [
        folder,
        myid,
        clientPort,
        presentClientPort,
      ]),
    ).toEqual([
      ['h1', '0\n', 2181, 2180],
      ['h2', '1\n', 2181, 2181],
      ['h3', '2\n', 2181, 2182],
    ])
    expect(told).toContain('hosts: 127.0.0.1 → h1, h2, h3: as asked for')
    expect(told).toContain('clientPortAddress: 127.0.0.1 removed: the host has other addresses')
  })

  it('turn settings into flags that Apache takes only as JVM options', () => {
    const set = {
      'jute.maxbuffer': '4194304',
      'readonlymode.enabled': 'true',
      'znode.container.checkIntervalMs': '50',
      'java.security.auth.login.config': '/etc/jaas.conf',
    }
    const { hosts, files, told } = exported(classic(set))
    const flags = [
      '-Djute.maxbuffer=4194304',
      '-Dreadonlymode.enabled=true',
      '-Dznode.container.checkIntervalMs=50',
      '-Djava.security.auth.login.config=/etc/jaas.conf',
    ]
    expect(hosts[0]).toMatchObject({ flags, files: ['/etc/jaas.conf'] })
    for (const key of Object.keys(set)) expect(hosts[0]?.text).not.toContain(key)
    expect(files.get('h1/java.env')).toContain(`export JVMFLAGS="${flags.join(' ')} $JVMFLAGS"\n`)
    expect([...settingsOfFlags(files.get('h1/java.env') ?? '')]).toEqual(Object.entries(set))
    expect(files.get('README.md')).toContain('- `/etc/jaas.conf`')
    expect(files.get('README.md')).toContain('reads no `java.env`')
    expect(told).toContain(
      'jute.maxbuffer: 4194304 removed: Apache ZooKeeper takes it as a JVM option only, so it is among JVMFLAGS',
    )
  })

  it('say as Apache takes it what only this program accepts', () => {
    const text = [
      'tickTime=2000 # ms',
      'initLimit=5',
      'syncLimit=5',
      'dataDir=/d',
      'clientPort=1',
      'autopurge.purgeInterval=90m',
      'secureClientPort=2',
      'ssl.keyStore.location=/k.p12',
      'server.1=127.0.0.1:3:4 ',
      'server.2=127.0.0.1:5:6',
      'server.3=127.0.0.1:7:8',
    ]
    const { hosts } = exported([1, 2, 3].map((sid) => sourceOf(sid, text.join('\n'))))
    expect(hosts[0]?.text).toContain('# ms\ntickTime=2000\n')
    expect(hosts[0]?.text).toContain('autopurge.purgeInterval=2\n')
    expect(hosts[0]?.text).toContain('serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n')
    expect(hosts[0]?.text).toContain('server.1=h1:2888:3888\n')
    expect(hosts[0]?.files).toEqual(['/k.p12'])
  })

  it('keep roles, groups, weights and the form of the server lines', () => {
    const lines = [
      'initLimit=5',
      'syncLimit=5',
      'reconfigEnabled=true',
      'dynamicConfigFile=/x/zoo.cfg.dynamic.5',
    ]
    const list = [
      'server.1=127.0.0.1:11:12;127.0.0.1:13',
      'server.2=127.0.0.1:14:15;16',
      'server.3=127.0.0.1:17:18:observer;19',
      'group.1=1:2',
      'weight.1=3',
    ]
    const dynamic = { file: '/x/zoo.cfg.dynamic.5', text: list.join('\n') }
    const sources = [1, 2, 3].map((sid): ExportSource => {
      const text = [...lines, `dataDir=/d/${sid}`].join('\n')
      return { file: 'f', text, config: withSid(parseConfig(text, 'f', dynamic).config, sid, AT).config }
    })
    const { hosts } = exported(sources, { hosts: 'h1,h2,[fd00::3]' })
    expect(hosts[2]?.text).toContain(
      [
        'reconfigEnabled=true',
        'server.1=h1:2888:3888;2181',
        'server.2=h2:2888:3888;2181',
        'server.3=[fd00::3]:2888:3888:observer;2181',
        'group.1=1:2',
        'weight.1=3',
        'dataDir=/var/lib/zookeeper',
        '',
      ].join('\n'),
    )
    expect(hosts[2]).toMatchObject({ folder: 'fd00--3', role: 'observer' })
  })

  it('keep ports when asked to, and give all hosts the same ones of other kinds', () => {
    const sources = classic().map(({ text, config }, i) =>
      sourceOf(
        config.sid as number,
        `${text}admin.serverPort=${9000 + i}\nmetricsProvider.httpPort=${7000 + i}\n`,
      ),
    )
    const usual = exported(sources).hosts.map(({ text }) => text)
    expect(
      usual.every((text) => text.includes('admin.serverPort=9000\nmetricsProvider.httpPort=7000\n')),
    ).toBe(true)
    const { hosts } = exported(sources, { keepPorts: true })
    expect(hosts[2]?.text).toContain('admin.serverPort=9002\nmetricsProvider.httpPort=7002\n')
    expect(hosts[2]).toMatchObject({ clientPort: 2182, quorumPort: 8002, electionPort: 8102 })
    expect(hosts[0]?.text).toContain('server.2=h3:8002:8102\n')
  })

  it('listen no wider than a host that only this machine reaches', () => {
    const { hosts } = exported(classic(), {
      hosts: '127.0.0.2,127.0.0.3,127.0.0.4',
      dataDir: '/try/{id}-{host}',
    })
    expect(hosts[1]?.text).toContain(
      'dataDir=/try/1-127.0.0.3\nclientPort=2181\nclientPortAddress=127.0.0.3\n',
    )
  })

  it('clash when several are on one host, unless the ports are kept', () => {
    const hosts = '127.0.0.1,127.0.0.1,127.0.0.1'
    const named = readHosts(hosts, [0, 1, 2]) as Map<number, string>
    const { faults } = exportEnsemble(classic(), named, { keepPorts: false, ...usualDataDir('cfg') })
    expect(faults).toEqual([
      {
        fault: 'members 0 and 1 would both have port 2181 (client) on 127.0.0.1',
        hint: 'name different hosts, or keep the ports that they have: --keep-ports',
      },
    ])
    const kept = exported(classic(), { hosts, keepPorts: true })
    expect(kept.hosts.map(({ folder }) => folder)).toEqual(['127.0.0.1-0', '127.0.0.1-1', '127.0.0.1-2'])
  })

  it('need neither id nor servers for one that runs alone', () => {
    const { hosts, files } = exported(classic({}, 1), { hosts: 'solo' })
    expect(hosts).toMatchObject([{ myid: null, quorumPort: null }])
    expect(hosts[0]?.text).not.toContain('server.')
    expect([...files.keys()]).toEqual(['solo/zoo.cfg', 'README.md'])
  })

  it('come back by localize as they were', () => {
    const set = { tickTime: '700', 'jute.maxbuffer': '2000000', maxClientCnxns: '5' }
    const before = classic(set, 3, 1)
    const { hosts, files } = exported(before, { hosts: 'h1,h2,h3,h4' })
    const sources = hosts.map(({ folder, text, sid }) => {
      const flags = settingsOfFlags(files.get(`${folder}/java.env`) ?? '')
      return { file: `${folder}/zoo.cfg`, text, dynamic: null, myid: { sid, where: AT }, flags }
    })
    const { members } = localize(sources, { out: '/c', exists: () => false })
    const after = members.map(({ sid, text }) => sourceOf(sid, text).config)
    const place = { file: '', origin: {}, servers: [], clientPort: 0, dataDir: '', dataLogDir: '' }
    expect(after.map((config) => ({ ...config, ...place }))).toEqual(
      before.map(({ config }) => ({ ...config, ...place })),
    )
    expect(after[0]?.servers.map(({ sid, role }) => [sid, role])).toEqual(
      before[0]?.config.servers.map(({ sid, role }) => [sid, role]),
    )
  })
})

describe('what starts the servers', () => {
  it('is a docker-compose.yml for the official image', () => {
    const { files, hosts, dataOf } = exported(classic({ 'jute.maxbuffer': '7', 'x.y': '$HOME' }), {
      format: 'compose',
    })
    expect([...files.keys()]).toEqual([
      'h1/zoo.cfg',
      'h1/data/myid',
      'h2/zoo.cfg',
      'h2/data/myid',
      'h3/zoo.cfg',
      'h3/data/myid',
      'docker-compose.yml',
      'README.md',
    ])
    expect(files.get('docker-compose.yml')).toContain(
      [
        'services:',
        '  h1:',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: Compose fills it in
        '    image: ${ZOOKEEPER_IMAGE:-zookeeper:3.8}',
        '    hostname: "h1"',
        '    restart: unless-stopped',
        '    ports:',
        '      - "127.0.0.1:2180:2181"',
        '    volumes:',
        '      - "./h1/zoo.cfg:/conf/zoo.cfg"',
        '      - "./h1/data:/data"',
        '    environment:',
        '      JVMFLAGS: "-Djute.maxbuffer=7"',
        '  h2:',
      ].join('\n'),
    )
    expect(hosts[0]?.text).toContain('dataDir=/data\n')
    expect(dataOf(hosts[0] as (typeof hosts)[0])).toEqual({ dataDir: 'h1/data', dataLogDir: 'h1/data' })
  })

  it('has the config where a server that is reconfigured can rename it', () => {
    const { files } = exported(classic({ reconfigEnabled: 'true' }), { format: 'compose' })
    expect(files.has('h1/data/zoo.cfg')).toBe(true)
    const compose = files.get('docker-compose.yml')
    expect(compose).toContain('    command: ["zkServer.sh", "start-foreground", "/data/zoo.cfg"]\n')
    expect(compose).not.toContain('/conf')
  })

  it('is a systemd unit for each host', () => {
    const { files } = exported(
      classic({ 'jute.maxbuffer': '7', 'java.security.auth.login.config': '/a%b"c' }),
      { format: 'systemd' },
    )
    const unit = files.get('h2/zookeeper.service')
    expect(unit).toContain(
      '\nExecStart=/opt/zookeeper/bin/zkServer.sh start-foreground /etc/zookeeper/zoo.cfg\n',
    )
    expect(unit).toContain(
      '\nEnvironment="JVMFLAGS=-Djute.maxbuffer=7 -Djava.security.auth.login.config=/a%%b\\"c"\n',
    )
    expect(files.get('README.md')).toContain('systemctl enable --now zookeeper')
  })
})

describe('hosts', () => {
  it.each([
    ['h1,h2,h3', ['h1', 'h2', 'h3']],
    ['zk-1.example.com, 10.0.0.2 ,[fd00::3]', ['zk-1.example.com', '10.0.0.2', 'fd00::3']],
    ['7=c,0=a,1=b', ['a', 'b', 'c']],
  ])('are read from %s', (text, hosts) => {
    expect(readHosts(text, [0, 1, 7])).toEqual(new Map([0, 1, 7].map((sid, i) => [sid, hosts[i]])))
  })

  it.each([
    ['h1,h2', '2 hosts are too few for members 0, 1, 7'],
    ['h1,h2,h3,h4', '4 hosts are too many for members 0, 1, 7'],
    ['h1,,h3', 'a host is empty'],
    ['h1:2181,h2,h3', '"h1:2181" has a port'],
    ['h1,http://h2,h3', '"http://h2" is not a host name or address'],
    ['h1,h 2,h3', '"h 2" is not a host name or address'],
    ['10.0.0.300,h2,h3', '"10.0.0.300" is not a host name or address'],
    ['0.0.0.0,h2,h3', '0.0.0.0 means every address, not one host'],
    ['0=h1,h2,h3', 'the ids do not name each of members 0, 1, 7 once'],
    ['0=h1,0=h2,7=h3', 'the ids do not name each of members 0, 1, 7 once'],
  ])('%s is refused: %s', (text, fault) => {
    expect(readHosts(text, [0, 1, 7])).toMatchObject({ fault, hint: expect.stringMatching(/./) })
  })

  it('that are taken make server lines that read back', () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 8 }))
    fc.assert(
      fc.property(host, (name) => {
        const named = readHosts(`${name},h2,h3`, [0, 1, 2])
        if ('fault' in named) return
        const { hosts } = exported(classic(), { hosts: `${name},h2,h3` })
        const { config, problems } = parseConfig(hosts[0]?.text ?? '', 'f')
        expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
        expect(config.servers[0]?.host).toBe(named.get(0))
      }),
    )
  })
})
