/**
 * A way to prove an identity: AuthenticationProvider. Each has a file in this folder; `providers.ts` lists
 * those that a member has.
 */
import type { Id } from '../../protocol/records/data.ts'
import type { AclScheme } from '../../tree/acl.ts'

/** What the shell knows of the connected client. */
export interface Caller {
  /** As Java prints addresses: IPv6 in full. */
  readonly address: string
  /**
   * The subject of the certificate that TLS has verified, as RFC 2253 writes it; null where there is none.
   */
  readonly certificateSubject: string | null
}

export interface AuthenticationProvider extends AclScheme {
  /** The ids that an auth packet with these bytes proves; null when it proves nothing. */
  authenticate(auth: Buffer | null, caller: Caller): readonly Id[] | null
}
