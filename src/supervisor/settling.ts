/**
 * When an ensemble has come to rest after something was done to it: judged by what happened since, never by a state
 * that may be stale.
 */

import { OperationError } from '../control/operationError.ts'
import { clearInterval, clearTimeout, performance, setInterval, setTimeout } from '../time.ts'
import type { Member } from './member.ts'
import type { WriteProbe } from './probe.ts'
import type { Supervisor } from './supervisor.ts'

/** Conditions are looked at when an event comes, and, for what no event tells, every so often. */
const LOOK_EVERY_MS = 20

/** Whether it is met in time; looked at when `probe` has written, too. In a cluster that ends nothing is waited for. */
export function until(
  supervisor: Supervisor,
  timeoutMs: number,
  isMet: () => boolean,
  probe: WriteProbe | null = null,
): Promise<boolean> {
  return new Promise((resolve) => {
    const { ending } = supervisor
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
    const stopListening = supervisor.events.listen(look)
    const stopProbing = probe?.onAck(look)
    ending.addEventListener('abort', giveUp)
    if (ending.aborted) giveUp()
    else look()
  })
}

export function active(supervisor: Supervisor): Member[] {
  return supervisor.members.filter((member) => member.isActive)
}

/** No set of those that take part could decide anything. */
export function isQuorumImpossible(supervisor: Supervisor): boolean {
  const { roster } = supervisor
  return !roster.isQuorum(roster.voters.filter((member) => member.isActive))
}

/** A leader with a quorum, and everybody whom the ensemble counts on and who takes part serves. */
export function isServing(supervisor: Supervisor): boolean {
  const { leader } = supervisor
  if (leader === null) return false
  return supervisor.roster.listed.every(
    (member) => !member.isActive || (member.isServing && member.epoch === leader.epoch),
  )
}

/** Too many have crashed for the others to be a quorum, and nobody has ended one that could come back. */
function isLost(supervisor: Supervisor): boolean {
  const down = supervisor.members.filter((member) => !member.isActive)
  return down.length > 0 && down.every(({ state }) => state === 'crashed') && isQuorumImpossible(supervisor)
}

/** @throws OperationError, exit code 4 after the time, 1 as soon as there is no hope */
export async function waitUntilServing(supervisor: Supervisor, timeoutMs: number): Promise<void> {
  const begun = performance.now()
  const serves = await until(supervisor, timeoutMs, () => isServing(supervisor) || isLost(supervisor))
  if (isLost(supervisor)) throw lost(supervisor)
  const probe = supervisor.probes.open(active(supervisor))
  try {
    const left = Math.max(100, timeoutMs - (performance.now() - begun))
    const since = supervisor.now - 1
    // The first write may be what ends them all: on a full disk.
    const isOver = () => probe.hasWritten(since) || isLost(supervisor)
    if (serves && (await until(supervisor, left, isOver, probe))) {
      if (!isLost(supervisor)) return
      throw lost(supervisor)
    }
  } finally {
    supervisor.probes.close(probe)
  }
  throw notSettled(supervisor, timeoutMs)
}

function lost(supervisor: Supervisor): OperationError {
  const crashed = supervisor.members.filter(({ state }) => state === 'crashed')
  const message = `the ensemble cannot serve: ${crashes(crashed).join('; ')}`
  const reasons = [...new Set(crashed.flatMap(({ exitLines }) => exitLines))]
  // Where none is left that could be asked, the one who waits ends it all, and its logs go, too.
  const more = supervisor.members.some(({ isAlive }) => isAlive) ? ['see more: zk-pseudo logs'] : []
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

export function notSettled(supervisor: Supervisor, timeoutMs: number): OperationError {
  if (supervisor.ending.aborted) return new OperationError('ENDING', 'the cluster went down meanwhile')
  const states = supervisor.members.map(
    (m) => `${m.id} ${m.state === 'running' ? (m.role ?? 'starting') : m.state}`,
  )
  const message = `the ensemble does not serve after ${Math.round(timeoutMs / 100) / 10} s: ${states.join(', ')}`
  const hint = [
    ...crashes(supervisor.members),
    ...supervisor.openFilesTroubles,
    'see why: zk-pseudo logs; wait longer: --wait-timeout SECONDS',
  ]
  return new OperationError('TIMED_OUT', message, hint.join('\n'), 4)
}
