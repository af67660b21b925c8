/**
 * Handover: members of a running ensemble get another engine, one at a time, with their ids, ports and data. Observers and
 * followers go first and whoever leads last, so that there is one election.
 *
 * Invariants: before a member is stopped the others are a quorum that serves, and it is not touched otherwise; it counts as
 * replaced only when a write was acknowledged through it, which it has applied behind all that was committed before. One
 * that does not get there is run by its old engine again, on the same data, and nothing further is done.
 */
import type { HandoverReport, HandoverRequest, HandoverStep } from '../control/api.ts'
import { OperationError } from '../control/operationError.ts'
import type { Engine } from '../host/host.ts'
import { targets } from './actions.ts'
import type { Member } from './member.ts'
import type { WriteProbe } from './probe.ts'
import { isServing, probeOf, until, written } from './settling.ts'
import type { Supervisor } from './supervisor.ts'

/** How long the ensemble may take to serve before anything is done, and the probe to write. */
const READY_MS = 5000
const STATUS_MS = 1000

/** @throws OperationError when nothing was touched */
export async function handover(supervisor: Supervisor, request: HandoverRequest): Promise<HandoverReport> {
  const { to, selectors, waitTimeoutMs } = request
  const words = selectors.length === 0 ? ['all'] : selectors
  const meant = targets(supervisor, { verb: 'restart', selectors: words }).filter(
    ({ engine }) => engine !== to,
  )
  const [down, up] = [meant.filter(({ isActive }) => !isActive), meant.filter(({ isActive }) => isActive)]
  const left = down.map(({ id, state }) => ({
    member: id,
    why: `it is ${state}: only members that serve are replaced`,
  }))
  await mustBeReady(supervisor, up)
  await supervisor.prepare(to, up)
  const leaderBefore = supervisor.leader?.id ?? null
  const probe = probeOf(supervisor, supervisor.members)
  const moved: HandoverStep[] = []
  let problem: string | null = null
  try {
    await written(probe, 0, READY_MS)
    probe.markFault(supervisor.now)
    for (let rest = up; problem === null && rest.length > 0; ) {
      const member = next(rest)
      rest = rest.filter((other) => other !== member)
      const begun = performance.now()
      const { engine: from, role } = member
      problem = await replace(supervisor, member, to, waitTimeoutMs, probe)
      if (problem === null)
        moved.push({ member: member.id, from, to, role, ms: Math.round(performance.now() - begun) })
      else left.push(...[member, ...rest].map(({ id }) => ({ member: id, why: 'the handover was stopped' })))
    }
  } finally {
    void probe.close()
  }
  const { leader } = supervisor
  const gap = probe.gapMs
  const writeGapMs = gap === null ? null : Math.round(gap * 10) / 10
  return {
    to,
    moved,
    left,
    problem,
    leaderBefore,
    leaderAfter: leader?.id ?? null,
    epoch: leader?.epoch ?? null,
    writeGapMs,
  }
}

/** Whoever leads now is the last. */
function next(rest: readonly Member[]): Member {
  const order = ['observer', 'follower', 'looking', 'standalone', 'leader']
  const [first] = [...rest].sort((a, b) => order.indexOf(a.role ?? '') - order.indexOf(b.role ?? ''))
  if (first === undefined) throw new Error('invariant: nobody is left to be replaced')
  return first
}

async function mustBeReady(supervisor: Supervisor, members: readonly Member[]): Promise<void> {
  if (members.length === 0) return
  if (!(await until(supervisor, READY_MS, () => isServing(supervisor)))) {
    const hint = 'see its members: zk-pseudo ps; wait until they serve, or start those that are down'
    throw new OperationError('NOT_SERVING', 'the ensemble does not serve, and nothing was touched', hint)
  }
  const needed = members.filter((member) => !canSpare(supervisor, member))
  if (needed.length === 0) return
  const all = supervisor.members.length
  const message = `without member ${needed.map(({ id }) => id).join(' or ')} there is no quorum, and nothing was touched`
  const hint =
    all < 3
      ? 'a handover without downtime takes three members or more; with downtime: zk-pseudo down, then up with --engine'
      : 'start the members that are down first: zk-pseudo start all'
  throw new OperationError('NO_SPARE', message, hint)
}

/** Whether those that serve are a quorum without it. */
function canSpare(supervisor: Supervisor, member: Member): boolean {
  if (!member.isVoter) return true
  return supervisor.isQuorum(
    supervisor.members.filter(
      (other) => other !== member && other.isVoter && other.isActive && other.isServing,
    ),
  )
}

/** What went wrong, null when nothing did. */
async function replace(
  supervisor: Supervisor,
  member: Member,
  to: Engine,
  timeoutMs: number,
  probe: WriteProbe,
): Promise<string | null> {
  if (!(await until(supervisor, READY_MS, () => isServing(supervisor) && canSpare(supervisor, member)))) {
    return `before member ${member.id} the ensemble did not serve with a quorum to spare; it was not touched`
  }
  const from = member.engine
  const committed = await committedZxid(supervisor)
  const wasLeader = member === supervisor.leader
  await member.host?.stop()
  // The others elect among themselves first: who comes back into an election may win it, and make for another one.
  if (wasLeader) await until(supervisor, timeoutMs, () => isServing(supervisor))
  const failure = await startAs(supervisor, member, to, { committed, timeoutMs, probe })
  if (failure === null) return null
  const what = `member ${member.id} ${failure} with ${to}`
  await member.host?.kill()
  const again = await startAs(supervisor, member, from, { committed, timeoutMs, probe })
  return again === null
    ? `${what}; it runs with ${from} again`
    : `${what}, and then ${again} with ${from}, too: see zk-pseudo logs ${member.id}`
}

async function committedZxid(supervisor: Supervisor): Promise<number> {
  const { leader } = supervisor
  await leader?.refresh(STATUS_MS)
  return leader?.zxid ?? 0
}

interface Goal {
  readonly committed: number
  readonly timeoutMs: number
  readonly probe: WriteProbe
}

/** Starts it and waits until it is in sync; what went wrong, null when nothing did. */
async function startAs(
  supervisor: Supervisor,
  member: Member,
  engine: Engine,
  { committed, timeoutMs, probe }: Goal,
): Promise<string | null> {
  supervisor.changeEngine(member, engine)
  try {
    await supervisor.bind([member])
  } catch (error) {
    return `could not be started (${error instanceof Error ? error.message : String(error)})`
  }
  const { host } = member
  supervisor.run(member)
  const begun = supervisor.now
  const isGone = () => member.host !== host
  const hasWritten = () => member.isServing && probe.hasWritten(begun, member.id)
  const isDone = await until(supervisor, timeoutMs, () => isGone() || (isServing(supervisor) && hasWritten()))
  if (isGone()) return `ended (${member.exit})`
  if (!isDone) return `was not in sync after ${timeoutMs / 1000} s`
  await member.refresh(STATUS_MS)
  const zxid = member.zxid ?? 0
  // A leader's zxid without a counter is the epoch's beginning: there is no transaction of that number to be reached.
  return zxid >= committed || committed % 2 ** 32 === 0
    ? null
    : `serves at 0x${zxid.toString(16)}, behind 0x${committed.toString(16)}, which was committed before`
}
