/**
 * How a member that was down is brought up to date. The leader reports the mode: ours by an event, Apache's
 * by its log (which becomes the same event). An Apache learner reports it, too, and the two must agree.
 */
import type { ClusterEvent } from '../../src/ensemble/index.ts'
import { eventually } from '../support/eventually.ts'
import { ask } from '../support/fourLetterWord.ts'
import { type MixedEnsemble, PATIENCE_MS } from './mixedEnsemble.ts'

export type SyncMode = 'DIFF' | 'TRUNC' | 'SNAP'

export interface CatchUp {
  readonly leader: number
  readonly mode: SyncMode
  /**
   * The learner's last zxid before, and the leader's; null where Apache's log does not show it (TRUNC, at the
   * debug level).
   */
  readonly from: number | null
  readonly to: number | null
}

/** The lines that Learner.syncWithLeader logs. */
const APACHE_LEARNS: readonly (readonly [RegExp, SyncMode])[] = [
  [/^Getting a diff from the leader/, 'DIFF'],
  [/^Getting a snapshot from leader/, 'SNAP'],
  [/^Truncating log to get in sync with the leader/, 'TRUNC'],
]

/** What Apache's server logs of the four-letter word that nothing else here asks. */
const ASKED = 'Processing ruok command'

/**
 * Starts a dead member and waits until it serves, without writing anything, because a write in a new epoch
 * turns a TRUNC into a SNAP.
 */
export async function catchUp(ensemble: MixedEnsemble, learner: number): Promise<CatchUp> {
  const leader = await ensemble.waitForLeader()
  const since = ensemble.events.length
  const lines = ensemble.logLines(learner).length
  await ensemble.start(learner)
  await untilServing(ensemble, learner, since)
  if (leader.engine === 'apache') await untilLogIsRead(ensemble, leader.id)
  const syncs = syncsOf(ensemble.events.slice(since), learner)
  if (syncs.length > 1)
    throw new Error(`${ensemble.nameOf(learner)} was synced again: ${JSON.stringify(syncs)}`)
  const [told = null] = syncs
  const learned = apacheLearned(ensemble, learner, lines)
  if (told === null && learned === null && leader.engine !== 'apache')
    throw new Error(`${ensemble.nameOf(leader.id)} does not report how it synced ${ensemble.nameOf(learner)}`)
  // Apache's leader logs a DIFF and a SNAP, but not this TRUNC (LearnerHandler.syncFollower, "Sending TRUNC
  // to follower").
  const mode = told?.mode ?? learned ?? 'TRUNC'
  if (learned !== null && learned !== mode)
    throw new Error(`${ensemble.nameOf(leader.id)} sent ${mode}, ${ensemble.nameOf(learner)} read ${learned}`)
  return { leader: leader.id, mode, from: told?.from ?? null, to: told?.to ?? null }
}

/**
 * Waits until everything that a member of Apache's has logged so far is read: its log is a pipe, and on a
 * busy machine it may lag behind what clients and learners see.
 */
async function untilLogIsRead(ensemble: MixedEnsemble, id: number): Promise<void> {
  const count = () => ensemble.logLines(id).filter(({ message }) => message.startsWith(ASKED)).length
  const before = count()
  await ask(ensemble.member(id).clientPort, 'ruok')
  await eventually(`the log of ${ensemble.nameOf(id)} to be read`, () => count() > before, {
    timeoutMs: PATIENCE_MS,
  })
}

/** Waits until all running members have applied the same transactions, so that nothing is outstanding. */
export function untilLevel(ensemble: MixedEnsemble): Promise<string> {
  return eventually('the members to be level', async () => {
    const answers = await Promise.all(
      [...ensemble.running].map((id) => ask(ensemble.member(id).clientPort, 'srvr')),
    )
    const [zxid, ...others] = answers.map((answer) => /^Zxid: (0x[0-9a-f]+)$/m.exec(answer)?.[1])
    return zxid !== undefined && others.every((other) => other === zxid) ? zxid : null
  })
}

export function untilServing(ensemble: MixedEnsemble, id: number, since: number): Promise<ClusterEvent> {
  return eventually(
    `${ensemble.nameOf(id)} of ${ensemble.arrangement} to serve again`,
    () => ensemble.events.slice(since).find(({ member, event }) => member === id && event.type === 'serving'),
    { timeoutMs: PATIENCE_MS },
  )
}

/** How this learner was synced, as its leaders reported it. */
export function syncsOf(events: readonly ClusterEvent[], learner: number) {
  return events.flatMap(({ event }) => (event.type === 'sync' && event.learner === learner ? [event] : []))
}

function apacheLearned(ensemble: MixedEnsemble, learner: number, from: number): SyncMode | null {
  if (ensemble.member(learner).engine !== 'apache') return null
  const modes = ensemble
    .logLines(learner)
    .slice(from)
    .flatMap(({ message }) => APACHE_LEARNS.filter(([line]) => line.test(message)).map(([, mode]) => mode))
  return modes.at(-1) ?? null
}

/**
 * For each kind, if the arrangement allows it: a voter of that kind to lead, and a voter of the other kind to
 * catch up.
 */
export function pairsOf(ensemble: MixedEnsemble): { leader: number; learner: number }[] {
  const engines = ['apache', 'zk-pseudo'] as const
  return engines.flatMap((engine) => {
    const leader = ensemble.voters.find((voter) => voter.engine === engine)
    const learner = ensemble.voters.findLast((voter) => voter.engine !== engine)
    return leader === undefined || learner === undefined ? [] : [{ leader: leader.id, learner: learner.id }]
  })
}
