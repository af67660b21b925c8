/** The client port with TLS: which certificates are accepted, and whom they name. */
import { readFileSync, writeFileSync } from 'node:fs'
import { connect as plainConnect } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ClientListener, type Remote } from '../../src/net/clientListener.ts'
import { opensslName, type TlsSettings, tlsOptions } from '../../src/net/tls/secureContext.ts'
import { TemporaryFolder } from '../integration/oneServer.ts'
import { needs } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { Authority, type Identity, keytoolMissing, opensslMissing, PASSWORD } from './certificates.ts'
import { framed } from './sockets.ts'

const missing = opensslMissing()
const folder = new TemporaryFolder()
let authority: Authority
let server: Identity
let client: Identity
let stranger: Identity

beforeAll(() => {
  if (missing) return
  authority = new Authority(folder.path, 'ours')
  server = authority.issue('server', '/CN=localhost')
  client = authority.issue('client', '/C=DE/O=Acme, Inc/OU=a+OU=b/CN=bob #1/emailAddress=b@c.d')
  stranger = new Authority(folder.path, 'theirs').issue('stranger', '/CN=mallory')
})
afterAll(() => folder[Symbol.dispose]())

const open: { [Symbol.asyncDispose](): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]()
})

const BOB = '1.2.840.113549.1.9.1=#16056240632e64,CN=bob \\#1,OU=a+OU=b,O=Acme\\, Inc,C=DE'

async function listener(settings: Partial<TlsSettings> = {}) {
  const log = { connected: [] as Remote[], frames: [] as string[], refused: [] as string[] }
  const tls = tlsOptions({
    keyStoreLocation: server.pem,
    keyStorePassword: null,
    keyStorePasswordPath: null,
    keyStoreKind: 'PEM',
    trustStoreLocation: authority.certificate,
    trustStorePassword: null,
    trustStorePasswordPath: null,
    trustStoreKind: 'PEM',
    clientAuth: null,
    protocol: null,
    enabledProtocols: null,
    cipherSuites: null,
    ...settings,
  })
  const listening: ClientListener = new ClientListener({
    host: '127.0.0.1',
    port: 0,
    secure: { host: '127.0.0.1', port: 0, tls },
    maxClientCnxns: 2,
    maxCnxns: 0,
    juteMaxBuffer: 1000,
    sessionlessTimeoutMs: 500,
    onConnected: (id, remote) => {
      log.connected.push(remote)
      listening.send(id, Buffer.from('hello'))
      listening.flush()
    },
    onFrame: (_, frame) => log.frames.push(frame.toString()),
    onDisconnected: () => {},
    fourLetterWord: () => 'imok',
    onRefused: (reason) => log.refused.push(reason),
  })
  await listening.open()
  open.push({ [Symbol.asyncDispose]: () => listening.close() })
  return { log, port: listening.securePort ?? 0 }
}

class Caller {
  readonly socket: TLSSocket
  text = ''
  isClosed = false

  constructor(port: number, identity: Identity | null, first: Buffer | string = framed('\0hi')) {
    const pem = identity === null ? {} : { key: readFileSync(identity.pem), cert: readFileSync(identity.pem) }
    const ca = readFileSync(authority.certificate)
    this.socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca, ...pem })
    this.socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString()
    })
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.isClosed = true
    })
    this.socket.write(first)
    open.push({ [Symbol.asyncDispose]: async () => void this.socket.destroy() })
  }

  hears(): Promise<unknown> {
    return eventually('a greeting', () => this.text === 'hello')
  }

  closed(): Promise<unknown> {
    return eventually('the end', () => this.isClosed)
  }
}

describe.skipIf(missing)(`TLS ${missing ? `(skipped: ${missing})` : ''}`, () => {
  it('names a client as Java names the subject of its certificate', async () => {
    const { log, port } = await listener()
    await new Caller(port, client).hears()
    expect(log).toEqual({
      connected: [{ address: '127.0.0.1', port: expect.any(Number), certificateSubject: BOB }],
      frames: ['\0hi'],
      refused: [],
    })
  })

  it.each([
    ['need', 'nobody', 'no'],
    ['need', 'stranger', 'no'],
    ['want', 'nobody', null],
    ['want', 'stranger', 'no'],
    ['want', 'client', 'subject'],
    ['none', 'nobody', null],
    ['none', 'client', null],
    ['NEED', 'client', 'subject'],
  ] as const)('ssl.clientAuth %s: %s', async (clientAuth, who, outcome) => {
    const { log, port } = await listener({ clientAuth })
    const caller = new Caller(port, { nobody: null, stranger, client }[who])
    if (outcome === 'no') {
      await caller.closed()
      await eventually('the refusal', () => log.refused.length === 1)
      expect(log).toMatchObject({ connected: [], refused: [expect.stringMatching(/^TLS: /)] })
    } else {
      await caller.hears()
      expect(log.connected).toMatchObject([{ certificateSubject: outcome === null ? null : BOB }])
    }
  })

  it.each([
    ['TLSv1.2', null, 'TLSv1.2'],
    [null, 'TLSv1.2,TLSv1.3', 'TLSv1.3'],
    [null, null, 'TLSv1.2'],
  ])('ssl.protocol %s, enabledProtocols %s: speaks %s', async (protocol, enabledProtocols, spoken) => {
    const { port } = await listener({ protocol, enabledProtocols })
    const caller = new Caller(port, client)
    await caller.hears()
    expect(caller.socket.getProtocol()).toBe(spoken)
  })

  it('obeys ssl.ciphersuites, with names as in Java', async () => {
    const { port } = await listener({ cipherSuites: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384' })
    const caller = new Caller(port, client)
    await caller.hears()
    expect(caller.socket.getCipher().name).toBe('ECDHE-ECDSA-AES256-GCM-SHA384')
    expect(opensslName('TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256')).toBe('ECDHE-RSA-AES128-SHA256')
    expect(opensslName('TLS_RSA_WITH_AES_128_CBC_SHA')).toBe('AES128-SHA')
    expect(opensslName('TLS_AES_128_GCM_SHA256')).toBe('TLS_AES_128_GCM_SHA256')
  })

  it('reads PKCS#12, the trust store as keytool makes it, and passwords from files', async (context) => {
    needs(context, keytoolMissing())
    const passwordFile = folder.file('password')
    writeFileSync(passwordFile, `${PASSWORD}\n`)
    const trust = authority.trustStore('trust.p12')
    const stores = { keyStoreLocation: server.p12, keyStoreKind: 'PKCS12', trustStoreKind: 'PKCS12' }
    const passwords = { keyStorePasswordPath: passwordFile, trustStorePassword: PASSWORD }
    const { log, port } = await listener({ ...stores, ...passwords, trustStoreLocation: trust })
    await new Caller(port, client).hears()
    expect(log.connected).toMatchObject([{ certificateSubject: BOB }])
    await expect(
      listener({ ...stores, ...passwords, trustStoreLocation: trust, trustStorePassword: 'wrong' }),
    ).rejects.toThrow(/^ssl.trustStore: .*trust.p12 cannot be used: /)
  })

  it('reports which file cannot be used', async () => {
    const nowhere = folder.file('nowhere.pem')
    await expect(listener({ keyStoreLocation: nowhere })).rejects.toThrow(
      /^ssl.keyStore: .*nowhere.pem cannot be used: ENOENT/,
    )
    await expect(listener({ keyStoreLocation: authority.certificate })).rejects.toThrow(/^ssl.keyStore: /)
    await expect(listener({ enabledProtocols: 'SSLv3' })).rejects.toThrow(/^ssl.enabledProtocols: SSLv3/)
  })

  it('counts connections that never complete the handshake, and times them out', async () => {
    const { log, port } = await listener()
    const silent = [plainConnect(port, '127.0.0.1'), plainConnect(port, '127.0.0.1')]
    for (const socket of silent) socket.on('error', () => {})
    await eventually('two connections', () => silent.every(({ readyState }) => readyState === 'open'))
    const third = new Caller(port, client)
    await third.closed()
    expect(log.refused).toEqual(['too many connections from 127.0.0.1: maxClientCnxns is 2'])
    await eventually('their end', () => silent.every(({ closed }) => closed))
    await new Caller(port, client).hears()
  })

  it('answers four-letter words after the handshake', async () => {
    const { log, port } = await listener()
    const caller = new Caller(port, client, 'ruok')
    await caller.closed()
    expect(caller.text).toBe('imok')
    expect(log).toEqual({ connected: [], frames: [], refused: [] })
  })

  it('closes a connection that does not begin with a handshake', async () => {
    const { log, port } = await listener()
    const stray = plainConnect(port, '127.0.0.1', () => stray.write('ruok and no handshake'))
    stray.on('error', () => {})
    await eventually('its end', () => stray.closed)
    expect(log.refused).toEqual([expect.stringMatching(/^TLS: /)])
  })
})
