/**
 * When an ensemble has come to rest after something was done to it: judged by what happened since, never by a
 * state that may be stale.
 */

import { OperationError } from '../api/operationError.ts'
import { clearInterval, clearTimeout, performance, setInterval, setTimeout } from '../time.ts'
import type { Cluster } from './cluster.ts'
import type { Member } from './member.ts'
import type { WriteProbe } from './probe/probe.ts'

/** Conditions are looked at when an event comes, and, for what no event tells, every so often. */
const LOOK_EVERY_MS = 20

/**
 * Whether it is met in time; looked at when `probe` has written, too. In a cluster that ends nothing is
 * waited for.
 */
export function until(
  cluster: Cluster,
  timeoutMs: number,
  isMet: () => boolean,
  probe: WriteProbe | null = null,
): Promise<boolean> {
  return new Promise((resolve) => {
    const { ending } = cluster
    const end = (result: boolean) => {
      clearTimeout(deadline)
      clearInterval(ticking)
      stopListening()
      stopProbing?.()
      ending.removeEventListener('abort', giveUp)
      resolve(result)
    }
    const look = () => {
      if (isMet()) end(true)
    }
    const giveUp = () => end(isMet())
    const deadline = setTimeout(giveUp, timeoutMs)
    const ticking = setInterval(look, LOOK_EVERY_MS)
    const stopListening = cluster.events.listen(look)
    const stopProbing = probe?.onAck(look)
    ending.addEventListener('abort', giveUp)
    if (ending.aborted) giveUp()
    else look()
  })
}

export function active(cluster: Cluster): Member[] {
  return cluster.members.filter((member) => member.isActive)
}

/** No set of those that take part could decide anything. */
export function isQuorumImpossible(cluster: Cluster): boolean {
  const { roster } = cluster
  return !roster.isQuorum(roster.voters.filter((member) => member.isActive))
}

/** A leader with a quorum, and everybody whom the ensemble counts on and who takes part serves. */
export function isServing(cluster: Cluster): boolean {
  const { leader } = cluster
  if (leader === null) return false
  return cluster.roster.listed.every(
    (member) => !member.isActive || (member.isServing && member.epoch === leader.epoch),
  )
}

/** Too many have crashed for the others to be a quorum, and nobody has ended one that could come back. */
function isLost(cluster: Cluster): boolean {
  const down = cluster.members.filter((member) => !member.isActive)
  return down.length > 0 && down.every(({ state }) => state === 'crashed') && isQuorumImpossible(cluster)
}

/** @throws OperationError, exit code 4 after the time, 1 as soon as there is no hope */
export async function waitUntilServing(cluster: Cluster, timeoutMs: number): Promise<void> {
  const begun = performance.now()
  const serves = await until(cluster, timeoutMs, () => isServing(cluster) || isLost(cluster))
  if (isLost(cluster)) throw lost(cluster)
  const probe = cluster.probes.open(active(cluster))
  try {
    const left = Math.max(100, timeoutMs - (performance.now() - begun))
    const since = cluster.now - 1
    // The first write may be what ends them all: on a full disk.
    const isOver = () => probe.hasWritten(since) || isLost(cluster)
    if (serves && (await until(cluster, left, isOver, probe))) {
      if (!isLost(cluster)) return
      throw lost(cluster)
    }
  } finally {
    cluster.probes.close(probe)
  }
  throw notSettled(cluster, timeoutMs)
}

function lost(cluster: Cluster): OperationError {
  const crashed = cluster.members.filter(({ state }) => state === 'crashed')
  const message = `the ensemble cannot serve: ${crashes(crashed).join('; ')}`
  const reasons = [...new Set(crashed.flatMap(({ exitLines }) => exitLines))]
  // Where none is left that could be asked, the one who waits ends it all, and its logs go, too.
  const more = cluster.members.some(({ isAlive }) => isAlive) ? ['see more: zk-pseudo logs'] : []
  return new OperationError('CRASHED', message, [...reasons, ...more].join('\n'))
}

/** Those of `members` that crashed, and why: one sentence for each reason. */
function crashes(members: readonly Member[]): string[] {
  const crashed = members.filter(({ state }) => state === 'crashed')
  return [...new Set(crashed.map(({ exit }) => exit))].map((exit) => {
    const ids = crashed.filter((member) => member.exit === exit).map(({ id }) => id)
    return `member${ids.length === 1 ? '' : 's'} ${ids.join(', ')} crashed (${exit})`
  })
}

export function notSettled(cluster: Cluster, timeoutMs: number): OperationError {
  if (cluster.ending.aborted) return new OperationError('ENDING', 'the cluster went down meanwhile')
  const states = cluster.members.map(
    (m) => `${m.id} ${m.state === 'running' ? (m.role ?? 'starting') : m.state}`,
  )
  const message = `the ensemble does not serve after ${Math.round(timeoutMs / 100) / 10} s: ${states.join(', ')}`
  const hint = [
    ...crashes(cluster.members),
    ...cluster.openFilesTroubles,
    'see why: zk-pseudo logs; wait longer: --wait-timeout SECONDS',
  ]
  return new OperationError('TIMED_OUT', message, hint.join('\n'), 4)
}
