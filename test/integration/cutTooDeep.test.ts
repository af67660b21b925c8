/**
 * A member must cut its history below the oldest snapshot that is left on its disk. Its leader, which may be
 * Apache ZooKeeper's, then sends it everything, and it never serves anything else.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ZooKeeper } from '../../src/client/index.ts'
import { Ensemble } from '../../src/ensemble/index.ts'
import { nextZxid } from '../../src/protocol/zxid.ts'
import { listLogs, listSnapshots, VERSION_DIR } from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { openStorage } from '../storage/support.ts'
import { create } from '../storage/transactions.ts'
import { apacheUnavailable } from '../support/apache.ts'
import { allServe, needs } from '../support/ensembles.ts'
import { treeOf } from './dataDirScene.ts'

/**
 * The state that remains when a leader dies with a proposal that no other member has, and old files were
 * removed.
 */
async function plantDivergentHistory(dataDir: string): Promise<void> {
  const storage = openStorage(dataDir)
  const { lastZxid } = storage.recover()
  storage.append([create(nextZxid(lastZxid), '/only-here')])
  storage.sync()
  const { database, lastZxid: end } = storage.recover()
  await storage.takeSnapshot(database)
  storage.close()
  const dir = join(dataDir, VERSION_DIR)
  const old = listSnapshots(nodeFileSystem, dir).filter(({ zxid }) => zxid < end)
  for (const { path } of [...old, ...listLogs(nodeFileSystem, dir)]) rmSync(path)
}

/** The leader holds everything that its epoch has. */
async function untilItLeads(ensemble: Ensemble, id: number): Promise<void> {
  for (let { leader } = await ensemble.status(); leader !== id; leader = (await ensemble.status()).leader)
    await ensemble.restart('leader')
}

describe('a cut below the oldest snapshot', () => {
  for (const engine of ['zk-pseudo', 'apache'] as const)
    it(`makes a leader of ${engine} send everything`, { timeout: 90_000 }, async (context) => {
      if (engine === 'apache') needs(context, apacheUnavailable())
      await using ensemble = await Ensemble.start({
        members: 3,
        engine: { 0: engine, 1: engine },
        ports: 'auto',
        dir: 'temp',
        set: { '4lw.commands.whitelist': '*' },
        waitTimeoutMs: 60_000,
      })
      const write = async (path: string) => {
        const client = await ZooKeeper.connect(ensemble.connectString)
        await client.create(path, path)
        await client.close()
      }
      await untilItLeads(ensemble, 2)
      await write('/before')
      for (const id of [0, 1, 2]) await ensemble.stop(id)
      const { dataDir, clientPort } = ensemble.members[2] as Ensemble['members'][number]
      await plantDivergentHistory(dataDir)
      // Nothing is written in the new epoch: after a transaction of it the leader would send a SNAP anyway.
      await Promise.all([0, 1].map((id) => ensemble.start(id, { wait: false })))
      await allServe(ensemble.members.slice(0, 2))
      const warnings: string[] = []
      const deafen = ensemble.on(({ member, event }) => {
        if (member === 2 && event.type === 'log' && event.level === 'warn') warnings.push(event.message)
      })
      await ensemble.start(2, { wait: false })
      await allServe(ensemble.members)
      deafen()
      expect(warnings).toEqual([
        expect.stringContaining('no snapshot and log from which to go back to 0x'),
        expect.stringContaining('asks it for its whole history'),
      ])
      const trees = await Promise.all(ensemble.members.map((member) => treeOf(member.clientPort)))
      for (const tree of trees) expect(tree).toEqual(trees[2])
      const paths = [...(trees[2]?.keys() ?? [])]
      expect(paths).toContain('/before')
      expect(paths).not.toContain('/only-here')
      // The history that it was sent is on its disk, too.
      await ensemble.kill(2)
      await ensemble.start(2)
      expect(await treeOf(clientPort)).toEqual(trees[0])
      await write('/on')
    })
})
