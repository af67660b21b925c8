/**
 * An Apache follower in an ensemble of ours reads whatever our leader proposes, and can be restarted with it.
 */
import { describe, expect, it } from 'vitest'
import { Ensemble } from '../../src/ensemble/index.ts'
import { apacheUnavailable } from '../support/apache.ts'
import { eventually } from '../support/eventually.ts'
import { modeOf } from '../support/fourLetterWord.ts'
import { RawClient } from '../support/rawClient.ts'

describe.skipIf(apacheUnavailable() !== undefined)('with an Apache follower', () => {
  it('replicates the end of a session whose ephemerals have names of three million bytes', async () => {
    await using ensemble = await Ensemble.start({
      members: 3,
      ports: 'auto',
      dir: 'temp',
      engine: { 0: 'apache' },
    })
    const members = [...ensemble.members]
    const modes = () => Promise.all(members.map(({ clientPort }) => modeOf(clientPort)))
    // Among equal histories the highest id leads, which is one of our members.
    await eventually('all to serve', async () => (await modes()).join() === 'follower,follower,leader', {
      timeoutMs: 60_000,
    })
    const [apache, , leader] = members.map(({ clientPort }) => clientPort) as [number, number, number]
    const session = await RawClient.open(leader)
    for (let i = 0; i < 3; i++) await session.create(`/${i}${'n'.repeat(1_000_000)}`, '', 1)
    await session.close()
    const before = await RawClient.open(apache)
    await before.sync()
    expect(await before.getChildren('/')).toEqual(['zookeeper'])
    before.destroy()

    await ensemble.kill(0)
    await ensemble.start(0)
    await eventually('member 0 to follow', async () => (await modes())[0] === 'follower', {
      timeoutMs: 60_000,
    })
    const after = await RawClient.open(apache)
    expect(await after.getChildren('/')).toEqual(['zookeeper'])
    after.destroy()
    expect(await modes()).toEqual(['follower', 'follower', 'leader'])
  }, 150_000)
})
