/** Other projects' clients log in with SASL DIGEST-MD5: Apache's Java client and kazoo. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { apacheUnavailable } from '../support/apache.ts'
import { describeEngines, needs } from '../support/ensembles.ts'
import { runProgram, works } from '../support/programs.ts'
import { type OneServer, startOne, TemporaryFolder } from './oneServer.ts'

const MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule'
const SERVER = `Server { ${MODULE} required user_bob="bobsecret"; };\n`
const clientOf = (user: string, password: string) =>
  `Client { ${MODULE} required username="${user}" password="${password}"; };\n`

const kazooMissing = works('/usr/bin/python3', ['-c', 'import kazoo, puresasl'])
  ? undefined
  : 'kazoo or pure-sasl is not installed'

const KAZOO = `
import sys
from kazoo.client import KazooClient
from kazoo.security import make_acl
port, user, password, how = sys.argv[1:]
if how == 'options':
    client = KazooClient('127.0.0.1:' + port, sasl_options={'mechanism': 'DIGEST-MD5', 'username': user, 'password': password})
else:
    client = KazooClient('127.0.0.1:' + port, auth_data=[('sasl', user + ':' + password)])
try:
    client.start(timeout=5)
    path = client.create('/kazoo-' + how, b'', acl=[make_acl('auth', '', all=True)])
    print([(a.id.scheme, a.id.id) for a in client.get_acls(path)[0]], client.get(path)[0])
    client.stop()
except Exception as e:
    print('failed', type(e).__name__)
`

describeEngines('SASL', (start, engine) => {
  void start
  const folder = new TemporaryFolder()
  let server: OneServer
  beforeAll(async () => {
    const jaas = folder.file('server.conf')
    writeFileSync(jaas, SERVER)
    server = await startOne(engine, {
      set: { 'authProvider.1': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider' },
      properties: { 'java.security.auth.login.config': jaas },
    })
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  const logIn = async (user: string, password: string, path: string) => {
    const jaas = folder.file(`${user}.conf`)
    writeFileSync(jaas, clientOf(user, password))
    const source = join(import.meta.dirname, 'java', 'LogIn.java')
    const flags = [`-Djava.security.auth.login.config=${jaas}`, '-cp', '/usr/share/java/zookeeper.jar']
    const target = [`127.0.0.1:${server.clientPort}`, path]
    const { stdout } = await runProgram('java', [...flags, source, ...target], { timeoutMs: 40_000 })
    return stdout.split('\n').slice(0, -1)
  }

  it('accepts the Java client, and reports a refusal to it', { timeout: 90_000 }, async (context) => {
    needs(
      context,
      apacheUnavailable() ?? (spawnSync('javac', ['-version']).status === 0 ? undefined : 'no JDK'),
    )
    const welcome = await logIn('bob', 'bobsecret', '/java')
    expect(welcome).toEqual(
      expect.arrayContaining(['state SyncConnected', 'state SaslAuthenticated', 'acl sasl bob']),
    )
    expect(welcome).toContain('id sasl bob')
    const refused = await logIn('mallory', 'bobsecret2', '/mallory')
    expect(refused).toContain('state AuthFailed')
    expect(refused.join()).not.toContain('acl ')
  })

  it.for(['options', 'auth_data'])('accepts kazoo with %s', async (how, context) => {
    needs(context, kazooMissing)
    const say = async (password: string) => {
      const { stdout } = await runProgram('/usr/bin/python3', [
        '-W',
        'ignore',
        '-c',
        KAZOO,
        String(server.clientPort),
        'bob',
        password,
        how,
      ])
      return stdout.trim()
    }
    expect(await say('bobsecret')).toBe(`[('sasl', 'bob')] b''`)
    expect(await say('wrong')).toMatch(/^failed /)
  })
})
