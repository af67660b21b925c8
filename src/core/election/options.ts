/** What an election needs from its member. */
import type { Sid } from '../../protocol/ids.ts'
import type { Electorate } from '../quorum/electorate.ts'

export interface ElectionTiming {
  /**
   * fastleader.minNotificationInterval, 200: the first silence after which votes are sent again; it doubles
   * each time.
   */
  readonly minNotificationIntervalMs: number
  /** fastleader.maxNotificationInterval, 60000. */
  readonly maxNotificationIntervalMs: number
  /** FastLeaderElection.finalizeWait, 200: how long a quorum waits for a better vote from those not heard. */
  readonly finalizeWaitMs: number
}

/**
 * What an election needs to know of `Membership`. It may change from one election to the next, or during one.
 */
export interface ElectionMembership {
  /**
   * The voters of the configuration in force alone. An ensemble in which they follow a leader is settled, and
   * a member may join it with any history.
   */
  readonly committedElectorate: Electorate
  readonly role: 'participant' | 'observer'
  /** The ensemble's configuration, as notifications carry it. */
  readonly committed: { readonly text: string }
  /**
   * Takes another member's configuration, and adopts it when it is later. @returns whether the voters change
   */
  hear(configText: string): boolean
}

export interface ElectionOptions extends ElectionTiming {
  readonly sid: Sid
  /**
   * The voters: while a reconfig is pending those of both configurations, which decide by a quorum of each.
   */
  readonly electorate: Electorate
  readonly membership: ElectionMembership
}
