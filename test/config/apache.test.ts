/**
 * Compares what writeConfig writes and what the parser says about Apache ZooKeeper with Apache ZooKeeper
 * itself.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fourLetterWord } from '../../src/client/fourLetterWord.ts'
import { classicEnsemble } from '../../src/config/classic.ts'
import { parseConfig } from '../../src/config/load/parse.ts'
import { clientEndpoint } from '../../src/config/servers/clientEndpoint.ts'
import { membershipText } from '../../src/config/servers/membership.ts'
import { apacheUnavailable } from '../support/apache.ts'
import { eventually } from '../support/eventually.ts'
import { ask, modeOf } from '../support/fourLetterWord.ts'
import { claimPorts, releasePorts } from '../support/ports.ts'
import { writeConfig } from './writeConfig.ts'

const unavailable = apacheUnavailable()
const logConfDir = ['/etc/zookeeper/conf', '/etc/zookeeper/conf_example'].find((dir) => existsSync(dir))
const classPath =
  process.env.ZK_APACHE_CLASSPATH ?? [logConfDir, '/usr/share/java/zookeeper.jar'].filter(Boolean).join(':')

let dir = ''
let ports: number[] = []
const children: ChildProcess[] = []

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'config-apache-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  releasePorts(ports.splice(0))
  rmSync(dir, { recursive: true, force: true })
})

function put(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

function startApache(config: string): ChildProcess {
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
  const args = ['-Xmx128m', `-Dzookeeper.log.dir=${dir}`, '-cp', classPath, main, config]
  const child = spawn('java', args, { stdio: 'ignore', cwd: dir })
  children.push(child)
  return child
}

describe.skipIf(unavailable !== undefined)(
  `Apache ZooKeeper${unavailable ? ` (skipped: ${unavailable})` : ''}`,
  () => {
    it('runs an ensemble with what the writer writes, and reads the server list as we do', async () => {
      ports = await claimPorts(12)
      const triples = [0, 1, 2, 3].map((i) => {
        const [clientPort = 0, quorumPort = 0, electionPort = 0] = ports.slice(i * 3, i * 3 + 3)
        return { clientPort, quorumPort, electionPort }
      })
      const home = join(dir, 'a folder, with #marks')
      const set = {
        tickTime: '500',
        'x.y': 'one # two \\ thrée',
        maxClientCnxns: '77',
        maxSessionTimeout: '9999',
      }
      const { members } = classicEnsemble({ members: 3, observers: 1, dir: home, ports: triples, set })
      for (const member of members) {
        put(member.file, writeConfig(member.config))
        put(member.myidFile, member.myidText)
        startApache(member.file)
      }
      for (const { config } of members) {
        await eventually('the member to serve', () => modeOf(config.clientPort))
        const conf = await ask(config.clientPort, 'conf')
        expect(conf.split('membership: \n')[1]).toBe(membershipText(config, 0n))
        expect(conf).toContain(`serverId=${config.sid}\n`)
        expect(conf).toContain('tickTime=500\n')
        expect(conf).toContain('maxClientCnxns=77\n')
        expect(conf).toContain('minSessionTimeout=1000\nmaxSessionTimeout=9999\n')
        expect(conf).toContain(`dataDir=${config.dataDir}/version-2\n`)
        expect(conf).toContain(`peerType=${config.peerType === 'observer' ? 1 : 0}\n`)
      }
    })

    it.each([
      ['clientPortAddress=[::1]', '::1'],
      ['clientPortAddress=::1', '::1'],
      ['clientPortAddress=[::]', '::1'],
      ['clientPortAddress=localhost', '127.0.0.1'],
    ])('listens where we do with %s', async (line, host) => {
      ports = await claimPorts(1)
      const file = join(dir, 'zoo.cfg')
      const text = `dataDir=${dir}/data\nclientPort=${ports[0]}\n${line}\nadmin.enableServer=false\n`
      put(file, text)
      const { config, problems } = parseConfig(text, file)
      expect(problems).toEqual([])
      const { host: ours, port } = clientEndpoint(config)
      startApache(file)
      const serves = async (at: string) =>
        (await fourLetterWord(at, port, 'srvr')).includes('Mode: standalone')
      await eventually('Apache to serve', () => serves(host).catch(() => false))
      expect(await serves(ours)).toBe(true)
    })

    const servers = ['server.1=127.0.0.1:1:2', 'server.2=127.0.0.1:3:4', 'server.3=127.0.0.1:5:6']
    const head = ['initLimit=10', 'syncLimit=5', 'clientPort=7']
    const last = servers.at(-1)

    // Each is refused by both, or accepted here with a warning that Apache refuses it.
    it.each([
      ['a comment after a number', [...head, ...servers, 'tickTime=2000 # ms'], 'warning'],
      ['a comment after a server', [...head, ...servers.slice(0, 2), `${last} # third`], 'warning'],
      ['a blank after a server', [...head, ...servers.slice(0, 2), `${last} `], 'warning'],
      ['a port out of range', [...servers, 'initLimit=1', 'syncLimit=1', 'clientPort=99999'], 'error'],
      ['no election port', [...head, ...servers, 'server.4=127.0.0.1:8'], 'error'],
      ['equal ports', [...head, ...servers, 'server.4=127.0.0.1:8:8'], 'error'],
      [
        'an observer without a quorum',
        [...head, 'server.1=127.0.0.1:1:2', 'server.2=127.0.0.1:3:4:observer'],
        'error',
      ],
      ['observers only', [...head, 'server.1=127.0.0.1:1:2:observer'], 'error'],
      ['no initLimit', ['syncLimit=5', 'clientPort=7', ...servers], 'error'],
      ['a voter in no group', [...head, ...servers, 'group.1=1:2'], 'error'],
      ['a malformed escape', [...head, ...servers, 'a=\\u12'], 'error'],
      ['another electionAlg', [...head, ...servers, 'electionAlg=1'], 'error'],
      [
        'a client port that its only server line contradicts',
        ['clientPort=7', 'server.1=127.0.0.1:1:2;8'],
        'error',
      ],
      [
        'an address of a client port that is not there',
        ['initLimit=1', 'syncLimit=1', 'clientPortAddress=127.0.0.1', `${servers[0]};9`, ...servers.slice(1)],
        'warning',
      ],
      ['a number for a switch', [...head, ...servers, 'syncEnabled=1'], 'error'],
    ] as const)('refuses %s', async (_, lines, severity) => {
      const file = join(dir, 'zoo.cfg')
      const text = [`dataDir=${dir}/data`, ...lines, 'admin.enableServer=false', ''].join('\n')
      put(file, text)
      put(join(dir, 'data/myid'), '1\n')
      const { problems } = parseConfig(text, file)
      const worst = problems.some((p) => p.severity === 'error') ? 'error' : 'warning'
      expect(problems).not.toEqual([])
      expect(worst).toBe(severity)
      if (severity === 'warning') expect(problems[0]?.message).toContain('Apache ZooKeeper refuses')
      const [code] = await once(startApache(file), 'exit')
      expect(code).toBe(2)
    })
  },
)
