import { describe, expect, it } from 'vitest'
import type { Verb } from '../../src/api/api.ts'
import { type Candidate, selectMembers } from '../../src/supervisor/selectors.ts'

function member(id: number, changes: Partial<Candidate> = {}): Candidate {
  return { id, clientPort: 2180 + id, state: 'running', role: 'follower', isVoter: true, ...changes }
}

const dead = (id: number) => member(id, { state: 'killed', role: null })
const five = [
  member(0),
  member(1),
  member(2, { role: 'leader' }),
  dead(3),
  member(4, { role: 'observer', isVoter: false }),
]

function select(verb: Verb, words: string, members = five, random = 0): number[] {
  return selectMembers({
    verb,
    members,
    selectors: words.split(' ').filter(Boolean),
    majorityOf: (voters) => voters.slice(0, 2),
    random: () => random,
  })
}

describe('members are named', () => {
  it.each([
    ['kill', '1', [1]],
    ['kill', 'server.1', [1]],
    ['kill', '2181', [1]],
    ['kill', 'leader', [2]],
    ['kill', 'followers', [0, 1]],
    ['kill', 'observer', [4]],
    ['kill', 'observers', [4]],
    ['kill', 'all', [0, 1, 2, 4]],
    ['kill', 'majority', [0, 1]],
    ['start', 'all', [3]],
    ['start', '3', [3]],
    ['kill', '3', []],
    ['start', '1', []],
    ['resume', 'all', []],
  ] as const)('%s %s means %j', (verb, words, ids) => {
    expect(select(verb, words)).toEqual(ids)
  })

  it.each([
    ['1 2', [1, 2]],
    ['1,2', [1, 2]],
    ['1,2 4', [1, 2, 4]],
    ['2181 server.2', [1, 2]],
    ['leader 0', [0, 2]],
    ['leader 2', [2]],
    ['leader,observers', [2, 4]],
    ['followers 4', [0, 1, 4]],
    ['follower,1', [0, 1]],
    ['follower,follower', [0, 1]],
    ['1 follower observer', [0, 1, 4]],
    ['majority 4', [0, 1, 4]],
    ['0 0', [0]],
    ['3 1', [1]],
  ] as const)('side by side they unite: %s', (words, ids) => {
    expect(select('kill', words)).toEqual(ids)
  })

  it.each([
    ['follower:1', [1]],
    ['1:follower', [1]],
    ['followers:1', [1]],
    ['leader:2,0', [0, 2]],
    ['random:followers', [1]],
    ['random:leader', [2]],
    ['observer:2184', [4]],
  ] as const)('a colon narrows: %s', (words, ids) => {
    expect(select('kill', words, five, 0.99)).toEqual(ids)
  })

  it.each([
    ['follower 1', [1]],
    ['1 follower', [1]],
    ['observer 4', [4]],
    ['random followers', [1]],
    ['random leader', [2]],
    ['random 1', [1]],
  ] as const)(
    'as before there were colons, one of several beside one word is narrowed by it: %s',
    (words, ids) => {
      expect(select('kill', words, five, 0.99)).toEqual(ids)
    },
  )

  it('what narrows to nobody kills nobody, and says how both are named', () => {
    expect(() => select('kill', 'follower 2')).toThrow('no member is "follower 2" now')
    expect(() => select('kill', 'follower 2')).toThrow(
      expect.objectContaining({ exitCode: 2, hint: expect.stringContaining('to name both: follower,2') }),
    )
    expect(() => select('kill', 'follower:2')).toThrow('no member is "follower:2" now')
    expect(() => select('kill', '0,1,follower')).toThrow(
      'no member is "follower" now but those that are named already',
    )
  })

  it('by chance where one of several is meant', () => {
    expect(select('kill', 'follower', five, 0)).toEqual([0])
    expect(select('kill', 'follower', five, 0.99)).toEqual([1])
    expect(select('kill', 'random', five, 0.99)).toEqual([4])
  })

  it('by id before client port', () => {
    const members = [member(2181), member(1)]
    expect(select('kill', '2181', members)).toEqual([2181])
    expect(select('kill', 'server.2181', members)).toEqual([2181])
  })

  it('and a member alone is the leader of itself', () => {
    expect(select('kill', 'leader', [member(0, { role: 'standalone' })])).toEqual([0])
  })

  it('a paused member can be killed and resumed, not paused again', () => {
    const members = [member(0, { state: 'paused' }), member(1)]
    expect(select('kill', '0', members)).toEqual([0])
    expect(select('resume', 'all', members)).toEqual([0])
    expect(select('pause', 'all', members)).toEqual([1])
  })
})

describe('words that mean nobody', () => {
  it('are usage errors that list what exists', () => {
    const wrong = {
      exitCode: 2,
      hint: expect.stringContaining('2 (leader, port 2182), 3 (killed, port 2183)'),
    }
    for (const words of ['7', 'server.7', '9999', 'boss', '', ',', '1,7', 'leader:7', '1:boss']) {
      expect(() => select('kill', words)).toThrow(expect.objectContaining(wrong))
    }
  })

  it.each(['leader', 'follower', 'random', 'majority', '3,leader', 'leader:3'])(
    'start takes no role: %s',
    (word) => {
      expect(() => select('start', word)).toThrow('a dead member has none')
    },
  )

  it('no leader while nobody leads', () => {
    expect(() => select('kill', 'leader', [member(0, { role: 'looking' })])).toThrow(
      'no member is "leader" now',
    )
  })
})
