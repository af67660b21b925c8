import type { MemberId } from '../recording/addresses.ts'

/** One line of a trace. `block` groups lines within a scene: the election, or one conversation. */
export interface Line {
  readonly scene: number
  readonly block: string
  /** Who says it; null where nobody alone does. */
  readonly from: MemberId | null
  readonly text: string
}
