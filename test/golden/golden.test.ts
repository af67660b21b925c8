/** Data directories of a real Apache ZooKeeper 3.8.0: read, compared with what clients saw, written again. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { OpCode } from '../../src/protocol/opcodes.ts'
import { decodeTransaction, encodeTransaction } from '../../src/protocol/transaction.ts'
import { formatZxid, parseZxidHex, type Zxid } from '../../src/protocol/zxid.ts'
import { listLogs, listSnapshots } from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { LogFile } from '../../src/storage/logFile.ts'
import { readSnapshot, writeSnapshot } from '../../src/storage/snapshotFile.ts'
import { TxnLog } from '../../src/storage/txnLog.ts'
import { Database } from '../../src/tree/database.ts'
import { labelDatabase } from '../../src/tree/snapshotFormat.ts'
import { openStorage } from '../storage/support.ts'
import { copyOf, temporaryDir } from '../storage/transactions.ts'
import { asSeenByClients, CASES, type ExpectedNode, expectedOf, GOLDEN } from './expected.ts'

const version2 = (name: string) => join(GOLDEN, name, 'data', 'version-2')

/** All but the config node's mtime: every server writes its own when it starts, without a transaction. */
function fromTransactions(nodes: Record<string, ExpectedNode>): Record<string, ExpectedNode> {
  const config = nodes['/zookeeper/config'] as ExpectedNode
  return { ...nodes, '/zookeeper/config': { ...config, stat: { ...config.stat, mtime: 0 } } }
}

function payloadsOf(name: string): Buffer[] {
  const payloads: Buffer[] = []
  for (const log of listLogs(nodeFileSystem, version2(name))) {
    const file = new LogFile(nodeFileSystem, log)
    for (let entry = file.next(); entry !== null; entry = file.next())
      payloads.push(Buffer.from(entry.payload))
    file.close()
  }
  return payloads
}

describe.each(CASES)('%s', (name) => {
  const expected = expectedOf(name)

  test('recovers to what clients saw last: every znode, every Stat, the sessions', () => {
    const recovered = openStorage(copyOf(join(GOLDEN, name, 'data'))).recover()
    expect(formatZxid(recovered.lastZxid)).toBe(expected.zxid)
    expect(recovered.notes).toEqual([])
    expect(fromTransactions(asSeenByClients(recovered.database))).toEqual(fromTransactions(expected.nodes))
    const open = [...recovered.database.sessions.keys()].map((id) => BigInt.asUintN(64, id).toString(16))
    expect(open).toEqual(expect.arrayContaining(expected.sessions))
  })

  test('holds every transaction type there is', () => {
    const types = new Set(payloadsOf(name).map((payload) => decodeTransaction(payload).body.type))
    const all = [
      OpCode.create,
      OpCode.delete,
      OpCode.setData,
      OpCode.setAcl,
      OpCode.multi,
      OpCode.create2,
      OpCode.createContainer,
      OpCode.deleteContainer,
      OpCode.createTtl,
      OpCode.createSession,
      OpCode.closeSession,
      OpCode.error,
    ]
    expect([...types].sort()).toEqual(
      expect.arrayContaining(name === 'member' ? [...all, OpCode.reconfig] : all),
    )
  })

  test('every transaction is written again byte for byte', () => {
    for (const payload of payloadsOf(name))
      expect(encodeTransaction(decodeTransaction(payload)).equals(payload)).toBe(true)
  })

  test("the tree's digest is Apache's after every transaction", () => {
    const database = Database.initial()
    let compared = 0
    for (const payload of payloadsOf(name)) {
      const transaction = decodeTransaction(payload)
      database.apply(transaction)
      if (transaction.digest === undefined) continue
      expect(`${transaction.header.zxid}: ${database.tree.digest}`).toBe(
        `${transaction.header.zxid}: ${transaction.digest.treeDigest}`,
      )
      compared += 1
    }
    expect(compared).toBeGreaterThan(50)
  })

  test('every snapshot leads to the same database', () => {
    const payloads = payloadsOf(name)
    for (const snapshot of listSnapshots(nodeFileSystem, version2(name))) {
      const { database } = readSnapshot(nodeFileSystem, snapshot)
      for (const payload of payloads) {
        const transaction = decodeTransaction(payload)
        if (transaction.header.zxid > snapshot.zxid) database.replay(transaction)
      }
      expect(fromTransactions(asSeenByClients(database)), snapshot.path).toEqual(
        fromTransactions(expected.nodes),
      )
    }
  })

  test('snapshots are written again with the same entries, byte for byte', () => {
    for (const snapshot of listSnapshots(nodeFileSystem, version2(name))) {
      const loaded = readSnapshot(nodeFileSystem, snapshot)
      // What a fuzzy body holds beyond its label is written only under a later one.
      labelDatabase(loaded.database, Math.max(snapshot.zxid, loaded.reach ?? 0) as Zxid)
      const apache = partsOf(readFileSync(snapshot.path))
      const ours = partsOf(Buffer.concat([...writeSnapshot(loaded.database, 100, true)]))
      expect(ours.header).toEqual(apache.header)
      for (const part of ['sessions', 'acls', 'nodes'] as const)
        expect(ours[part].toSorted(), `${snapshot.path}: ${part}`).toEqual(apache[part].toSorted())
    }
  })

  test('logs are written again byte for byte', () => {
    const dir = temporaryDir()
    const options = {
      preAllocSizeKb: 64,
      forceSync: true,
      txnLogSizeLimitKb: -1,
      fsyncWarningThresholdMs: 1e9,
    }
    const writer = new TxnLog(nodeFileSystem, dir, 0 as Zxid, options, () => {})
    for (const log of listLogs(nodeFileSystem, version2(name))) {
      const file = new LogFile(nodeFileSystem, log)
      for (let entry = file.next(); entry !== null; entry = file.next())
        writer.append([{ zxid: entry.zxid, bytes: entry.payload }])
      file.close()
      writer.roll()
    }
    for (const log of readdirSync(dir))
      expect(readFileSync(join(dir, log)).equals(readFileSync(join(version2(name), log))), log).toBe(true)
    expect(readdirSync(dir).map((log) => parseZxidHex(log.slice(4))).length).toBeGreaterThan(0)
  })
})

test('the epochs of a member', () => {
  const recovered = openStorage(copyOf(join(GOLDEN, 'member', 'data'))).recover()
  expect(recovered).toMatchObject({ acceptedEpoch: 2, currentEpoch: 2 })
})

interface Parts {
  header: string
  sessions: string[]
  acls: string[]
  nodes: string[]
}

/** Cuts a snapshot into its entries, by the format's description alone. */
function partsOf(bytes: Buffer): Parts {
  let at = 16
  const int = () => {
    at += 4
    return bytes.readInt32BE(at - 4)
  }
  const skip = () => {
    at += 4 + Math.max(0, bytes.readInt32BE(at))
  }
  const entries = (count: number, step: () => void) =>
    Array.from({ length: count }, () => {
      const start = at
      step()
      return bytes.toString('hex', start, at)
    })
  const sessions = entries(int(), () => {
    at += 12
  })
  const acls = entries(int(), () => {
    at += 8
    for (let n = int(); n > 0; n--) {
      at += 4
      skip()
      skip()
    }
  })
  const nodes: string[] = []
  while (bytes.toString('latin1', at + 4, at + 5) !== '/' || bytes.readInt32BE(at) !== 1)
    nodes.push(
      ...entries(1, () => {
        skip()
        skip()
        at += 68
      }),
    )
  return { header: bytes.toString('hex', 0, 16), sessions, acls, nodes }
}
