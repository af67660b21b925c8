/** Everything that the core takes from a member's configuration; plain data, times in ms. */
import type { ElectionOptions } from './election/election.ts'
import type { RequestOptions } from './requests/options.ts'
import type { ZabSettings } from './zab/settings.ts'

export interface PeerSettings {
  readonly isStandalone: boolean
  readonly isObserver: boolean
  /** How many committed transactions are kept in memory for DIFF. */
  readonly commitLogCount: number
  readonly zab: ZabSettings
  readonly election: ElectionOptions
  readonly requests: RequestOptions
}
