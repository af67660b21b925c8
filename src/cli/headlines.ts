/**
 * The headlines of a foreground `up`: which member leads, follows, looks, or is gone. Made of events; the log
 * lines around them have the details.
 */
import type { ClusterEvent, Verdict } from '../api/api.ts'
import { handoverLine } from './format/handover.ts'
import { countLine } from './format/quorumLoss.ts'
import { durationText, listText } from './format/words.ts'

/** Tells the headline of each event in turn, or null for an event that is none. */
export function headlines(): (event: ClusterEvent) => string | null {
  let leader: number | null = null
  /** The leader that each member follows: its event may arrive before the leader's own. */
  const leaderOf = new Map<number | null, number | null>()
  return ({ member, event }) => {
    switch (event.type) {
      case 'established':
        leader = member
        return `member ${member} leads epoch ${event.epoch}, elected by ${listText(event.quorum)} in ${durationText(event.ms)}`
      case 'serving':
        if (event.role === 'standalone') return `member ${member} serves, standalone`
        return event.role === 'follower' || event.role === 'observer'
          ? `member ${member} ${event.role === 'observer' ? 'observes' : 'follows'} ${leaderOf.get(member) ?? leader ?? 'its leader'}, epoch ${event.epoch}`
          : null
      case 'role':
        leaderOf.set(member, event.leader)
        if (event.role !== 'looking') return null
        if (member !== leader) return `member ${member} looks for a leader`
        leader = null
        return `member ${member} no longer leads, and looks for a leader`
      case 'member-killed':
      case 'member-stopped':
      case 'member-paused':
      case 'member-resumed':
        if (member === leader && event.type !== 'member-resumed') leader = null
        return `member ${member} was ${event.type.slice('member-'.length)}`
      case 'member-crashed':
        if (member === leader) leader = null
        return `member ${member} crashed: ${event.reason}`
      case 'data-set-aside':
        return `the data of member ${member} was set aside`
      case 'engine-changed':
        return `member ${member} gets another engine: ${event.to}`
      case 'handover':
        return handoverLine(event.report)
      case 'verdict':
        return event.verdict.quorum ? null : lossText(event.verdict)
      default:
        return null
    }
  }
}

function lossText({ loss }: Verdict): string {
  if (loss === undefined) return 'no leader yet: nobody is served'
  const count = countLine(loss)
  return count === null
    ? 'nobody is served: the only member is down'
    : `no quorum, nobody is served: ${count}`
}
