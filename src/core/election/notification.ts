/**
 * An election message (FastLeaderElection.buildMsg): the sender's state and its current vote.
 * `electionEpoch` is the round (Apache also says logicalclock).
 */
import type { Sid } from '../../protocol/ids.ts'
import type { ServerState } from '../../protocol/opcodes.ts'
import type { Epoch, Zxid } from '../../protocol/zxid.ts'

export interface Notification {
  readonly state: ServerState
  readonly leader: Sid
  readonly zxid: Zxid
  readonly electionEpoch: number
  readonly peerEpoch: Epoch
  /** Message format: 2 now, 1 for 3.4.6 to 3.4.14, 0 before. */
  readonly version: number
  /** The sender's config text as on the wire, empty when the format has none. */
  readonly config: string
}
