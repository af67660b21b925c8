import { expect, it } from 'vitest'
import { majority } from '../../../src/core/quorum/majority.ts'
import { sidsOf } from './members.ts'

it.each([
  // voters, present, quorum?
  ['1', '1', true],
  ['1', '', false],
  ['1 2', '1', false],
  ['1 2', '1 2', true],
  ['1 2 3', '1 2', true],
  ['1 2 3', '3', false],
  ['1 2 3 4', '1 4', false],
  ['1 2 3 4', '1 2 4', true],
  ['1 2 3 4 5', '1 3 5', true],
  // A voter counts once, a member that is not a voter never.
  ['1 2 3', '2 2 2', false],
  ['1 2 3', '1 7 8 9', false],
  // Without voters there is no quorum.
  ['', '1 2 3', false],
])('of the voters %j the members %j are a quorum: %s', (voters, present, isQuorum) => {
  expect(majority(sidsOf(voters)).containsQuorum(sidsOf(present))).toBe(isQuorum)
})
