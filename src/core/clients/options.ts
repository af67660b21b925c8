/** The part of a member's configuration that requests depend on. */
import type { Sid } from '../../protocol/ids.ts'
import type { AuthenticationOptions } from '../auth/options.ts'
import type { LocalSessionOptions } from '../sessions/memberSessions.ts'
import type { JuteLimits } from '../writes/limits.ts'
import type { ThrottleOptions } from './throttleOptions.ts'

/** Apache's defaults where a limit is not given. */
export interface RequestOptions extends JuteLimits {
  readonly sid: Sid
  readonly minSessionTimeoutMs: number
  readonly maxSessionTimeoutMs: number
  readonly skipAcl: boolean
  readonly digestEnabled: boolean
  /** DigestAuthenticationProvider.superDigest, `super:hash`; null when there is no super user. */
  readonly superDigest: string | null
  /** Apache's defaults unless given, but for `superDigest`. */
  readonly authentication?: AuthenticationOptions
  readonly throttle?: ThrottleOptions
  /**
   * Random bytes that cannot be guessed, for SASL, and random numbers from 0 to 1, for the throttle of
   * connections.
   */
  readonly randomBytes?: (count: number) => Buffer
  readonly random?: () => number
  /** Whether quotas are enforced. Off unless given. */
  readonly enforceQuota?: boolean
  /** Whether a closeSession names the ephemerals that go with it. On unless given. */
  readonly closeSessionTxnEnabled?: boolean
  /** Off unless given. */
  readonly localSessions?: LocalSessionOptions
}
