/**
 * When an ensemble has settled after an action. This is judged by what has happened since, never by a state
 * that may be stale.
 */

import { OperationError } from '../api/operationError.ts'
import { clearInterval, clearTimeout, performance, setInterval, setTimeout } from '../time.ts'
import type { Cluster } from './cluster.ts'
import type { Member } from './member.ts'
import type { WriteProbe } from './probe/probe.ts'

/**
 * The interval at which conditions are checked, in addition to every event, for changes that no event
 * reports.
 */
const LOOK_EVERY_MS = 20

/**
 * Whether the condition is met in time. It is also checked when `probe` has written. In a cluster that is
 * shutting down, there is no wait.
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

/** Whether no set of active members could decide anything. */
export function isQuorumImpossible(cluster: Cluster): boolean {
  const { roster } = cluster
  return !roster.isQuorum(roster.voters.filter((member) => member.isActive))
}

/** Whether there is a leader with a quorum, and every listed, active member serves. */
export function isServing(cluster: Cluster): boolean {
  const { leader } = cluster
  if (leader === null) return false
  return cluster.roster.listed.every(
    (member) => !member.isActive || (member.isServing && member.epoch === leader.epoch),
  )
}

/**
 * Whether too many members have crashed for the others to be a quorum, and no member is down that could come
 * back.
 */
function isLost(cluster: Cluster): boolean {
  const down = cluster.members.filter((member) => !member.isActive)
  return down.length > 0 && down.every(({ state }) => state === 'crashed') && isQuorumImpossible(cluster)
}

/** @throws OperationError, with exit code 4 after the timeout, or 1 as soon as there is no hope */
export async function waitUntilServing(cluster: Cluster, timeoutMs: number): Promise<void> {
  const begun = performance.now()
  const serves = await until(cluster, timeoutMs, () => isServing(cluster) || isLost(cluster))
  if (isLost(cluster)) throw lost(cluster)
  const probe = cluster.probes.open(active(cluster))
  try {
    const left = Math.max(100, timeoutMs - (performance.now() - begun))
    const since = cluster.now - 1
    // The first write may crash them all, for example on a full disk.
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
  // If no member is left, the waiting command ends the cluster, and its logs are removed with it.
  const more = cluster.members.some(({ isAlive }) => isAlive) ? ['see more: zk-pseudo logs'] : []
  return new OperationError('CRASHED', message, [...reasons, ...more].join('\n'))
}

/** Which of `members` crashed, and why: one sentence for each reason. */
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
