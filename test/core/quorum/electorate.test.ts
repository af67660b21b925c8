import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { electorateOf } from '../../../src/core/quorum/electorate.ts'
import { sidsOf, voter } from './members.ts'

describe('an electorate', () => {
  const electorate = electorateOf([voter(2), voter(0), voter(1), { ...voter(5), role: 'observer' }])

  it('tells voters from observers and strangers', () => {
    expect(electorate.voters).toEqual([0, 1, 2])
    expect(sidsOf('0 5 9').map((sid) => electorate.isVoter(sid))).toEqual([true, false, false])
    expect(sidsOf('0 5').map((sid) => electorate.weightOf(sid))).toEqual([1, 0])
  })

  it('goes by weights only when its voters have groups', () => {
    const flat = electorateOf([voter(1, null, 3), voter(2)])
    const grouped = electorateOf([voter(1, 1, 3), voter(2, 1, 0)])
    expect([flat, grouped].map(({ weightOf }) => sidsOf('1 2').map(weightOf))).toEqual([
      [1, 1],
      [3, 0],
    ])
  })

  it('never has two quorums without a common voter', () => {
    const members = fc.array(
      fc.record({ group: fc.integer({ min: 1, max: 3 }), weight: fc.nat({ max: 3 }) }),
      { minLength: 1, maxLength: 9 },
    )
    const sides = fc.array(fc.boolean(), { minLength: 9, maxLength: 9 })
    fc.assert(
      fc.property(members, fc.boolean(), sides, (drawn, isFlat, side) => {
        const drawnVoters = drawn.map(({ group, weight }, sid) => voter(sid, isFlat ? null : group, weight))
        const { voters, containsQuorum } = electorateOf(drawnVoters)
        const [left, right] = [true, false].map((which) => voters.filter((sid) => side[sid] === which))
        expect(containsQuorum(left ?? []) && containsQuorum(right ?? [])).toBe(false)
      }),
    )
  })
})
