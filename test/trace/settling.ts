/**
 * How long members that elect a leader wait between their last vote and their first packet to it. This is the
 * one thing that the order of messages does not show: Apache's members wait 200 ms for a better vote
 * (FastLeaderElection.finalizeWait), ours settle at once when all reachable members agree.
 */
import { PacketType, ServerState } from '../../src/protocol/opcodes.ts'
import type { Recording, Said } from './recording/recording.ts'

/**
 * Times in ms, of every follower that voted for the leader that it then followed, in scenes where nothing was
 * held back.
 */
export function settlingTimes({ said, scenes }: Recording): number[] {
  const introductions = said.filter(
    ({ content }) => content.kind === 'packet' && content.packet.type === PacketType.followerInfo,
  )
  return introductions.flatMap((introduction) => {
    const { from, to, scene, atMs } = introduction
    if (/all at once/.test(scenes[scene] ?? '')) return []
    const votes = said.filter((one) => one.scene === scene && one.from === from && one.atMs < atMs)
    const looking = votes.filter(({ content }) => voteIn(content) !== null)
    const first = looking.findLast(({ content }) => voteIn(content) !== to)
    const own = looking.find((one) => voteIn(one.content) === to && one.atMs >= (first?.atMs ?? 0))
    return own === undefined ? [] : [atMs - own.atMs]
  })
}

function voteIn(content: Said['content']): number | null {
  if (content.kind !== 'notification' || content.notification.state !== ServerState.looking) return null
  return content.notification.leader
}
