/** What is done to members, and the verdict on it, told with made-up members. */
import { describe, expect, it } from 'vitest'
import type { ActionRequest, Verb } from '../../src/api/api.ts'
import { act } from '../../src/supervisor/actions.ts'
import { madeUpCluster } from './madeUpCluster.ts'

function request(verb: Verb, selector: string, changes: Partial<ActionRequest> = {}): ActionRequest {
  return { verb, selectors: [selector], wait: true, waitTimeoutMs: 5000, ...changes }
}

describe('the verdict on a kill', () => {
  it('of the leader: who leads now, in which epoch, elected by whom and why', async () => {
    const { cluster } = await madeUpCluster()
    const verdict = await act(cluster, request('kill', 'leader'))
    expect(verdict).toMatchObject({
      members: [2],
      leaderBefore: 2,
      leaderAfter: 1,
      epoch: 2,
      writeGapMs: 12.3,
      quorum: true,
      why: 'it has the greatest id',
    })
    expect(Object.keys(verdict.votes ?? {})).toEqual(['0', '1'])
    expect(verdict.electionMs).toBeGreaterThanOrEqual(0)
    expect(cluster.events.since(0).at(-1)?.event).toEqual({ type: 'verdict', verb: 'kill', verdict })
  })

  it('of a follower: nobody was elected, and writes went on', async () => {
    const { cluster } = await madeUpCluster()
    const verdict = await act(cluster, request('kill', '0'))
    expect(verdict).toMatchObject({ members: [0], leaderBefore: 2, leaderAfter: 2, epoch: 1, writeGapMs: 0 })
    expect([verdict.electionMs, verdict.votes]).toEqual([null, undefined])
  })

  it('of a majority: no quorum, and what would bring it back; observers count for nothing', async () => {
    const { cluster } = await madeUpCluster(3, 2)
    const verdict = await act(cluster, request('kill', 'majority'))
    expect(verdict).toMatchObject({ members: [0, 2], leaderAfter: null, quorum: false, writeGapMs: null })
    expect(verdict.loss).toMatchObject({
      voters: [0, 1, 2],
      up: [1],
      needed: 2,
      bringBack: { count: 1, of: [0, 2] },
    })
  })

  it('that is not waited for says nothing of what came after', async () => {
    const { cluster } = await madeUpCluster()
    const verdict = await act(cluster, request('kill', 'leader', { wait: false }))
    expect(verdict).toMatchObject({ leaderBefore: 2, leaderAfter: null, epoch: null, electionMs: null })
    expect([verdict.writeGapMs, verdict.sessionsMoved, verdict.quorum]).toEqual([null, null, true])
  })

  it('names members that crashed meanwhile', async () => {
    const { cluster, member, world } = await madeUpCluster(5)
    const crash = { kind: 'crashed', code: 'IO', reason: 'its disk is full' } as const
    member(1).state = 'crashed'
    member(1).exit = `${crash.code}: ${crash.reason}`
    await world.settled()
    const verdict = await act(cluster, request('kill', '0'))
    expect(verdict.crashed).toEqual([{ member: 1, reason: 'IO: its disk is full' }])
  })
})

describe('an action is not over', () => {
  it('while no write is acknowledged', async () => {
    const { cluster, world } = await madeUpCluster()
    world.isMute = true
    const failure = act(cluster, request('kill', '0', { waitTimeoutMs: 30 }))
    await expect(failure).rejects.toMatchObject({ code: 'TIMED_OUT', exitCode: 4 })
  })

  it('while another leads in the epoch of before: that is what it said last', async () => {
    const { cluster, member, world } = await madeUpCluster()
    world.stuck.add(0).add(1)
    const done = act(cluster, request('kill', 'leader', { waitTimeoutMs: 60 }))
    await world.settled()
    Object.assign(member(1), { isServing: true, role: 'leader', epoch: 1 })
    Object.assign(member(0), { isServing: true, role: 'follower', epoch: 1 })
    await expect(done).rejects.toMatchObject({ code: 'TIMED_OUT' })
  })
})

describe('starting', () => {
  it('brings a dead member back, with the leader that there is', async () => {
    const { cluster, member } = await madeUpCluster()
    await act(cluster, request('kill', '0'))
    const verdict = await act(cluster, request('start', '0'))
    expect(verdict).toMatchObject({ members: [0], leaderBefore: 2, leaderAfter: 2, electionMs: null })
    expect([member(0).state, member(0).restarts]).toEqual(['running', 1])
  })

  it('fails with the reason of a member that ends by itself', async () => {
    const { cluster, world } = await madeUpCluster()
    world.crashing.add('0 zk-pseudo')
    await expect(act(cluster, request('restart', '0'))).rejects.toMatchObject({
      code: 'CRASHED',
      message: 'member 0 crashed (UNEXPECTED_ERROR: it was told to)',
      hint: 'the cause\nsee more: zk-pseudo logs 0',
    })
  })
})

describe('pausing', () => {
  it('the leader makes another lead; resumed, it follows', async () => {
    const { cluster, member } = await madeUpCluster()
    expect(await act(cluster, request('pause', 'leader'))).toMatchObject({
      leaderBefore: 2,
      leaderAfter: 1,
      epoch: 2,
    })
    expect(member(2).state).toBe('paused')
    await act(cluster, request('resume', '2'))
    expect([member(2).state, member(2).role, member(2).epoch]).toEqual(['running', 'follower', 2])
  })
})
