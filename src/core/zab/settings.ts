/** What Zab needs to know of the configuration; times in ms, limits in ticks as in zoo.cfg. */
import type { Sid } from '../../protocol/ids.ts'
import type { QuorumVerifier } from '../quorum.ts'

export interface ZabSettings {
  readonly sid: Sid
  readonly verifier: QuorumVerifier
  readonly tickTimeMs: number
  readonly initLimit: number
  readonly syncLimit: number
  /** The ensemble's config text as NEWLEADER carries it (version 0: reconfig is off). */
  readonly membershipText: string
}

/** How a role ends: the member goes back to the election, saying why. */
export type StepDown = (reason: string) => void
