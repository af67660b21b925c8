/** kazoo, Python's client: what its users do, its lock across the leader's death, its counter. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest'
import { allServe, describeEngines, leaderOf, needs, type TestEnsemble } from '../../support/ensembles.ts'
import { LineProgram, works } from '../../support/programs.ts'

const pythons = [process.env.PYTHON ?? 'python3', '/usr/bin/python3']
const python = pythons.find((candidate) => works(candidate, ['-c', 'import kazoo']))

describeEngines('kazoo', (start) => {
  let ensemble: TestEnsemble
  beforeAll(async () => {
    if (!python) return
    ensemble = await start()
    await allServe(ensemble.members)
  })
  afterAll(() => ensemble?.[Symbol.asyncDispose]())

  const script = (context: TestContext, name: string): LineProgram => {
    needs(context, python ? undefined : 'no Python with kazoo was found (Debian: python3-kazoo)')
    const file = fileURLToPath(new URL(`./kazoo/${name}.py`, import.meta.url))
    return new LineProgram(python as string, ['-B', file, ensemble.connectString])
  }

  it('creates, transacts, watches and protects nodes', async (context) => {
    using program = script(context, 'basics')
    const created = await program.step('create')
    expect(created).toMatchObject({ data: 'http://one', version: 0 })
    expect(created.czxid).toBe(created.mzxid)
    expect(await program.step('errors')).toMatchObject({ exists: true, missing: true, version: true })
    // The counter behind a sequence is the number of creates under the parent: /app/config was the first.
    const names = ['/app/job-0000000001', '/app/job-0000000002', '/app/job-0000000003']
    expect(await program.step('sequence')).toMatchObject({ names })
    expect(await program.step('transaction')).toMatchObject({
      good: ['/app/t1', 'bool', 'ZnodeStat'],
      bad: ['RolledBackError', 'BadVersionError'],
      undone: true,
    })
    expect(await program.step('watch')).toMatchObject({
      seen: ['http://one', 'http://two', null],
      children: [['url'], ['other', 'url']],
    })
    expect(await program.step('acl')).toMatchObject({ denied: true, allowed: 'mine' })
    expect(await program.step('ephemerals')).toMatchObject({ left: [] })
  })

  it('counts exactly', async (context) => {
    using program = script(context, 'counter')
    const { totals, expected } = await program.step('counted')
    expect(totals).toEqual([expected, expected, expected])
  })

  it('holds a lock across the death of the leader', async (context) => {
    using program = script(context, 'lock')
    await program.step('kill the leader')
    const leader = await leaderOf(ensemble)
    await ensemble.kill(leader.id)
    expect(await leaderOf(ensemble)).not.toEqual(leader)
    program.go()
    expect(await program.step('after')).toMatchObject({
      same_session: true,
      same_nodes: true,
      contender_waits: true,
      lost: false,
    })
    expect(await program.step('released')).toMatchObject({ contender_got_it: true })
    await ensemble.start(leader.id)
  })
})
