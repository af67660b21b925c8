/** What people are told of every state that an ensemble can be in: pure functions, no ensemble. */
import { describe, expect, it } from 'vitest'
import type { ClusterEvent, ClusterInfo, MemberInfo, Verb, Verdict } from '../../src/api/api.ts'
import { forCluster, wishIn } from '../../src/cli/commandLine.ts'
import { clusterReport } from '../../src/cli/format/cluster.ts'
import { verdictText } from '../../src/cli/format/verdict.ts'
import { headlines } from '../../src/cli/headlines.ts'
import { InOrder } from '../../src/cli/inOrder.ts'
import { eventually } from '../support/eventually.ts'
import { cluster, dead, member, verdict } from './fakeCluster.ts'

const plain = (_style: unknown, text: string): string => text
const observer = (id: number, changes: Partial<MemberInfo> = {}) =>
  member(id, { role: 'observer', voter: false, ...changes })
const looking = (id: number) => member(id, { role: 'looking' })
const paused = (id: number, changes: Partial<MemberInfo> = {}) => member(id, { state: 'paused', ...changes })
const alone = (changes: Partial<MemberInfo> = {}) => member(0, { role: 'standalone', ...changes })

function lost(after: MemberInfo[], verb: Verb = 'kill'): string[] {
  const nothing = { leaderAfter: null, epoch: null, electionMs: null, writeGapMs: null }
  const none = { sessionsMoved: null, sessionsExpired: null, quorum: false, members: [0] }
  const view = { verb, before: null, after: cluster('c', after), waited: true, paint: plain }
  return verdictText({ ...view, verdict: verdict({ ...nothing, ...none }) })
    .split('\n')
    .slice(1)
}

describe('a lost quorum', () => {
  it.each<[string, MemberInfo[], string[]]>([
    [
      'of three, with observers that are up, and are no voters',
      [looking(0), dead(1), dead(2), observer(3, { role: 'looking' }), observer(4, { role: 'looking' })],
      [
        'no quorum: members 0, 3 and 4 serve nobody',
        '1 of 3 voting members is up, 2 must be',
        'to serve again, start member 1 or 2: zk-pseudo start 1',
      ],
    ],
    [
      'of three, with an observer that is dead, and is no voter either',
      [looking(0), dead(1), dead(2), { ...dead(3), voter: false }],
      [
        'no quorum: member 0 serves nobody',
        '1 of 3 voting members is up, 2 must be',
        'to serve again, start member 1 or 2: zk-pseudo start 1',
      ],
    ],
    [
      'of two',
      [looking(0), dead(1)],
      [
        'no quorum: member 0 serves nobody',
        '1 of 2 voting members is up, 2 must be',
        'to serve again, start member 1: zk-pseudo start 1',
      ],
    ],
    [
      'of five, two missing of three',
      [dead(0), dead(1), dead(2), looking(3), { ...dead(4), state: 'crashed' }],
      [
        'no quorum: member 3 serves nobody',
        '1 of 5 voting members is up, 3 must be',
        'to serve again, start two of members 0, 1, 2 and 4: zk-pseudo start 0 1',
      ],
    ],
    [
      'of seven, of which none is left',
      [0, 1, 2, 3, 4, 5, 6].map((id) => dead(id, 'stopped')),
      [
        'no quorum: no member is left, nobody is served',
        'to serve again, start four of members 0, 1, 2, 3, 4, 5 and 6: zk-pseudo start 0 1 2 3',
      ],
    ],
    [
      'of three, all paused',
      [paused(0), paused(1), paused(2, { role: 'leader' })],
      [
        'no quorum: no member is left, nobody is served',
        'to serve again, resume two of members 0, 1 and 2: zk-pseudo resume 0 1',
      ],
    ],
    [
      'of three: the paused are woken before the dead are started',
      [dead(0), paused(1), looking(2)],
      [
        'no quorum: member 2 serves nobody',
        '1 of 3 voting members is up, 2 must be',
        'to serve again, resume member 1 or start member 0: zk-pseudo resume 1',
      ],
    ],
    [
      'of five, where one paused is not enough',
      [dead(0), paused(1), looking(2), dead(3), dead(4)],
      [
        'no quorum: member 2 serves nobody',
        '1 of 5 voting members is up, 3 must be',
        'to serve again, resume or start two of members 0, 1, 3 and 4: zk-pseudo resume 1 && zk-pseudo start 0',
      ],
    ],
    [
      'of two, one paused and one dead: both are needed',
      [dead(0), paused(1)],
      [
        'no quorum: no member is left, nobody is served',
        'to serve again, resume member 1 and start member 0: zk-pseudo resume 1 && zk-pseudo start 0',
      ],
    ],
    [
      'a server alone',
      [dead(0, 'stopped')],
      ['down: nobody is served', 'to serve again, start member 0: zk-pseudo start 0'],
    ],
    [
      'a voter alone, whose observer is up',
      [dead(0), observer(1, { role: 'looking' })],
      ['down: member 1 serves nobody', 'to serve again, start member 0: zk-pseudo start 0'],
    ],
  ])('%s', (_state, after, lines) => {
    expect(lost(after)).toEqual(lines)
  })

  it('of groups is counted by the supervisor', () => {
    const loss = {
      voters: [1, 2, 3, 4],
      up: [1, 3],
      needed: null,
      bringBack: { count: 2, of: [2, 4] },
    }
    const after = { ...cluster('c', [looking(1), dead(2), looking(3), dead(4)]), loss }
    const view = { verb: 'kill' as const, before: null, after, waited: true, paint: plain }
    const text = verdictText({ ...view, verdict: verdict({ quorum: false, leaderAfter: null, loss }) })
    expect(text).toContain('2 of 4 voting members are up, and they are no quorum of the groups\n')
    expect(text).toContain('to serve again, start members 2 and 4: zk-pseudo start 2 4')
  })

  it('that is none, only no leader yet, is not called one of numbers', () => {
    expect(lost([looking(0), looking(1), dead(2)]).at(-1)).toBe(
      'enough members are up, and they have not agreed on a leader yet',
    )
  })
})

describe('a verdict of an ensemble that serves', () => {
  function told(verb: Verb, changes: Partial<Verdict>, before: MemberInfo[], after: MemberInfo[]): string {
    const still = { leaderAfter: 2, epoch: 3, electionMs: null, sessionsMoved: null, sessionsExpired: null }
    const views = { before: cluster('c', before), after: cluster('c', after) }
    return verdictText({
      verb,
      verdict: verdict({ ...still, ...changes }),
      ...views,
      waited: true,
      paint: plain,
    })
  }
  const up = [member(0), member(1), member(2, { role: 'leader' }), observer(3)]

  it.each<[string, string, Parameters<typeof told>]>([
    [
      "a follower's kill: writes went on",
      'killed member 0 (follower)\nmember 2 still leads epoch 3; writes went on',
      ['kill', { members: [0], writeGapMs: 0 }, up, [dead(0), ...up.slice(1)]],
    ],
    [
      'the gap counts from before the command where nothing served',
      'started members 0 and 1\nmember 1 leads epoch 3 after 900 ms; no write was acknowledged for 5.9 s',
      [
        'start',
        { members: [0, 1], leaderBefore: null, leaderAfter: 1, electionMs: 900, writeGapMs: 5900 },
        [dead(0), dead(1), looking(2)],
        [member(0), member(1, { role: 'leader' }), member(2)],
      ],
    ],
    [
      'what is not known is not told',
      'started members 0 and 1\nmember 1 leads epoch 3 after 900 ms',
      [
        'start',
        { members: [0, 1], leaderBefore: null, leaderAfter: 1, electionMs: 900, writeGapMs: null },
        [dead(0), dead(1), looking(2)],
        [member(0), member(1, { role: 'leader' }), member(2)],
      ],
    ],
    [
      'an observer observes',
      'started members 0 and 3\nmember 0 follows, member 3 observes member 2, the leader of epoch 3; writes went on',
      ['start', { members: [0, 3], writeGapMs: 0 }, [dead(0), ...up.slice(1, 3), dead(3)], up],
    ],
    [
      'a member that nobody has let in follows nobody',
      'started member 4\nmember 2 still leads epoch 3; writes went on',
      ['start', { members: [4], writeGapMs: 0 }, [...up, dead(4)], [...up, { ...looking(4), listed: false }]],
    ],
    [
      'a paused member is not called what it was',
      'killed member 2 (paused)\nmember 1 still leads epoch 3; writes went on',
      [
        'kill',
        { members: [2], leaderBefore: 1, leaderAfter: 1, writeGapMs: 0 },
        [member(0), member(1, { role: 'leader' }), paused(2, { role: 'leader', epoch: 2 })],
        [member(0), member(1, { role: 'leader' }), dead(2)],
      ],
    ],
    [
      'a server alone is no leader',
      'restarted member 0 (standalone)\nit serves, standalone; no write was acknowledged for 210 ms',
      [
        'restart',
        { members: [0], leaderBefore: 0, leaderAfter: 0, epoch: 0, writeGapMs: 210 },
        [alone()],
        [alone()],
      ],
    ],
  ])('%s', (_what, text, args) => {
    expect(told(...args)).toBe(text)
  })

  it('a stopped standalone server is no leader', () => {
    const nothing = { leaderAfter: null, epoch: null, electionMs: null, writeGapMs: null, quorum: false }
    const text = told('stop', { members: [0], leaderBefore: 0, ...nothing }, [alone()], [dead(0, 'stopped')])
    expect(text).toBe(
      'stopped member 0 (standalone)\ndown: nobody is served\nto serve again, start member 0: zk-pseudo start 0',
    )
  })
})

describe('ps', () => {
  function notes(info: ClusterInfo): string[] {
    const lines = clusterReport(info, { paint: plain, tableColumns: 200 })
    return [lines[0] ?? '', ...lines.slice(info.members.length + 3).filter((line) => line !== '')]
  }

  it('explains a second leader, which is paused', () => {
    const members = [
      member(0, { epoch: 4 }),
      member(1, { role: 'leader', epoch: 4 }),
      paused(2, { role: 'leader' }),
    ]
    expect(notes(cluster('c', members))).toEqual([
      expect.stringContaining('c: member 1 leads epoch 4'),
      'member 2 led epoch 3 when it was paused; member 1 leads epoch 4 now',
    ])
  })

  it('and one that leads nobody, with the way back', () => {
    expect(notes(cluster('c', [dead(0), looking(1), paused(2, { role: 'leader' })]))).toEqual([
      'c: no quorum, nobody is served',
      'member 2 led epoch 3 when it was paused, and leads nobody now',
      '1 of 3 voting members is up, 2 must be',
      'to serve again, resume member 2 or start member 0: zk-pseudo resume 2',
    ])
  })

  it('calls nothing a lost quorum while members are about to elect', () => {
    expect(notes(cluster('c', [looking(0), looking(1), dead(2)]))[0]).toBe(
      'c: no leader yet, nobody is served',
    )
  })

  it('calls a server alone no leader, up or down', () => {
    expect(notes({ ...cluster('c', [alone()]), quorum: true, leader: 0, epoch: 0 })).toEqual([
      'c: serves at 127.0.0.1:2180',
    ])
    expect(notes(cluster('c', [dead(0, 'stopped')]))).toEqual([
      'c: down, nobody is served',
      'to serve again, start member 0: zk-pseudo start 0',
    ])
  })
})

describe('headlines', () => {
  function of(...events: [number | null, ClusterEvent['event']][]): (string | null)[] {
    const headlineOf = headlines()
    return events.map(([id, event], seq) => headlineOf({ seq, at: seq, member: id, event }))
  }

  it('name the leader even where its own word comes later', () => {
    const lines = of(
      [1, { type: 'role', role: 'follower', leader: 2, epoch: 1, zxid: 0 }],
      [1, { type: 'serving', role: 'follower', epoch: 1, zxid: 0 }],
      [3, { type: 'role', role: 'observer', leader: 2, epoch: 1, zxid: 0 }],
      [3, { type: 'serving', role: 'observer', epoch: 1, zxid: 0 }],
    )
    expect(lines).toEqual([null, 'member 1 follows 2, epoch 1', null, 'member 3 observes 2, epoch 1'])
  })

  it('of verdicts count the voters, and know a server alone', () => {
    const loss = { voters: [0, 1, 2], up: [0], needed: 2, bringBack: { count: 1, of: [1, 2] } }
    const single = { voters: [0], up: [], needed: 1, bringBack: { count: 1, of: [0] } }
    const none = { quorum: false, leaderAfter: null }
    expect(
      of(
        [null, { type: 'verdict', verb: 'kill', verdict: verdict({ ...none, loss }) }],
        [null, { type: 'verdict', verb: 'stop', verdict: verdict({ ...none, loss: single }) }],
        [null, { type: 'verdict', verb: 'kill', verdict: verdict(none) }],
        [null, { type: 'verdict', verb: 'kill', verdict: verdict() }],
      ),
    ).toEqual([
      'no quorum, nobody is served: 1 of 3 voting members is up, 2 must be',
      'nobody is served: the only member is down',
      'no leader yet: nobody is served',
      null,
    ])
  })

  it('and log lines come in the order of their times', async () => {
    const printed: string[] = []
    const lines = new InOrder((line) => printed.push(line))
    lines.add(30, 'third')
    lines.add(10, 'first')
    lines.add(20, 'second')
    await eventually('what is due', () => printed.length === 3)
    lines.add(5, 'late')
    lines.end()
    expect(printed).toEqual(['first', 'second', 'third', 'late'])
  })
})

describe('command lines that are printed', () => {
  it.each([
    ['zk-pseudo start 0', {}, 'zk-pseudo start 0'],
    ['zk-pseudo start 0', { name: 'test' }, 'zk-pseudo start --name test 0'],
    [
      'resume 1: zk-pseudo resume 1 && zk-pseudo start 0',
      { dir: 'a b/.zk' },
      "resume 1: zk-pseudo resume --dir 'a b/.zk' 1 && zk-pseudo start --dir 'a b/.zk' 0",
    ],
    ['see zk-pseudo ps; all: zk-pseudo ls', { name: 't' }, 'see zk-pseudo ps --name t; all: zk-pseudo ls'],
    ['end it: zk-pseudo down --name other', { name: 't' }, 'end it: zk-pseudo down --name other'],
    ['zk-pseudo ps', { name: "it's" }, "zk-pseudo ps --name 'it'\\''s'"],
  ])('%s with %j', (text, wish, expected) => {
    expect(forCluster(text, wish)).toBe(expected)
  })

  it('take the wish from words that were not parsed', () => {
    expect(wishIn(['kill', '--name', 'a', '1'])).toEqual({ name: 'a' })
    expect(wishIn(['kill', '--dir=b'])).toEqual({ dir: 'b' })
    expect(wishIn(['kill'])).toEqual({})
  })
})
