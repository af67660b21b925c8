/**
 * Handover: members of a running ensemble get another engine, one at a time, and keep their ids, ports and
 * data. Observers and followers go first and the leader goes last, so that there is only one election.
 *
 * Invariants: no member is touched unless the others are a serving quorum and have everything acknowledged on
 * disk (inSync.ts). The next member is not touched before the last one is in sync (replacement.ts). Any
 * problem ends the handover at that point, with every member running that was up before.
 */

import type { HandoverReport, HandoverRequest, HandoverStep } from '../api/api.ts'
import { OperationError } from '../api/operationError.ts'
import { formatZxid, type Zxid } from '../protocol/zxid.ts'
import { performance } from '../time.ts'
import { targets } from './actions.ts'
import type { Cluster } from './cluster.ts'
import { canSpare, notHolding, othersThatServe } from './inSync.ts'
import type { Member } from './member.ts'
import type { WriteProbe } from './probe/probe.ts'
import { replace, WENT_DOWN } from './replacement.ts'
import { active, isServing, until } from './settlement.ts'

/** How long to wait, before anything is touched, for the ensemble to serve and for the probe to write. */
const READY_MS = 5000
/**
 * The interval between the probe's writes. A handover takes minutes, and every write stays in the members'
 * logs.
 */
const PROBE_PACE_MS = 20

/**
 * @param interrupted stops the handover after the member that is being replaced
 * @throws OperationError if nothing was touched
 */
export async function handover(
  cluster: Cluster,
  request: HandoverRequest,
  interrupted: AbortSignal,
): Promise<HandoverReport> {
  const { to, waitTimeoutMs: timeoutMs } = request
  const { meant, left } = whoIsMeant(cluster, request)
  await mustBeReady(cluster, meant)
  await cluster.engines.prepare(to, meant)
  const leaderBefore = cluster.leader?.id ?? null
  const up = active(cluster)
  if (meant.length === 0)
    return report(cluster, { to, moved: [], left, problem: null, leaderBefore, writeGapMs: null })
  const probe = cluster.probes.open(cluster.members, PROBE_PACE_MS)
  const moved: HandoverStep[] = []
  let problem: string | null = null
  try {
    await until(cluster, READY_MS, () => probe.hasWritten(0), probe)
    probe.markFault(cluster.now)
    for (let rest = meant; problem === null && rest.length > 0; ) {
      const member = next(rest)
      const begun = performance.now()
      const { engine: from, role } = member
      problem = interrupted.aborted
        ? 'it was interrupted'
        : await whyNot(cluster, member, up, { timeoutMs, probe })
      let note: string | null = null
      if (problem === null) ({ problem, note } = await replace(cluster, member, to, { timeoutMs, probe }))
      const ms = Math.round(performance.now() - begun)
      if (problem === null) moved.push({ member: member.id, from, to, role, ms, note })
      else left.push(...rest.map(({ id }) => ({ member: id, why: 'the handover was stopped' })))
      rest = rest.filter((other) => other !== member)
    }
  } finally {
    cluster.probes.close(probe)
  }
  if (problem !== null) await until(cluster, READY_MS, () => isServing(cluster))
  const writeGapMs = probe.gapMs === null ? null : Math.round(probe.gapMs * 10) / 10
  const done = report(cluster, { to, moved, left, problem, leaderBefore, writeGapMs })
  cluster.events.add(cluster.now, null, { type: 'handover', report: done })
  return done
}

function report(cluster: Cluster, done: Omit<HandoverReport, 'leaderAfter' | 'epoch'>): HandoverReport {
  const leader = cluster.ending.aborted ? null : cluster.leader
  return { ...done, leaderAfter: leader?.id ?? null, epoch: leader?.epoch ?? null }
}

/** The selected members that have a different engine. Only those of them that are active can be replaced. */
function whoIsMeant(
  cluster: Cluster,
  { to, selectors }: HandoverRequest,
): { meant: Member[]; left: HandoverReport['left'] } {
  const words = selectors.length === 0 ? ['all'] : selectors
  const chosen = targets(cluster, { verb: 'restart', selectors: words })
  const meant: Member[] = []
  const left: HandoverReport['left'] = []
  for (const member of chosen.filter(({ engine }) => engine !== to)) {
    const { id, isActive, state } = member
    if (!isActive) left.push({ member: id, why: `it is ${state}: only members that serve are replaced` })
    else if (!cluster.roster.isListed(member))
      left.push({ member: id, why: "the ensemble's server list does not have it" })
    else meant.push(member)
  }
  return { meant, left }
}

/** The next member to replace. The member that leads now comes last. */
function next(rest: readonly Member[]): Member {
  const order = ['observer', 'follower', 'looking', 'standalone', 'leader']
  const [first] = [...rest].sort((a, b) => order.indexOf(a.role ?? '') - order.indexOf(b.role ?? ''))
  if (first === undefined) throw new Error('invariant: nobody is left to be replaced')
  return first
}

async function mustBeReady(cluster: Cluster, meant: readonly Member[]): Promise<void> {
  if (meant.length === 0) return
  if (!(await until(cluster, READY_MS, () => isServing(cluster)))) {
    const hint = 'see its members: zk-pseudo ps; wait until they serve, or start those that are down'
    throw new OperationError('NOT_SERVING', 'the ensemble does not serve, and nothing was touched', hint)
  }
  const needed = meant.filter((member) => !canSpare(cluster, member))
  if (needed.length === 0) return
  const down = cluster.roster.voters.filter((member) => !member.isActive)
  const message = `without member ${needed.map(({ id }) => id).join(' or ')} there is no quorum, and nothing was touched`
  const hint =
    down.length === 0
      ? 'a handover without downtime takes three voting members or more; with downtime: zk-pseudo down, and then up with --engine'
      : `first ${down.map(({ id, state }) => `zk-pseudo ${state === 'paused' ? 'resume' : 'start'} ${id}`).join(' or ')}`
  throw new OperationError('NO_SPARE', message, hint)
}

/** The reason why this member must not be touched now; null if it may be touched. */
async function whyNot(
  cluster: Cluster,
  member: Member,
  up: readonly Member[],
  { timeoutMs, probe }: { timeoutMs: number; probe: WriteProbe },
): Promise<string | null> {
  const isReady = () => isServing(cluster) && canSpare(cluster, member)
  const ready = await until(cluster, timeoutMs, () => isReady() || up.some(({ isActive }) => !isActive))
  if (cluster.ending.aborted) return WENT_DOWN
  const gone = up.find(({ isActive }) => !isActive)
  if (gone !== undefined) return `member ${gone.id} was ${gone.state} meanwhile`
  if (!ready) return `before member ${member.id} the ensemble did not serve with a quorum to spare`
  const behind = await notHolding(cluster, othersThatServe(cluster, member), probe, timeoutMs)
  if (cluster.ending.aborted) return WENT_DOWN
  if (behind.length === 0) return null
  const who = behind.map(({ member: { id }, lacks }) => {
    return lacks === null
      ? `that of member ${id} did not`
      : `that of member ${id} lacks ${formatZxid(lacks as Zxid)}`
  })
  const [first] = behind
  const way = `to give it everything anew: zk-pseudo stop ${first?.member.id}, zk-pseudo start ${first?.member.id} --resync`
  return `before member ${member.id} is stopped, the logs of all others must hold what was acknowledged: ${who.join(', ')}; ${way}`
}
