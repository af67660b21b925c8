/** TLS on the client port: Apache's Java client, identified by its certificate, on both engines. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Authority, type Identity, keytoolMissing, opensslMissing, PASSWORD } from '../net/certificates.ts'
import { apacheUnavailable } from '../support/apache.ts'
import { describeEngines, needs } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { claimPorts, releasePorts } from '../support/ports.ts'
import { runProgram } from '../support/programs.ts'
import { connectRequest } from '../support/wire.ts'
import { type OneServer, startOne, TemporaryFolder } from './oneServer.ts'

const missing = opensslMissing() ?? keytoolMissing()
/** Debian's zookeeper.jar names only a part of what its Netty needs. */
const NETTY = ['common', 'buffer', 'resolver', 'transport', 'codec', 'handler']
  .map((part) => `/usr/share/java/netty-${part}.jar`)
  .join(':')
const javaOptions = [`-Xbootclasspath/a:${NETTY}`]
const AUTH = 'org.apache.zookeeper.server.auth.'

describeEngines('TLS', (start, engine) => {
  void start
  describe.skipIf(missing)(missing ?? 'with certificates', () => {
    const folder = new TemporaryFolder()
    let ports: number[] = []
    let authority: Authority
    let server: OneServer
    let bob: Identity
    let trust: string

    const settings = () => ({
      secureClientPort: String(ports[0]),
      secureClientPortAddress: '127.0.0.1',
      'ssl.keyStore.location': authority.issue('server', '/CN=localhost').p12,
      'ssl.keyStore.password': PASSWORD,
      'ssl.trustStore.location': trust,
      'ssl.trustStore.password': PASSWORD,
      // Only Apache's Netty connection factory supports TLS; our members ignore the key.
      ...(engine === 'apache'
        ? { serverCnxnFactory: 'org.apache.zookeeper.server.NettyServerCnxnFactory' }
        : {}),
    })

    beforeAll(async () => {
      ports = await claimPorts(1)
      authority = new Authority(folder.path, 'authority')
      bob = authority.issue('bob', '/O=Acme, Inc/OU=a+OU=b/CN=bob/emailAddress=b@c.d')
      trust = authority.trustStore('trust.p12')
      const set = { ...settings(), 'authProvider.x509': `${AUTH}X509AuthenticationProvider` }
      server = await startOne(engine, { set, javaOptions })
    }, 60_000)
    afterAll(async () => {
      await server?.[Symbol.asyncDispose]()
      releasePorts(ports)
      folder[Symbol.dispose]()
    })

    it('accepts the Java client with its certificate', { timeout: 60_000 }, async (context) => {
      const noJdk = spawnSync('javac', ['-version']).status === 0 ? undefined : 'no JDK'
      needs(context, apacheUnavailable() ?? noJdk)
      const properties = {
        'client.secure': 'true',
        clientCnxnSocket: 'org.apache.zookeeper.ClientCnxnSocketNetty',
        'ssl.keyStore.location': bob.p12,
        'ssl.keyStore.password': PASSWORD,
        'ssl.trustStore.location': trust,
        'ssl.trustStore.password': PASSWORD,
        'ssl.hostnameVerification': 'false',
      }
      const flags = Object.entries(properties).map(([key, value]) => `-Dzookeeper.${key}=${value}`)
      const classPath = `/usr/share/java/zookeeper.jar:${NETTY}`
      const source = join(import.meta.dirname, 'java', 'LogIn.java')
      const target = [`localhost:${ports[0]}`, `/tls-${engine}`]
      const { stdout, stderr } = await runProgram('java', [...flags, '-cp', classPath, source, ...target], {
        timeoutMs: 50_000,
      })
      const name = '1.2.840.113549.1.9.1=#16056240632e64,CN=bob,OU=a+OU=b,O=Acme\\, Inc'
      expect(stdout.split('\n'), stderr).toEqual(
        expect.arrayContaining(['state SyncConnected', `acl x509 ${name}`, `id x509 ${name}`]),
      )
    })

    it('refuses clients without a certificate and clients without TLS', async () => {
      const bare = connect({ host: '127.0.0.1', port: ports[0] as number, rejectUnauthorized: false })
      bare.on('error', () => {})
      bare.write(connectRequest(10_000))
      let heard = 0
      bare.on('data', (chunk: Buffer) => {
        heard += chunk.length
      })
      await eventually('its end', () => bare.closed)
      expect(heard).toBe(0)
    })
  })

  it.skipIf(missing)(
    'closes on a certificate for which there is no provider',
    { timeout: 60_000 },
    async () => {
      using folder = new TemporaryFolder()
      const ports = await claimPorts(1)
      const authority = new Authority(folder.path, 'authority')
      const [server, bob] = [authority.issue('server', '/CN=localhost'), authority.issue('bob', '/CN=bob')]
      const set = {
        secureClientPort: String(ports[0]),
        secureClientPortAddress: '127.0.0.1',
        'ssl.keyStore.location': server.pem,
        'ssl.trustStore.location': authority.certificate,
        ...(engine === 'apache'
          ? { serverCnxnFactory: 'org.apache.zookeeper.server.NettyServerCnxnFactory' }
          : {}),
      }
      await using _one = await startOne(engine, { set, javaOptions })
      const pem = readFileSync(bob.pem)
      const ca = readFileSync(authority.certificate)
      const caller = connect({
        host: '127.0.0.1',
        port: ports[0] as number,
        servername: 'localhost',
        ca,
        key: pem,
        cert: pem,
      })
      caller.on('error', () => {})
      caller.on('data', () => {})
      caller.write(connectRequest(10_000))
      await eventually('its end', () => caller.closed)
      releasePorts(ports)
    },
  )
})
