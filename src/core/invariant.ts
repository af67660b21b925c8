/** A rule that the protocol rests on does not hold: this member must end before it does harm. */
export class InvariantError extends Error {
  override name = 'InvariantError'
}

/** Invariants stay on in production: a wrong answer is worse than none. */
export function invariant(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new InvariantError(typeof message === 'string' ? message : message())
}
