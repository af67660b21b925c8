import type { MemberId } from '../recording/addresses.ts'

/** One line of a trace. `block` groups lines within a scene: the election, or one conversation. */
export interface Line {
  readonly scene: number
  readonly block: string
  /** The member that says it; null when it is not from a single member. */
  readonly from: MemberId | null
  readonly text: string
}
