/**
 * The identity of a connection, and what it may not do before that is known: auth packets, SASL tokens,
 * certificates, and `enforce.auth` (ZooKeeperServer.processPacket and processSasl, AuthenticationHelper).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { DecodeError } from '../../protocol/reader.ts'
import type { Id } from '../../protocol/records/data.ts'
import { bytesOf } from '../../tree/acl.ts'
import { type AuthenticationOptions, DEFAULT_AUTHENTICATION } from '../auth/options.ts'
import type { Caller } from '../auth/provider.ts'
import { type Providers, providersOf } from '../auth/providers.ts'
import { NONCE_BYTES, SaslExchange, SaslFailure } from '../auth/saslExchange.ts'
import { invariant } from '../invariant.ts'
import { DEFAULT_MAX_BUFFER, mostTransactionBytes } from '../writes/limits.ts'
import type { RequestOptions } from './options.ts'

/** What is known of the client of a connection. */
interface Identity extends Caller {
  ids: Id[]
  sasl: SaslExchange | null
}

interface SaslReply {
  readonly err: ErrorCode
  readonly token: Buffer | null
  /** Why the connection is closed after this reply; null when it stays open. */
  readonly failure: string | null
}

/** A member's authentication as its configuration has it. */
export function authenticationOf(options: RequestOptions): AuthenticationOptions {
  const { authentication = DEFAULT_AUTHENTICATION, superDigest } = options
  return { ...authentication, superDigest: authentication.superDigest ?? superDigest }
}

export class Authenticator {
  /** The providers, which ACLs need as well. */
  readonly providers: Providers
  private readonly options: AuthenticationOptions
  /** The greatest size, in bytes, of the transaction that a client's request becomes. */
  readonly mostBytes: number
  /**
   * The greatest size, in bytes, of all ids of a connection together: they travel with each of its requests,
   * and an `auth` ACL names them all.
   */
  private readonly mostIdBytes: number
  private readonly randomBytes: (count: number) => Buffer

  /** @throws Error when a scheme is enforced that there is no provider for */
  constructor(options: RequestOptions) {
    this.options = authenticationOf(options)
    this.mostIdBytes = options.juteMaxBuffer ?? DEFAULT_MAX_BUFFER
    this.mostBytes = mostTransactionBytes(options)
    this.providers = providersOf(this.options)
    this.randomBytes =
      options.randomBytes ??
      (() => {
        throw new Error('SASL needs a source of randomness')
      })
  }

  /** Handles an auth packet. False: it proves nothing, and the connection is closed after AuthFailed. */
  prove(identity: Identity, scheme: string, auth: Buffer | null): boolean {
    const ids = this.providers.get(scheme)?.authenticate(auth, identity) ?? null
    if (ids === null) return false
    this.add(identity, ids)
    return identity.ids.reduce((sum, id) => sum + bytesOf(id), 0) <= this.mostIdBytes
  }

  /**
   * What the certificate of a TLS connection proves: NettyServerCnxnFactory.CertificateVerifier. Returns a
   * reason when the connection must be closed.
   */
  proveCertificate(identity: Identity): string | null {
    if (identity.certificateSubject === null || this.prove(identity, 'x509', null)) return null
    return 'its certificate cannot be used: add authProvider.x509=org.apache.zookeeper.server.auth.X509AuthenticationProvider'
  }

  /** @throws DecodeError for a token on which Apache closes without an answer */
  sasl(identity: Identity, token: Buffer | null): SaslReply {
    const { sasl, allowsSaslFailures } = this.options
    if (token === null) throw new DecodeError('a SASL request without a token')
    // Verified against Apache 3.8.0: a server without SASL answers an empty success.
    if (sasl === null) return { err: ErrorCode.Ok, token: null, failure: null }
    identity.sasl ??= new SaslExchange(sasl, this.nonce())
    try {
      const answer = identity.sasl.answer(token)
      if (answer.authorizedId !== null) this.add(identity, this.saslIds(answer.authorizedId))
      return { err: ErrorCode.Ok, token: answer.token, failure: null }
    } catch (error) {
      if (!(error instanceof SaslFailure)) throw error
      if (allowsSaslFailures && !this.requiresSasl) return { err: ErrorCode.Ok, token: null, failure: null }
      const err = this.requiresSasl ? ErrorCode.SessionClosedRequireSaslAuth : ErrorCode.AuthFailed
      return { err, token: null, failure: `SASL authentication failed: ${error.message}` }
    }
  }

  /** False: everything but an authentication is answered -124, and the connection is closed. */
  admits({ ids }: Identity): boolean {
    const { enforcedSchemes } = this.options
    return enforcedSchemes.length === 0 || ids.some(({ scheme }) => enforcedSchemes.includes(scheme))
  }

  get checksAclEagerly(): boolean {
    return this.options.checksAclEagerly
  }

  private get requiresSasl(): boolean {
    return this.options.enforcedSchemes.includes('sasl')
  }

  private nonce(): Buffer {
    const bytes = this.randomBytes(NONCE_BYTES)
    invariant(bytes.length === NONCE_BYTES, 'a nonce of the wrong length')
    return bytes
  }

  private saslIds(id: string): Id[] {
    const isSuper = this.options.superUsers.includes(id)
    return [{ scheme: 'sasl', id }, ...(isSuper ? [{ scheme: 'super', id: '' }] : [])]
  }

  private add(identity: Identity, ids: readonly Id[]): void {
    for (const proven of ids) {
      const isKnown = identity.ids.some((held) => held.scheme === proven.scheme && held.id === proven.id)
      // The list is replaced, because outstanding requests keep the one they were sent with.
      if (!isKnown) identity.ids = [...identity.ids, proven]
    }
  }
}
