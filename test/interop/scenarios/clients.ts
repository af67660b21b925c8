/**
 * kazoo and zkCli, as people use them, on a mixed ensemble: kazoo's basics and its writes while the leader
 * dies, under leaders of both kinds; and a znode that zkCli creates and then sees at every member.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { LineProgram, runProgram, works } from '../../support/programs.ts'
import { THREES } from '../arrangement.ts'
import { oneOfEachKind } from '../kinds.ts'
import type { MixedEnsemble } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'

export const clients: Scenario = {
  name: 'clients',
  title: 'kazoo and zkCli, the leader killed meanwhile',
  where: [...THREES, 'AZZaz'],
  core: ['AZZ'],
  async play(_, stage) {
    const ensemble = await stage.start()
    await kazooBasics(ensemble)
    for (const { id } of oneOfEachKind(ensemble.voters)) {
      await ensemble.lead(id)
      await kazooWrites(ensemble, id)
    }
    await zkCli(ensemble)
  },
}

async function kazooBasics(ensemble: MixedEnsemble): Promise<void> {
  using program = kazoo('basics', ensemble)
  expect(await program.step('create')).toMatchObject({ data: 'http://one', version: 0 })
  expect(await program.step('errors')).toMatchObject({ exists: true, missing: true, version: true })
  expect((await program.step('sequence')).names).toHaveLength(3)
  expect(await program.step('transaction')).toMatchObject({
    bad: ['RolledBackError', 'BadVersionError'],
    undone: true,
  })
  expect(await program.step('watch')).toMatchObject({ seen: ['http://one', 'http://two', null] })
  expect(await program.step('acl')).toMatchObject({ denied: true, allowed: 'mine' })
  expect(await program.step('ephemerals')).toMatchObject({ left: [] })
}

async function kazooWrites(ensemble: MixedEnsemble, leader: number): Promise<void> {
  using program = kazoo('writes', ensemble)
  await program.step('kill the leader')
  await ensemble.kill(leader)
  await ensemble.waitUntilServing()
  program.go()
  await program.step('bring it back', 60_000)
  await ensemble.start(leader)
  await ensemble.waitUntilServing()
  program.go()
  const { acknowledged, wrong } = await program.step('done', 60_000)
  expect(wrong).toEqual([])
  expect(acknowledged).toBeGreaterThanOrEqual(150)
  // The script numbers its znodes from one each time.
  const client = await ensemble.connect()
  await Promise.all((await client.getChildren('/writes')).map((name) => client.delete(`/writes/${name}`)))
  await client.delete('/writes')
  await client.close()
}

function kazoo(script: string, ensemble: MixedEnsemble): LineProgram {
  const pythons = [process.env.PYTHON ?? 'python3', '/usr/bin/python3']
  const python = pythons.find((candidate) => works(candidate, ['-c', 'import kazoo']))
  if (python === undefined) throw new Error('no Python with kazoo was found (Debian: python3-kazoo)')
  const file = fileURLToPath(new URL(`../../integration/clients/kazoo/${script}.py`, import.meta.url))
  return new LineProgram(python, ['-B', file, ensemble.connectString])
}

async function zkCli(ensemble: MixedEnsemble): Promise<void> {
  const places = ['/usr/share/zookeeper/bin/zkCli.sh', '/opt/zookeeper/bin/zkCli.sh']
  const cli = process.env.ZK_CLI ?? places.find((place) => existsSync(place))
  if (cli === undefined) throw new Error(`zkCli.sh was not found in ${places.join(', ')} (Debian: zookeeper)`)
  const at = (id: number, input: string) =>
    runProgram(cli, ['-server', ensemble.addressesOf([id])], { input, timeoutMs: 60_000 })
  const [first = 0] = ensemble.ids
  const made = await at(first, 'create /defg defg\nget -s /defg\nquit\n')
  const czxid = /^cZxid = (0x[1-9a-f][0-9a-f]{8,})$/m.exec(made.stdout)?.[1]
  expect(czxid, made.stdout + made.stderr).toBeDefined()
  for (const id of ensemble.ids) {
    const { stdout } = await at(id, 'sync /defg\nget -s /defg\nquit\n')
    expect(stdout).toMatch(/^defg$/m)
    expect(stdout).toContain(`cZxid = ${czxid}`)
  }
}
