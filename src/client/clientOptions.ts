/** The options of a client, and their checks. */
import { checkMilliseconds, checkOptions, checkPositive, checkString, wrongArgument } from './checks.ts'
import type { SaslCredentials } from './sasl.ts'
import type { SessionKey } from './session.ts'

export interface ClientOptions {
  /** The session timeout to ask for; the server may grant a different one. 30000 unless given. */
  readonly sessionTimeoutMs?: number
  /** How long each server is tried before the next one; a share of the session timeout unless given. */
  readonly connectTimeoutMs?: number
  /** The largest reply that is accepted; 4 MiB unless given, as with Apache's client. */
  readonly maxFrameBytes?: number
  /**
   * Whether to accept a read-only server (`readonlymode.enabled`) while there is none with a quorum; false
   * unless given.
   */
  readonly readOnly?: boolean
  /** A session to continue, which another client has left (`leave`); a new one unless given. */
  readonly session?: SessionKey
  /** Credentials for a login by SASL DIGEST-MD5 on every connection, before anything else is sent. */
  readonly sasl?: SaslCredentials
}

const CHECKS: Readonly<Record<keyof ClientOptions, (name: string, value: unknown) => void>> = {
  sessionTimeoutMs: checkPositive,
  connectTimeoutMs: checkMilliseconds,
  maxFrameBytes: checkPositive,
  readOnly: (name, value) => {
    if (typeof value !== 'boolean') throw wrongArgument(name, 'true or false', value)
  },
  session: (name, value) => {
    const { id, password } = (value ?? {}) as Partial<SessionKey>
    if (typeof id === 'bigint' && password instanceof Uint8Array && password.length === 16) return
    throw wrongArgument(name, 'what leave() gave: { id: bigint, password: 16 bytes }', value)
  },
  sasl: (_, value) => {
    const { user, password } = (value ?? {}) as Partial<SaslCredentials>
    checkString('sasl.user', user)
    checkString('sasl.password', password)
  },
}

/**
 * @throws TypeError for unknown options, and for values of the wrong kind; undefined means the default
 */
export function checkClientOptions(options: ClientOptions): void {
  checkOptions(options, Object.keys(CHECKS))
  for (const [name, value] of Object.entries(options))
    if (value !== undefined) CHECKS[name as keyof ClientOptions](name, value)
}
