/** What a handover did, in words. */
import type { HandoverReport } from '../../control/api.ts'
import type { Paint } from '../output.ts'
import { durationText } from './words.ts'

export function handoverText(report: HandoverReport, paint: Paint): string {
  const { to, moved, left, problem, leaderBefore, leaderAfter, epoch, writeGapMs } = report
  const steps = moved.map(({ member, role, ms }) => {
    return `member ${member}${role === null ? '' : ` (${role})`} runs with ${to}, after ${durationText(ms)}`
  })
  const kept = left.map(({ member, why }) => `member ${member} stays as it is: ${why}`)
  const nothing = moved.length + left.length === 0 ? [`every member meant runs with ${to} already`] : []
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
  return [...steps, ...nothing, ...kept, ...stopped, leader].join('\n')
}
