/** What verdicts measure, of ensembles that are at work: gaps, sessions, counts. */
import { afterEach, describe, expect, it } from 'vitest'
import { type ClusterEvent, Ensemble, type Verdict } from '../../src/ensemble/index.ts'
import { preciseNow } from '../../src/supervisor/probe/probe.ts'
import { eventually } from '../support/eventually.ts'
import { RawClient } from '../support/rawClient.ts'

let ensemble: Ensemble
afterEach(() => ensemble?.close())

/** Writes through every member without a pause, and begins again where a connection ends. */
class Load {
  private isOver = false
  private readonly lanes: Promise<void>[]
  writes = 0

  constructor(ports: readonly number[]) {
    this.lanes = ports.map((port) => this.lane(port))
  }

  private async lane(port: number): Promise<void> {
    while (!this.isOver) {
      try {
        const client = await RawClient.open(port)
        await client.create(`/load-${port}`, '').catch(() => {})
        while (!this.isOver) {
          await client.setData(`/load-${port}`, 'x'.repeat(200))
          this.writes += 1
        }
        client.destroy()
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
  }

  async end(): Promise<void> {
    this.isOver = true
    await Promise.all(this.lanes)
  }
}

describe('the write gap', () => {
  it('under load: of a follower killed none, of a leader killed the time until the next one', {
    timeout: 180_000,
  }, async () => {
    ensemble = await Ensemble.start({ members: 3 })
    const load = new Load(ensemble.members.map(({ clientPort }) => clientPort))
    try {
      await eventually('the load', () => load.writes > 50)
      const gaps: (number | null)[] = []
      for (let i = 0; i < 20; i++) {
        const { members, writeGapMs } = await ensemble.kill('follower')
        gaps.push(writeGapMs)
        expect(await ensemble.start(members)).toMatchObject({ writeGapMs: 0, quorum: true })
      }
      expect(gaps).toEqual(Array(20).fill(0))
      for (let i = 0; i < 3; i++) {
        const { members, writeGapMs, electionMs } = await ensemble.kill('leader')
        expect(writeGapMs).toBeGreaterThan(0)
        // The last acknowledgement may come a moment before the kill, the next one only after the election.
        expect(writeGapMs).toBeGreaterThan((electionMs as number) - 5)
        await ensemble.start(members)
      }
    } finally {
      await load.end()
    }
  })

  it('counts from the last write that could be acknowledged, where there was no quorum before', async () => {
    ensemble = await Ensemble.start({ members: 3 })
    const lost = await ensemble.kill('majority')
    const since = preciseNow()
    expect(lost).toMatchObject({ quorum: false, writeGapMs: null })
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const least = preciseNow() - since
    const back = await ensemble.start('all')
    expect(back.writeGapMs).toBeGreaterThan(least)
    expect(back.writeGapMs).toBeLessThan(preciseNow() - since + 5000)
    expect(await ensemble.kill('follower')).toMatchObject({ writeGapMs: 0 })
  })

  it('counts from then also for those that were paused', async () => {
    ensemble = await Ensemble.start({ members: 3, set: { tickTime: '100' } })
    await ensemble.pause('majority')
    const since = preciseNow()
    await new Promise((resolve) => setTimeout(resolve, 600))
    const least = preciseNow() - since
    expect((await ensemble.resume('all')).writeGapMs).toBeGreaterThan(least)
  })

  it('is that of the leader, not of when the verdict before was given', async () => {
    ensemble = await Ensemble.start({ members: 3 })
    await ensemble.kill('follower')
    await new Promise((resolve) => setTimeout(resolve, 1000))
    // Nobody has asked for a probe since; the ensemble served all the while.
    await ensemble.kill('follower', { wait: false })
    await eventually('the loss', async () => !(await ensemble.status()).quorum)
    const back = await ensemble.start('all')
    expect(back.writeGapMs).toBeGreaterThan(0)
    const atLeast = back.electionMs as number
    expect(back.writeGapMs).toBeLessThan(atLeast + 900)
  })

  it('is not known of an ensemble that never served', async () => {
    ensemble = await Ensemble.start({ members: 3, waitTimeoutMs: 0 })
    await ensemble.kill('all', { wait: false })
    await eventually('nobody', async () =>
      (await ensemble.status()).members.every(({ exit }) => exit !== null),
    )
    const { members } = await ensemble.status()
    const hasServed = await served(ensemble)
    const back = await ensemble.start('all')
    expect(back).toMatchObject({ members: members.map(({ id }) => id), quorum: true })
    if (!hasServed) expect(back.writeGapMs).toBeNull()
  })
})

async function served(of: Ensemble): Promise<boolean> {
  const over = new AbortController()
  setTimeout(() => over.abort(), 100)
  for await (const { event } of of.events({ signal: over.signal })) if (event.type === 'serving') return true
  return false
}

describe('a lost quorum', () => {
  it('counts voters, and no observer, dead or alive', async () => {
    ensemble = await Ensemble.start({ members: 3, observers: 2 })
    await ensemble.kill('observer')
    const verdict = await ensemble.kill('majority')
    expect(verdict.loss).toMatchObject({ voters: [0, 1, 2], needed: 2, bringBack: { count: 1 } })
    const { loss } = verdict as Required<Verdict>
    expect(loss.up).toHaveLength(1)
    expect(loss.bringBack.of.slice().sort()).toEqual([0, 1, 2].filter((id) => !loss.up.includes(id)))
    expect((await ensemble.status()).loss).toEqual(verdict.loss)
    const [one] = loss.bringBack.of
    expect(await ensemble.start(one as number)).toMatchObject({ quorum: true })
    expect((await ensemble.status()).loss).toBeNull()
  })

  it('of a server alone names it', async () => {
    ensemble = await Ensemble.start({ members: 1 })
    const { loss, quorum, leaderAfter } = await ensemble.stop('all')
    expect({ loss, quorum, leaderAfter }).toEqual({
      loss: { voters: [0], up: [], needed: 1, bringBack: { count: 1, of: [0] } },
      quorum: false,
      leaderAfter: null,
    })
  })
})

describe('what was not waited for', () => {
  it('claims no leader and no epoch; enough members are up, or not', async () => {
    ensemble = await Ensemble.start({ members: 3 })
    const nothing = { leaderAfter: null, epoch: null, electionMs: null, writeGapMs: null }
    expect(await ensemble.kill('leader', { wait: false })).toMatchObject({ ...nothing, quorum: true })
    expect(await ensemble.kill('random', { wait: false })).toMatchObject({ ...nothing, quorum: false })
  })
})

describe('the write probe', () => {
  it.each(['thread', 'process'] as const)('shows in no event, no log and no count: %s', async (isolation) => {
    ensemble = await Ensemble.start({ members: 3, isolation })
    const heard: ClusterEvent[] = []
    ensemble.on((event) => heard.push(event))
    await ensemble.kill('leader')
    await ensemble.start('all')
    await ensemble.kill('majority')
    await ensemble.start('all')
    await ensemble.restart('follower')
    const client = await RawClient.open(ensemble.members[0]?.clientPort as number)
    const mine = `0x${BigInt.asUintN(64, client.sessionId).toString(16)}`
    await eventually('my session', () =>
      heard.some(({ event }) => 'session' in event && event.session === mine),
    )
    await eventually('its connection alone', async () => {
      return (await ensemble.status()).members.map(({ connections }) => connections).join() === '1,0,0'
    })
    await client.close()
    await eventually('its end', () => heard.some(({ event }) => event.type === 'session-closed'))
    const sessions = heard.flatMap(({ event }) => ('session' in event ? [event.session] : []))
    expect(new Set(sessions)).toEqual(new Set([mine]))
    expect(heard.map(({ seq }) => seq)).toEqual(heard.map((_, i) => (heard[0]?.seq as number) + i))
    const logs = (await linesOf(ensemble)).filter((line) => /[Ss]ession 0x|client connection/.test(line))
    expect(logs.filter((line) => !line.includes(mine) && !line.includes('client connection'))).toEqual([])
    expect(logs.filter((line) => line.includes('client connection'))).toHaveLength(1)
    const syncs = heard.flatMap(({ event }) =>
      event.type === 'sync' && event.mode === 'DIFF' ? [event.changes] : [],
    )
    expect(new Set(syncs)).toEqual(new Set([0]))
  })
})

async function linesOf({ dir }: Ensemble): Promise<string[]> {
  const { readFile, readdir } = await import('node:fs/promises')
  const names = await readdir(`${dir}/logs`)
  const texts = await Promise.all(names.map((name) => readFile(`${dir}/logs/${name}`, 'utf8')))
  return texts.flatMap((text) => text.split('\n'))
}
