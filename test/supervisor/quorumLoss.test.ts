/** What brings a lost quorum back, for majorities and for groups with weights; observers never count. */
import { describe, expect, it } from 'vitest'
import { electorateOf } from '../../src/core/quorum/electorate.ts'
import type { QuorumMember } from '../../src/core/quorum/rule.ts'
import type { Sid } from '../../src/protocol/ids.ts'
import type { Member } from '../../src/supervisor/member.ts'
import { lossOf } from '../../src/supervisor/quorumLoss.ts'
import type { Roster } from '../../src/supervisor/roster.ts'

type State = 'up' | 'down' | 'paused'

/** Members by id; those with a group are `[state, group, weight]`. */
function roster(states: Record<number, State | [State, number, number]>, observers: number[] = []): Roster {
  const servers: QuorumMember[] = []
  const members: Member[] = []
  for (const [key, given] of Object.entries(states)) {
    const sid = Number(key)
    const [state, group, weight] = typeof given === 'string' ? [given, null, 1] : given
    servers.push({ sid, role: observers.includes(sid) ? 'observer' : 'participant', group, weight })
    members.push({ id: sid, isActive: state === 'up', isAlive: state !== 'down' } as Member)
  }
  const isVoter = ({ id }: Member) => !observers.includes(id)
  const electorate = electorateOf(servers)
  return {
    voters: members.filter(isVoter),
    voterIds: members.filter(isVoter).map(({ id }) => id),
    hasGroups: servers.some(({ group }) => group !== null),
    isQuorum: (some: readonly Member[]) => electorate.containsQuorum(some.map(({ id }) => id as Sid)),
  } as unknown as Roster
}

describe('a majority', () => {
  it.each(Array.from({ length: 7 }, (_, i) => i + 1))('of %i is lost and brought back by counting', (n) => {
    const needed = Math.floor(n / 2) + 1
    for (let up = 0; up <= n; up++) {
      const states: Record<number, State> = { 100: 'up', 101: 'down' }
      for (let id = 0; id < n; id++) states[id] = id < up ? 'up' : 'down'
      const loss = lossOf(roster(states, [100, 101]))
      if (up >= needed) expect(loss).toBeNull()
      else {
        const ids = Array.from({ length: n }, (_, id) => id)
        const bringBack = { count: needed - up, of: ids.slice(up) }
        expect(loss).toEqual({ voters: ids, up: ids.slice(0, up), needed, bringBack })
      }
    }
  })

  it('wakes the paused first', () => {
    expect(lossOf(roster({ 0: 'down', 1: 'paused', 2: 'up' }))?.bringBack).toEqual({ count: 1, of: [1, 0] })
  })
})

describe('groups', () => {
  it('where one is enough: those of whom one is', () => {
    const states = roster({
      1: ['up', 1, 1],
      2: ['up', 1, 1],
      3: ['up', 2, 1],
      4: ['down', 2, 1],
      5: ['down', 3, 1],
      6: ['down', 3, 0],
    })
    expect(lossOf(states)).toEqual({
      voters: [1, 2, 3, 4, 5, 6],
      up: [1, 2, 3],
      needed: null,
      bringBack: { count: 1, of: [4, 5] },
    })
  })

  it('where none is: the smallest set that is, and nobody without weight', () => {
    const states = roster({
      1: ['down', 1, 1],
      2: ['down', 1, 1],
      3: ['down', 1, 0],
      4: ['up', 2, 1],
      5: ['down', 2, 1],
      6: ['down', 3, 3],
      7: ['down', 3, 1],
    })
    expect(lossOf(states)?.bringBack).toEqual({ count: 2, of: [5, 6] })
  })
})
