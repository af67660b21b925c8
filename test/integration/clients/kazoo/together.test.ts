/**
 * kazoo's recipes that coordinate clients: barriers, parties, partitions, queues, counters, watches, caches.
 */
import { expect, it } from 'vitest'
import { LeaderKill } from '../leaderKill.ts'
import { describeKazoo } from './kazoo.ts'

describeKazoo('working together', ({ ensemble, script }) => {
  it('counts exactly, and never forgets what was acknowledged', async (context) => {
    using program = script(context, 'counter')
    const { totals, expected } = await program.step('counted')
    expect(totals).toEqual([expected, expected, expected])
    await using _ = await LeaderKill.amid(ensemble(), program)
    const after = (await program.step('after')) as { totals: number[]; added: number; unanswered: number }
    expect(new Set(after.totals).size).toBe(1)
    expect(after.totals[0]).toBeGreaterThanOrEqual(after.added)
    expect(after.totals[0]).toBeLessThanOrEqual(after.added + after.unanswered)
  })

  it('keeps barriers closed, and releases all waiters together', async (context) => {
    using program = script(context, 'barriers')
    await using _ = await LeaderKill.amid(ensemble(), program)
    expect(await program.step('done')).toMatchObject({
      passed_closed: [],
      passed: [1, 2],
      entered_early: [],
      entered: [0, 1, 2],
      // There are three members, and the node that marks the barrier as open.
      here: 4,
      left_early: [],
      left: [0, 1, 2],
      remains: [],
    })
  })

  it('keeps the members of a party', async (context) => {
    using program = script(context, 'party')
    await using _ = await LeaderKill.amid(ensemble(), program)
    const guests = (...numbers: number[]) => {
      const names = numbers.map((number) => `guest-${number}`)
      return [names, names, names.length]
    }
    expect(await program.step('done')).toMatchObject({
      before: guests(0, 1, 2),
      after: guests(0, 1, 2),
      left: guests(0, 2),
      closed: guests(0),
    })
  })

  it('divides a set among workers, and again after the death', async (context) => {
    using program = script(context, 'partitioner')
    await using _ = await LeaderKill.amid(ensemble(), program)
    const { before, after, items, lost } = (await program.step('done')) as Record<string, string[][]>
    expect(before?.flat().sort()).toEqual(items)
    expect(after?.flat().sort()).toEqual(items)
    expect(lost).toBe(false)
  })

  it('hands every queued entry out once, by priority', async (context) => {
    using program = script(context, 'queues')
    await using _ = await LeaderKill.amid(ensemble(), program)
    const done = (await program.step('done')) as Record<string, string[]>
    const numbers = [0, 1, 2, 3, 4, 5]
    expect(done.taken).toEqual([...numbers.map((n) => `soon-${n}`), ...numbers.map((n) => `late-${n}`)])
    const { put = [], unsure = [], processed = [] } = done
    expect(new Set(processed).size).toBe(processed.length)
    expect(processed).toEqual(expect.arrayContaining(put))
    expect([...put, ...unsure]).toEqual(expect.arrayContaining(processed))
    expect(done.left).toBe(0)
  })

  it('shows its watchers the last value, and never a stale one', async (context) => {
    using program = script(context, 'watches')
    await using _ = await LeaderKill.amid(ensemble(), program)
    const done = await program.step('done')
    const { values, counts } = done as { values: [number, number, number][]; counts: number[] }
    const zxids = values.map(([, , mzxid]) => mzxid)
    expect(zxids).toEqual([...zxids].sort((a, b) => a - b))
    expect(values.map(([value]) => value)).toEqual(values.map(([value]) => value).sort((a, b) => a - b))
    expect(values.at(-1)?.[0]).toBe(done.last)
    expect(counts).toEqual([...counts].sort((a, b) => a - b))
    expect(done).toMatchObject({ missing: [], lost: false })
    expect(done.after).toBeGreaterThan(0)
  })

  it('brings a tree cache up to date', async (context) => {
    using program = script(context, 'treeCache')
    await using _ = await LeaderKill.amid(ensemble(), program)
    expect(await program.step('done')).toMatchObject({
      cached: {
        '/cached': '',
        '/cached/a': '',
        '/cached/a/1': 'changed',
        '/cached/b': '/cached/b',
        '/cached/c': '',
        '/cached/c/d': '',
        '/cached/c/d/e': 'newer',
      },
      suspended: true,
      reconnected: true,
      lost: false,
    })
  })
})
