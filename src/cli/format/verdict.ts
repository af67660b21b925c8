/**
 * The verdict of a fault in words: what was done, who leads now and how fast, why, and what it did to sessions. A
 * lost quorum is said plainly, with the way back.
 */
import type { ClusterInfo, MemberInfo, Verb, Verdict } from '../../control/api.ts'
import { memberStyle, type Paint } from '../output.ts'
import { durationText, listText, membersText } from './words.ts'
import { wrap } from './wrap.ts'

const done: Record<Verb, string> = {
  kill: 'killed',
  stop: 'stopped',
  start: 'started',
  restart: 'restarted',
  pause: 'paused',
  resume: 'resumed',
}

export interface VerdictView {
  verb: Verb
  verdict: Verdict
  /** The ensemble as it was, and as it is now; null where it could not be asked. */
  before: ClusterInfo | null
  after: ClusterInfo | null
  /** False for `--no-wait`: nothing is known of what followed. */
  waited: boolean
  paint: Paint
}

export function verdictText(view: VerdictView): string {
  const { verb, verdict, waited, paint } = view
  if (verdict.members.length === 0) return nothingDone(verb)
  const lines = [paint('bold', `${done[verb]} ${whoText(view)}`)]
  if (!waited) return [...lines, 'not waited for what follows; to see it: zk-pseudo ps'].join('\n')
  lines.push(...(verdict.quorum ? leadershipLines(view) : lostQuorumLines(view)))
  if (verdict.why) lines.push(...wrap(`why: ${verdict.why}`, 80))
  if (verdict.votes && Object.keys(verdict.votes).length > 0) lines.push(votesLine(verdict.votes, paint))
  if (verdict.sessionsMoved !== null || verdict.sessionsExpired !== null) {
    lines.push(`sessions: ${verdict.sessionsMoved ?? '?'} moved, ${verdict.sessionsExpired ?? '?'} expired`)
  }
  return lines.join('\n')
}

function nothingDone(verb: Verb): string {
  const already: Record<Verb, string> = {
    kill: 'no member had to be killed',
    stop: 'no member had to be stopped',
    start: 'nothing to start: every member named already runs',
    restart: 'no member was restarted',
    pause: 'nothing to pause: every member named is already paused',
    resume: 'nothing to resume: no member named is paused',
  }
  return already[verb]
}

/** `member 2 (leader of epoch 3)`, `members 0 (follower) and 2 (leader of epoch 3)`. */
function whoText({ verb, verdict, before }: VerdictView): string {
  if (verb === 'start') return membersText(verdict.members)
  const named = verdict.members.map((id) => {
    const member = before?.members.find((candidate) => candidate.id === id)
    if (member?.state === 'paused') return `${id}`
    if (id === verdict.leaderBefore || member?.role === 'leader') {
      return before?.epoch == null ? `${id} (leader)` : `${id} (leader of epoch ${before.epoch})`
    }
    return member?.role == null ? `${id}` : `${id} (${member.role})`
  })
  return `${named.length === 1 ? 'member' : 'members'} ${listText(named)}`
}

function leadershipLines({ verb, verdict, after, paint }: VerdictView): string[] {
  const { leaderBefore, leaderAfter, epoch, electionMs, writeGapMs } = verdict
  const standalone = after?.members.length === 1
  if (leaderAfter === null) return standalone ? ['it serves, standalone'] : ['the ensemble serves']
  const elected = electionMs !== null
  if (!elected && (verb === 'start' || verb === 'resume') && !verdict.members.includes(leaderAfter)) {
    const follow = verdict.members.length === 1 ? 'it follows' : 'they follow'
    return [`${follow} member ${leaderAfter}, the leader${epoch === null ? '' : ` of epoch ${epoch}`}`]
  }
  const epochText = epoch === null ? '' : ` epoch ${epoch}`
  const leader = paint(memberStyle(leaderAfter), `member ${leaderAfter}`)
  const leads = elected
    ? `${leader} leads${epochText} after ${durationText(electionMs)}`
    : `${leader} ${leaderAfter === leaderBefore ? 'still leads' : 'leads'}${epochText}`
  if (writeGapMs === null) return [leads]
  return [`${leads}; no write was acknowledged for ${durationText(writeGapMs)}`]
}

/** What is left serves nobody: say so, how many must come back, and the command for it. */
function lostQuorumLines(view: VerdictView): string[] {
  const { after, before, paint, verdict } = view
  const lost = paint(['red', 'bold'], 'no quorum:')
  if (after === null) return [`${lost} no member serves. To see what is left: zk-pseudo ps`]
  const observers = observerIds([before, after])
  const voters = after.members.filter((member) => !observers.has(member.id))
  const up = voters.filter(takesPart)
  const rest = after.members.filter(takesPart)
  const needed = Math.floor(voters.length / 2) + 1
  const missing = needed - up.length
  const lines: string[] = []
  if (rest.length === 0) lines.push(`${lost} no member is left, nobody is served`)
  else {
    const serve = rest.length === 1 ? 'serves' : 'serve'
    lines.push(`${lost} ${membersText(rest.map((member) => member.id))} ${serve} nobody`)
    lines.push(
      `${up.length} of ${voters.length} voting members ${up.length === 1 ? 'is' : 'are'} up, ${needed} must be`,
    )
  }
  if (missing > 0) lines.push(...wayBack(voters, missing))
  else if (verdict.leaderAfter === null)
    lines.push('enough members are up, and they have not agreed on a leader yet')
  return lines
}

function wayBack(voters: MemberInfo[], missing: number): string[] {
  const paused = voters.filter((member) => member.state === 'paused')
  const dead = voters.filter((member) => !takesPart(member) && member.state !== 'paused')
  // A paused member keeps its data and its place; waking it is the shorter way.
  const wake = paused.slice(0, missing).map((member) => member.id)
  const start = dead.slice(0, missing - wake.length).map((member) => member.id)
  const commands = [
    ...wake.map((id) => `zk-pseudo resume ${id}`),
    ...start.map((id) => `zk-pseudo start ${id}`),
  ]
  const candidates = [...paused, ...dead].map((member) => member.id).sort((a, b) => a - b)
  const which =
    candidates.length > missing ? `${missing} of ${listText(candidates)}` : membersText(candidates)
  return [`to serve again, bring back ${which}: ${commands.join(' && ')}`]
}

function takesPart(member: MemberInfo): boolean {
  return member.state === 'running' || member.state === 'starting'
}

/** A dead member has no role, so both views of the ensemble are asked. */
function observerIds(views: (ClusterInfo | null)[]): Set<number> {
  const ids = views.flatMap((view) => view?.members ?? []).filter((member) => member.role === 'observer')
  return new Set(ids.map((member) => member.id))
}

function votesLine(votes: NonNullable<Verdict['votes']>, paint: Paint): string {
  const each = Object.entries(votes).map(
    ([voter, vote]) =>
      `${paint(memberStyle(Number(voter)), voter)} → ${paint(memberStyle(vote.leader), `${vote.leader}`)}`,
  )
  return `votes  ${each.join('   ')}`
}
