import { describe, expect, it } from 'vitest'
import type { ClusterEvent } from '../../src/api/api.ts'
import { eventText } from '../../src/cli/format/event.ts'
import { headlines } from '../../src/cli/headlines.ts'
import { eventually } from '../support/eventually.ts'
import { runCli, startCli } from './cli.ts'
import { fakeCluster, playground, three } from './fakeCluster.ts'

const vote = { leader: 2, zxid: 0x300000012, round: 4, epoch: 3 }
const begun = new Date(2024, 0, 2, 3, 4, 5, 6).getTime()

function event(seq: number, member: number | null, what: ClusterEvent['event']): ClusterEvent {
  return { seq, at: begun + seq * 10, member, event: what }
}

const events: ClusterEvent[] = [
  event(1, null, { type: 'cluster-up', members: [0, 1, 2], isolation: 'thread' }),
  event(2, 2, { type: 'vote-received', from: 1, vote, state: 'LOOKING' }),
  event(3, 2, { type: 'established', epoch: 4, quorum: [1, 2], ms: 38 }),
  event(4, 2, { type: 'sync', learner: 0, mode: 'DIFF', from: 0x300000010, to: 0x300000012, proposals: 2 }),
]

describe('events', () => {
  it('prints one aligned line each', async () => {
    using ground = playground()
    await using _fake = await fakeCluster(ground, { cluster: three(), events })
    const { code, stdout } = await runCli(['events', '--all'], { env: ground.env, cwd: ground.cwd })
    expect(code).toBe(0)
    expect(stdout).toBe(`\
03:04:05.016  all  up: members 0, 1 and 2, isolation thread
03:04:05.026    2  hears from 1 (looking): a vote for 2 (zxid 0x300000012, round 4, epoch 3)
03:04:05.036    2  leads epoch 4 with 1 and 2, after 38 ms
03:04:05.046    2  syncs 0 by DIFF: 2 proposals, 0x300000010 → 0x300000012
`)
    const relative = await runCli(['events', '--relative', '--since', '2'], {
      env: ground.env,
      cwd: ground.cwd,
    })
    expect(relative.stdout).toMatch(/^ {4}\+0\.000 {4}2 {2}leads epoch 4.*\n {4}\+0\.010 {4}2 {2}syncs/)
  })

  it('are by time, without votes and debug lines, narrowed by type, member and time', async () => {
    using ground = playground()
    const late = [
      ...events,
      event(6, 1, { type: 'member-killed' }),
      { ...event(7, 0, { type: 'member-started' }), at: begun + 55 },
      event(8, 0, { type: 'log', level: 'debug', message: 'chatter' }),
    ]
    await using _fake = await fakeCluster(ground, { cluster: three(), events: late })
    const told = async (...words: string[]) => {
      const { stdout } = await runCli(['events', ...words], { env: ground.env })
      return stdout.split('\n').flatMap((line) => (line === '' ? [] : [Number(line.slice(9, 12))]))
    }
    expect(await told()).toEqual([16, 36, 46, 61, 66])
    expect(await told('--all')).toEqual([16, 26, 36, 46, 61, 66, 86])
    expect(await told('--type', 'vote', '--type', 'sync')).toEqual([26, 46])
    expect(await told('--type', 'member', '--member', '0')).toEqual([61])
    expect(await told('--member', '1,server.2')).toEqual([36, 46, 66])
    expect(await told('--since', '2024-01-02T03:04:05.050')).toEqual([61, 66])
    expect(await told('--since', '1d')).toEqual([])
    const misspelt = await runCli(['events', '--type', 'elekted'], { env: ground.env })
    expect(misspelt.code).toBe(2)
    expect(misspelt.stderr).toContain('did you mean elected?')
  })

  it('--json prints them as they are, a line each', async () => {
    using ground = playground()
    await using _fake = await fakeCluster(ground, { cluster: three(), events })
    const { stdout } = await runCli(['events', '--json'], { env: ground.env, cwd: ground.cwd })
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(events)
  })

  it('-f goes on until the cluster is gone, and that is no error', async () => {
    using ground = playground()
    await using fake = await fakeCluster(ground, { cluster: three(), events: events.slice(0, 1) })
    await using following = startCli(['events', '-f'], { env: ground.env, cwd: ground.cwd })
    await eventually('a follower', () => fake.followers() === 1)
    fake.emit(event(9, 1, { type: 'member-killed' }))
    await eventually('the event', () => following.stdout().includes('  1  killed'))
    await fake[Symbol.asyncDispose]()
    expect(await following.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('-f ends when its reader goes away', async () => {
    using ground = playground()
    await using fake = await fakeCluster(ground, { cluster: three(), events })
    await using following = startCli(['events', '-f'], { env: ground.env, cwd: ground.cwd })
    await eventually('the first lines', () => following.stdout().includes('leads epoch'))
    following.child.stdout?.destroy()
    await eventually('its end', () => {
      fake.emit(event(9, 1, { type: 'member-killed' }))
      return following.child.exitCode !== null
    })
    expect(await following.ended).toMatchObject({ code: 0, stderr: '' })
    await eventually('no follower', () => fake.followers() === 0)
  })

  it('has words for an event that it does not know', () => {
    const unknown = { type: 'eclipse', of: 'the moon' } as unknown as ClusterEvent['event']
    expect(eventText(unknown)).toBe('{"type":"eclipse","of":"the moon"}')
  })
})

const logs = [
  { level: 30, time: begun, member: 0, msg: 'binding to port 127.0.0.1:2180' },
  { level: 40, time: begun, member: 1, msg: 'slow fsync', ms: 1200 },
  { level: 30, time: begun, msg: 'the ensemble serves' },
]

describe('logs', () => {
  it("prints all members' lines with the member in front", async () => {
    using ground = playground()
    await using _fake = await fakeCluster(ground, { cluster: three(), logs })
    const { code, stdout, stderr } = await runCli(['logs'], { env: ground.env, cwd: ground.cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe(`\
member 0 | [03:04:05.006] INFO: binding to port 127.0.0.1:2180
member 1 | [03:04:05.006] WARN: slow fsync {"ms":1200}
ensemble | [03:04:05.006] INFO: the ensemble serves
`)
  })

  it.each([
    ['1', 1],
    ['server.1', 1],
    ['2181', 1],
    ['leader', 2],
  ])('of %s asks for that member', async (word, id) => {
    using ground = playground()
    await using fake = await fakeCluster(ground, { cluster: three(), logs })
    expect((await runCli(['logs', word, '--tail', '5'], { env: ground.env, cwd: ground.cwd })).code).toBe(0)
    expect(fake.requests).toContain(`GET /logs?member=${id}&tail=5&follow=0`)
  })

  it('of several members, since a time, from a level on, asks for just that', async () => {
    using ground = playground()
    await using fake = await fakeCluster(ground, { cluster: three(), logs })
    const words = ['logs', '0', '1,leader', '-n', '5', '--level', 'warn', '--since', '2024-01-02 03:04:05']
    expect((await runCli(words, { env: ground.env })).code).toBe(0)
    const since = new Date(2024, 0, 2, 3, 4, 5).getTime()
    expect(fake.requests).toContain(
      `GET /logs?member=0&member=1&member=2&tail=5&since=${since}&level=40&follow=0`,
    )
    const wrong = await runCli(['logs', '--level', 'warning'], { env: ground.env })
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean warn?') })
    const never = await runCli(['logs', '--since', 'yesterday'], { env: ground.env })
    expect(never).toMatchObject({ code: 2, stderr: expect.stringContaining('for example: 5m') })
  })

  it('of a member that is none names those there are', async () => {
    using ground = playground()
    await using _fake = await fakeCluster(ground, { cluster: three(), logs })
    const ran = await runCli(['logs', '7'], { env: ground.env, cwd: ground.cwd })
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain('"7" is no member of three\n  it has members 0, 1 and 2')
  })

  it('--json prints the records', async () => {
    using ground = playground()
    await using _fake = await fakeCluster(ground, { cluster: three(), logs })
    const { stdout } = await runCli(['logs', '--json'], { env: ground.env, cwd: ground.cwd })
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(logs)
  })
})

describe('headlines', () => {
  it('follow the leader', () => {
    const headlineOf = headlines()
    const told = [
      event(1, 2, { type: 'established', epoch: 3, quorum: [0, 1, 2], ms: 41 }),
      event(2, 0, { type: 'serving', role: 'follower', epoch: 3, zxid: 0x300000000 }),
      event(3, 0, { type: 'snapshot', zxid: 1, ms: 2 }),
      event(4, 2, { type: 'member-killed' }),
      event(5, 0, { type: 'role', role: 'looking', leader: null, epoch: 3, zxid: 0x300000000 }),
      event(6, 1, { type: 'established', epoch: 4, quorum: [0, 1], ms: 38 }),
      event(7, 1, { type: 'role', role: 'looking', leader: null, epoch: 4, zxid: 0x400000000 }),
    ].map(headlineOf)
    expect(told).toEqual([
      'member 2 leads epoch 3, elected by 0, 1 and 2 in 41 ms',
      'member 0 follows 2, epoch 3',
      null,
      'member 2 was killed',
      'member 0 looks for a leader',
      'member 1 leads epoch 4, elected by 0 and 1 in 38 ms',
      'member 1 no longer leads, and looks for a leader',
    ])
  })
})
