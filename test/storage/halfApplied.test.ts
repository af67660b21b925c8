/**
 * Apache writes a snapshot while another thread applies transactions: one of them may be in the body and not
 * yet in the digest section (seen with 3.8.0).
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import type { LoggedTxn } from '../../src/core/effects.ts'
import { decodeTransaction, encodeTransaction } from '../../src/protocol/transaction.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { adler32 } from '../../src/storage/snapshot/adler32.ts'
import { writeSnapshot } from '../../src/storage/snapshot/snapshotFile.ts'
import { Database } from '../../src/tree/database.ts'
import { contents, openStorage } from './support.ts'
import { creates, temporaryDir } from './transactions.ts'

/** Of the digest section and its seal: long zxid, int version, long digest; int, long checksum, "/". */
const SECTION = 20
const SEAL = 13

let dir: string
beforeEach(() => {
  dir = temporaryDir()
})

/** What /n1 … /n<count> make. */
function databaseOf(count: number): Database {
  const database = Database.initial()
  for (const { bytes } of creates(0, 1, count)) database.apply(decodeTransaction(bytes))
  return database
}

/** /n1 … /n<count>, each with the digest of the tree behind it. */
function withDigests(count: number): LoggedTxn[] {
  return creates(0, 1, count).map(({ zxid, bytes }) => {
    const { header, body } = decodeTransaction(bytes)
    const digest = { version: 2, treeDigest: databaseOf(zxid).tree.digest }
    return { zxid, bytes: encodeTransaction({ header, body, digest }) }
  })
}

/** Writes snapshot.<reach> with the transaction behind `reach` in its body, but not in its digest. */
function halfApplied(reach: number): void {
  const bytes = Buffer.concat([...writeSnapshot(databaseOf(reach + 1), 1000, true)])
  const at = bytes.length - SEAL - SECTION
  bytes.writeBigInt64BE(BigInt(reach), at)
  bytes.writeBigInt64BE(databaseOf(reach).tree.digest, at + 12)
  bytes.writeUInt32BE(adler32(bytes.subarray(0, at + SECTION)), at + SECTION + 4)
  writeFileSync(join(dir, 'version-2', `snapshot.${reach}`), bytes)
}

function log(txns: readonly LoggedTxn[]): void {
  const storage = openStorage(dir)
  storage.recover()
  storage.append(txns)
  storage.sync()
  storage.close()
}

function recover() {
  const storage = openStorage(dir)
  const { database, lastZxid, notes } = storage.recover()
  storage.close()
  return { database, lastZxid, notes }
}

test.each([
  ['with digests', withDigests(5)],
  ['without', creates(0, 1, 5)],
])('where the log goes on, it makes the tree right: %s', (_, txns) => {
  log(txns)
  halfApplied(3)
  const { database, lastZxid, notes } = recover()
  expect({ lastZxid, notes }).toEqual({ lastZxid: 5, notes: [] })
  expect(contents(database)).toEqual(contents(databaseOf(5)))
})

test('where the log ends, an older snapshot leads to the same history and holds no more', () => {
  log(withDigests(3))
  halfApplied(3)
  const { database, lastZxid, notes } = recover()
  expect({ lastZxid, notes }).toEqual({ lastZxid: 3, notes: [] })
  expect(contents(database)).toEqual(contents(databaseOf(3)))
})

test('where there is none, it is said', () => {
  openStorage(dir).close()
  halfApplied(3)
  const { lastZxid, notes } = recover()
  expect(lastZxid).toBe(3)
  expect(notes).toEqual([
    expect.stringMatching(/snapshot.3 holds effects of transactions after 0x3.*compare/),
  ])
})

test('a tree that differs from what the last transaction says is told', () => {
  const txns = withDigests(3)
  const { header, body } = decodeTransaction((txns[2] as LoggedTxn).bytes)
  const bytes = encodeTransaction({ header, body, digest: { version: 2, treeDigest: 7n } })
  log([...txns.slice(0, 2), { zxid: 3 as Zxid, bytes }])
  expect(recover().notes).toEqual([
    expect.stringMatching(/the tree's digest at 0x3 is -?\d+, but 7 was recorded: compare/),
  ])
})
