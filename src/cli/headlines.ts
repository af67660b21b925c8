/**
 * The headlines of a foreground `up`: who leads, who follows, who looks, who is gone. Made of events; the log lines
 * around them have the details.
 */
import type { ClusterEvent } from '../control/api.ts'
import { handoverLine } from './format/handover.ts'
import { durationText, listText } from './format/words.ts'

/** Tells the headline of each event in turn, or null for an event that is none. */
export function headlines(): (event: ClusterEvent) => string | null {
  let leader: number | null = null
  return ({ member, event }) => {
    switch (event.type) {
      case 'established':
        leader = member
        return `member ${member} leads epoch ${event.epoch}, elected by ${listText(event.quorum)} in ${durationText(event.ms)}`
      case 'serving':
        if (event.role === 'standalone') return `member ${member} serves, standalone`
        return event.role === 'follower' || event.role === 'observer'
          ? `member ${member} ${event.role === 'observer' ? 'observes' : 'follows'}${leader === null ? '' : ` ${leader}`}, epoch ${event.epoch}`
          : null
      case 'role':
        if (event.role !== 'looking') return null
        if (member !== leader) return `member ${member} looks for a leader`
        leader = null
        return `member ${member} leads no more: it has lost its quorum`
      case 'member-killed':
      case 'member-stopped':
      case 'member-paused':
      case 'member-resumed':
        if (member === leader && event.type !== 'member-resumed') leader = null
        return `member ${member} was ${event.type.slice('member-'.length)}`
      case 'member-crashed':
        if (member === leader) leader = null
        return `member ${member} crashed: ${event.reason}`
      case 'engine-changed':
        return `member ${member} gets another engine: ${event.to}`
      case 'handover':
        return handoverLine(event.report)
      case 'verdict':
        return event.verdict.quorum ? null : 'no quorum: nobody is served until enough members are back'
      default:
        return null
    }
  }
}
