/** Curator's recipes, each through a leader's death, with Debian's jars and the programs of this folder. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { allServe, describeEngines, type TestEnsemble } from '../../../support/ensembles.ts'
import { javaPrograms } from '../java/java.ts'
import { insideAt } from '../journal.ts'
import { LeaderKill } from '../leaderKill.ts'

const jars = ['curator-recipes', 'curator-framework', 'curator-client', 'guava', 'zookeeper']

describeEngines('Curator', (start) => {
  const java = javaPrograms(new URL('.', import.meta.url), jars)
  let ensemble: TestEnsemble
  const journals = mkdtempSync(join(tmpdir(), 'zk-pseudo-journal-'))
  beforeAll(async () => {
    // Curator creates some parents as containers.
    ensemble = await start({ set: { extendedTypesEnabled: 'true' } })
    await allServe(ensemble.members)
  })
  afterAll(async () => {
    rmSync(journals, { recursive: true })
    await ensemble?.[Symbol.asyncDispose]()
  })

  for (const recipe of ['mutex', 'read-write', 'semaphore']) {
    it(`admits only those that may enter: ${recipe}`, async (context) => {
      const file = join(journals, recipe)
      using locks = await java(context, ensemble, 'Locks', recipe, file)
      await using _ = await LeaderKill.amid(ensemble, locks)
      const { rounds, total, lost } = await locks.step('done')
      const journal = readFileSync(file, 'utf8')
      const inside = insideAt(journal)
      const together = inside.filter(({ names }) => names.length > 1)
      expect(together.filter(({ kinds }) => kinds.includes('alone'))).toEqual([])
      if (recipe === 'semaphore') expect(together.filter(({ names }) => names.length > 2)).toEqual([])
      expect(journal.match(/^\+/gm)).toHaveLength(Number(rounds))
      expect(total).toBe(journal.match(/^\+\d alone$/gm)?.length ?? 0)
      expect(lost).toBe(0)
    })
  }

  it('has one leader at a time', async (context) => {
    using leaders = await java(context, ensemble, 'Leaders')
    await using _ = await LeaderKill.amid(ensemble, leaders)
    expect(await leaders.step('done')).toMatchObject({ participants: 2, latched: 1, most: 1, lost: 0 })
  })

  it('keeps barriers, counters and queues', async (context) => {
    using together = await java(context, ensemble, 'Together')
    await using _ = await LeaderKill.amid(ensemble, together)
    expect(await together.step('barriers')).toMatchObject({ early: [], passed: [0, 1], inside: 0 })
    const { total, added, suspended, seen } = (await together.step('counters')) as {
      total: number
      added: number
      suspended: number
      seen: number[]
    }
    expect(total).toBeGreaterThanOrEqual(added)
    expect(total).toBeLessThanOrEqual(added + suspended)
    expect(seen.at(-1)).toBe(42)
    const queues = await together.step('queues')
    expect(queues.taken).toBe(queues.put)
    expect(queues.lost).toBe(0)
  })

  it('brings its caches up to date', async (context) => {
    using caches = await java(context, ensemble, 'Caches')
    await using _ = await LeaderKill.amid(ensemble, caches)
    expect(await caches.step('done')).toMatchObject({
      held: {
        '/cached': '',
        '/cached/a': 'second',
        '/cached/a/3': 'new',
        '/cached/c': 'new',
        '/cached/c/d': 'third',
      },
      suspended: true,
      watched: ['NodeCreated /cached/a/3', 'NodeDeleted /cached/a/1'],
      lost: 0,
    })
  })

  it('keeps groups and nodes, and creates each once', async (context) => {
    using members = await java(context, ensemble, 'Members')
    await using _ = await LeaderKill.amid(ensemble, members)
    const done = await members.step('done')
    expect(done).toMatchObject({
      wholly: true,
      missing: [],
      stays: 'here',
      group: ['member-0', 'member-1'],
      lost: 0,
    })
    expect(done.made).toBe(done.asked)
  })
})
