/**
 * Writes histories that a member would have after a crash at a certain moment into a dead member's folder.
 */
import { OPEN_ACL } from '../../src/client/index.ts'
import { NO_SESSION } from '../../src/protocol/ids.ts'
import { OpCode } from '../../src/protocol/opcodes.ts'
import { encodeTransaction } from '../../src/protocol/transaction.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { Storage, type StorageOptions } from '../../src/storage/storage.ts'
import type { MixedMember } from './mixedEnsemble.ts'

/** Options without extended types, because the folders of the scenarios that plant have no TTL nodes. */
function optionsFor(dataDir: string): StorageOptions {
  return {
    dataDir,
    dataLogDir: dataDir,
    snapCount: 100_000,
    snapSizeLimitKb: -1,
    preAllocSizeKb: 64,
    forceSync: true,
    txnLogSizeLimitKb: -1,
    commitLogCount: 0,
    snapshotTrustEmpty: false,
    dbAutocreate: true,
    datadirAutocreate: false,
    snapshotCompression: '',
    digestEnabled: true,
    fsyncWarningThresholdMs: 60_000,
  }
}

/**
 * Adds a create of `path` that this member logged last and that reached no other member.
 * @param snapshot whether a snapshot shows it, too: one that was taken when the member began to lead with it
 * @returns its zxid
 */
export async function plant(
  { dataDir }: MixedMember,
  path: string,
  { snapshot = false } = {},
): Promise<Zxid> {
  const storage = Storage.open(optionsFor(dataDir), { random: () => 0.5, onNote: () => {} })
  try {
    const { lastZxid, database } = storage.recover()
    const zxid = (lastZxid + 1) as Zxid
    const parentCVersion = (database.tree.node('')?.cversion ?? 0) + 1
    const bytes = encodeTransaction({
      header: { clientId: NO_SESSION, cxid: 1, zxid, time: Date.now(), type: OpCode.create },
      body: {
        type: OpCode.create,
        record: { path, data: Buffer.from('planted'), acl: [...OPEN_ACL], ephemeral: false, parentCVersion },
      },
      digest: undefined,
    })
    storage.append([{ zxid, bytes }])
    storage.sync()
    if (snapshot) await storage.takeSnapshot(storage.recover().database)
    return zxid
  } finally {
    storage.close()
  }
}

/** Changes the data of a znode, as if by hand: in a snapshot that replaces the member's whole history. */
export async function alter({ dataDir }: MixedMember, path: string, data: string): Promise<void> {
  const storage = Storage.open(optionsFor(dataDir), { random: () => 0.5, onNote: () => {} })
  try {
    const { database } = storage.recover()
    const node = database.tree.node(path)
    if (node === undefined) throw new Error(`there is no ${path} to alter`)
    const { version, mzxid, mtime } = node
    database.tree.setData(path, Buffer.from(data), version, mzxid, mtime)
    await storage.takeSnapshot(database)
  } finally {
    storage.close()
  }
}
