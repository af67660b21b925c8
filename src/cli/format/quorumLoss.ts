/**
 * A lost quorum in words: which members are left, how many must be up, and the commands that bring it back.
 */
import type { ClusterInfo, MemberInfo, QuorumLoss } from '../../api/api.ts'
import { listText, membersText, orText } from './words.ts'

/**
 * The loss as the supervisor reports it, or computed for a majority where it does not (one of an earlier
 * version).
 */
export function lossIn(cluster: ClusterInfo, before: ClusterInfo | null = null): QuorumLoss | null {
  if (cluster.loss !== undefined) return cluster.loss
  const observers = [before, cluster]
    .flatMap((view) => view?.members ?? [])
    .filter((m) => m.role === 'observer')
  const isObserver = ({ id }: MemberInfo) => observers.some((observer) => observer.id === id)
  const voters = cluster.members.filter((member) => member.voter && member.listed && !isObserver(member))
  const up = voters.filter(({ state }) => state === 'running' || state === 'starting')
  const needed = Math.floor(voters.length / 2) + 1
  if (up.length >= needed) return null
  const isPaused = ({ state }: MemberInfo) => Number(state === 'paused')
  const of = voters.filter((member) => !up.includes(member)).sort((a, b) => isPaused(b) - isPaused(a))
  const ids = (members: readonly MemberInfo[]) => members.map(({ id }) => id)
  return { voters: ids(voters), up: ids(up), needed, bringBack: { count: needed - up.length, of: ids(of) } }
}

/** How many of the voting members are up; null for a standalone server. */
export function countLine({ voters, up, needed }: QuorumLoss): string | null {
  if (voters.length === 1) return null
  const count = `${up.length} of ${voters.length} voting members ${up.length === 1 ? 'is' : 'are'} up`
  return needed === null ? `${count}, and they are no quorum of the groups` : `${count}, ${needed} must be`
}

/**
 * `to serve again, start member 0 or 2: zk-pseudo start 0`. Null where no member is left that could be
 * brought back.
 */
export function wayBack(
  { bringBack: { count, of } }: QuorumLoss,
  members: readonly MemberInfo[],
): string | null {
  if (count > of.length || of.length === 0) return null
  const isPaused = (id: number) => members.some((member) => member.id === id && member.state === 'paused')
  const paused = of.filter(isPaused)
  const dead = of.filter((id) => !isPaused(id))
  return `to serve again, ${whatToDo(count, paused, dead)}: ${commands(of.slice(0, count), isPaused)}`
}

function whatToDo(count: number, paused: readonly number[], dead: readonly number[]): string {
  const kinds = [
    { verb: 'resume', ids: paused },
    { verb: 'start', ids: dead },
  ].filter(({ ids }) => ids.length > 0)
  const all = paused.length + dead.length
  if (count === all) return kinds.map(({ verb, ids }) => `${verb} ${membersText(ids)}`).join(' and ')
  if (count === 1) return kinds.map(({ verb, ids }) => `${verb} member ${orText(ids)}`).join(' or ')
  const ids = [...paused, ...dead].sort((a, b) => a - b)
  return `${kinds.map(({ verb }) => verb).join(' or ')} ${countWord(count)} of members ${listText(ids)}`
}

function commands(ids: readonly number[], isPaused: (id: number) => boolean): string {
  const of = (verb: string, some: readonly number[]) =>
    some.length === 0 ? [] : [`${verb} ${some.join(' ')}`]
  const paused = ids.filter(isPaused)
  const dead = ids.filter((id) => !isPaused(id))
  const lines = [...of('resume', paused), ...of('start', dead)]
  return lines.map((line) => `zk-pseudo ${line}`).join(' && ')
}

function countWord(count: number): string {
  return ['none', 'one', 'two', 'three', 'four', 'five'][count] ?? String(count)
}
