/**
 * The settings of one file by key, read on demand through the key table.
 *
 * A key that is read through here has a field in ServerConfig; the keys nobody read go to `other`. Faulty text is
 * reported once and the default holds, so that parsing always yields a complete config.
 */

import { isIPv6 } from 'node:net'
import { type Location, type Problem, problem } from '../problem.ts'
import type { Role } from '../serverConfig.ts'
import type { Entry } from '../text/lexer.ts'
import { type KeySpec, keySpec } from './keys.ts'
import { type Reading, readBoolean, readNumber } from './values.ts'

export interface Settings {
  has(key: string): boolean
  /** The line of a key, or the file when it is not there. */
  at(key: string): Location
  /** Below `min` is an error in keys that Apache reads from the file. The default holds then. */
  number(key: string, min?: number): number
  /** For keys without a fixed default: null when the key is missing or faulty. */
  optionalNumber(key: string, min?: number): number | null
  boolean(key: string): boolean
  role(key: string): Role
  /** Null when the key is missing or empty. */
  text(key: string): string | null
  /** As `text`, without counting as read. */
  written(key: string): string | null
  /** A name or an address, without the brackets that IPv6 addresses may stand in. */
  host(key: string): string | null
  words(key: string): string[]
  /** Settings that nobody has asked for, in file order. */
  unread(): Entry[]
}

export function settingsOf(entries: ReadonlyMap<string, Entry>, file: string, problems: Problem[]): Settings {
  const read = new Set<string>()

  function specOf(key: string): KeySpec {
    const spec = keySpec(key)
    if (spec === null || spec.effect !== 'acted')
      throw new Error(`invariant: ${key} is not in the key table as acted`)
    return spec
  }

  function written(key: string): string | null {
    return entries.get(key)?.value || null
  }

  function text(key: string): string | null {
    read.add(key)
    return written(key)
  }

  function at(key: string): Location {
    const entry = entries.get(key)
    return { file: entry?.file ?? file, line: entry?.line ?? null }
  }

  function optional<T>(key: string, reader: (spec: KeySpec, text: string) => Reading<T>): T | null {
    const spec = specOf(key)
    read.add(key)
    const fallback = spec.default === '' ? null : reader(spec, spec.default).value
    const given = entries.get(key)?.value
    if (given === undefined) return fallback
    const { value, fault } = reader(spec, given)
    if (fault !== null) problems.push(faultProblem(spec, given, fault, at(key), value === null))
    return value ?? fallback
  }

  function required<T>(key: string, reader: (spec: KeySpec, text: string) => Reading<T>): T {
    const value = optional(key, reader)
    if (value === null) throw new Error(`invariant: ${key} has no readable default in the key table`)
    return value
  }

  return {
    has: (key) => entries.has(key),
    at,
    text,
    written,
    host: (key) => withoutBrackets(text(key)),
    number: (key, min) => required(key, atLeast(min)),
    optionalNumber: (key, min) => optional(key, atLeast(min)),
    boolean: (key) => required(key, readBoolean),
    role: (key) =>
      required<Role>(key, (_, written) => {
        const role = written.toLowerCase()
        return role === 'observer' || role === 'participant'
          ? { value: role, fault: null }
          : { value: null, fault: 'is neither participant nor observer' }
      }),
    words(key) {
      const written = text(key) ?? specOf(key).default
      return written
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== '')
    },
    unread: () => [...entries.values()].filter(({ key }) => !read.has(key)),
  }
}

/** InetAddress.getByName takes IPv6 addresses either way, and brackets around nothing else. */
function withoutBrackets(host: string | null): string | null {
  const inner = /^\[(.*)\]$/.exec(host ?? '')?.[1]
  return inner !== undefined && isIPv6(inner) ? inner : host
}

function atLeast(min = Number.NEGATIVE_INFINITY) {
  return (spec: KeySpec, written: string): Reading<number> => {
    const reading = readNumber(spec, written)
    const tooSmall = reading.value !== null && reading.value < min
    // A default below the bound (−1 for "as the system does") may be written out.
    return tooSmall && written !== spec.default ? { value: null, fault: `must be at least ${min}` } : reading
  }
}

/** What Apache refuses is an error; where it would quietly take the default, or another meaning, a warning. */
export function faultProblem(
  spec: KeySpec,
  written: string,
  fault: string,
  where: Location,
  usesDefault: boolean,
): Problem {
  const severity = spec.source === 'file' ? 'error' : 'warning'
  const unit = spec.unit === '' ? '' : ` ${spec.unit}`
  const hint =
    severity === 'warning' && usesDefault
      ? `the default${spec.default === '' ? '' : ` (${spec.default}${unit})`} is used`
      : null
  return problem(severity, where, `${spec.name}: "${written}" ${fault}`, hint)
}
