/**
 * SASL DIGEST-MD5 (RFC 2831) as ZooKeeper's clients speak it: the client sends an empty token, the server
 * sends a challenge, the client responds, and the server proves that it knows the password, too.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

export interface SaslCredentials {
  readonly user: string
  readonly password: string
}

/** The service and the server name that ZooKeeper's clients use (ZooKeeperSaslClient, SecurityUtils). */
const DIGEST_URI = 'zookeeper/zk-sasl-md5'
const REQUEST_COUNT = '00000001'

/** The server does not speak DIGEST-MD5 correctly, or does not know the password. */
export class SaslError extends Error {
  override name = 'SaslError'
}

export class DigestMd5 {
  private readonly credentials: SaslCredentials
  private expectedProof: string | null = null

  constructor(credentials: SaslCredentials) {
    this.credentials = credentials
  }

  /**
   * The next token for the server; null when the exchange is complete.
   * @param challenge the server's token
   * @throws SaslError
   */
  next(challenge: Buffer): Buffer | null {
    const directives = parseDirectives(challenge.toString('utf8'))
    if (this.expectedProof === null) return this.respond(directives)
    const proof = Buffer.from(directives.get('rspauth') ?? '')
    const expected = Buffer.from(this.expectedProof)
    if (proof.length !== expected.length || !timingSafeEqual(proof, expected))
      throw new SaslError('the server does not prove that it knows the password')
    return null
  }

  private respond(challenge: ReadonlyMap<string, string>): Buffer {
    const nonce = challenge.get('nonce')
    const qops = (challenge.get('qop') ?? 'auth').split(',').map((qop) => qop.trim())
    if (nonce === undefined) throw new SaslError('the challenge has no nonce')
    if (!qops.includes('auth')) throw new SaslError(`the server wants qop ${qops}; only auth is spoken`)
    const { user, password } = this.credentials
    const realm = challenge.get('realm') ?? ''
    const cnonce = randomBytes(16).toString('base64')
    const credentials = [user, realm, password]
      .map(hashedText)
      .flatMap((part, i) => (i ? [':', part] : [part]))
    const secret = md5(md5(...credentials), `:${nonce}:${cnonce}`).toString('hex')
    const proof = (verb: string): string => {
      const target = md5(`${verb}:${DIGEST_URI}`).toString('hex')
      return md5(`${secret}:${nonce}:${REQUEST_COUNT}:${cnonce}:auth:${target}`).toString('hex')
    }
    this.expectedProof = proof('')
    const words = [
      'charset=utf-8',
      `username=${quoted(user)}`,
      `realm=${quoted(realm)}`,
      `nonce=${quoted(nonce)}`,
      `nc=${REQUEST_COUNT}`,
      `cnonce=${quoted(cnonce)}`,
      `digest-uri=${quoted(DIGEST_URI)}`,
      `response=${proof('AUTHENTICATE')}`,
      'qop=auth',
    ]
    return Buffer.from(words.join(','))
  }
}

function md5(...parts: (string | Buffer)[]): Buffer {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** Text that ISO 8859-1 can express is hashed in that encoding (RFC 2831, 2.1.2.1). */
function hashedText(text: string): Buffer {
  return Buffer.from(text, [...text].every((char) => char <= '\xff') ? 'latin1' : 'utf8')
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** Parses `name="value",name=value`. A quoted value may hold commas and escapes. */
function parseDirectives(text: string): Map<string, string> {
  const directives = new Map<string, string>()
  for (const [, name, inQuotes, plain] of text.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*))/g))
    directives.set((name as string).toLowerCase(), inQuotes?.replace(/\\(.)/g, '$1') ?? (plain ?? '').trim())
  return directives
}
