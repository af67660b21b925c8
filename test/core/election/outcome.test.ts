/** When an election is over: the table of votes that one member, server 1, has heard. */
import { describe, expect, it } from 'vitest'
import { joinsSettled, type Outcome, outcomeOf } from '../../../src/core/election/outcome.ts'
import type { CastVote } from '../../../src/core/election/vote.ts'
import { electorateOf } from '../../../src/core/quorum/electorate.ts'
import type { Sid } from '../../../src/protocol/ids.ts'
import { ServerState } from '../../../src/protocol/opcodes.ts'
import { makeZxid } from '../../../src/protocol/zxid.ts'
import { sidsOf, voter } from '../quorum/members.ts'

const three = electorateOf([1, 2, 3].map((sid) => voter(sid)))
const five = electorateOf([1, 2, 3, 4, 5].map((sid) => voter(sid)))
const weighted = electorateOf([voter(1, 1), voter(2, 1), voter(3, 1, 0)])

describe('a round', () => {
  // electorate, the candidate that this member votes for, voters with the same vote, members that are gone
  const cases: [string, typeof three, number, string, string, Outcome][] = [
    ['is open while no quorum shares the vote', three, 1, '1', '', 'open'],
    ['is open while no quorum shares the vote, even when all others are gone', three, 1, '1', '2 3', 'open'],
    ['waits for the voter that was not heard', three, 2, '1 2', '', 'wait'],
    ['is settled when every voter agrees', three, 3, '1 2 3', '', 'settled'],
    ['is settled when the voter that was not heard is gone', three, 2, '1 2', '3', 'settled'],
    ['waits when the candidate itself is gone', three, 3, '1 2 3', '3', 'wait'],
    ['of five is open with two', five, 2, '1 2', '3 4 5', 'open'],
    ['of five waits with three', five, 5, '1 2 5', '4', 'wait'],
    ['of five is settled with three when the others are gone', five, 5, '1 2 5', '3 4', 'settled'],
    ['does not wait for a voter without weight', weighted, 2, '1 2', '', 'settled'],
  ]
  it.each(cases)('%s', (_, electorate, leader, supporters, gone, outcome) => {
    const isGone = (sid: Sid) => sidsOf(gone).includes(sid)
    expect(outcomeOf(leader as Sid, new Set(sidsOf(supporters)), electorate, isGone)).toBe(outcome)
  })
})

describe('a settled ensemble', () => {
  const { looking, following, leading } = ServerState
  const cast = (leader: number, round: number, state: CastVote['state']): CastVote => ({
    vote: { leader: leader as Sid, zxid: makeZxid(1, 9), peerEpoch: 1, round },
    state,
    version: 2,
  })
  // the leader that is followed, the round, its supporters, what the leader itself says
  const cases: [string, number, number, string, CastVote | undefined, boolean][] = [
    ['is joined when its leader says that it leads', 2, 4, '2 3', cast(2, 4, leading), true],
    ['is joined whatever its round', 2, 9, '2 3', cast(2, 9, leading), true],
    ['is not joined without a quorum', 2, 4, '2', cast(2, 4, leading), false],
    ['is not joined when its leader was not heard', 2, 4, '3 1', undefined, false],
    ['is not joined when its leader looks itself', 2, 4, '3 1', cast(2, 4, looking), false],
    ['is not joined when its leader follows', 2, 4, '2 3', cast(3, 4, following), false],
    ['elects this member in its own round', 1, 5, '2 3', undefined, true],
    ['elects this member in no other round: that was before it looked', 1, 4, '2 3', undefined, false],
  ]
  it.each(cases)('%s', (_, leader, round, supporters, says, joins) => {
    const own = { sid: 1 as Sid, round: 5 }
    const vote = cast(leader, round, following)
    expect(joinsSettled(own, vote, new Set(sidsOf(supporters)), says, three)).toBe(joins)
  })
})
