/** What a handover did, in words. */
import type { HandoverReport } from '../../api/api.ts'
import type { Paint } from '../output.ts'
import { durationText, membersText } from './words.ts'

/** A line for each member, what stopped it, and how the ensemble is now. */
export function handoverText(report: HandoverReport, paint: Paint): string {
  const { to, moved, left, problem, leaderBefore, leaderAfter, epoch, writeGapMs } = report
  const steps = moved.flatMap(({ member, role, ms, note }) => {
    const line = `member ${member}${role === null ? '' : ` (${role})`} runs with ${to}, after ${durationText(ms)}`
    return note === null ? [line] : [line, `  ${note}`]
  })
  const nothing = moved.length + left.length === 0 ? [`every member meant runs with ${to} already`] : []
  const kept = reasons(left).map(({ ids, why }) => {
    return `${membersText(ids)} ${ids.length === 1 ? 'stays as it is' : 'stay as they are'}: ${why}`
  })
  const stopped = problem === null ? [] : [`${paint(['red', 'bold'], 'stopped:')} ${problem}`]
  const gap =
    writeGapMs === null || moved.length === 0
      ? ''
      : `; no write waited longer than ${durationText(writeGapMs)}`
  const still = leaderAfter === leaderBefore ? ' still' : ''
  const leader =
    leaderAfter === null
      ? paint(['red', 'bold'], 'nobody leads')
      : `member ${leaderAfter}${still} leads epoch ${epoch}${gap}`
  return [...steps, ...nothing, ...stopped, ...kept, leader].join('\n')
}

/** The same in one line. */
export function handoverLine({ to, moved, problem }: HandoverReport): string {
  const who = membersText(moved.map(({ member }) => member))
  if (problem === null) return `handover to ${to}: ${moved.length === 0 ? 'no member' : who} moved`
  return `handover to ${to} stopped ${moved.length === 0 ? 'before any member moved' : `after ${who}`}: ${problem}`
}

function reasons(left: HandoverReport['left']): { ids: number[]; why: string }[] {
  const each = new Map<string, number[]>()
  for (const { member, why } of left) each.set(why, [...(each.get(why) ?? []), member])
  return [...each].map(([why, ids]) => ({ why, ids }))
}
