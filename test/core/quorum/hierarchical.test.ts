import { describe, expect, it } from 'vitest'
import { hierarchical } from '../../../src/core/quorum/hierarchical.ts'
import { sidsOf, voter } from './members.ts'

/** Three groups of three, as in Apache's documentation of hierarchical quorums. */
const threeByThree = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((sid) => voter(sid, Math.ceil(sid / 3)))
/** Group 1 has a heavy voter, group 2 has no weight at all. */
const weighted = [voter(1, 1, 3), voter(2, 1), voter(3, 1), voter(4, 2, 0), voter(5, 2, 0)]

describe('more than half of the groups, each by more than half of its weight', () => {
  it.each([
    ['1 2 4 5', true],
    ['1 2 3 4 5 6 7 8 9', true],
    // One whole group and one voter of each other group.
    ['1 2 3 4 7', false],
    ['1 4 7', false],
    // Members that are not voters do not help.
    ['1 2 4 10 11', false],
  ])('three groups of three: %j: %s', (present, isQuorum) => {
    expect(hierarchical(threeByThree).containsQuorum(sidsOf(present))).toBe(isQuorum)
  })

  it.each([
    // 3 of 5, in the only group that counts.
    ['1', true],
    ['2 3', false],
    ['2 3 4 5', false],
    ['1 2', true],
  ])('a heavy voter, and a group without weight: %j: %s', (present, isQuorum) => {
    expect(hierarchical(weighted).containsQuorum(sidsOf(present))).toBe(isQuorum)
  })

  it('is never reached when no group has weight', () => {
    expect(hierarchical([voter(1, 1, 0)]).containsQuorum(sidsOf('1'))).toBe(false)
  })

  it('refuses a voter without a group', () => {
    expect(() => hierarchical([...threeByThree, voter(10)])).toThrow(/server.10/)
  })
})
