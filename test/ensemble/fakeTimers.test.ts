/** Fake timers of a test runner stand still until the test moves them; an ensemble goes on all the while. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { eventually } from '../support/eventually.ts'

describe('under fake timers', () => {
  afterEach(() => {
    vi.useRealTimers()
    vi.resetModules()
  })

  it.each(['before', 'after'])('installed %s the library is loaded, everything works', async (when) => {
    vi.resetModules()
    if (when === 'before') vi.useFakeTimers()
    const { Ensemble } = await import('../../src/ensemble/index.ts')
    const { ZooKeeper } = await import('../../src/client/index.ts')
    if (when === 'after') vi.useFakeTimers()
    const stoppedAt = Date.now()
    await using ensemble = await Ensemble.start()
    const before = await ensemble.waitForLeader()
    await using client = await ZooKeeper.connect(ensemble.connectString)
    await client.create('/kept', Buffer.from('x'))
    const verdict = await ensemble.kill('leader')
    expect(verdict).toMatchObject({ leaderBefore: before.id, quorum: true })
    expect(verdict.electionMs).toBeGreaterThan(0)
    expect(verdict.electionMs).toBeLessThan(10_000)
    expect(await ensemble.start(before.id)).toMatchObject({ quorum: true })
    await ensemble.pause('follower')
    await ensemble.resume('all')
    expect(String((await client.getData('/kept')).data)).toBe('x')
    await ensemble.stop('all')
    await expect(ensemble.waitForLeader(50)).rejects.toMatchObject({ exitCode: 4 })
    expect(Date.now()).toBe(stoppedAt)
  })

  it('that stop Node itself are refused, and what runs goes on once they are gone', async () => {
    const { Ensemble } = await import('../../src/ensemble/index.ts')
    let tick = fakeTicks()
    const refused = { code: 'TICKS_FAKED', hint: expect.stringContaining('toFake') }
    await expect(Ensemble.start()).rejects.toMatchObject(refused)
    tick()
    const ensemble = await Ensemble.start({ members: 1 })
    tick = fakeTicks()
    await expect(ensemble.kill('all')).rejects.toMatchObject(refused)
    tick()
    expect((await ensemble.kill('all')).members).toHaveLength(1)
    await ensemble.close()
  })

  it('are no reason to wait for ever', async () => {
    const { Ensemble } = await import('../../src/ensemble/index.ts')
    vi.useFakeTimers()
    const events: string[] = []
    const ensemble = await Ensemble.start({ members: 1, isolation: 'process' })
    ensemble.on(({ event }) => events.push(event.type))
    await ensemble.restart('all')
    vi.useRealTimers()
    await eventually('its events', () => events.includes('member-stopped') && events.includes('serving'))
    await ensemble.close()
  })
})

/** As Sinon's fake timers do by default. @returns lets what is due happen, and ends it */
function fakeTicks(): () => void {
  const { nextTick } = process
  const due: (() => void)[] = []
  process.nextTick = (work: (...args: unknown[]) => void, ...args: unknown[]) => {
    due.push(() => work(...args))
  }
  return () => {
    process.nextTick = nextTick
    for (const work of due) work()
  }
}
