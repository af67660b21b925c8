/**
 * Apache's own Java client through a leader's death: nodes, watches of every kind, pipelines, and rarely used
 * features.
 */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest'
import {
  allServe,
  describeEngines,
  leaderOf,
  type TestEnsemble,
  type TestMember,
} from '../../../support/ensembles.ts'
import type { LineProgram } from '../../../support/programs.ts'
import { LeaderKill } from '../leaderKill.ts'
import { javaPrograms } from './java.ts'

const superDigest = `super:${createHash('sha1').update('super:secret').digest('base64')}`

describeEngines("Apache's Java client", (start) => {
  const java = javaPrograms(new URL('.', import.meta.url), ['zookeeper'])
  let ensemble: TestEnsemble
  beforeAll(async () => {
    ensemble = await start({
      set: {
        extendedTypesEnabled: 'true',
        reconfigEnabled: 'true',
        'DigestAuthenticationProvider.superDigest': superDigest,
      },
      jvm: { 'znode.container.checkIntervalMs': '100' },
    })
    await allServe(ensemble.members)
  })
  afterAll(() => ensemble?.[Symbol.asyncDispose]())
  const program = (context: TestContext, ...args: [string, ...string[]]): Promise<LineProgram> =>
    java(context, ensemble, ...args)

  it('keeps nodes, permissions and its session', async (context) => {
    using nodes = await program(context, 'Nodes')
    expect(await nodes.step('create')).toMatchObject({
      fresh: true,
      version: 1,
      names: ['/j/e/n-', '/j/e/n-0000000001'],
      ephemerals: ['/j/e/f', '/j/e/n-', '/j/e/n-0000000001'],
      ephemeralsBelow: ['/j/e/n-', '/j/e/n-0000000001'],
      below: 5,
      errors: ['NODEEXISTS', 'NONODE', 'BADVERSION', 'NOTEMPTY', 'NOCHILDRENFOREPHEMERALS'],
    })
    expect(await nodes.step('multi')).toMatchObject({
      kinds: ['CreateResult', 'CheckResult', 'SetDataResult', 'DeleteResult'],
      // The results of operations that were rolled back, refused, and not tried.
      refused: ['BADVERSION', 0, -103, -2],
      there: true,
      data: 'two',
      children: ['n-', 'n-0000000001'],
      missing: -101,
    })
    expect(await nodes.step('acl')).toMatchObject({
      denied: 'NOAUTH',
      who: ['digest:ann', 'ip:127.0.0.1'],
    })
    await using _ = await LeaderKill.amid(ensemble, nodes)
    const { before, after, sameSession } = await nodes.step('after')
    expect(after).toEqual(before)
    expect(sameSession).toBe(true)
    expect(await nodes.step('closed')).toMatchObject({ left: [] })
  })

  it('sets its watches again, and gets events for what changed meanwhile', async (context) => {
    using watches = await program(context, 'Watches')
    await using _ = await LeaderKill.amid(ensemble, watches)
    const below = (round: string[]): string[] => [...round, ...round]
    expect(await watches.step('done')).toMatchObject({
      removedTwice: 'NOWATCHER',
      seen: {
        data: ['NodeDataChanged /w/data'],
        gone: ['NodeDeleted /w/gone'],
        missing: ['NodeCreated /w/missing'],
        children: ['NodeChildrenChanged /w/children'],
        persistent: [
          ...below(['NodeDataChanged /w/p', 'NodeChildrenChanged /w/p', 'NodeChildrenChanged /w/p']),
          'PersistentWatchRemoved /w/p',
        ],
        recursive: [
          ...below([
            'NodeDataChanged /w/r',
            'NodeCreated /w/r/s/deep',
            'NodeDataChanged /w/r/s/deep',
            'NodeDeleted /w/r/s/deep',
            'NodeDataChanged /w/r/s',
          ]),
          'NodeDataChanged /w/r',
        ],
        removed: ['PersistentWatchRemoved /w/removed'],
        kept: ['NodeDataChanged /w/removed'],
      },
    })
  })

  it('gets the answers to a thousand outstanding requests in order', async (context) => {
    using pipeline = await program(context, 'Pipeline')
    const calm = { answers: 1000, inOrder: true, wrong: [], acknowledged: 334 }
    expect(await pipeline.step('calm')).toMatchObject(calm)
    await using kill = await LeaderKill.amid(ensemble, pipeline)
    await pipeline.step('bring it back')
    await kill.restore()
    pipeline.go()
    const storm = await pipeline.step('storm')
    expect(storm).toMatchObject({ inOrder: true, wrong: [], lost: [] })
    expect(storm.acknowledged).toBeGreaterThanOrEqual(200)
  })

  it('creates TTL nodes and containers, which the next leader removes in time', async (context) => {
    using extended = await program(context, 'Extended')
    expect(await extended.step('created')).toMatchObject({
      name: '/x/s-0000000002',
      owner: 0,
      ephemerals: ['/x/used/child'],
    })
    await using _ = await LeaderKill.amid(ensemble, extended)
    expect(await extended.step('after')).toMatchObject({ left: ['full', 'long', 'new', 's-0000000002'] })
  })

  it('reconfigures, and the next leader knows of it', async (context) => {
    const leader = await leaderOf(ensemble)
    const leaver = ensemble.members.find(({ id }) => id !== leader.id) as TestMember
    using reconfig = await program(context, 'Reconfig', String(leaver.id), String(leaver.clientPort))
    await reconfig.step('wait for all')
    await allServe(ensemble.members)
    reconfig.go()
    await using _ = await LeaderKill.amid(ensemble, reconfig)
    const all = ensemble.members.map(({ id }) => `server.${id}`)
    expect(await reconfig.step('done')).toMatchObject({
      before: all,
      without: all.filter((name) => name !== `server.${leaver.id}`),
      with: all,
      after: all,
      sameVersion: true,
      grown: true,
      events: ['NodeDataChanged /zookeeper/config'],
      denied: 'NOAUTH',
      stale: 'BADVERSION',
    })
  })

  it('reads without a quorum where it allows that', async (context) => {
    // Without local sessions a member cannot make a session while there is no quorum.
    await using own = await start({
      set: { localSessionsEnabled: 'true', localSessionsUpgradingEnabled: 'true' },
      jvm: { 'readonlymode.enabled': 'true' },
    })
    await allServe(own.members)
    using readOnly = await java(context, own, 'ReadOnly')
    await readOnly.step('take the quorum away')
    const leader = await leaderOf(own)
    const follower = own.members.find(({ id }) => id !== leader.id) as TestMember
    const gone = [leader.id, follower.id]
    for (const id of gone) await own.kill(id)
    readOnly.go()
    await readOnly.step('bring it back')
    for (const id of gone) await own.start(id)
    readOnly.go()
    expect(await readOnly.step('done')).toMatchObject({ read: 'kept', refused: 'NOTREADONLY', version: 1 })
  })
})
