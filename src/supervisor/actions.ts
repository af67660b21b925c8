/**
 * Actions on members, and the verdict on each: which member led before, which leads now, how long there was
 * no leader, how long no write succeeded, and what happened to the sessions.
 */

import type { ActionRequest, ClusterEvent, Verb, Verdict } from '../api/api.ts'
import { clientEndpoint } from '../config/servers/clientEndpoint.ts'
import { formatZxid, type Zxid } from '../protocol/zxid.ts'
import type { Cluster } from './cluster.ts'
import type { Member } from './member.ts'
import type { WriteProbe } from './probe/probe.ts'
import { lossOf } from './quorumLoss.ts'
import { type Candidate, selectMembers } from './selectors.ts'
import { active, isQuorumImpossible, isServing, notSettled, until } from './settlement.ts'
import { startFailure } from './startFailure.ts'

/** How long to wait for the probe's first write before the action begins. */
const PROBE_START_MS = 1000
/** How long to wait after that for a write through every other serving member. */
const EVERY_LANE_MS = 100

interface Before {
  readonly leader: Member | null
  readonly epoch: number
  readonly seq: number
  /** Whether writes can continue during the action: it leaves the leader and a quorum alone. */
  readonly goesOn: boolean
  /** When the ensemble last served, if it is not serving. */
  readonly lastServedAt: number | null
}

/** @throws OperationError */
export async function act(cluster: Cluster, request: ActionRequest): Promise<Verdict> {
  const { verb } = request
  const members = targets(cluster, request)
  const starts = verb === 'start' || verb === 'restart'
  if (starts) for (const member of members) await cluster.engines.prepare(member.engine, [member])
  const probe = request.wait ? await startProbe(cluster) : null
  const before = stateBefore(cluster, verb, members)
  try {
    const done = perform(cluster, verb, members)
    // The signals and messages have been sent: from here on the old leader cannot answer.
    const at = cluster.now
    probe?.markFault(at, before.lastServedAt)
    await done
    const isSettled = probe === null || (await settle(cluster, request, before, probe))
    const verdict = judge(cluster, members, before, at, probe)
    cluster.events.add(cluster.now, null, { type: 'verdict', verb, verdict })
    if (!isSettled) throw notSettled(cluster, patience(cluster, request))
    const failure = starts && probe !== null ? startFailure(members) : null
    if (failure !== null) throw failure
    return verdict
  } finally {
    if (probe !== null) cluster.probes.close(probe)
  }
}

function stateBefore(cluster: Cluster, verb: Verb, members: readonly Member[]): Before {
  const { leader, roster, availability } = cluster
  const takesAway = verb !== 'start' && verb !== 'resume'
  const left = roster.voters.filter(
    (member) => member.isActive && member.isServing && !(takesAway && members.includes(member)),
  )
  return {
    leader,
    epoch: Math.max(0, ...cluster.members.map((member) => member.epoch ?? 0)),
    seq: cluster.events.seq,
    goesOn: availability.serves && leader !== null && left.includes(leader) && roster.isQuorum(left),
    lastServedAt: availability.lastServedAt,
  }
}

/** The members that the selectors mean. @throws OperationError */
export function targets(
  cluster: Cluster,
  { verb, selectors }: Pick<ActionRequest, 'verb' | 'selectors'>,
): Member[] {
  const { members } = cluster
  const candidates = members.map((member) => {
    const { id, config, state, role } = member
    return {
      id,
      clientPort: clientEndpoint(config).port,
      state,
      role,
      isVoter: cluster.roster.isVoter(member),
    }
  })
  const majorityOf = (voters: readonly Candidate[]) => decisive(cluster, voters)
  const chosen = selectMembers({ verb, selectors, members: candidates, majorityOf, random: Math.random })
  return members.filter(({ id }) => chosen.includes(id))
}

/**
 * The fewest voters whose loss leaves no quorum. The leader comes first: if it were spared, the others would
 * notice the loss late.
 */
function decisive(cluster: Cluster, voters: readonly Candidate[]): Candidate[] {
  const ordered = [...voters].sort((a, b) => Number(b.role === 'leader') - Number(a.role === 'leader'))
  const taken: Candidate[] = []
  for (const voter of ordered) {
    taken.push(voter)
    const rest = cluster.roster.voters.filter((m) => m.isActive && !taken.some(({ id }) => id === m.id))
    if (!cluster.roster.isQuorum(rest)) break
  }
  return taken
}

/**
 * Opens a probe that writes before the action begins, if writes are possible at all. The gap is then measured
 * from the last write before the action.
 */
async function startProbe(cluster: Cluster): Promise<WriteProbe> {
  const probe = cluster.probes.open(cluster.members)
  const hasWritten = () => probe.hasWritten(0)
  if (!cluster.availability.serves || !(await until(cluster, PROBE_START_MS, hasWritten, probe))) return probe
  // A session that a member is opening while it is killed could be attributed to no client, so each lane gets
  // its session first.
  const answering = active(cluster).filter(
    ({ isServing, role, config }) => isServing && (role !== 'leader' || config.leaderServes),
  )
  const haveAllWritten = () => answering.every(({ id }) => probe.hasWritten(0, id))
  await until(cluster, EVERY_LANE_MS, haveAllWritten, probe)
  return probe
}

async function perform(cluster: Cluster, verb: Verb, members: readonly Member[]): Promise<void> {
  switch (verb) {
    case 'kill':
      await Promise.all(members.map((member) => member.host?.kill()))
      break
    case 'stop':
      await Promise.all(members.map((member) => member.host?.stop()))
      break
    case 'restart':
      await Promise.all(members.map((member) => member.host?.stop()))
      await cluster.start(members)
      break
    case 'start':
      await cluster.start(members)
      break
    case 'pause':
      await Promise.all(members.map((member) => freeze(cluster, member)))
      break
    case 'resume':
      await Promise.all(members.map((member) => thaw(cluster, member)))
      break
  }
}

async function freeze(cluster: Cluster, member: Member): Promise<void> {
  await member.host?.pause()
  member.state = 'paused'
  cluster.events.add(cluster.now, member.id, { type: 'member-paused' })
}

async function thaw(cluster: Cluster, member: Member): Promise<void> {
  await member.host?.resume()
  member.state = 'running'
  // The status that it last reported may be stale, so it is asked again.
  await member.refresh(1000)
  cluster.events.add(cluster.now, member.id, { type: 'member-resumed' })
}

/**
 * The ensemble has settled when there is a leader (of a later epoch if the old one is gone), every active
 * member serves, and a write has been acknowledged since; or when no quorum is possible and no member serves
 * any more.
 */
async function settle(
  cluster: Cluster,
  request: ActionRequest,
  before: Before,
  probe: WriteProbe,
): Promise<boolean> {
  const since = cluster.now
  return until(cluster, patience(cluster, request), () => {
    if (isQuorumImpossible(cluster)) return active(cluster).every((member) => !member.isServing)
    return probe.hasWritten(since) && isServing(cluster) && !isStale(cluster, before)
  })
}

function patience(cluster: Cluster, { verb, waitTimeoutMs }: ActionRequest): number {
  const [any] = cluster.members
  // A frozen leader is missed only after syncLimit ticks of silence.
  return waitTimeoutMs + (verb === 'pause' && any ? any.config.tickTimeMs * any.config.syncLimit : 0)
}

/**
 * The earlier leader is gone or frozen, and the current leader's epoch is no later than the epochs before.
 */
function isStale(cluster: Cluster, before: Before): boolean {
  const { leader } = cluster
  const hasLost = before.leader !== null && before.leader !== leader
  return hasLost && leader?.role === 'leader' && (leader.epoch ?? 0) <= before.epoch
}

function judge(
  cluster: Cluster,
  members: readonly Member[],
  before: Before,
  at: number,
  probe: WriteProbe | null,
): Verdict {
  const since = cluster.events.since(before.seq)
  const { leader } = cluster
  const established = since.findLast(({ event }) => event.type === 'established')
  const isNew = established !== undefined && leader !== null && established.member === leader.id
  const elected = since.findLast(({ event, member }) => event.type === 'elected' && member === leader?.id)
  const isImpossible = isQuorumImpossible(cluster)
  const loss = isImpossible ? lossOf(cluster.roster) : null
  const crashed = cluster.members.flatMap((member) => {
    const isNews = member.state === 'crashed' && !members.includes(member)
    return isNews ? [{ member: member.id, reason: member.exit ?? '' }] : []
  })
  // Without waiting, it is not yet known which member leads.
  const isQuorum = probe === null ? !isImpossible : leader !== null && !isImpossible
  const leads = probe !== null && isQuorum ? leader : null
  return {
    members: members.map((member) => member.id),
    leaderBefore: before.leader?.id ?? null,
    leaderAfter: leads?.id ?? null,
    epoch: leads?.epoch ?? null,
    electionMs: isNew && leads !== null ? round(established.at - at) : null,
    writeGapMs: probe === null || leads === null ? null : writeGap(probe, before, leads),
    sessionsMoved: probe === null ? null : sessions(cluster, since, 'session-moved'),
    sessionsExpired: probe === null ? null : sessions(cluster, since, 'session-expired'),
    quorum: isQuorum,
    ...(loss === null ? {} : { loss }),
    ...(crashed.length === 0 ? {} : { crashed }),
    ...(isNew && leads !== null && elected?.event.type === 'elected' ? votesOf(elected.event) : {}),
  }
}

const round = (ms: number) => Math.round(ms * 10) / 10

/** The gap is 0 if the same leader and a quorum served throughout, unless the probe's silence stands out. */
function writeGap(probe: WriteProbe, before: Before, leader: Member): number | null {
  if (probe.gapMs === null) return null
  const wentOn = before.goesOn && leader === before.leader && leader.epoch === before.epoch
  return wentOn && !probe.standsOut ? 0 : round(probe.gapMs)
}

function sessions(cluster: Cluster, events: readonly ClusterEvent[], type: string): number {
  const counted = events.filter(({ member, event }) => {
    return event.type === type && !cluster.probes.isOwn(member ?? -1, event)
  })
  return counted.length
}

function votesOf(
  elected: Extract<ClusterEvent['event'], { type: 'elected' }>,
): Pick<Verdict, 'votes' | 'why'> {
  const votes = Object.entries(elected.votes).map(([sid, { leader, zxid, round, epoch }]) => {
    return [sid, { leader, zxid: formatZxid(zxid as Zxid), round, epoch }] as const
  })
  return { votes: Object.fromEntries(votes), why: elected.why }
}
