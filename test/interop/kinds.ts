/** Selection of members by the engine that runs them. */
import type { Seat } from './arrangement.ts'

/** The first member of each kind that is present. */
export function oneOfEachKind<M extends Seat>(members: readonly M[]): M[] {
  return members.filter(({ engine }, i) => members.findIndex((other) => other.engine === engine) === i)
}

/** A member of one kind with one of the other, in both orders. */
export function acrossKinds<M extends Seat>(members: readonly M[]): [M, M][] {
  const [one, other] = oneOfEachKind(members)
  if (one === undefined || other === undefined) throw new Error('the members are all of one kind')
  return [
    [one, other],
    [other, one],
  ]
}
