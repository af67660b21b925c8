import { describe, expect, it } from 'vitest'
import type { ClusterInfo, Verb, Verdict } from '../../src/api/api.ts'
import { verdictText } from '../../src/cli/format/verdict.ts'
import { runCli } from './cli.ts'
import { cluster, dead, fakeCluster, member, playground, three, verdict } from './fakeCluster.ts'

const afterKill = cluster('three', [
  member(0, { epoch: 4 }),
  member(1, { role: 'leader', epoch: 4 }),
  dead(2),
])
const vote = { leader: 1, zxid: '0x300000012', round: 4, epoch: 3 }

function words(
  verb: Verb,
  changes: Partial<Verdict>,
  after: ClusterInfo | null,
  before: ClusterInfo | null = three(),
  waited = true,
): string {
  const paint = (_style: unknown, text: string): string => text
  return verdictText({ verb, verdict: verdict(changes), before, after, waited, paint })
}

describe('a verdict', () => {
  it('tells who led, who leads, in which epoch, after how long, and why', async () => {
    using ground = playground()
    await using fake = await fakeCluster(ground, {
      cluster: three(),
      afterAction: afterKill,
      verdict: verdict({
        why: '1 and 0 agreed in round 4: equal epoch and zxid 0x300000012, greater id',
        votes: { 0: vote, 1: vote },
      }),
    })
    const { code, stdout, stderr } = await runCli(['kill', 'leader'], { env: ground.env, cwd: ground.cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe(`\
killed member 2 (leader of epoch 3)
member 1 leads epoch 4 after 38 ms; no write was acknowledged for 52 ms
why: 1 and 0 agreed in round 4: equal epoch and zxid 0x300000012, greater id
votes  0 → 1   1 → 1
sessions: 3 moved, 0 expired
`)
    expect(fake.actions).toEqual([{ verb: 'kill', selectors: ['leader'], wait: true, waitTimeoutMs: 10_000 }])
  })

  it('of a follower: the leader stays', () => {
    const text = words(
      'stop',
      { members: [0], leaderAfter: 2, epoch: 3, electionMs: null, writeGapMs: 4 },
      three(),
    )
    expect(text).toBe(`\
stopped member 0 (follower)
member 2 still leads epoch 3; no write was acknowledged for 4 ms
sessions: 3 moved, 0 expired`)
  })

  it('of a lost quorum: who serves nobody, how many must come back, and the command for it', () => {
    const after = cluster('three', [member(0, { role: 'looking' }), dead(1), dead(2)])
    const lost = { members: [1, 2], leaderAfter: null, epoch: null, electionMs: null, writeGapMs: null }
    expect(
      words('kill', { ...lost, quorum: false, sessionsMoved: null, sessionsExpired: null }, after),
    ).toBe(`\
killed members 1 (follower) and 2 (leader of epoch 3)
no quorum: member 0 serves nobody
1 of 3 voting members is up, 2 must be
to serve again, start member 1 or 2: zk-pseudo start 1`)
  })

  it('of a lost quorum counts no observer, and wakes the paused before it starts the dead', () => {
    const before = cluster('five', [
      member(0),
      member(1),
      member(2, { role: 'leader' }),
      member(3, { role: 'observer' }),
      member(4, { role: 'observer' }),
    ])
    const after = cluster('five', [
      dead(0),
      member(1, { state: 'paused' }),
      member(2, { role: 'looking' }),
      member(3, { role: 'looking' }),
      dead(4),
    ])
    const lost = {
      members: [1],
      leaderAfter: null,
      quorum: false,
      sessionsMoved: null,
      sessionsExpired: null,
    }
    expect(words('pause', lost, after, before)).toBe(`\
paused member 1 (follower)
no quorum: members 2 and 3 serve nobody
1 of 3 voting members is up, 2 must be
to serve again, resume member 1 or start member 0: zk-pseudo resume 1`)
  })

  it('of the last member: none is left', () => {
    const lost = { members: [0, 1, 2], leaderAfter: null, quorum: false }
    expect(words('kill', lost, cluster('three', [dead(0), dead(1), dead(2)]))).toContain(
      'no quorum: no member is left, nobody is served\nto serve again, start two of members 0, 1 and 2: zk-pseudo start 0 1',
    )
  })

  it('of --no-wait claims nothing about what followed', () => {
    const unknown = { leaderAfter: null, epoch: null, electionMs: null, writeGapMs: null, quorum: false }
    const text = words('kill', unknown, afterKill, three(), false)
    expect(text).toBe(
      'killed member 2 (leader of epoch 3)\nnot waited for what follows; to see it: zk-pseudo ps',
    )
  })

  it('of nothing done says so', () => {
    expect(words('start', { members: [] }, three())).toBe('nothing to start: every member named already runs')
  })

  it('of a start tells whom the member follows', () => {
    const started = { members: [1], leaderAfter: 2, epoch: 3, electionMs: null, writeGapMs: null }
    const before = cluster('three', [member(0), dead(1), member(2, { role: 'leader' })])
    const text = words('start', { ...started, sessionsMoved: null, sessionsExpired: null }, three(), before)
    expect(text).toBe('started member 1\nit follows member 2, the leader of epoch 3')
  })

  it('of a start that brings the quorum back tells who leads', () => {
    const started = { members: [1], leaderBefore: null, leaderAfter: 1, epoch: 4, electionMs: 210 }
    const before = cluster('three', [member(0, { role: 'looking' }), dead(1), dead(2)])
    const text = words('start', { ...started, writeGapMs: null, sessionsMoved: 1 }, afterKill, before)
    expect(text).toBe(`\
started member 1
member 1 leads epoch 4 after 210 ms
sessions: 1 moved, 0 expired`)
  })
})

describe('the six verbs', () => {
  const verbs: Verb[] = ['kill', 'stop', 'start', 'restart', 'pause', 'resume']
  it.each(verbs)('%s passes on what was asked, and --json prints the verdict as it is', async (verb) => {
    using ground = playground()
    const answer = verdict({ votes: { 1: vote } })
    await using fake = await fakeCluster(ground, { cluster: three(), verdict: answer })
    const asked = [verb, '1', 'server.1', '2181', '--no-wait', '--wait-timeout', '2.5', '--json']
    const ran = await runCli(asked, { env: ground.env, cwd: ground.cwd })
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(ran.stdout)).toEqual(answer)
    expect(fake.actions).toEqual([
      { verb, selectors: ['1', 'server.1', '2181'], wait: false, waitTimeoutMs: 2500 },
    ])
  })

  it('end with the exit code and the words of the supervisor', async () => {
    using ground = playground()
    const error = {
      code: 'NOT_SETTLED',
      message: 'the ensemble has not settled after 10 s: 0 looking, 1 looking',
      hint: 'see zk-pseudo events',
      exitCode: 4,
    }
    await using _fake = await fakeCluster(ground, { cluster: three(), actionError: error })
    const ran = await runCli(['kill', 'leader'], { env: ground.env, cwd: ground.cwd })
    expect(ran).toEqual({ code: 4, stdout: '', stderr: `error: ${error.message}\n  ${error.hint}\n` })
    const json = await runCli(['kill', 'leader', '--json'], { env: ground.env, cwd: ground.cwd })
    expect(json.code).toBe(4)
    expect(JSON.parse(json.stdout)).toEqual({ error })
  })

  it('draw no progress in a pipe', async () => {
    using ground = playground()
    await using _fake = await fakeCluster(ground, {
      cluster: three(),
      verdict: verdict(),
      actionDelayMs: 500,
    })
    expect((await runCli(['kill', 'leader'], { env: ground.env, cwd: ground.cwd })).stderr).toBe('')
  })
})
