/**
 * Authentication over the wire, with the same cases on our members and on Apache's: auth packets, SASL
 * DIGEST-MD5 token by token, what each ACL then permits, and what is enforced before anything else.
 */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestId } from '../../src/core/auth/digest.ts'
import { allServe, describeEngines, leaderOf } from '../support/ensembles.ts'
import { bool, buffer, int, request } from '../support/wire.ts'
import { FrameCaller, type OneServer, startOne, TemporaryFolder } from './oneServer.ts'

const JAAS = `
// Users that may log in
Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required
    user_super="adminsecret"
    user_bob="bobsecret" /* who else */
    user_al="al\\"quoted";
};
Client { org.apache.zookeeper.server.auth.DigestLoginModule required username="bob" password="bobsecret"; };
`
const SASL_CLASS = 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider'
const AUTH_FAILED = -115
const NO_AUTH = -102

describeEngines('authentication', (start, engine) => {
  const folder = new TemporaryFolder()
  const jaas = folder.file('jaas.conf')
  writeFileSync(jaas, JAAS)
  const properties = { 'java.security.auth.login.config': jaas }
  afterAll(() => folder[Symbol.dispose]())

  describe('with SASL', () => {
    let server: OneServer
    let port = 0
    beforeAll(async () => {
      const set = {
        'authProvider.1': SASL_CLASS,
        superUser: 'super',
        'DigestAuthenticationProvider.superDigest': digestId('super:secret'),
      }
      server = await startOne(engine, { set, properties })
      port = server.clientPort
    })
    afterAll(() => server?.[Symbol.asyncDispose]())

    it('challenges the client, and proves its own identity', async () => {
      using caller = await Caller.open(port)
      const challenge = await caller.sasl(1, '')
      expect(challenge.header).toBe(`00000001${'0'.repeat(16)}00000000`)
      expect(challenge.token?.toString()).toMatch(
        /^realm="zk-sasl-md5",nonce="[A-Za-z0-9+/]{40}",charset=utf-8,algorithm=md5-sess$/,
      )
      const proof = proofOf(challenge.token, { user: 'bob', password: 'bobsecret' })
      const last = await caller.sasl(2, proof.token)
      expect(last.header).toBe(`00000002${'0'.repeat(16)}00000000`)
      expect(last.token?.toString()).toBe(proof.rspauth)
      expect(await caller.whoAmI()).toEqual(['ip:127.0.0.1', 'sasl:bob'])
      // The exchange is over, so one more token is one too many.
      expect(await caller.sasl(4, '')).toMatchObject({ err: AUTH_FAILED, token: null })
      expect(await caller.receive()).toBeNull()
    })

    it.each<[string, Partial<ProofParts>]>([
      ['with quotes in the password', { user: 'al', password: 'al"quoted' }],
      ['with the service in a different case', { uri: 'ZooKeeper/ZK-sasl-md5' }],
      ['with unknown directives', { more: ',foo=bar,,baz="q\\"x" ,' }],
      ['with an authorization id, which is ignored', { authzid: 'root' }],
      ['with blanks around the commas', { edit: (text) => text.replaceAll(',', ' , ') }],
      ['without a charset', { edit: (text) => text.replace('charset=utf-8,', '') }],
      ['with a name that is not quoted', { edit: (text) => text.replace('"bob"', 'bob') }],
      ['with a key in upper case', { edit: (text) => text.replace('username', 'USERNAME') }],
    ])('lets in %s', async (_, parts) => {
      using caller = await Caller.open(port)
      const proof = proofOf((await caller.sasl(1, 'ignored')).token, parts)
      expect(await caller.sasl(2, proof.token)).toMatchObject({ err: 0 })
      expect(await caller.whoAmI()).toEqual(['ip:127.0.0.1', `sasl:${parts.user ?? 'bob'}`])
    })

    it.each<[string, Partial<ProofParts>]>([
      ['a wrong password', { password: 'wrong' }],
      ['another realm', { realm: 'other' }],
      ['another service', { uri: 'zookeeper/other' }],
      ['a second use', { count: '00000002' }],
      ['integrity', { qop: 'auth-int' }],
      ['a nonce of its own', { nonce: 'A'.repeat(40) }],
      ['a name twice', { more: ',username="bob"' }],
      ['no realm', { edit: (text) => text.replace('realm="zk-sasl-md5",', '') }],
      ['no answer', { edit: (text) => text.replace(/response=\w+,/, '') }],
      ['an open quote', { more: ',foo="bar' }],
      ['something after a quote', { edit: (text) => text.replace('"bob"', '"bob"x') }],
      ['nothing', { edit: () => '' }],
      ['5000 bytes', { more: `,foo=${'x'.repeat(5000)}` }],
    ])('refuses %s', async (_, parts) => {
      using caller = await Caller.open(port)
      const proof = proofOf((await caller.sasl(1, '')).token, parts)
      expect(await caller.sasl(2, proof.token)).toMatchObject({ err: AUTH_FAILED, token: null })
      expect(await caller.receive()).toBeNull()
    })

    it('closes on a token that is null', async () => {
      using caller = await Caller.open(port)
      caller.send(request(1, 102, int(-1)))
      expect(await caller.receive()).toBeNull()
    })

    it('knows a user only by its own password', async (context) => {
      if (engine === 'apache')
        context.skip('Apache lets an unknown user in with the password of the last one that it knew')
      using first = await Caller.open(port)
      await first.logIn('bob', 'bobsecret')
      using caller = await Caller.open(port)
      const proof = proofOf((await caller.sasl(1, '')).token, { user: 'zed', password: 'bobsecret' })
      expect(await caller.sasl(2, proof.token)).toMatchObject({ err: AUTH_FAILED })
    })

    it('reserves nodes for their owner, at every step', async () => {
      using bob = await Caller.open(port)
      using al = await Caller.open(port)
      using nobody = await Caller.open(port)
      await bob.logIn('bob', 'bobsecret')
      await al.logIn('al', 'al"quoted')
      expect(await bob.create('/bobs', ['sasl', 'bob'])).toBe(0)
      expect(await bob.create('/creators', ['auth', ''])).toBe(0)
      expect(await bob.create('/bad', ['sasl', 'a@b@c'])).toBe(-114)
      for (const path of ['/bobs', '/creators']) {
        expect(await bob.getData(path)).toBe(0)
        expect(await al.getData(path)).toBe(NO_AUTH)
        expect(await nobody.getData(path)).toBe(NO_AUTH)
        expect(await al.setData(path)).toBe(NO_AUTH)
        expect(await bob.setData(path)).toBe(0)
      }
      using admin = await Caller.open(port)
      await admin.logIn('super', 'adminsecret')
      expect(await admin.whoAmI()).toEqual(['ip:127.0.0.1', 'sasl:super', 'super:'])
      expect(await admin.setData('/bobs')).toBe(0)
      // Without a provider for `auth` to expand to, no ACL is made.
      expect(await nobody.create('/nobodys', ['auth', ''])).toBe(-114)
    })

    it.each<[string, string | null, number]>([
      ['sasl', 'x', AUTH_FAILED],
      ['x509', 'x', AUTH_FAILED],
      ['world', 'anyone', AUTH_FAILED],
      ['auth', '', AUTH_FAILED],
      ['super', 'super:secret', AUTH_FAILED],
      ['digest', null, AUTH_FAILED],
      ['digest', 'bob:x', 0],
      ['digest', '', 0],
      ['ip', null, 0],
      ['ip', '9.9.9.9', 0],
    ])('auth packet: %s with %s', async (scheme, auth, err) => {
      using caller = await Caller.open(port)
      expect(await caller.auth(scheme, auth)).toBe(err)
      if (err === 0) expect(await caller.create('/any-', ['world', 'anyone'], 2)).toBe(0)
      else expect(await caller.receive()).toBeNull()
    })

    it('lets the super digest do anything', async () => {
      using caller = await Caller.open(port)
      expect(await caller.create('/closed', ['digest', 'a:b'])).toBe(0)
      expect(await caller.getData('/closed')).toBe(NO_AUTH)
      expect(await caller.auth('digest', 'super:secret')).toBe(0)
      expect(await caller.getData('/closed')).toBe(0)
    })
  })

  it('answers SASL with nothing where it is not configured', async () => {
    await using server = await startOne(engine)
    using caller = await Caller.open(server.clientPort)
    expect(await caller.sasl(1, '')).toMatchObject({ err: 0, token: null })
    expect(await caller.create('/sasl', ['sasl', 'bob'])).toBe(-114)
    expect(await caller.whoAmI()).toEqual(['ip:127.0.0.1'])
  })

  it('without digest: neither packets nor ACLs', async () => {
    await using server = await startOne(engine, { set: { 'DigestAuthenticationProvider.enabled': 'false' } })
    using caller = await Caller.open(server.clientPort)
    expect(await caller.create('/d', ['digest', 'a:b'])).toBe(-114)
    expect(await caller.auth('digest', 'a:b')).toBe(AUTH_FAILED)
    expect(await caller.receive()).toBeNull()
  })

  it.each([
    ['enforce.auth', { 'enforce.auth.enabled': 'true', 'enforce.auth.schemes': 'sasl , digest' }, 'digest'],
    ['SASL alone', { sessionRequireClientSASLAuth: 'true', allowSaslFailedClients: 'true' }, 'sasl'],
  ])('%s: nothing before a proof', async (_, set, scheme) => {
    await using server = await startOne(engine, { set: { 'authProvider.1': SASL_CLASS, ...set }, properties })
    const { clientPort } = server
    using early = await Caller.open(clientPort)
    early.send(request(7, 4, buffer('/'), bool(false)))
    const header = await early.receive()
    expect(header?.toString('hex')).toBe(`00000007${'0'.repeat(16)}ffffff84`)
    expect(await early.receive()).toBeNull()
    using caller = await Caller.open(clientPort)
    if (scheme === 'sasl') await caller.logIn('bob', 'bobsecret')
    else expect(await caller.auth('digest', 'a:b')).toBe(0)
    expect(await caller.getData('/')).toBe(0)
    using failing = await Caller.open(clientPort)
    await failing.sasl(1, '')
    expect(await failing.sasl(2, 'junk')).toMatchObject({ err: -124, token: null })
    expect(await failing.receive()).toBeNull()
  })

  it('tolerates failed SASL where it is configured to', async () => {
    await using server = await startOne(engine, { set: { allowSaslFailedClients: 'true' }, properties })
    using caller = await Caller.open(server.clientPort)
    await caller.sasl(1, '')
    expect(await caller.sasl(2, 'junk')).toMatchObject({ err: 0, token: null })
    expect(await caller.whoAmI()).toEqual(['ip:127.0.0.1'])
  })

  it('checks ACLs early where it is configured to, and makes no transaction of a refusal', async () => {
    await using ensemble = await start({ set: { enableEagerACLCheck: 'true' } })
    const leader = await leaderOf(ensemble)
    await allServe(ensemble.members)
    const follower = ensemble.members.find(({ id }) => id !== leader.id) ?? leader
    for (const { clientPort } of [leader, follower]) {
      using caller = await Caller.open(clientPort)
      const name = `/closed-${clientPort}`
      expect(await caller.create(name, ['digest', 'a:b'])).toBe(0)
      const before = await caller.zxid()
      expect(await caller.setData(name)).toBe(NO_AUTH)
      expect(await caller.create(`${name}/child`, ['world', 'anyone'])).toBe(NO_AUTH)
      expect(await caller.create('/x', ['nonsense', 'x'])).toBe(-114)
      // A request that no ACL decides is processed as usual and takes a zxid.
      expect(await caller.setData('/absent')).toBe(-101)
      expect(await caller.zxid()).toBe(before + 1n)
    }
  })
})

interface ProofParts {
  user: string
  password: string
  realm: string
  uri: string
  count: string
  qop: string
  nonce: string
  authzid: string
  more: string
  edit: (text: string) => string
}

/** RFC 2831, implemented once more: a second opinion on both sides. */
function proofOf(challenge: Buffer | null, parts: Partial<ProofParts> = {}) {
  const {
    user = 'bob',
    password = 'bobsecret',
    realm = 'zk-sasl-md5',
    count = '00000001',
    qop = 'auth',
  } = parts
  const { uri = 'zookeeper/zk-sasl-md5', authzid, more = '', edit = (text: string) => text } = parts
  const nonce = parts.nonce ?? /nonce="([^"]*)"/.exec(challenge?.toString() ?? '')?.[1] ?? ''
  const md5 = (...texts: (string | Buffer)[]) =>
    createHash('md5').update(Buffer.concat(texts.map((t) => Buffer.from(t))))
  const cnonce = 'abcdef'
  const secret = md5(`${user}:${realm}:${password}`).digest()
  const a1 = md5(secret, `:${nonce}:${cnonce}${authzid === undefined ? '' : `:${authzid}`}`).digest('hex')
  const value = (method: string) =>
    md5(`${a1}:${nonce}:${count}:${cnonce}:${qop}:${md5(`${method}:${uri}`).digest('hex')}`).digest('hex')
  const text =
    `charset=utf-8,username="${user.replace(/["\\]/g, '\\$&')}",realm="${realm}",nonce="${nonce}",nc=${count},` +
    `cnonce="${cnonce}",digest-uri="${uri}",maxbuf=65536,response=${value('AUTHENTICATE')},qop=${qop}` +
    `${authzid === undefined ? '' : `,authzid="${authzid}"`}${more}`
  return { token: edit(text), rspauth: `rspauth=${value('')}` }
}

/** What callers do to identify themselves, and the requests that show whether they are identified. */
class Caller extends FrameCaller {
  async sasl(xid: number, token: string) {
    const reply = await this.ask(xid, 102, buffer(token))
    const length = reply.readInt32BE(16)
    return {
      header: reply.toString('hex', 0, 16),
      err: reply.readInt32BE(12),
      token: length === -1 ? null : reply.subarray(20, 20 + length),
    }
  }

  async logIn(user: string, password: string): Promise<void> {
    const proof = proofOf((await this.sasl(1, '')).token, { user, password })
    expect(await this.sasl(2, proof.token)).toMatchObject({ err: 0 })
  }

  async auth(scheme: string, auth: string | null): Promise<number> {
    const reply = await this.ask(-4, 100, int(0), buffer(scheme), auth === null ? int(-1) : buffer(auth))
    return reply.readInt32BE(12)
  }

  async whoAmI(): Promise<string[]> {
    const reply = await this.ask(3, 107)
    const ids: string[] = []
    let at = 20
    const string = () => {
      const end = at + 4 + reply.readInt32BE(at)
      const text = reply.toString('utf8', at + 4, end)
      at = end
      return text
    }
    for (let left = reply.readInt32BE(16); left > 0; left--) ids.push(`${string()}:${string()}`)
    return ids.sort()
  }

  async create(path: string, [scheme, id]: readonly [string, string], flags = 0): Promise<number> {
    const acl = [int(1), int(31), buffer(scheme), buffer(id)]
    return (await this.ask(5, 1, buffer(path), buffer(''), ...acl, int(flags))).readInt32BE(12)
  }

  async getData(path: string): Promise<number> {
    return (await this.ask(6, 4, buffer(path), bool(false))).readInt32BE(12)
  }

  async setData(path: string): Promise<number> {
    return (await this.ask(8, 5, buffer(path), buffer('x'), int(-1))).readInt32BE(12)
  }

  async zxid(): Promise<bigint> {
    return (await this.ask(9, 3, buffer('/'), bool(false))).readBigInt64BE(4)
  }
}
