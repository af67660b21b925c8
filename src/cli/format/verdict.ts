/**
 * The verdict of a fault in words: what was done, which member leads now, after how long and why, and what
 * happened to sessions. A lost quorum is stated plainly, with the commands that restore it.
 */
import type { ClusterInfo, MemberInfo, Verb, Verdict } from '../../api/api.ts'
import { memberStyle, type Paint } from '../output.ts'
import { countLine, lossIn, wayBack } from './quorumLoss.ts'
import { durationText, listText, membersText } from './words.ts'

const done: Record<Verb, string> = {
  kill: 'killed',
  stop: 'stopped',
  start: 'started',
  restart: 'restarted',
  pause: 'paused',
  resume: 'resumed',
}

interface VerdictView {
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
  for (const { member, reason } of verdict.crashed ?? []) lines.push(`member ${member} crashed: ${reason}`)
  if (verdict.why) lines.push(`why: ${verdict.why}`)
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
    if (member?.state === 'paused') return `${id} (paused)`
    if (member?.role === 'leader') {
      return member.epoch === null ? `${id} (leader)` : `${id} (leader of epoch ${member.epoch})`
    }
    return member?.role == null ? `${id}` : `${id} (${member.role})`
  })
  return `${named.length === 1 ? 'member' : 'members'} ${listText(named)}`
}

function leadershipLines(view: VerdictView): string[] {
  const { verdict, after, paint } = view
  const { leaderBefore, leaderAfter, epoch, electionMs } = verdict
  const gap = gapText(verdict)
  const leading = after?.members.find(({ id }) => id === leaderAfter)
  if (leaderAfter === null || leading?.role === 'standalone') {
    return [`${after?.members.length === 1 ? 'it serves, standalone' : 'the ensemble serves'}${gap}`]
  }
  const elected = electionMs !== null
  const joined = elected ? null : joinedLine(view, leaderAfter)
  if (joined !== null) return [`${joined}${gap}`]
  const epochText = epoch === null ? '' : ` epoch ${epoch}`
  const leader = paint(memberStyle(leaderAfter), `member ${leaderAfter}`)
  const leads = elected
    ? `${leader} leads${epochText} after ${durationText(electionMs)}`
    : `${leader} ${leaderAfter === leaderBefore ? 'still leads' : 'leads'}${epochText}`
  return [`${leads}${gap}`]
}

function gapText({ writeGapMs }: Verdict): string {
  if (writeGapMs === null) return ''
  return writeGapMs === 0 ? '; writes went on' : `; no write was acknowledged for ${durationText(writeGapMs)}`
}

/** What members that have returned do now, by role; null where another fact matters more. */
function joinedLine({ verb, verdict, after }: VerdictView, leader: number): string | null {
  if ((verb !== 'start' && verb !== 'resume') || verdict.members.includes(leader)) return null
  const of = `member ${leader}, the leader${verdict.epoch === null ? '' : ` of epoch ${verdict.epoch}`}`
  const back = (after?.members ?? []).filter(({ id }) => verdict.members.includes(id))
  const does = (role: MemberInfo['role'], one: string, many: string) => {
    const ids = back.filter((member) => member.role === role).map(({ id }) => id)
    if (ids.length === 0) return []
    const who = ids.length === verdict.members.length ? (ids.length === 1 ? 'it' : 'they') : membersText(ids)
    return [`${who} ${ids.length === 1 ? one : many}`]
  }
  const parts = [...does('follower', 'follows', 'follow'), ...does('observer', 'observes', 'observe')]
  return parts.length === 0 ? null : `${parts.join(', ')} ${of}`
}

/** The members that are left serve nobody: states that, how many must be up, and the command for it. */
function lostQuorumLines(view: VerdictView): string[] {
  const { after, paint, verdict } = view
  const loss = verdict.loss ?? (after === null ? null : lossIn(after, view.before))
  const lost = paint(['red', 'bold'], loss?.voters.length === 1 ? 'down:' : 'no quorum:')
  if (after === null) return [`${lost} nobody is served; to see what is left: zk-pseudo ps`]
  const left = after.members.filter(takesPart).map(({ id }) => id)
  const first =
    left.length === 0
      ? `${lost} ${loss?.voters.length === 1 ? 'nobody is served' : 'no member is left, nobody is served'}`
      : `${lost} ${membersText(left)} ${left.length === 1 ? 'serves' : 'serve'} nobody`
  if (loss === null) return [first, 'enough members are up, and they have not agreed on a leader yet']
  const count = left.length === 0 ? null : countLine(loss)
  return [first, count, wayBack(loss, after.members)].filter((line) => line !== null)
}

function takesPart(member: MemberInfo): boolean {
  return member.state === 'running' || member.state === 'starting'
}

function votesLine(votes: NonNullable<Verdict['votes']>, paint: Paint): string {
  const each = Object.entries(votes).map(
    ([voter, vote]) =>
      `${paint(memberStyle(Number(voter)), voter)} → ${paint(memberStyle(vote.leader), `${vote.leader}`)}`,
  )
  return `votes  ${each.join('   ')}`
}
