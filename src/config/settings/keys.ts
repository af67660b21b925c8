/**
 * What a key of zoo.cfg is: its type, default, unit, where Apache reads it, and whether this version acts on it.
 *
 * The table itself is in keyTable.ts. Looking a name up is all that happens here.
 */

import { editDistance } from '../nearest.ts'
import { type Effect, KEY_ROWS, type Kind, type Source } from './keyTable.ts'

export type { Effect, Kind, Source }

export interface KeySpec {
  name: string
  kind: Kind
  /** As it would be written; '' where there is none or it follows from other keys. */
  default: string
  /** '' where the value has none. */
  unit: string
  effect: Effect
  source: Source
  /** For `later` keys: the value this version behaves as, so that saying it needs no warning. */
  behavesAs: string
}

const KEYS: ReadonlyMap<string, KeySpec> = new Map(
  KEY_ROWS.map(([source, name, kind, fallback, unit, effect, behavesAs]) => [
    name,
    { name, kind, default: fallback, unit, effect, source, behavesAs: behavesAs ?? fallback },
  ]),
)

/** Families of keys that end in a name of the user's choosing. */
const FAMILIES: readonly { pattern: RegExp; spec: Omit<KeySpec, 'name'> }[] = [
  {
    pattern: /^authProvider\../,
    spec: { kind: 'text', default: '', unit: '', effect: 'later', source: 'property', behavesAs: '' },
  },
  {
    pattern: /^metricsProvider\../,
    spec: { kind: 'text', default: '', unit: '', effect: 'later', source: 'file', behavesAs: '' },
  },
]

/** The lines of the server list: `server.N`, `group.N`, `weight.N`. */
export const MEMBERSHIP_KEY = /^(server|group|weight)\.(.*)$/s

export function allKeys(): KeySpec[] {
  return [...KEYS.values()]
}

/** @returns null for an unknown key; keys of the server list are not looked up here. */
export function keySpec(name: string): KeySpec | null {
  const known = KEYS.get(name)
  if (known !== undefined) return known
  const family = FAMILIES.find(({ pattern }) => pattern.test(name))
  return family === undefined ? null : { name, ...family.spec }
}

/**
 * The known key a person most likely meant: the name without a `zookeeper.` before it, in another case, or
 * within a third of its length in edits.
 * @returns null when nothing is near.
 */
export function nearestKey(name: string): string | null {
  const bare = name.replace(/^zookeeper\./, '')
  if (bare !== name && keySpec(bare) !== null) return bare
  const wanted = bare.toLowerCase()
  // A name far longer than every key has no neighbour, and its table would be large.
  if (wanted.length > 80) return null
  let best: string | null = null
  let bestDistance = Math.floor(Math.min(wanted.length, 12) / 3) + 1
  for (const candidate of [...KEYS.keys(), 'server.1', 'group.1', 'weight.1']) {
    if (Math.abs(candidate.length - wanted.length) >= bestDistance) continue
    const distance = editDistance(wanted, candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}
