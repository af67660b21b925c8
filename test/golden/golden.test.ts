/** Data directories of a real Apache ZooKeeper 3.8.0: read, compared with what clients saw, written again. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { OpCode } from '../../src/protocol/opcodes.ts'
import { decodeTransaction, encodeTransaction } from '../../src/protocol/transaction.ts'
import { formatZxid, parseZxidHex, type Zxid } from '../../src/protocol/zxid.ts'
import { listLogs, listSnapshots } from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { TxnLog } from '../../src/storage/log/txnLog.ts'
import { readSnapshot, writeSnapshot } from '../../src/storage/snapshot/snapshotFile.ts'
import { uncompressed } from '../../src/storage/snapshot/snapshotStream.ts'
import { Database } from '../../src/tree/database.ts'
import { labelDatabase } from '../../src/tree/snapshotFormat.ts'
import { openStorage } from '../storage/support.ts'
import { copyOf, temporaryDir } from '../storage/transactions.ts'
import { asSeenByClients, DIRECTORIES, expectedOf, fromTransactions, GOLDEN, sessionsOf } from './expected.ts'
import { entriesOf, snapshotEntries, version2 } from './readings.ts'

/** Created and not closed; the command line's clients leave theirs to expire. */
function sessionsLeft(payloads: readonly Buffer[]): string[] {
  const left = new Set<string>()
  for (const { header } of payloads.map(decodeTransaction)) {
    const id = BigInt.asUintN(64, header.clientId).toString(16)
    if (header.type === OpCode.createSession) left.add(id)
    if (header.type === OpCode.closeSession) left.delete(id)
  }
  return [...left].sort()
}

describe.each(DIRECTORIES)('$name', ({ name, of }) => {
  const expected = expectedOf(of)
  const payloads = () => entriesOf(name).map(({ payload }) => payload)

  test('recovers to what clients saw last: every znode, every Stat, the sessions', () => {
    const recovered = openStorage(copyOf(join(GOLDEN, name))).recover()
    expect(formatZxid(recovered.lastZxid)).toBe(expected.zxid)
    expect(recovered.notes).toEqual([])
    expect(fromTransactions(asSeenByClients(recovered.database))).toEqual(fromTransactions(expected.nodes))
    const sessions = sessionsOf(recovered.database)
    expect(sessions.sort()).toEqual(sessionsLeft(payloads()))
    expect(sessions).toEqual(expect.arrayContaining(expected.open))
    // Neither those that were closed nor those that were only local.
    expect(sessions.filter((id) => expected.closed.includes(id) || expected.local.includes(id))).toEqual([])
  })

  test('every transaction is written again byte for byte', () => {
    for (const payload of payloads())
      expect(encodeTransaction(decodeTransaction(payload)).equals(payload)).toBe(true)
  })

  test("the tree's digest is Apache's after every transaction that says", () => {
    const database = Database.initial()
    let compared = 0
    for (const payload of payloads()) {
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
    for (const snapshot of listSnapshots(nodeFileSystem, version2(name))) {
      const { database } = readSnapshot(nodeFileSystem, snapshot)
      for (const payload of payloads()) {
        const transaction = decodeTransaction(payload)
        if (transaction.header.zxid > snapshot.zxid) database.replay(transaction)
      }
      expect(fromTransactions(asSeenByClients(database)), snapshot.path).toEqual(
        fromTransactions(expected.nodes),
      )
      expect(sessionsOf(database).sort(), snapshot.path).toEqual(sessionsLeft(payloads()))
    }
  })

  test('snapshots are written again with the same entries, byte for byte', () => {
    for (const snapshot of listSnapshots(nodeFileSystem, version2(name))) {
      const loaded = readSnapshot(nodeFileSystem, snapshot)
      // What a fuzzy body holds beyond its label is written only under a later one.
      labelDatabase(loaded.database, Math.max(snapshot.zxid, loaded.reach ?? 0) as Zxid)
      const apache = snapshotEntries(Buffer.concat([...uncompressed(nodeFileSystem, snapshot)]))
      const ours = snapshotEntries(Buffer.concat([...writeSnapshot(loaded.database, 100, true)]))
      expect(ours.header).toEqual(apache.header)
      for (const part of ['sessions', 'acls', 'nodes'] as const)
        expect(ours[part].toSorted(), `${snapshot.path}: ${part}`).toEqual(apache[part].toSorted())
    }
  })

  test('logs are written again byte for byte', () => {
    const dir = temporaryDir()
    const options = {
      preAllocSizeKb: of === 'ensemble' ? 0 : 1,
      forceSync: true,
      txnLogSizeLimitKb: -1,
      fsyncWarningThresholdMs: 1e9,
    }
    const writer = new TxnLog(nodeFileSystem, dir, 0 as Zxid, options, () => {})
    let longest = 0
    for (const log of listLogs(nodeFileSystem, version2(name))) {
      for (const { zxid, payload } of entriesOf(name, log)) {
        writer.append([{ zxid, bytes: payload }])
        longest = Math.max(longest, payload.length)
      }
      writer.roll()
    }
    for (const log of readdirSync(dir)) {
      const [ours, apache] = [readFileSync(join(dir, log)), readFileSync(join(version2(name), log))]
      // Around an entry larger than the step, Apache's space ends elsewhere.
      const length = longest > 1024 ? Math.min(ours.length, apache.length) : apache.length
      expect(ours.subarray(0, length).equals(apache.subarray(0, length)), log).toBe(true)
      expect(
        Buffer.concat([ours.subarray(length), apache.subarray(length)]).every((byte) => byte === 0),
      ).toBe(true)
    }
    expect(readdirSync(dir).map((log) => parseZxidHex(log.slice(4))).length).toBeGreaterThan(0)
  })
})

test.each(['leader', 'follower', 'observer'])('the epochs of the %s', (role) => {
  const recovered = openStorage(copyOf(join(GOLDEN, 'ensemble', role))).recover()
  expect(recovered).toMatchObject({ acceptedEpoch: 2, currentEpoch: 2 })
})

test.each(['leader', 'follower', 'observer'])(
  'the configuration that the %s kept in files is the one in force',
  (role) => {
    const folder = join(GOLDEN, 'ensemble', role)
    const { database } = openStorage(copyOf(folder)).recover()
    const inForce = database.tree.node('/zookeeper/config')?.data?.toString() ?? ''
    const version = /^version=([0-9a-f]+)$/m.exec(inForce)?.[1]
    const lines = (text: string) =>
      text.split('\n').filter((line) => line !== '' && !line.startsWith('version='))
    const file = readFileSync(join(folder, `zoo.cfg.dynamic.${version}`), 'utf8')
    expect(lines(file).toSorted()).toEqual(lines(inForce).toSorted())
    expect(lines(file)).toHaveLength(4)
  },
)
