/**
 * Handover: in which order, when it stops, and that whatever was up runs afterwards. With made-up members.
 */
import { describe, expect, it } from 'vitest'
import type { HandoverRequest } from '../../src/api/api.ts'
import { handover } from '../../src/supervisor/handover.ts'
import { madeUpCluster } from './madeUpCluster.ts'

const never = new AbortController().signal
const toApache = (changes: Partial<HandoverRequest> = {}): HandoverRequest => ({
  to: 'apache',
  selectors: [],
  waitTimeoutMs: 2000,
  ...changes,
})

describe('a handover', () => {
  it('replaces observers and followers first and the leader last, so there is one election', async () => {
    const { cluster, world } = await madeUpCluster(3, 1)
    const report = await handover(cluster, toApache(), never)
    expect(report.moved.map(({ member, role }) => `${member} ${role}`)).toEqual([
      '3 observer',
      '0 follower',
      '1 follower',
      '2 leader',
    ])
    expect(report).toMatchObject({ problem: null, left: [], leaderBefore: 2, leaderAfter: 1, epoch: 2 })
    expect(cluster.members.every(({ engine }) => engine === 'apache')).toBe(true)
    expect(world.opened.slice(4)).toEqual(['3 apache', '0 apache', '1 apache', '2 apache'])
  })

  it('leaves members that are down, and says so', async () => {
    const { cluster, member, world } = await madeUpCluster(5)
    await member(1).host?.stop()
    await world.settled()
    const report = await handover(cluster, toApache({ selectors: ['0', '1'] }), never)
    expect(report.moved.map((step) => step.member)).toEqual([0])
    expect(report.left).toEqual([{ member: 1, why: 'it is stopped: only members that serve are replaced' }])
  })

  it('touches nothing where no member can be spared', async () => {
    const { cluster, member, world } = await madeUpCluster(3)
    await member(0).host?.kill()
    await world.settled()
    await expect(handover(cluster, toApache(), never)).rejects.toMatchObject({
      code: 'NO_SPARE',
      hint: 'first zk-pseudo start 0',
    })
    expect(world.opened).toHaveLength(3)
  })

  it('stops before the next member when it is interrupted', async () => {
    const { cluster } = await madeUpCluster(3)
    const interrupt = new AbortController()
    cluster.events.listen(({ event }) => {
      if (event.type === 'engine-changed') interrupt.abort()
    })
    const report = await handover(cluster, toApache(), interrupt.signal)
    expect(report).toMatchObject({ problem: 'it was interrupted', moved: [{ member: 0 }] })
    expect(report.left.map(({ member }) => member)).toEqual([1, 2])
  })

  it('stops when a member that was up goes down', async () => {
    const { cluster, member } = await madeUpCluster(5)
    cluster.events.listen(({ event }) => {
      if (event.type === 'engine-changed') void member(3).host?.kill()
    })
    const report = await handover(cluster, toApache(), never)
    expect(report.problem).toBe('member 3 was killed meanwhile')
    expect(report.moved.map((step) => step.member)).toEqual([0])
  })

  it('has nothing to do where all have the engine', async () => {
    const { cluster, world } = await madeUpCluster(3)
    const report = await handover(cluster, toApache({ to: 'zk-pseudo' }), never)
    expect(report).toMatchObject({ moved: [], left: [], problem: null, leaderAfter: 2 })
    expect(world.opened).toHaveLength(3)
  })

  it('stops at a member whose new engine ends by itself, which runs with the old one again', async () => {
    const { cluster, member, world } = await madeUpCluster(3)
    world.crashing.add('0 apache')
    const report = await handover(cluster, toApache(), never)
    expect(report.problem).toContain('member 0 ended (UNEXPECTED_ERROR: it was told to) with apache')
    expect(report.problem).toContain('it runs with zk-pseudo again')
    expect([member(0).engine, member(0).isServing]).toEqual(['zk-pseudo', true])
    expect(report.left.map((one) => one.member)).toEqual([0, 1, 2])
  })
})
