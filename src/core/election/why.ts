/** Why an election ended as it did, in a sentence for people. */
import type { Sid } from '../../protocol/ids.ts'
import { formatZxid } from '../../protocol/zxid.ts'
import type { Electorate } from '../quorum/electorate.ts'
import { isBetter, type Vote } from './vote.ts'

/** `candidates`: everyone that somebody named in the round, the winner included. */
export function whyItWon(winner: Vote, candidates: Iterable<Vote>, weightOf: Electorate['weightOf']): string {
  const name = `member ${winner.leader}`
  const rivals = [...candidates].filter(({ leader }) => leader !== winner.leader)
  const [next] = rivals.sort((a, b) => (isBetter(a, b, weightOf) ? -1 : 1))
  if (next === undefined) return `${name} was the only candidate`
  if (weightOf(next.leader) === 0) return `${name} is the only candidate whose vote weighs anything`
  if (winner.peerEpoch !== next.peerEpoch) {
    return `${name} has the newest epoch, ${winner.peerEpoch}; the next best, member ${next.leader}, has ${next.peerEpoch}`
  }
  if (winner.zxid !== next.zxid) {
    const zxids = `${formatZxid(winner.zxid)}; the next best, member ${next.leader}, ends at ${formatZxid(next.zxid)}`
    return `${name} has the longest history, up to ${zxids}`
  }
  const equals = rivals.filter(
    ({ peerEpoch, zxid }) => peerEpoch === winner.peerEpoch && zxid === winner.zxid,
  )
  const others = membersText(equals.map(({ leader }) => leader))
  return `${name} has the greatest id; its history is as long as that of ${others}`
}

export function membersText(sids: Iterable<Sid>): string {
  const sorted = [...sids].sort((a, b) => a - b)
  return `${sorted.length === 1 ? 'member' : 'members'} ${sorted.join(', ')}`
}
