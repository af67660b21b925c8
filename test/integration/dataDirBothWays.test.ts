/**
 * A dataDir moves back and forth between Apache ZooKeeper and our members, after kills and stops: every
 * znode, Stat, ACL and session is what it was, nothing acknowledged is lost, and both engines continue to
 * write.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it, type TestContext, vi } from 'vitest'
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
beforeAll(() => void vi.stubEnv('JDK_JAVA_OPTIONS', '-Dznode.container.checkIntervalMs=500'))
beforeEach((context) => needs(context as TestContext, missing))

interface Turn {
  engine: Engine
  end: 'kill' | 'stop'
  /** Additional zoo.cfg settings of every member. */
  set?: Record<string, string>
}

/** The engines that run the members one after the other, and how each run ends. */
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

/** Long enough for the session to outlive its turn, and short, because the next turn waits for its end. */
const LEFT_SESSION_MS = 2000

type Tree = Awaited<ReturnType<typeof treeOf>>

/** Plays the turns; one session lives through all of them, another expires after each. */
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
      // The session that the last turn abandoned expires here.
      if (index > 0) await gone(lasting, `${PASSING}/${index - 1}`)
      const { load, tree } = await playTurn(scene, lasting, turn, `/turn-${index}`)
      for (const name of load.acknowledged) acknowledged.add(name)
      before = tree
    }
  } finally {
    lasting.leave()
  }
}

/**
 * Makes every kind of write and ends the members. Returns the tree that they must show next, unless an
 * election decides that.
 */
async function playTurn(
  scene: Scene,
  lasting: ZooKeeper,
  { end }: Turn,
  base: string,
): Promise<{ load: Load; tree: Tree | null }> {
  await everyKindOfWrite(lasting, base)
  await gone(lasting, `${base}/doomed-container`)
  const left = await connect(scene.clientPorts, LEFT_SESSION_MS)
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

// The scenes wait for sessions to expire most of the time, so they are played at the same time.
describe.concurrent('a standalone dataDir', () => {
  it('moves from one engine to the other and back, killed and stopped, with every compression', {
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
    // A snapshot that was being written when its server ended keeps its temporary name until the next start.
    const kinds = (folder: string) =>
      new Set(readdirSync(join(folder, 'version-2')).map((name) => name.replace(/^tmp-/, '').split('.')[0]))
    expect(kinds(scene.dataLogDir(0))).toEqual(new Set(['log']))
    // The dataDir also has zk-pseudo.history, in which our members note how far the history reached; Apache
    // ignores it.
    expect(kinds(scene.dataDir(0))).toEqual(new Set(['snapshot', 'zk-pseudo']))
  })
})

describe.concurrent('the dataDirs of an ensemble', () => {
  it('move from one engine to the other and back; epochs rise', { timeout: 240_000 }, async () => {
    await using scene = await Scene.create({ members: 3 })
    await play(scene, TURNS.slice(0, 5))
    for (const id of [0, 1, 2]) {
      expect(readFileSync(join(scene.dataDir(id), 'myid'), 'utf8')).toBe(String(id))
      const epoch = (name: string) => Number(readFileSync(join(scene.dataDir(id), 'version-2', name), 'utf8'))
      // Every turn had an election.
      expect(epoch('currentEpoch')).toBeGreaterThanOrEqual(5)
      expect(epoch('acceptedEpoch')).toBeGreaterThanOrEqual(epoch('currentEpoch'))
    }
  })
})
