/**
 * A dataDir moves both ways between Apache ZooKeeper and ours, and on, killed or stopped: every znode, Stat, ACL and
 * session is what it was, nothing acknowledged is lost, and both write on.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, type TestContext } from 'vitest'
import type { ZooKeeper } from '../../src/client/index.ts'
import type { Engine } from '../../src/ensemble/index.ts'
import { apacheUnavailable } from '../support/apache.ts'
import { needs } from '../support/ensembles.ts'
import {
  client,
  connect,
  everyKindOfWrite,
  gone,
  type Load,
  PASSING,
  Scene,
  treeOf,
  treeOnDisk,
  writeUnderLoad,
} from './dataDirScene.ts'

const missing = apacheUnavailable()
beforeEach((context) => needs(context as TestContext, missing))

interface Turn {
  engine: Engine
  end: 'kill' | 'stop'
  /** More for zoo.cfg, of every member. */
  set?: Record<string, string>
}

/** Who runs the members one after the other, and how each ends. */
const TURNS: Turn[] = [
  { engine: 'apache', end: 'kill', set: { snapCount: '60' } },
  { engine: 'zk-pseudo', end: 'kill', set: { snapCount: '60' } },
  { engine: 'apache', end: 'stop', set: { snapCount: '60', 'snapshot.compression.method': 'snappy' } },
  { engine: 'zk-pseudo', end: 'stop', set: { snapCount: '60', 'snapshot.compression.method': 'snappy' } },
  { engine: 'apache', end: 'kill', set: { 'digest.enabled': 'false' } },
  { engine: 'zk-pseudo', end: 'kill', set: { snapCount: '60', 'snapshot.compression.method': 'gz' } },
  { engine: 'apache', end: 'stop', set: { snapCount: '60', 'snapshot.compression.method': 'gz' } },
  { engine: 'zk-pseudo', end: 'stop' },
]

type Tree = Awaited<ReturnType<typeof treeOf>>

/** Plays the turns; a session lives through all of them, another dies at each. */
async function play(scene: Scene, turns: readonly Turn[]): Promise<void> {
  const acknowledged = new Set<string>()
  const lasting = client(scene.clientPorts)
  let sessionId: bigint | null = null
  let before: Tree | null = null
  try {
    for (const [index, turn] of turns.entries()) {
      const what = `turn ${index}: ${turn.engine}`
      for (const id of scene.members) scene.configure(id, turn.set)
      await scene.run(turn.engine)
      await lasting.connected(30_000)
      if (sessionId === null) {
        sessionId = lasting.sessionId
        for (const path of ['/load', PASSING]) await lasting.create(path, '')
      }
      expect(lasting.sessionId, what).toBe(sessionId)
      if (before !== null)
        for (const port of scene.clientPorts) expect(await treeOf(port), `${what}, ${port}`).toEqual(before)
      const names = new Set((await lasting.getChildren('/load')).map((name) => `/load/${name}`))
      expect(
        [...acknowledged].filter((name) => !names.has(name)),
        what,
      ).toEqual([])
      // The session that was left alone expires here.
      if (index > 0) await gone(lasting, `${PASSING}/${index - 1}`)
      const { load, tree } = await playTurn(scene, lasting, turn, `/turn-${index}`)
      for (const name of load.acknowledged) acknowledged.add(name)
      before = tree
    }
  } finally {
    lasting.leave()
  }
}

/** Writes all there is and ends the members; what they must show next, unless an election decides that. */
async function playTurn(
  scene: Scene,
  lasting: ZooKeeper,
  { end }: Turn,
  base: string,
): Promise<{ load: Load; tree: Tree | null }> {
  await everyKindOfWrite(lasting, base)
  await gone(lasting, `${base}/doomed-container`)
  const left = await connect(scene.clientPorts, 3000)
  await left.create(base.replace('/turn-', `${PASSING}/`), '', { mode: 'ephemeral' })
  left.leave()
  const load = writeUnderLoad(lasting, '/load')
  while (load.acknowledged.size < 150) await lasting.sync()
  if (end === 'stop') await load.end()
  const shown = end === 'stop' ? await treeOf(scene.clientPorts[0] as number) : null
  await scene.end(end)
  await load.end()
  const kept: Tree[] = []
  for (const id of scene.members) kept.push(await treeOnDisk(scene, id))
  if (shown !== null) for (const tree of kept) expect(tree).toEqual(shown)
  return { load, tree: scene.members.length === 1 ? (kept[0] ?? null) : shown }
}

describe('a standalone dataDir', () => {
  it('goes from one to the other and back, killed and stopped, with every compression', {
    timeout: 240_000,
  }, async () => {
    await using scene = await Scene.create({ members: 1 })
    await play(scene, TURNS)
    const suffixes = readdirSync(join(scene.dataDir(0), 'version-2')).map((name) => name.split('.')[2] ?? '')
    expect(new Set(suffixes)).toEqual(new Set(['', 'gz', 'snappy']))
  })

  it('has its logs in a folder of their own', { timeout: 120_000 }, async () => {
    await using scene = await Scene.create({ members: 1, separateLogs: true })
    await play(scene, TURNS.slice(0, 4))
    // One that was under way at the end is left under its temporary name until the next start.
    const kinds = (folder: string) =>
      new Set(readdirSync(join(folder, 'version-2')).map((name) => name.replace(/^tmp-/, '').split('.')[0]))
    expect(kinds(scene.dataLogDir(0))).toEqual(new Set(['log']))
    // And zk-pseudo.history, in which ours notes how far the history reached, and which Apache leaves alone.
    expect(kinds(scene.dataDir(0))).toEqual(new Set(['snapshot', 'zk-pseudo']))
  })
})

describe('the dataDirs of an ensemble', () => {
  it('go from one to the other and back; epochs rise', { timeout: 240_000 }, async () => {
    await using scene = await Scene.create({ members: 3 })
    await play(scene, TURNS.slice(0, 5))
    for (const id of [0, 1, 2]) {
      expect(readFileSync(join(scene.dataDir(id), 'myid'), 'utf8')).toBe(String(id))
      const epoch = (name: string) => Number(readFileSync(join(scene.dataDir(id), 'version-2', name), 'utf8'))
      // One for every turn.
      expect(epoch('currentEpoch')).toBeGreaterThanOrEqual(5)
      expect(epoch('acceptedEpoch')).toBeGreaterThanOrEqual(epoch('currentEpoch'))
    }
  })
})
