/**
 * The steps of the classic tutorials: stop the leader, stop the next one too, and bring them back one by one.
 */
import { expect, it } from 'vitest'
import {
  allServe,
  describeEngines,
  leaderOf,
  modes,
  type TestEnsemble,
  type TestMember,
} from '../../support/ensembles.ts'
import { eventually } from '../../support/eventually.ts'
import { ask } from '../../support/fourLetterWord.ts'
import { RawClient } from '../../support/rawClient.ts'

const notServing = /^This ZooKeeper instance is not currently serving requests\n?$/

describeEngines('the steps of the tutorials', (start) => {
  it('elects while two run, stops serving with one, and resumes with the data intact', {
    timeout: 90_000,
  }, async () => {
    await using ensemble = await start()
    await allServe(ensemble.members)
    expect((await modes(ensemble)).sort()).toEqual(['follower', 'follower', 'leader'])

    const first = await leaderOf(ensemble)
    await write(first, '/walk-1')
    await ensemble.stop(first.id)
    const second = await leaderOf(ensemble)
    expect(second.id).not.toBe(first.id)
    const third = ensemble.members.find(({ id }) => id !== first.id && id !== second.id) as TestMember
    await allServe([third])
    expect(await asked(third)).toBe('Mode: follower')
    await write(third, '/walk-2')

    await ensemble.stop(second.id)
    await eventually('the last member to serve nobody', async () => {
      return notServing.test(await ask(third.clientPort, 'srvr'))
    })
    expect(await ask(third.clientPort, 'ruok')).toBe('imok')
    await expect(RawClient.open(third.clientPort)).rejects.toThrow()

    await ensemble.start(first.id)
    await allServe([first, third])
    const again = await leaderOf(ensemble)
    await write(again, '/walk-3')
    await ensemble.start(second.id)
    await allServe([second])
    expect(await leaderOf(ensemble)).toEqual(again)
    expect(await asked(second)).toBe('Mode: follower')
    await everywhere(ensemble, ['walk-1', 'walk-2', 'walk-3'])
  })
})

async function asked({ clientPort }: TestMember): Promise<string | undefined> {
  return /^Mode: .*$/m.exec(await ask(clientPort, 'srvr'))?.[0]
}

async function write(member: TestMember, path: string): Promise<void> {
  const client = await RawClient.open(member.clientPort)
  await client.create(path, path)
  await client.close()
}

/** Checks that every member shows these znodes with the same creation zxids. */
async function everywhere(ensemble: TestEnsemble, names: string[]): Promise<void> {
  const seen = []
  for (const { clientPort } of ensemble.members) {
    const client = await RawClient.open(clientPort)
    await client.sync()
    expect(await client.getChildren('/')).toEqual(expect.arrayContaining(names))
    const nodes = await Promise.all(names.map((name) => client.getData(`/${name}`)))
    seen.push(nodes.map(({ data, stat }) => `${data} ${stat.czxid}`))
    await client.close()
  }
  expect(new Set(seen.map((one) => one.join())).size).toBe(1)
}
