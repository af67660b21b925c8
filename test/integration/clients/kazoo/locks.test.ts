/**
 * kazoo's recipes that admit one or several: locks, semaphores, elections and leases, through a leader's
 * death.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, type TestContext } from 'vitest'
import { leaderOf } from '../../../support/ensembles.ts'
import { RawClient } from '../../../support/rawClient.ts'
import { type Inside, insideAt } from '../journal.ts'
import { LeaderKill } from '../leaderKill.ts'
import { describeKazoo } from './kazoo.ts'

describeKazoo('locks', ({ ensemble, script }) => {
  it('holds a lock across the death of the leader', async (context) => {
    using program = script(context, 'lock')
    await using _ = await LeaderKill.amid(ensemble(), program)
    expect(await program.step('after')).toMatchObject({
      same_session: true,
      same_nodes: true,
      contender_waits: true,
      lost: false,
    })
    expect(await program.step('released')).toMatchObject({ contender_got_it: true })
  })

  it('admits one process at a time', async (context) => {
    const { inside, rounds } = await contend(context, 'contendedLock')
    expect(Math.max(...inside.map(({ names }) => names.length))).toBe(1)
    expect(await total()).toBe(rounds)
  })

  it('admits readers together and writers alone', async (context) => {
    const before = await total()
    const { inside, alone } = await contend(context, 'contendedReadWriteLock')
    const disturbed = inside.filter(({ names, kinds }) => kinds.includes('alone') && names.length > 1)
    expect(disturbed).toEqual([])
    expect(alone).toBeGreaterThan(0)
    expect((await total()) - before).toBe(alone)
  })

  it('grants no more leases than there are', async (context) => {
    const { inside } = await contend(context, 'contendedSemaphore')
    expect(Math.max(...inside.map(({ names }) => names.length))).toBeLessThanOrEqual(2)
  })

  it('shares read locks and leases across the death of the leader', async (context) => {
    using program = script(context, 'sharing')
    await using _ = await LeaderKill.amid(ensemble(), program)
    expect(await program.step('after')).toMatchObject({
      contenders: ['reader', 'reader', 'writer'],
      writer_waits: true,
      holders: ['holder-0', 'holder-1', 'holder-2'],
      fourth_waits: true,
    })
    expect(await program.step('released')).toMatchObject({
      one_reader_suffices: true,
      writer: true,
      holders: ['holder-0', 'holder-2', 'holder-3'],
      lost: false,
    })
  })

  it('keeps the elected contender, and the queue after it', async (context) => {
    using program = script(context, 'election')
    await using _ = await LeaderKill.amid(ensemble(), program)
    expect(await program.step('done')).toMatchObject({
      contenders: ['candidate-0', 'candidate-1', 'candidate-2'],
      during: [0],
      reigns: [0, 2],
      overlaps: [],
      left: [],
    })
  })

  it('keeps leases with their holders', async (context) => {
    using program = script(context, 'lease')
    await using _ = await LeaderKill.amid(ensemble(), program)
    expect(await program.step('done')).toMatchObject({
      before: [true, false, true, true, false],
      after: [true, false, true, true, false],
      freed: [true, true],
    })
  })

  /**
   * Two processes with two threads each contend through a leader's death. @returns what their journal shows
   */
  async function contend(
    context: TestContext,
    name: string,
  ): Promise<{ inside: Inside[]; rounds: number; alone: number }> {
    const dir = mkdtempSync(join(tmpdir(), 'zk-pseudo-journal-'))
    try {
      const file = join(dir, 'journal')
      using one = script(context, name, file)
      using other = script(context, name, file)
      await using _ = await LeaderKill.amid(ensemble(), one, other)
      const done = [await one.step('done'), await other.step('done')]
      expect(done.map(({ lost }) => lost)).toEqual([false, false])
      const rounds = done.reduce((sum, { rounds }) => sum + Number(rounds), 0)
      const text = readFileSync(file, 'utf8')
      expect(text.match(/^\+/gm)).toHaveLength(rounds)
      return { inside: insideAt(text), rounds, alone: text.match(/^\+\S+ alone$/gm)?.length ?? 0 }
    } finally {
      rmSync(dir, { recursive: true })
    }
  }

  /** The sum of what all contenders added while they were alone inside. */
  async function total(): Promise<number> {
    const { clientPort } = await leaderOf(ensemble())
    const client = await RawClient.open(clientPort)
    await client.sync()
    const { data } = await client.getData('/total')
    await client.close()
    return Number(data)
  }
})
