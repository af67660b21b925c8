/** Nothing is ever deleted that zk-pseudo did not create. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startCluster } from '../../src/ensemble/cluster.ts'
import { ClusterDir } from '../../src/supervisor/folder/clusterDir.ts'

let root: string
let dir: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zkp-dir-'))
  dir = join(root, '.zk-pseudo')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

async function upAndDown(): Promise<void> {
  const cluster = await startCluster(
    {
      members: 1,
      files: [],
      dir,
      name: null,
      basePort: null,
      autoPorts: true,
      observers: 0,
      settings: {},
      isolation: 'thread',
    },
    () => {},
  )
  await cluster.waitUntilServing(10_000)
  await cluster.stop()
}

describe('removing a cluster’s folder', () => {
  it('leaves nothing of what zk-pseudo made, however often it was up', async () => {
    await upAndDown()
    await upAndDown()
    new ClusterDir(dir).removeVolumes()
    expect(readdirSync(root)).toEqual([])
  })

  it('leaves what the user put there, wherever it is', async () => {
    await upAndDown()
    const mine = [
      join(root, 'notes.txt'),
      join(dir, 'notes.txt'),
      join(dir, 'conf', 'notes.txt'),
      join(dir, 'data', '0', 'notes.txt'),
      join(dir, 'logs', 'notes.txt'),
      join(dir, 'conf', '1.log'),
      join(dir, 'data', '0', 'version-2', 'notes.txt'),
    ]
    for (const file of mine) writeFileSync(file, 'mine')
    const { kept, failed } = new ClusterDir(dir).removeVolumes()
    expect(failed).toEqual([])
    expect(kept.map(({ path }) => path).sort()).toEqual(mine.slice(1).sort())
    expect(mine.filter((file) => !existsSync(file))).toEqual([])
    expect(readdirSync(join(dir, 'data', '0')).sort()).toEqual(['notes.txt', 'version-2'])
    expect(readdirSync(join(dir, 'data', '0', 'version-2'))).toEqual(['notes.txt'])
  })

  it('leaves a folder that was there before', async () => {
    mkdirSync(join(dir, 'data'), { recursive: true })
    await upAndDown()
    new ClusterDir(dir).removeVolumes()
    expect(readdirSync(dir)).toEqual(['data'])
    expect(readdirSync(join(dir, 'data'))).toEqual([])
  })

  it('does nothing where there never was a cluster', () => {
    mkdirSync(dir)
    writeFileSync(join(dir, 'notes.txt'), 'mine')
    expect(new ClusterDir(dir).removeVolumes()).toEqual({ removed: [], kept: [], failed: [] })
    expect(readdirSync(dir)).toEqual(['notes.txt'])
  })
})
