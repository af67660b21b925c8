/** Who decides before, during and after a reconfig from servers 1 2 3 to servers 3 4 5. */
import { describe, expect, it } from 'vitest'
import { electorateOf } from '../../../src/core/quorum/electorate.ts'
import { decide, decideFrom, type Jurisdiction, joint, UNLIMITED } from '../../../src/core/quorum/joint.ts'
import { makeZxid, ZERO_ZXID, type Zxid } from '../../../src/protocol/zxid.ts'
import { sidsOf, voter } from './members.ts'

const former = electorateOf([voter(1), voter(2), voter(3)])
const next = electorateOf([voter(3), voter(4), voter(5)])
const z = (counter: number) => makeZxid(1, counter)

/** Proposed at 7; the last proposal before it committed was 9. */
const before: Jurisdiction[] = [{ electorate: former, from: ZERO_ZXID, upTo: UNLIMITED }]
const pending: Jurisdiction[] = [...before, { electorate: next, from: z(7), upTo: UNLIMITED }]
const after: Jurisdiction[] = [
  { electorate: next, from: ZERO_ZXID, upTo: UNLIMITED },
  { electorate: former, from: ZERO_ZXID, upTo: z(9) },
]

describe('a proposal', () => {
  const cases: [string, Jurisdiction[], Zxid, string, boolean][] = [
    ['without a reconfig needs a quorum of the configuration', before, z(6), '1 2', true],
    ['without a reconfig needs nobody else', before, z(6), '3 4 5', false],
    ['before a pending reconfig needs no quorum of the new configuration', pending, z(6), '1 2', true],
    ['before a pending reconfig needs one of the configuration in force', pending, z(6), '3 4 5', false],
    ['of the reconfig itself needs both', pending, z(7), '1 2', false],
    ['of the reconfig itself needs both', pending, z(7), '3 4', false],
    ['of the reconfig itself needs both', pending, z(7), '1 3 4', true],
    ['after a pending reconfig needs both', pending, z(8), '1 2', false],
    ['after a pending reconfig needs both', pending, z(8), '2 3 5', true],
    ['from before the commit needs the former quorum, too', after, z(9), '4 5', false],
    ['from before the commit needs the former quorum, too', after, z(9), '1 3 4', true],
    ['from after the commit needs the new quorum alone', after, z(10), '4 5', true],
    ['from after the commit is not decided by the former one', after, z(10), '1 2', false],
  ]
  it.each(cases)('%s', (_, jurisdictions, zxid, present, decided) => {
    expect(decide(jurisdictions, sidsOf(present), zxid)).toBe(decided)
  })
})

describe('members that are to commit all that is outstanding and all that may come', () => {
  const cases: [string, Jurisdiction[], Zxid, string, boolean][] = [
    ['need a quorum of a pending configuration from its proposal on', pending, z(6), '1 2', false],
    ['need both', pending, z(6), '2 3 4', true],
    ['need the former quorum while a proposal of its time is outstanding', after, z(9), '4 5', false],
    ['do not need it any more once the last of those is committed', after, z(10), '4 5', true],
    ['do not need it when nothing is outstanding', after, UNLIMITED, '4 5', true],
  ]
  it.each(cases)('%s', (_, jurisdictions, oldest, present, decided) => {
    expect(decideFrom(jurisdictions, sidsOf(present), oldest)).toBe(decided)
  })
})

describe('a joint electorate', () => {
  const both = joint([former, next])

  it('has the voters of all', () => {
    expect(both.voters).toEqual([1, 2, 3, 4, 5])
    expect(sidsOf('1 5 6').map(both.isVoter)).toEqual([true, true, false])
  })

  it('takes the greatest weight that a voter has in any', () => {
    const heavy = electorateOf([voter(3, 1, 4), voter(6, 1, 2)])
    expect(sidsOf('1 3 6 7').map(joint([former, heavy]).weightOf)).toEqual([1, 4, 2, 0])
  })

  it.each([
    ['1 2', false],
    ['3 4 5', false],
    ['1 3 4', true],
    ['1 2 4 5', true],
  ])('%j are a quorum of both: %s', (present, isQuorum) => {
    expect(both.containsQuorum(sidsOf(present))).toBe(isQuorum)
  })
})
