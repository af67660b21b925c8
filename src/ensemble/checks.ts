/**
 * Checks at run time of what callers pass to the library, for callers without types: with an ignored misspelt
 * option, a test tests something else.
 */

import { type OperationError, usageError } from '../api/operationError.ts'
import { nearest } from '../config/nearest.ts'

/** The permitted values, in words, and as a predicate. */
export interface Shape {
  readonly words: string
  readonly fits: (value: unknown) => boolean
  /** If it is one of these. */
  readonly choices?: readonly string[]
}

export const boolean: Shape = { words: 'true or false', fits: (value) => typeof value === 'boolean' }
export const text: Shape = {
  words: 'a text that is not empty',
  fits: (value) => typeof value === 'string' && value !== '',
}
export const signal: Shape = { words: 'an AbortSignal', fits: (value) => value instanceof AbortSignal }
export const callback: Shape = { words: 'a function', fits: (value) => typeof value === 'function' }

export function whole(least: number, most: number): Shape {
  const fits = (value: unknown) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most
  return { words: `a whole number from ${least} to ${most}`, fits }
}

/** A day, because setTimeout takes no more than 24 of them. */
export const milliseconds: Shape = {
  words: 'milliseconds, 0 to 86400000',
  fits: (value) => typeof value === 'number' && value >= 0 && value <= 86_400_000,
}

export function oneOf(choices: readonly string[]): Shape {
  const words = choices.map((choice) => `'${choice}'`).join(' or ')
  return { words, choices, fits: (value) => choices.some((choice) => choice === value) }
}

export function either(...shapes: readonly Shape[]): Shape {
  return {
    words: shapes.map(({ words }) => words).join(', or '),
    choices: shapes.flatMap(({ choices = [] }) => choices),
    fits: (value) => shapes.some((shape) => shape.fits(value)),
  }
}

export function listOf(of: Shape, words: string): Shape {
  return { words, fits: (value) => Array.isArray(value) && value.every(of.fits) }
}

/** @param words for example: `an object of zoo.cfg keys and values` */
export function recordOf(key: RegExp, of: Shape, words: string): Shape {
  const fits = (value: unknown) =>
    isObject(value) && Object.entries(value).every(([name, entry]) => key.test(name) && of.fits(entry))
  return { words, fits }
}

/** @param what as in `Ensemble.start` @throws OperationError, exit code 2 */
export function checkOptions<T extends object>(
  what: string,
  given: unknown,
  known: Readonly<Record<keyof T & string, Shape>>,
): void {
  if (given === undefined) return
  if (!isObject(given)) throw usageError(`the options of ${what} are an object, not ${shown(given)}`)
  for (const [name, value] of Object.entries(given)) {
    const shape = Object.hasOwn(known, name) ? known[name as keyof T & string] : undefined
    if (shape === undefined) throw unknownOption(what, name, Object.keys(known))
    // `undefined` counts as not given.
    if (value !== undefined) checkValue(`${name} of ${what}`, value, shape)
  }
}

/** @throws OperationError, exit code 2 */
export function checkValue(name: string, value: unknown, shape: Shape): void {
  if (shape.fits(value)) return
  const meant = typeof value === 'string' ? nearest(value, shape.choices ?? []) : null
  const hint = meant === null ? null : `did you mean '${meant}'?`
  throw usageError(`${name} is ${shape.words}, not ${shown(value)}`, hint)
}

function unknownOption(what: string, name: string, known: readonly string[]): OperationError {
  const meant = nearest(name, known)
  const hint = meant === null ? `it has ${known.join(', ')}` : `did you mean ${meant}?`
  return usageError(`${what} has no option ${name}`, hint)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'object' && value !== null) {
    try {
      return JSON.stringify(value).slice(0, 80)
    } catch {
      return 'such an object'
    }
  }
  return String(value)
}
