/**
 * The members of a mixed ensemble as a word: one letter for each member, in the order of their ids from 0.
 * `A` is Apache's, `Z` is ours, a lower-case letter is an observer: `AZZ`, `ZAAZZ`, `ZAAz`. Observers come
 * last.
 */
import type { Engine } from '../../src/ensemble/index.ts'

export type Arrangement = string

export interface Seat {
  readonly id: number
  readonly engine: Engine
  readonly isObserver: boolean
}

/** Every mixed ensemble of three. */
export const THREES: readonly Arrangement[] = ['AZZ', 'ZAZ', 'ZZA', 'AAZ', 'AZA', 'ZAA']
/** Ensembles of five: either kind in the minority, spread out and in blocks. */
export const FIVES: readonly Arrangement[] = ['AZAZZ', 'ZAZAA', 'AAZZZ', 'ZZAAA']
/** Three voters of one kind or mixed, and observers of both kinds. */
export const OBSERVED: readonly Arrangement[] = ['AAAz', 'ZZZa', 'AZZaz', 'ZAAza']

/** @throws when the word is not an arrangement */
export function seatsOf(arrangement: Arrangement): Seat[] {
  if (!/^[AZ]+[az]*$/.test(arrangement)) {
    throw new Error(`"${arrangement}" is no arrangement: A and Z for voters, then a and z for observers`)
  }
  return [...arrangement].map((letter, id) => ({
    id,
    engine: letter.toUpperCase() === 'A' ? 'apache' : 'zk-pseudo',
    isObserver: letter === letter.toLowerCase(),
  }))
}

/** `Apache` or `ours`, for messages. */
export function kindOf(engine: Engine): string {
  return engine === 'apache' ? 'Apache' : 'ours'
}
