/** Which of two votes is better (FastLeaderElection.totalOrderPredicate), and when two support each other. */
import { describe, expect, it } from 'vitest'
import { agree, type CastVote, isBetter, NOBODY, type Vote } from '../../../src/core/election/vote.ts'
import type { Sid } from '../../../src/protocol/ids.ts'
import { ServerState } from '../../../src/protocol/opcodes.ts'
import { makeZxid } from '../../../src/protocol/zxid.ts'

const { looking, following, leading } = ServerState

function vote(leader: number, peerEpoch = 3, counter = 5, round = 1): Vote {
  return { leader: leader as Sid, zxid: makeZxid(2, counter), peerEpoch, round }
}

describe('of two votes', () => {
  const cases: [string, Vote, Vote][] = [
    ['the newer epoch wins, whatever the history', vote(1, 4, 1), vote(2, 3, 9)],
    ['the longer history wins within an epoch, whatever the id', vote(1, 3, 9), vote(2, 3, 8)],
    ['the greater id wins between equal histories', vote(2), vote(1)],
    ['the round decides nothing', vote(2, 3, 5, 1), vote(1, 3, 5, 9)],
    ['any candidate wins over nobody', vote(1, 0, 0), { ...NOBODY, round: 1 }],
    ['a candidate with weight wins over one without, whatever its history', vote(1, 0, 0), vote(9, 9, 9)],
  ]
  /** Server 9 has no weight. */
  const weightOf = (sid: Sid) => (sid === 9 ? 0 : 1)

  it.each(cases)('%s', (_, better, worse) => {
    expect([isBetter(better, worse, weightOf), isBetter(worse, better, weightOf)]).toEqual([true, false])
  })

  it('neither is better when they are equal', () => {
    expect(isBetter(vote(1), vote(1), weightOf)).toBe(false)
  })

  it('neither is better when nobody may elect either', () => {
    expect(isBetter(vote(9, 4), vote(9, 3), weightOf)).toBe(false)
  })
})

describe('two cast votes support one another', () => {
  const cast = (vote: Vote, state: CastVote['state'], version = 2): CastVote => ({ vote, state, version })
  const cases: [string, CastVote, CastVote, boolean][] = [
    ['while looking, when equal in every field', cast(vote(1), looking), cast(vote(1), looking), true],
    ['not with another zxid', cast(vote(1), looking), cast(vote(1, 3, 6), looking), false],
    ['not from another round', cast(vote(1), looking), cast(vote(1, 3, 5, 2), looking), false],
    ['not with another epoch', cast(vote(1), looking), cast(vote(1, 4), looking), false],
    [
      'once settled, by leader and epoch alone (ZOOKEEPER-1805)',
      cast(vote(1), following),
      cast(vote(1, 3, 9, 7), leading),
      true,
    ],
    ['once settled, not in another epoch', cast(vote(1), following), cast(vote(1, 4), following), false],
    ['once settled, not for another leader', cast(vote(1), following), cast(vote(2), following), false],
    [
      'once settled, in any epoch when one of the messages has no version (ZOOKEEPER-1732)',
      cast(vote(1), following, 0),
      cast(vote(1, 4), following, 2),
      true,
    ],
    [
      'when one looks, only when equal in every field',
      cast(vote(1), looking),
      cast(vote(1, 3, 6), leading),
      false,
    ],
  ]
  it.each(cases)('%s', (_, one, other, supports) => {
    expect([agree(one, other), agree(other, one)]).toEqual([supports, supports])
  })
})
