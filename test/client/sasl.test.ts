/** DIGEST-MD5 with a server side that was written from RFC 2831 for this test. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DigestMd5, SaslError } from '../../src/client/sasl.ts'

const md5 = (text: string | Buffer) => createHash('md5').update(text).digest('hex')

/** What a server that knows this password expects, and what it answers. */
function proofs(
  response: string,
  user: string,
  realm: string,
  password: string,
  encoding: 'utf8' | 'latin1',
) {
  const field = (name: string) =>
    new RegExp(`(?:^|,)${name}=(?:"([^"]*)"|([^",]*))`).exec(response)?.slice(1).join('') ?? ''
  const [nonce, cnonce, uri] = [field('nonce'), field('cnonce'), field('digest-uri')]
  const identity = createHash('md5')
    .update(Buffer.from(`${user}:${realm}:${password}`, encoding))
    .digest()
  const a1 = md5(Buffer.concat([identity, Buffer.from(`:${nonce}:${cnonce}`)]))
  const proof = (verb: string) => md5(`${a1}:${nonce}:00000001:${cnonce}:auth:${md5(`${verb}:${uri}`)}`)
  return { client: proof('AUTHENTICATE'), server: proof(''), said: field('response'), field }
}

const challenge = (extra = '') =>
  Buffer.from(`realm="zk-sasl-md5",nonce="a,b=c",charset=utf-8,algorithm=md5-sess${extra}`)

describe('DIGEST-MD5', () => {
  it.each([
    ['fred', 'secret', 'utf8'],
    ['jürgen', 'geheim', 'latin1'],
    ['用户', '密码', 'utf8'],
  ] as const)('proves the password of %s and checks the proof of the server', (user, password, encoding) => {
    const exchange = new DigestMd5({ user, password })
    const response = exchange.next(challenge())?.toString('utf8') as string
    const { client, server, said, field } = proofs(response, user, 'zk-sasl-md5', password, encoding)
    expect(said).toBe(client)
    expect(field('username')).toBe(user)
    expect(field('digest-uri')).toBe('zookeeper/zk-sasl-md5')
    expect(exchange.next(Buffer.from(`rspauth=${server}`))).toBeNull()
  })

  it('does not accept a server that does not know the password', () => {
    const exchange = new DigestMd5({ user: 'fred', password: 'secret' })
    exchange.next(challenge())
    expect(() => exchange.next(Buffer.from(`rspauth=${'0'.repeat(32)}`))).toThrow(SaslError)
    expect(() => exchange.next(Buffer.alloc(0))).toThrow(SaslError)
  })

  it('proves that it knows the password without sending it', () => {
    const exchange = new DigestMd5({ user: 'a"b\\c', password: 'secret' })
    const response = exchange.next(challenge())?.toString() as string
    expect(response).toContain('username="a\\"b\\\\c"')
    expect(response).not.toContain('secret')
  })

  it('never gives the same answer to two challenges', () => {
    const answer = () => new DigestMd5({ user: 'fred', password: 'secret' }).next(challenge())?.toString()
    expect(answer()).not.toBe(answer())
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no nonce', Buffer.from('realm="x"')],
    ['only what it does not speak', challenge(',qop="auth-conf"')],
  ])('refuses a challenge with %s', (_, token) => {
    expect(() => new DigestMd5({ user: 'fred', password: 'secret' }).next(token)).toThrow(SaslError)
  })
})
