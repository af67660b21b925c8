/** Data that no client could have written, as a server finds it in its data dir: a snapshot, made by hand. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Zxid } from '../../../src/protocol/zxid.ts'
import { nodeFileSystem } from '../../../src/storage/fileSystem.ts'
import { readSnapshot, writeSnapshot } from '../../../src/storage/snapshot/snapshotFile.ts'
import { Database } from '../../../src/tree/database.ts'
import { labelDatabase } from '../../../src/tree/snapshotFormat.ts'
import { freshStat, type TtlRule } from '../../../src/tree/znode.ts'

export interface CraftedNode {
  readonly path: string
  readonly data?: string
  readonly owner?: bigint
  readonly version?: number
  readonly cversion?: number
  readonly aversion?: number
}

const ZXID = 5 as Zxid
const OPEN_ACL = -1

/** Writes the snapshot of a new tree with these nodes, parents first, into a data dir. */
export function craftDataDir(dataDir: string, nodes: readonly CraftedNode[]): void {
  const database = Database.initial()
  for (const { path, data = '', owner = 0n, version = 0, cversion = 0, aversion = 0 } of nodes) {
    // Of this moment, so that no TTL has passed.
    const stat = { ...freshStat(ZXID, Date.now(), owner), version, cversion, aversion }
    database.tree.restore(path, Buffer.from(data), OPEN_ACL, stat)
  }
  labelDatabase(database, ZXID)
  const folder = join(dataDir, 'version-2')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'snapshot.5'), Buffer.concat([...writeSnapshot(database, 65_536, true)]))
}

export function readCrafted(dataDir: string, ttlRule: TtlRule): Database {
  const path = join(dataDir, 'version-2', 'snapshot.5')
  return readSnapshot(nodeFileSystem, { path, zxid: ZXID, compression: '' }, ttlRule).database
}
