/** When an ensemble has come to rest: made-up members, every case that the rule tells apart. */
import { describe, expect, it } from 'vitest'
import {
  active,
  isQuorumImpossible,
  isServing,
  until,
  waitUntilServing,
} from '../../src/supervisor/settlement.ts'
import { madeUpCluster } from './madeUpCluster.ts'

describe('an ensemble serves', () => {
  it('with a leader whom every member that takes part follows in the same epoch', async () => {
    const { cluster } = await madeUpCluster(3, 1)
    expect(isServing(cluster)).toBe(true)
  })

  it('not while one that takes part does not serve, be it an observer', async () => {
    const { cluster, member } = await madeUpCluster(3, 1)
    member(3).isServing = false
    expect(isServing(cluster)).toBe(false)
  })

  it('not while one serves in an epoch of before', async () => {
    const { cluster, member } = await madeUpCluster()
    member(0).epoch = 0
    expect(isServing(cluster)).toBe(false)
  })

  it('without those that are down or paused', async () => {
    const { cluster, member } = await madeUpCluster(5)
    await member(0).host?.kill()
    member(1).state = 'paused'
    expect(isServing(cluster)).toBe(true)
    expect(active(cluster).map(({ id }) => id)).toEqual([2, 3, 4])
  })

  it('not without a leader', async () => {
    const { cluster, member, world } = await madeUpCluster()
    await Promise.all([member(0).host?.kill(), member(1).host?.kill()])
    await world.settled()
    expect(isServing(cluster)).toBe(false)
    expect(isQuorumImpossible(cluster)).toBe(true)
  })
})

describe('until', () => {
  it('is met at once, with an event, and by the clock', async () => {
    const { cluster } = await madeUpCluster(1)
    expect(await until(cluster, 0, () => true)).toBe(true)
    let isMet = false
    const met = until(cluster, 60_000, () => isMet)
    isMet = true
    cluster.events.add(cluster.now, null, { type: 'log', level: 'info', message: 'look' })
    expect(await met).toBe(true)
    let looks = 0
    expect(await until(cluster, 60_000, () => ++looks > 2)).toBe(true)
  })

  it('gives up after the time, and at once in a cluster that ends', async () => {
    const { cluster } = await madeUpCluster(1)
    expect(await until(cluster, 1, () => false)).toBe(false)
    const waiting = until(cluster, 60_000, () => false)
    cluster.beginEnd()
    expect(await waiting).toBe(false)
    expect(await until(cluster, 60_000, () => false)).toBe(false)
  })
})

describe('waiting until it serves', () => {
  it('ends with a write', async () => {
    const { cluster, world } = await madeUpCluster()
    await waitUntilServing(cluster, 1000)
    world.isMute = true
    await expect(waitUntilServing(cluster, 50)).rejects.toMatchObject({ code: 'TIMED_OUT', exitCode: 4 })
  })

  it('names the state of every member after the time', async () => {
    const { cluster, member, world } = await madeUpCluster()
    await Promise.all([member(1).host?.stop(), member(2).host?.kill()])
    await world.settled()
    await expect(waitUntilServing(cluster, 20)).rejects.toThrow('0 looking, 1 stopped, 2 killed')
  })

  it('ends at once when those that crashed are too many', async () => {
    const { cluster, member, world } = await madeUpCluster()
    for (const id of [1, 2]) {
      await member(id).host?.kill()
      world.crashing.add(`${id} zk-pseudo`)
    }
    await cluster.start([member(1), member(2)])
    const waiting = waitUntilServing(cluster, 60_000)
    await expect(waiting).rejects.toMatchObject({
      code: 'CRASHED',
      message: 'the ensemble cannot serve: members 1, 2 crashed (UNEXPECTED_ERROR: it was told to)',
    })
  })

  it('but waits while one was only stopped', async () => {
    const { cluster, member, world } = await madeUpCluster()
    await member(1).host?.stop()
    world.crashing.add('2 zk-pseudo')
    await member(2).host?.kill()
    await cluster.start([member(2)])
    await expect(waitUntilServing(cluster, 30)).rejects.toMatchObject({ code: 'TIMED_OUT' })
  })
})
