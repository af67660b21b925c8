/**
 * Events as log lines, in the words that users of ZooKeeper search their logs for. Pure.
 */

import type { HandoverReport, SupervisorEvent } from '../../api/api.ts'
import type { MemberEvent, VoteView } from '../../core/events.ts'
import { formatZxid, type Zxid } from '../../protocol/zxid.ts'

interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error'
  message: string
  fields?: Record<string, unknown>
}

function hex(zxid: number): string {
  return formatZxid(zxid as Zxid)
}

/** Null where an event means nothing to the reader of a log. */
export function logLine(event: MemberEvent | SupervisorEvent): LogLine | null {
  switch (event.type) {
    case 'role':
      return info(roleWords[event.role], {
        leader: event.leader,
        epoch: event.epoch,
        zxid: hex(event.zxid),
      })
    case 'vote-sent':
      return debug(`Sending Notification: ${voteText(event.vote)}, ${event.state}`, {
        to: event.to ?? 'all',
        reason: event.reason,
      })
    case 'vote-received':
      return debug(`Notification: ${voteText(event.vote)}, ${event.from} (n.sid), ${event.state}`)
    case 'elected':
      return info(`Elected ${event.leader} in ${round(event.ms)} ms: ${event.why}`)
    case 'established':
      return info(`LEADING - LEADER ELECTION TOOK - ${round(event.ms)} MS`, {
        epoch: event.epoch,
        quorum: event.quorum,
      })
    case 'sync':
      return info(`Synchronizing with Learner sid: ${event.learner} by ${event.mode}`, {
        from: hex(event.from),
        to: hex(event.to),
        ...(event.changes === undefined ? {} : { changes: event.changes }),
      })
    case 'serving':
      return info(`Serving clients as ${event.role}`, { epoch: event.epoch, zxid: hex(event.zxid) })
    default:
      return otherLine(event)
  }
}

function otherLine(
  event: Exclude<
    MemberEvent | SupervisorEvent,
    { type: 'role' | 'vote-sent' | 'vote-received' | 'elected' | 'established' | 'sync' | 'serving' }
  >,
): LogLine | null {
  switch (event.type) {
    case 'session-opened':
      return debug(`Established session ${event.session} with negotiated timeout ${event.timeoutMs}`)
    case 'session-moved':
      return debug(`Session ${event.session} moved to this server`)
    case 'session-expired':
      return info(`Expiring session ${event.session}, its timeout was exceeded`)
    case 'session-closed':
      return debug(`Closed session ${event.session}`)
    case 'connection-refused':
      return {
        level: 'warn',
        message: `Closed connection from ${event.remote} to the ${event.port} port: ${event.reason}`,
      }
    case 'snapshot':
      return info(`Snapshot taken in ${round(event.ms)} ms`, { zxid: hex(event.zxid) })
    case 'fatal':
      return { level: 'error', message: `Cannot go on: ${event.reason}` }
    case 'log':
      return event
    case 'cluster-up':
      return info(`Cluster is up: members ${event.members.join(', ')}`, { isolation: event.isolation })
    case 'cluster-down':
      return info('Cluster is down')
    case 'member-started':
      return info('Started')
    case 'member-killed':
      return { level: 'warn', message: 'Killed' }
    case 'member-stopped':
      return info('Stopped')
    case 'member-paused':
      return { level: 'warn', message: 'Paused' }
    case 'member-resumed':
      return info('Resumed')
    case 'member-crashed':
      return { level: 'error', message: `Crashed (${event.code}): ${event.reason}` }
    case 'data-set-aside':
      return { level: 'warn', message: `Its data was set aside: ${event.paths.join(' and ')}` }
    case 'engine-changed':
      return info(`Runs with ${event.to} from now on`, { before: event.from })
    case 'handover':
      return handoverLine(event.report)
    case 'verdict':
      return debug(`Verdict of ${event.verb} ${event.verdict.members.join(', ')}`, { ...event.verdict })
  }
}

function handoverLine({ to, moved, problem }: HandoverReport): LogLine {
  const members = moved.length === 0 ? 'nobody' : `members ${moved.map(({ member }) => member).join(', ')}`
  if (problem === null) return info(`Handover to ${to}: ${members}`)
  return { level: 'warn', message: `Handover to ${to} was stopped after ${members}: ${problem}` }
}

const roleWords = {
  looking: 'LOOKING',
  leader: 'LEADING',
  follower: 'FOLLOWING',
  observer: 'OBSERVING',
  standalone: 'Starting in standalone mode',
} as const

function info(message: string, fields?: Record<string, unknown>): LogLine {
  return fields === undefined ? { level: 'info', message } : { level: 'info', message, fields }
}

function debug(message: string, fields?: Record<string, unknown>): LogLine {
  return { ...info(message, fields), level: 'debug' }
}

/** In the order of Apache's FastLeaderElection.printNotification. */
function voteText({ leader, zxid, round: electionRound, epoch }: VoteView): string {
  return `${leader} (n.leader), ${hex(zxid)} (n.zxid), ${hex(electionRound)} (n.round), ${hex(epoch)} (n.peerEpoch)`
}

function round(ms: number): number {
  return Math.round(ms)
}
