/** Everything that the core takes from a member's configuration; plain data, times in ms. */

import type { RequestOptions } from './clients/options.ts'
import type { ElectionTiming } from './election/options.ts'
import type { MembershipSettings } from './membership/membership.ts'
import type { ZabSettings } from './zab/settings.ts'

export interface PeerSettings {
  readonly isStandalone: boolean
  /** How many committed transactions are kept in memory for DIFF. */
  readonly commitLogCount: number
  /** Whether clients that accept read-only service are served without a leader. Off unless given. */
  readonly readOnlyMode?: boolean
  /** Whether a leader serves clients, too. On unless given. */
  readonly leaderServes?: boolean
  readonly membership: MembershipSettings
  readonly zab: ZabSettings
  readonly election: ElectionTiming
  readonly requests: RequestOptions
}
