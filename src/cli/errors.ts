/**
 * Errors for people: what went wrong, where, and what to do next. An OperationError is expected trouble (a wrong
 * word, a taken port, nothing running); everything else that reaches `describe` is a bug of ours and says so.
 * The shape is that of the control API's ApiError, so that an answer of the supervisor and an error of our own
 * are printed alike.
 */
import type { ApiError } from '../control/api.ts'

export const exitCodes = { done: 0, failed: 1, usage: 2, noCluster: 3, timedOut: 4 } as const

export class OperationError extends Error {
  override name = 'OperationError'
  readonly code: string
  /** What to do next; several lines if need be. */
  readonly hint: string | null
  readonly exitCode: number

  constructor(code: string, message: string, hint: string | null, exitCode: number = exitCodes.failed) {
    super(message)
    this.code = code
    this.hint = hint
    this.exitCode = exitCode
  }
}

/** Wrong usage: exit code 2. */
export function usageError(message: string, hint: string | null = null): OperationError {
  return new OperationError('USAGE', message, hint, exitCodes.usage)
}

/** Any thrown value as an ApiError. Errors with the shape of an OperationError keep their words. */
export function describe(thrown: unknown): ApiError['error'] {
  if (thrown instanceof Error) {
    const { code, hint, exitCode } = thrown as Partial<OperationError>
    if (typeof exitCode === 'number') {
      return { code: code ?? 'FAILED', message: thrown.message, hint: hint ?? null, exitCode }
    }
    return {
      code: typeof code === 'string' ? code : 'INTERNAL',
      message: thrown.message || thrown.name,
      hint: 'this was not expected; run again with ZK_PSEUDO_DEBUG=1 to see where it happened',
      exitCode: exitCodes.failed,
    }
  }
  return { code: 'INTERNAL', message: String(thrown), hint: null, exitCode: exitCodes.failed }
}

/** The candidate nearest to `word`, if one is near enough to be what was meant. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(word.length * 0.4)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Damerau–Levenshtein (optimal string alignment): a swap of neighbours counts as one edit. */
function editDistance(a: string, b: string): number {
  let twoBack: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(at(previous, j) + 1, at(current, j - 1) + 1, at(previous, j - 1) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(twoBack, j - 2) + 1)
      }
      current.push(cost)
    }
    twoBack = previous
    previous = current
  }
  return at(previous, b.length)
}

function at(row: number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
