/** What requests depend on of a member's configuration. */
import type { Sid } from '../../protocol/ids.ts'

export interface RequestOptions {
  readonly sid: Sid
  readonly minSessionTimeoutMs: number
  readonly maxSessionTimeoutMs: number
  readonly skipAcl: boolean
  readonly digestEnabled: boolean
  /** DigestAuthenticationProvider.superDigest, `super:hash`; null when there is no super user. */
  readonly superDigest: string | null
}
