/** One line for each event, in words. */
import type { ClusterEvent } from '../../api/api.ts'
import type { VoteView } from '../../core/events.ts'
import { memberStyle, type Paint } from '../output.ts'
import { handoverLine } from './handover.ts'
import { countText, durationText, listText, membersText, zxidText } from './words.ts'

type AnyEvent = ClusterEvent['event']

/** `when  member  what`, aligned. `when` is the time as the caller wants it shown. */
export function eventLine(event: ClusterEvent, when: string, paint: Paint): string {
  const who = event.member === null ? 'all' : String(event.member)
  const shown = event.member === null ? who.padStart(3) : paint(memberStyle(event.member), who.padStart(3))
  const words = eventText(event.event)
  return `${paint('dim', when)}  ${shown}  ${isHeadline(event.event) ? paint('bold', words) : words}`
}

/** The events that are emphasised: a new leader, a member that is gone. */
function isHeadline(event: AnyEvent): boolean {
  return (
    event.type === 'established' ||
    event.type === 'member-killed' ||
    event.type === 'member-crashed' ||
    event.type === 'fatal'
  )
}

export function eventText(event: AnyEvent): string {
  switch (event.type) {
    case 'role':
      return roleText(event)
    case 'vote-sent':
      return `votes for ${voteText(event.vote)}${event.to === null ? '' : `, told ${event.to}`}${
        event.reason === '' ? '' : `: ${event.reason}`
      }`
    case 'vote-received':
      return `hears from ${event.from} (${event.state.toLowerCase()}): a vote for ${voteText(event.vote)}`
    case 'elected':
      return `elected ${event.leader} in ${durationText(event.ms)}: ${event.why}`
    case 'established':
      return `leads epoch ${event.epoch} with ${listText(event.quorum)}, after ${durationText(event.ms)}`
    case 'sync':
      return syncText(event)
    case 'serving':
      return `serves clients as ${event.role}, epoch ${event.epoch}, zxid ${zxidText(event.zxid)}`
    case 'session-opened':
      return `session ${event.session} opened, timeout ${durationText(event.timeoutMs)}`
    case 'session-moved':
      return `session ${event.session} came over to this member`
    case 'session-expired':
      return `session ${event.session} expired`
    case 'session-closed':
      return `session ${event.session} closed`
    case 'connection-refused':
      return `refused a connection from ${event.remote} to the ${event.port} port: ${event.reason}`
    case 'snapshot':
      return `wrote a snapshot at ${zxidText(event.zxid)} in ${durationText(event.ms)}`
    case 'fatal':
      return `cannot go on: ${event.reason}`
    case 'log':
      return `${event.level === 'info' ? '' : `${event.level}: `}${event.message}`
    default:
      return supervisorText(event)
  }
}

function supervisorText(event: Exclude<AnyEvent, { type: MemberOnly }>): string {
  switch (event.type) {
    case 'cluster-up':
      return `up: ${membersText(event.members)}, isolation ${event.isolation}`
    case 'cluster-down':
      return 'down'
    case 'member-started':
      return 'started'
    case 'member-killed':
      return 'killed'
    case 'member-stopped':
      return 'stopped'
    case 'member-paused':
      return 'paused'
    case 'member-resumed':
      return 'resumed'
    case 'member-crashed':
      return `crashed (${event.code}): ${event.reason}`
    case 'data-set-aside':
      return `its data was set aside: ${event.paths.join(' and ')}`
    case 'engine-changed':
      return `runs with ${event.to} from now on, no longer ${event.from}`
    case 'handover':
      return handoverLine(event.report)
    case 'verdict':
      return verdictLine(event)
    default:
      // A newer supervisor may know events that this command line does not.
      return JSON.stringify(event)
  }
}

type MemberOnly = import('../../core/events.ts').MemberEvent['type']

function verdictLine({ verb, verdict }: Extract<AnyEvent, { type: 'verdict' }>): string {
  const of = `${verb} ${listText(verdict.members)}`
  if (!verdict.quorum) return `${of}: ${verdict.loss?.voters.length === 1 ? 'nobody is served' : 'no quorum'}`
  const after = verdict.electionMs === null ? '' : ` after ${durationText(verdict.electionMs)}`
  const leader = verdict.leaderAfter === null ? 'done' : `${verdict.leaderAfter} leads epoch ${verdict.epoch}`
  const gap = verdict.writeGapMs ? `, write gap ${durationText(verdict.writeGapMs)}` : ''
  return `${of}: ${leader}${after}${gap}`
}

function roleText(event: Extract<AnyEvent, { type: 'role' }>): string {
  const at = `epoch ${event.epoch}, zxid ${zxidText(event.zxid)}`
  if (event.role === 'looking') return `looks for a leader (${at})`
  if (event.role === 'leader') return `takes the lead (${at})`
  if (event.role === 'standalone') return `runs alone (${at})`
  return `${event.role === 'observer' ? 'observes' : 'follows'} ${event.leader ?? '?'} (${at})`
}

function voteText(vote: VoteView): string {
  return `${vote.leader} (zxid ${zxidText(vote.zxid)}, round ${vote.round}, epoch ${vote.epoch})`
}

/** Not all proposals are counted: those of the write probe change nothing. */
function changesText({ changes, proposals }: Extract<AnyEvent, { type: 'sync' }>): string {
  return `${changes === undefined ? `${proposals} proposals` : countText(changes, 'change')}, `
}

function syncText(event: Extract<AnyEvent, { type: 'sync' }>): string {
  const span = `${zxidText(event.from)} → ${zxidText(event.to)}`
  switch (event.mode) {
    case 'DIFF':
      return event.from === event.to
        ? `syncs ${event.learner} by DIFF: already up to date`
        : `syncs ${event.learner} by DIFF: ${changesText(event)}${span}`
    case 'TRUNC':
      return `syncs ${event.learner} by TRUNC: back from ${span}`
    case 'SNAP':
      return `syncs ${event.learner} by SNAP: the whole tree, ${span}`
  }
}
