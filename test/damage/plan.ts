/**
 * What a round does, drawn from its seed alone: the same seed makes the same choices, whatever came before.
 */
import { randomFrom } from '../support/randomFrom.ts'
import { type Choose, type DamageKind, damageKinds } from './files.ts'

/** Members are given by their position. */
export interface RoundPlan {
  readonly killed: readonly number[]
  /** The time between the end of the second member and that of the third. */
  readonly pauseMs: number
  readonly victim: number
  readonly kind: DamageKind
  /** Decides where in the files the damage strikes. */
  readonly choose: Choose
  /** The member whose files are kept for an exchange in a later round; not the victim. */
  readonly kept: number
  readonly started: readonly number[]
  /**
   * How many members start at once before the rest do: with two, the victim may be one half of the first
   * quorum.
   */
  readonly together: 2 | 3
}

const MEMBERS = 3
const MOST_PAUSE_MS = 100
const STRIKES = 4

export function planOf(seed: number): RoundPlan {
  const random = randomFrom(seed)
  const shuffled = () => {
    const left = [0, 1, 2]
    return Array.from({ length: MEMBERS }, () => left.splice(random(left.length), 1)[0] as number)
  }
  const victim = random(MEMBERS)
  const strikes = Array.from({ length: STRIKES }, () => random(2 ** 32))
  return {
    killed: shuffled(),
    pauseMs: random(MOST_PAUSE_MS),
    victim,
    kind: damageKinds[random(damageKinds.length)] as DamageKind,
    choose: (n, below) => (strikes[n] as number) % below,
    kept: (victim + 1 + random(MEMBERS - 1)) % MEMBERS,
    started: shuffled(),
    together: random(2) === 0 ? 2 : 3,
  }
}
