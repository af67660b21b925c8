/**
 * What a lost quorum lacks: which members vote, which of them are up, and which would be enough to restore
 * it.
 */
import type { QuorumLoss } from '../api/api.ts'
import type { Member } from './member.ts'
import type { Roster } from './roster.ts'

/**
 * The limit on tries. Ensembles with groups have few members; beyond the limit, all members that are down are
 * named.
 */
const MOST_TRIES = 20_000

/** Null while the members that are up could be a quorum. */
export function lossOf(roster: Roster): QuorumLoss | null {
  const { voters, voterIds } = roster
  const up = voters.filter(({ isActive }) => isActive)
  if (roster.isQuorum(up)) return null
  // A paused member keeps its place and its connections, so resuming it comes before starting a dead one.
  const isPaused = ({ isAlive }: Member) => Number(isAlive)
  const down = voters.filter(({ isActive }) => !isActive).sort((a, b) => isPaused(b) - isPaused(a))
  const needed = roster.hasGroups ? null : Math.floor(voterIds.length / 2) + 1
  const enough = (some: readonly Member[]) => roster.isQuorum([...up, ...some])
  const bringBack = needed === null ? smallest(down, enough) : { count: needed - up.length, of: down }
  const ids = (members: readonly Member[]) => members.map(({ id }) => id)
  return {
    voters: voterIds,
    up: ids(up),
    needed,
    bringBack: { count: bringBack.count, of: ids(bringBack.of) },
  }
}

/** The members each of which is enough alone; if there is none, the smallest set that is enough together. */
function smallest(
  down: readonly Member[],
  isEnough: (some: readonly Member[]) => boolean,
): { count: number; of: readonly Member[] } {
  const alone = down.filter((member) => isEnough([member]))
  if (alone.length > 0) return { count: 1, of: alone }
  let tries = 0
  for (let size = 2; size < down.length && tries < MOST_TRIES; size++) {
    for (const some of subsets(down, size)) {
      if (isEnough(some)) return { count: size, of: some }
      tries += 1
      if (tries === MOST_TRIES) break
    }
  }
  return { count: down.length, of: down }
}

function* subsets<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  if (size === 0) yield []
  for (let i = 0; i <= items.length - size && size > 0; i++) {
    for (const rest of subsets(items.slice(i + 1), size - 1)) yield [items[i] as T, ...rest]
  }
}
