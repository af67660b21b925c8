/** The row of a key by its name, and the key that was probably meant. */
import { editDistance } from '../nearest.ts'
import type { Row } from './row.ts'
import { ROWS } from './table.ts'

/** Keys with an ending of the user's choosing, `prefix.*`. */
const FAMILIES = ROWS.filter(({ kind }) => kind === 'family')
const KEYS: ReadonlyMap<string, Row> = new Map(
  ROWS.filter(({ kind }) => kind !== 'family').map((row) => [row.key, row]),
)

/** The lines of the server list: `server.N`, `group.N`, `weight.N`. */
export const MEMBERSHIP_KEY = /^(server|group|weight)\.(.*)$/s

/** Null for an unknown key, and for the lines of the server list. A member of a family is a text. */
export function keySpec(name: string): Row | null {
  const known = KEYS.get(name)
  if (known !== undefined) return known
  const family = FAMILIES.find((row) => isInFamily(row, name))
  return family === undefined ? null : { ...family, key: name, kind: 'text' }
}

export function isInFamily({ key }: Row, name: string): boolean {
  const prefix = key.slice(0, -1)
  return name.startsWith(prefix) && name !== prefix
}

/**
 * The known key that was most likely meant: the name without a `zookeeper.` before it, in another case, or
 * within a third of its length in edits; null when nothing is near.
 */
export function nearestKey(name: string): string | null {
  const bare = name.replace(/^zookeeper\./, '')
  if (bare !== name && keySpec(bare) !== null) return bare
  const wanted = bare.toLowerCase()
  // A name far longer than every key has no neighbour, and its table of distances would be large.
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
