/**
 * SASL DIGEST-MD5 (RFC 2831), the server's side, as Java's SaslServer does it for ZooKeeper: realm and server
 * name `zk-sasl-md5`, protocol `zookeeper`, qop `auth`, first authentication only. Compared byte by byte with
 * Apache 3.8.0 on OpenJDK 17.
 */
import { createHash } from 'node:crypto'
import { DecodeError } from '../../protocol/reader.ts'
import { parseDirectives } from './directives.ts'
import { kerberosName } from './kerberosName.ts'
import type { SaslOptions } from './options.ts'

const REALM = 'zk-sasl-md5'
const DIGEST_URI = `zookeeper/${REALM}`
/** DigestMD5Base.MAX_RESPONSE_LENGTH. */
const LONGEST_RESPONSE = 4096
/** Only initial authentication is supported, so a client's count is always this. */
const NONCE_COUNT = '00000001'
export const NONCE_BYTES = 30

/** The exchange has failed (SaslException), and the client gets a failure. */
export class SaslFailure extends Error {
  override name = 'SaslFailure'
}

interface SaslAnswer {
  readonly token: Buffer
  /** The user that the client has proven to be; null while the exchange continues. */
  readonly authorizedId: string | null
}

export class SaslExchange {
  private readonly options: SaslOptions
  private readonly nonce: string
  private step: 'challenge' | 'response' | 'over' = 'challenge'

  /** @param random NONCE_BYTES that cannot be guessed */
  constructor(options: SaslOptions, random: Buffer) {
    this.options = options
    this.nonce = random.toString('base64')
  }

  /**
   * @throws SaslFailure
   * @throws DecodeError for what Apache closes the connection on, without an answer
   */
  answer(token: Buffer): SaslAnswer {
    if (token.length > LONGEST_RESPONSE) throw new SaslFailure(`a response of ${token.length} bytes`)
    const { step } = this
    this.step = step === 'challenge' ? 'response' : 'over'
    switch (step) {
      case 'challenge':
        // An initial response is ignored: authentication always begins anew.
        return { token: this.challenge(), authorizedId: null }
      case 'response':
        return this.verify(token)
      case 'over':
        throw new SaslFailure('the exchange is over')
    }
  }

  private challenge(): Buffer {
    return Buffer.from(`realm="${REALM}",nonce="${this.nonce}",charset=utf-8,algorithm=md5-sess`)
  }

  private verify(token: Buffer): SaslAnswer {
    const parsed = parseDirectives(token)
    if ('fault' in parsed) throw new SaslFailure(parsed.fault)
    const { directives } = parsed
    const text = (name: string): string | null => directives.get(name)?.toString('utf8') ?? null
    this.check(text)
    const username = required(text('username'), 'username')
    const password = this.passwordOf(username)
    const proof: Proof = {
      username,
      password,
      nonce: this.nonce,
      cnonce: required(directives.get('cnonce') ?? null, 'cnonce'),
      digestUri: text('digest-uri') ?? '',
      authzid: directives.get('authzid') ?? null,
    }
    const response = required(text('response'), 'response')
    if (response !== responseValue('AUTHENTICATE', proof)) throw new SaslFailure('the password is wrong')
    const rspauth = Buffer.from(`rspauth=${responseValue('', proof)}`)
    return { token: rspauth, authorizedId: this.authorizedId(username, text('authzid')) }
  }

  /** Directives that must repeat the challenge. */
  private check(text: (name: string) => string | null): void {
    const wrong = (what: string) => new SaslFailure(`its ${what} does not fit the challenge`)
    const charset = text('charset')
    if (charset !== null && charset !== 'utf-8') throw wrong('charset')
    if (text('realm') !== REALM) throw wrong('realm')
    if (text('nonce') !== this.nonce) throw wrong('nonce')
    if ((text('qop') ?? 'auth') !== 'auth') throw wrong('qop')
    if (text('digest-uri')?.toLowerCase() !== DIGEST_URI) throw wrong('digest-uri')
    // Java throws no SaslException for text that is no number. It looks for `nonce-count`; clients send `nc`.
    const count = number(text('nonce-count') ?? NONCE_COUNT, 16)
    number(text('maxbuf') ?? '65536', 10)
    if (count !== 1) throw wrong('nonce-count')
  }

  /**
   * Unlike Apache's, it remembers no earlier user: there, an unknown name may log in with the last known
   * user's password.
   */
  private passwordOf(username: string): string {
    const { users, superPassword } = this.options
    const listed = users.get(username)
    if (listed === undefined) throw new SaslFailure(`there is no user ${username}`)
    return username === 'super' && superPassword !== null ? superPassword : listed
  }

  /** SaslServerCallbackHandler.handleAuthorizeCallback, with the rule DEFAULT and no default realm. */
  private authorizedId(username: string, authzid: string | null): string {
    const name = kerberosName(username)
    if (name === null) throw new DecodeError(`the SASL user ${username} is a malformed principal`)
    const { service, host, realm } = name
    if (realm === null) return username
    if (realm !== '') return authzid ?? username
    const { removesHost, removesRealm } = this.options
    const atHost = host !== null && !removesHost ? `/${host}` : ''
    return `${service}${atHost}${removesRealm ? '' : '@'}`
  }
}

function required<T>(value: T | null, name: string): T {
  if (value === null) throw new SaslFailure(`it lacks ${name}`)
  return value
}

function number(text: string, radix: 10 | 16): number {
  const digits = radix === 10 ? /^[+-]?\d{1,10}$/ : /^[+-]?[0-9a-fA-F]{1,8}$/
  if (!digits.test(text)) throw new DecodeError(`"${text}" in a SASL response is no number`)
  return Number.parseInt(text, radix)
}

interface Proof {
  readonly username: string
  readonly password: string
  readonly nonce: string
  readonly cnonce: Buffer
  readonly digestUri: string
  readonly authzid: Buffer | null
}

/** RFC 2831, 2.1.2.1. */
function responseValue(method: 'AUTHENTICATE' | '', proof: Proof): string {
  const { username, password, nonce, cnonce, digestUri, authzid } = proof
  const secret = md5(latin1(username), ':', latin1(REALM), ':', latin1(password)).digest()
  const session = md5(secret, `:${nonce}:`, cnonce)
  if (authzid !== null) session.update(':').update(authzid)
  const request = md5(`${method}:${digestUri}`).digest('hex')
  return md5(`${session.digest('hex')}:${nonce}:${NONCE_COUNT}:`, cnonce, `:auth:${request}`).digest('hex')
}

function md5(...parts: readonly (string | Buffer)[]) {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part)
  return hash
}

/** ISO 8859-1 where that can hold the text, else UTF-8. */
function latin1(text: string): Buffer {
  return Buffer.from(text, /^[\0-\u00ff]*$/.test(text) ? 'latin1' : 'utf8')
}
