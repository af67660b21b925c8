import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type QuorumMember, QuorumVerifier } from '../../src/core/quorum.ts'
import type { Sid } from '../../src/protocol/ids.ts'

const voter = (sid: number, group: number | null = null, weight = 1): QuorumMember => ({
  sid,
  role: 'participant',
  group,
  weight,
})
const sids = (...ids: number[]) => ids as Sid[]

describe('majority', () => {
  const verifier = new QuorumVerifier([voter(2), voter(0), voter(1), { ...voter(5), role: 'observer' }])

  it('tells voters from observers', () => {
    expect(verifier.voters).toEqual([0, 1, 2])
    expect(verifier.observers).toEqual([5])
    expect(sids(0, 5, 9).map((sid) => verifier.isVoter(sid))).toEqual([true, false, false])
    expect(sids(0, 5).map((sid) => verifier.weightOf(sid))).toEqual([1, 0])
  })

  it('is more than half of the voters, each counted once', () => {
    expect(verifier.containsQuorum(sids(0, 1))).toBe(true)
    expect(verifier.containsQuorum(sids(1, 1, 5, 9))).toBe(false)
    expect(new QuorumVerifier([voter(0), voter(1)]).containsQuorum(sids(0))).toBe(false)
    expect(new QuorumVerifier([voter(0), voter(1), voter(2), voter(3)]).containsQuorum(sids(0, 3))).toBe(
      false,
    )
  })
})

describe('groups and weights', () => {
  const grouped = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((sid) => voter(sid, Math.ceil(sid / 3)))

  it('needs more than half of the groups, each by more than half of its weight', () => {
    const verifier = new QuorumVerifier(grouped)
    expect(verifier.containsQuorum(sids(1, 2, 4, 5))).toBe(true)
    expect(verifier.containsQuorum(sids(1, 2, 3, 4, 7))).toBe(false)
  })

  it('counts weights, and no groups that have none', () => {
    const verifier = new QuorumVerifier([
      voter(1, 1, 3),
      voter(2, 1),
      voter(3, 1),
      voter(4, 2, 0),
      voter(5, 2, 0),
    ])
    expect(verifier.containsQuorum(sids(1))).toBe(true)
    expect(verifier.containsQuorum(sids(2, 3, 4, 5))).toBe(false)
    expect(verifier.weightOf(4 as Sid)).toBe(0)
  })

  it('refuses a voter without a group', () => {
    expect(() => new QuorumVerifier([...grouped, voter(10)])).toThrow(/server.10/)
  })
})

it('never finds two quorums without a common voter', () => {
  const members = fc.array(fc.record({ group: fc.integer({ min: 1, max: 3 }), weight: fc.nat({ max: 3 }) }), {
    minLength: 1,
    maxLength: 9,
  })
  fc.assert(
    fc.property(
      members,
      fc.boolean(),
      fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
      (drawn, flat, side) => {
        const verifier = new QuorumVerifier(
          drawn.map(({ group, weight }, sid) => voter(sid, flat ? null : group, weight)),
        )
        const [left, right] = [true, false].map((which) =>
          verifier.voters.filter((sid) => side[sid] === which),
        )
        expect(verifier.containsQuorum(left ?? []) && verifier.containsQuorum(right ?? [])).toBe(false)
      },
    ),
  )
})
