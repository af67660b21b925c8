/**
 * Apache ZooKeeper's own tools make of files that we wrote what they make of Apache's with the same content.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, type TestContext, test } from 'vitest'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { type Compression, listLogs, listSnapshots, snapshotName } from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { publishSnapshot, writeSnapshotNow } from '../../src/storage/snapshot/snapshotTask.ts'
import { Database } from '../../src/tree/database.ts'
import { openStorage } from '../storage/support.ts'
import { creates, temporaryDir } from '../storage/transactions.ts'
import { apacheUnavailable } from '../support/apache.ts'
import { needs } from '../support/ensembles.ts'
import { compareSnapshots, dumpLog, formatSnapshot, purge, snapshotAsJson } from './apacheTools.ts'
import { entriesOf, version2 } from './readings.ts'

const missing = apacheUnavailable()
beforeEach((context) => needs(context as TestContext, missing))
const timeout = 90_000

/** The transactions' lines, without the file's first and last. */
const transactionLines = (dump: string) =>
  dump.split('\n').filter((line) => line !== '' && !/^(ZooKeeper Transactional Log|EOF reached)/.test(line))

describe('TxnLogToolkit', () => {
  test.each(['standalone/data', 'options/data', 'ensemble/leader'])('%s', { timeout }, (name) => {
    const dir = temporaryDir()
    const storage = openStorage(dir, { txnLogSizeLimitKb: 20, preAllocSizeKb: 7 })
    storage.recover()
    const entries = entriesOf(name).map(({ zxid, payload }) => ({ zxid, bytes: payload }))
    // As many at once as a busy leader would, in files of our own measure.
    for (let at = 0; at < entries.length; at += 9) {
      storage.append(entries.slice(at, at + 9))
      storage.sync()
    }
    storage.close()
    const dump = (folder: string) => listLogs(nodeFileSystem, folder).map(({ path }) => dumpLog(path))
    const ours = dump(join(dir, 'version-2'))
    const apache = dump(version2(name))
    for (const text of [...ours, ...apache]) {
      expect(text).toMatch(/^ZooKeeper Transactional Log File with dbid 0 txnlog format version 2$/m)
      expect(text).toMatch(/^EOF reached after [1-9]\d* txns\.$/m)
      expect(text).not.toMatch(/CRC|partial/)
    }
    expect(ours.flatMap(transactionLines)).toEqual(apache.flatMap(transactionLines))
  })
})

/**
 * Snapshots that Apache took when it started, so that nothing was written meanwhile; one of each compression.
 */
const EXACT = ['snapshot.0.gz', 'snapshot.4c.snappy', 'snapshot.53']

/** The same moment, written by us in each form. */
function ours(zxid: Zxid, compression: Compression, digestEnabled: boolean): string {
  const database = Database.initial()
  for (const { zxid: each, payload } of entriesOf('options/data'))
    if (each <= zxid) database.apply(decodeTransaction(payload))
  const snapDir = temporaryDir()
  const options = { snapDir, compression, digestEnabled }
  publishSnapshot(nodeFileSystem, snapDir, writeSnapshotNow(nodeFileSystem, database, options))
  return join(snapDir, snapshotName(zxid, compression))
}

/** Entries in any order, without what only tells when the file was read or which digest it has. */
function blocks(formatted: string): string[] {
  return formatted
    .split('----\n')
    .flatMap((part) => (part.startsWith('0x') ? part.split('\n') : [part]))
    .toSorted()
}

describe('SnapshotFormatter and SnapshotComparer', () => {
  test.each([
    ['', true],
    ['', false],
    ['gz', true],
    ['snappy', true],
    ['snappy', false],
  ] as const)('compression "%s", digest %s', { timeout }, (compression, digestEnabled) => {
    for (const file of EXACT) {
      const snapshot = listSnapshots(nodeFileSystem, version2('options/data')).find(({ path }) =>
        path.endsWith(`/${file}`),
      )
      if (snapshot === undefined) throw new Error(`${file} is gone`)
      const written = ours(snapshot.zxid, compression, digestEnabled)
      expect(blocks(formatSnapshot(written)), file).toEqual(blocks(formatSnapshot(snapshot.path)))
    }
  })

  test('as JSON, and compared with nothing too small to be told', { timeout }, () => {
    const apache = join(version2('options/data'), 'snapshot.4c.snappy')
    const written = ours(0x4c as Zxid, 'snappy', true)
    expect(JSON.stringify(snapshotAsJson(written)).length).toBe(JSON.stringify(snapshotAsJson(apache)).length)
    const told = compareSnapshots(apache, written)
    expect(told).toMatch(/All layers compared/)
    expect(told).not.toMatch(/found only|has changed|different/i)
    expect(compareSnapshots(apache, ours(0x40 as Zxid, 'snappy', true))).toMatch(/\/life-1|\/large|\/pumped/)
  })
})

test('PurgeTxnLog keeps of a directory of ours what we need', { timeout }, async () => {
  const dir = temporaryDir()
  const storage = openStorage(dir)
  const { database } = storage.recover()
  for (const txn of creates(0, 1, 30)) {
    storage.append([txn])
    storage.sync()
    database.apply(decodeTransaction(txn.bytes))
    if (txn.zxid % 5 === 0) await storage.takeSnapshot(database)
  }
  storage.close()
  // What we may leave behind, and Apache must not stumble over.
  writeFileSync(join(dir, 'version-2', 'tmp-snapshot.1e.0badcafe'), 'half')
  mkdirSync(join(dir, 'version-2', 'zk-pseudo.lock.d'))
  const names = () => readdirSync(join(dir, 'version-2')).filter((name) => /^(log|snapshot)\./.test(name))
  const before = names()
  purge(dir, dir, 3)
  const left = names()
  expect(left).toEqual(before.filter((name) => left.includes(name)))
  expect(left.filter((name) => name.startsWith('snapshot.')).sort()).toEqual([
    'snapshot.14',
    'snapshot.19',
    'snapshot.1e',
  ])
  const recovered = openStorage(dir).recover()
  expect(recovered).toMatchObject({ lastZxid: 30, notes: [] })
})
