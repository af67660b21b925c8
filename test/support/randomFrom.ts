export type RandomBelow = (below: number) => number

/** Whole numbers below a bound; the same seed gives the same numbers (mulberry32). */
export function randomFrom(start: number): RandomBelow {
  let state = start
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
