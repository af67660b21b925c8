/** What an election asks its member for. */
import type { Sid } from '../../protocol/ids.ts'
import type { Electorate } from '../quorum.ts'

export interface ElectionTiming {
  /** fastleader.minNotificationInterval, 200: the first silence after which votes are sent again; doubles. */
  readonly minNotificationIntervalMs: number
  /** fastleader.maxNotificationInterval, 60000. */
  readonly maxNotificationIntervalMs: number
  /** FastLeaderElection.finalizeWait, 200: how long a quorum waits for a better vote from those not heard. */
  readonly finalizeWaitMs: number
}

/** What may change from one election to the next, or during one: asked anew each time. */
export interface ElectionOptions extends ElectionTiming {
  readonly sid: Sid
  /** Who votes: with a reconfig pending the voters of both configurations, who decide by a quorum of each. */
  readonly verifier: Electorate
  /**
   * Of the configuration in force alone. Theirs is a settled ensemble, which a member may join with any
   * history.
   */
  readonly committed: Electorate
  readonly learnerType: 'participant' | 'observer'
  /** The ensemble's configuration as notifications carry it. */
  readonly configText: string
  /** Another member's: adopted when it is later. @returns whether that changes who votes */
  readonly hear: (configText: string) => boolean
}
