/** Members whose only client port uses TLS: `secureClientPort` without `clientPort`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Ensemble } from '../../src/ensemble/index.ts'
import { Authority, opensslMissing } from '../net/certificates.ts'
import { apacheUnavailable } from '../support/apache.ts'
import { CommandLineCluster } from '../support/commandLine.ts'
import { needs } from '../support/ensembles.ts'
import { claimPorts, releasePorts } from '../support/ports.ts'
import { connectRequest } from '../support/wire.ts'
import { TemporaryFolder } from './oneServer.ts'

const missing = opensslMissing()
const X509 = 'authProvider.x509=org.apache.zookeeper.server.auth.X509AuthenticationProvider'

describe.skipIf(missing)(missing ?? 'an ensemble with TLS only', () => {
  const folder = new TemporaryFolder()
  let authority: Authority
  let ports: number[] = []

  beforeAll(async () => {
    ports = await claimPorts(9)
    authority = new Authority(folder.path, 'authority')
  })
  afterAll(() => {
    releasePorts(ports)
    folder[Symbol.dispose]()
  })

  /** Writes the config files of three members. */
  function configs(name: string, more: string[]): { files: string[]; pem: string } {
    const { pem } = authority.issue(`server-${name}`, '/CN=localhost')
    const files = [0, 1, 2].map((id) => {
      const home = join(folder.path, name, String(id))
      mkdirSync(home, { recursive: true })
      writeFileSync(join(home, 'myid'), `${id}\n`)
      const lines = [
        'tickTime=500',
        'initLimit=10',
        'syncLimit=5',
        `dataDir=${home}`,
        `secureClientPort=${ports[id]}`,
        `ssl.keyStore.location=${pem}`,
        `ssl.trustStore.location=${authority.certificate}`,
        ...[0, 1, 2].map((sid) => `server.${sid}=127.0.0.1:${ports[3 + sid]}:${ports[6 + sid]}`),
        ...more,
      ]
      const file = join(home, 'zoo.cfg')
      writeFileSync(file, `${lines.join('\n')}\n`)
      return file
    })
    return { files, pem }
  }

  const secureConnectString = () => [0, 1, 2].map((id) => `127.0.0.1:${ports[id]}`).join(',')

  it('serves, judges a kill, and accepts clients, with its own certificates', async () => {
    const { files, pem } = configs('need', [X509])
    await using ensemble = await Ensemble.start({ configs: files })
    expect(ensemble.connectString).toBe(secureConnectString())
    const info = await ensemble.status()
    expect(info.members.map(({ clientPort }) => clientPort)).toEqual([null, null, null])
    expect(info.members.map(({ secureClientPort }) => secureClientPort)).toEqual(ports.slice(0, 3))
    const identity = readFileSync(pem)
    const socket = connect({
      port: ports[0] as number,
      host: '127.0.0.1',
      key: identity,
      cert: identity,
      ca: readFileSync(authority.certificate),
      servername: 'localhost',
    })
    socket.write(connectRequest(10_000))
    const [greeting] = (await new Promise((resolve, reject) => {
      socket.once('data', (chunk) => resolve([chunk]))
      socket.once('error', reject)
    })) as [Buffer]
    socket.destroy()
    expect(greeting.readInt32BE(8)).toBeGreaterThan(0)
    const verdict = await ensemble.kill('leader')
    expect(verdict).toMatchObject({ quorum: true })
    expect(verdict.leaderAfter).not.toBe(null)
    expect(verdict.writeGapMs).toBeGreaterThan(0)
    const restarted = await ensemble.start(verdict.leaderBefore as number)
    expect(restarted.quorum).toBe(true)
  })

  it('serves with Apache ZooKeeper, too, and can be handed over', async (context) => {
    needs(context, apacheUnavailable())
    const { files } = configs('apache', ['ssl.clientAuth=none'])
    await using ensemble = await Ensemble.start({ configs: files, engine: 'apache', waitTimeoutMs: 60_000 })
    expect(ensemble.connectString).toBe(secureConnectString())
    const verdict = await ensemble.kill('leader', { waitTimeoutMs: 60_000 })
    expect(verdict).toMatchObject({ quorum: true, writeGapMs: expect.any(Number) })
    await ensemble.start(verdict.leaderBefore as number, { waitTimeoutMs: 60_000 })
    const { moved, problem } = await ensemble.handover('zk-pseudo', 'all', { waitTimeoutMs: 60_000 })
    expect({ moved: moved.length, problem }).toEqual({ moved: 3, problem: null })
  })

  it('comes up in the background and is shown by ps and connstr', async () => {
    const { files } = configs('none', ['ssl.clientAuth=none'])
    await using cluster = new CommandLineCluster()
    const document = await cluster.up(...files)
    expect(document.connectString).toBe(secureConnectString())
    expect(document.members[0]).toMatchObject({ clientPort: null, secureClientPort: ports[0] })
    expect(await cluster.run('connstr')).toBe(`${secureConnectString()}\n`)
    expect(await cluster.run('ps')).toMatch(new RegExp(`running +(leader|follower) +${ports[0]} `))
    const verdict = JSON.parse(await cluster.run('kill', String(ports[1]), '--json'))
    expect(verdict).toMatchObject({ members: [1], quorum: true })
  })
})
