/**
 * Checks of callers' arguments. TypeScript's types are not enforced at run time, so a wrong argument causes a
 * TypeError that names it, before anything is sent.
 */
import { inspect } from 'node:util'
import { pathProblem } from '../protocol/paths.ts'
import type { Acl } from '../protocol/records/data.ts'

const MAX_INT = 2 ** 31 - 1

/** @param wanted completes "… must be …" */
export function wrongArgument(name: string, wanted: string, value: unknown): TypeError {
  const shown = inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 60 })
  return new TypeError(`${name} must be ${wanted}, not ${shown}`)
}

/** Checks a path as PathUtils.validatePath does, with which every operation of Apache's client begins. */
export function checkPath(path: unknown, isSequential = false): asserts path is string {
  if (typeof path !== 'string') throw wrongArgument('path', 'a string', path)
  // The server appends the number before it checks the path.
  const problem = pathProblem(isSequential ? `${path}1` : path)
  if (problem !== null) throw new TypeError(`the path ${inspect(path, { maxStringLength: 60 })} ${problem}`)
}

export function checkVersion(version: unknown): asserts version is number {
  if (!isWhole(version, -MAX_INT - 1, MAX_INT)) throw wrongArgument('version', 'a 32-bit integer', version)
}

export function checkWatcher(watcher: unknown): void {
  if (typeof watcher !== 'function') throw wrongArgument('watcher', 'a function', watcher)
}

export function checkString(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw wrongArgument(name, 'a string', value)
}

/** Checks a time to wait. setTimeout does not wait at all for longer times, or for what is not a number. */
export function checkMilliseconds(name: string, value: unknown): asserts value is number {
  if (typeof value === 'number' && value >= 0 && value <= MAX_INT) return
  throw wrongArgument(name, `milliseconds, 0 to ${MAX_INT}`, value)
}

export function checkPositive(name: string, value: unknown): asserts value is number {
  if (!isWhole(value, 1, MAX_INT)) throw wrongArgument(name, `a whole number, 1 to ${MAX_INT}`, value)
}

export function isWhole(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
}

/** Checks an ACL. @returns a copy, which the caller may send later */
export function aclList(acl: unknown): Acl[] {
  if (!Array.isArray(acl) || !acl.every(isAcl))
    throw wrongArgument('acl', 'a list of { perms, id: { scheme, id } }', acl)
  return [...acl]
}

function isAcl(entry: unknown): entry is Acl {
  const { perms, id } = (entry ?? {}) as Partial<Acl>
  return isWhole(perms, -MAX_INT - 1, MAX_INT) && typeof id?.scheme === 'string' && typeof id.id === 'string'
}

/** @param words an object whose keys are the allowed values */
export function checkWord<T extends string>(
  name: string,
  words: Readonly<Record<T, unknown>>,
  value: unknown,
): asserts value is T {
  if (typeof value === 'string' && Object.hasOwn(words, value)) return
  throw wrongArgument(name, `one of ${Object.keys(words).join(', ')}`, value)
}

/** Refuses unknown options: most of them are misspelt, and would silently have no effect. */
export function checkOptions(options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw wrongArgument('options', 'an object', options)
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new TypeError(`there is no option ${inspect(unknown)}; there are ${known.join(', ')}`)
}
