/** A storage of small files, and what a database holds. */
import { onTestFinished } from 'vitest'
import { type FileSystem, nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { Storage, type StorageOptions } from '../../src/storage/storage.ts'
import type { Database } from '../../src/tree/database.ts'
import { WORLD } from './transactions.ts'

export function storageOptions(dir: string, changes: Partial<StorageOptions> = {}): StorageOptions {
  return {
    dataDir: dir,
    dataLogDir: dir,
    snapCount: 100_000,
    snapSizeLimitKb: 4_194_304,
    preAllocSizeKb: 16,
    forceSync: true,
    txnLogSizeLimitKb: -1,
    commitLogCount: 500,
    snapshotTrustEmpty: false,
    dbAutocreate: true,
    datadirAutocreate: true,
    snapshotCompression: '',
    digestEnabled: true,
    fsyncWarningThresholdMs: 60_000,
    ...changes,
  }
}

/** Closed when the test is over. */
export function openStorage(
  dir: string,
  changes: Partial<StorageOptions> = {},
  files: FileSystem = nodeFileSystem,
  notes: string[] = [],
): Storage {
  const environment = { random: () => 0.5, onNote: (note: string) => notes.push(note), files }
  const storage = Storage.open(storageOptions(dir, changes), environment)
  onTestFinished(() => storage.close())
  return storage
}

/** What a database holds, comparable. */
export function contents(database: Database) {
  const nodes: Record<string, unknown> = {}
  const acls = new Map(database.tree.acls.entries())
  for (const [path, node] of database.tree.nodes()) {
    const { data, czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner } = node
    nodes[path] = {
      data: data === null ? null : data.toString('hex'),
      acl: acls.get(node.aclId) ?? WORLD,
      stat: {
        czxid,
        mzxid,
        pzxid,
        ctime,
        mtime,
        version,
        cversion,
        aversion,
        ephemeralOwner: `${ephemeralOwner}`,
      },
    }
  }
  const sessions = Object.fromEntries([...database.sessions].map(([id, ms]) => [String(id), ms]))
  return { zxid: database.tree.lastProcessedZxid, sessions, nodes }
}
