/**
 * That the golden directories hold what README.md says they do: a recording that lost some of it would test
 * less.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { OpCode } from '../../src/protocol/opcodes.ts'
import { decodeTransaction, type Transaction } from '../../src/protocol/transaction.ts'
import { listLogs, listSnapshots } from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { LogFile } from '../../src/storage/log/logFile.ts'
import { type LoadedSnapshot, readSnapshot } from '../../src/storage/snapshot/snapshotFile.ts'
import type { Database } from '../../src/tree/database.ts'
import { kindOf } from '../../src/tree/znode.ts'
import { openStorage } from '../storage/support.ts'
import { copyOf } from '../storage/transactions.ts'
import { DIRECTORIES, expectedOf, GOLDEN, sessionsOf } from './expected.ts'
import { entriesOf, version2 } from './readings.ts'

const transactionsOf = (name: string): Transaction[] =>
  entriesOf(name).map(({ payload }) => decodeTransaction(payload))
const snapshotsOf = (name: string): LoadedSnapshot[] =>
  listSnapshots(nodeFileSystem, version2(name)).map((snapshot) => readSnapshot(nodeFileSystem, snapshot))
const recovered = (name: string): Database =>
  openStorage(copyOf(join(GOLDEN, name)), { ttlRule: 'since354' }).recover().database

const EVERYWHERE = [
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
const FULL = DIRECTORIES.filter(({ of }) => of !== 'options')

describe.each(FULL)('$name', ({ name, of }) => {
  test('every transaction type', () => {
    const types = new Set<number>(transactionsOf(name).map(({ body }) => body.type))
    expect(types).toEqual(new Set<number>(of === 'ensemble' ? [...EVERYWHERE, OpCode.reconfig] : EVERYWHERE))
  })

  test('every kind of part of a multi, and one that failed', () => {
    const parts = transactionsOf(name).flatMap(({ body }) =>
      body.type === OpCode.multi ? body.record.txns.map(({ type }) => type) : [],
    )
    expect(new Set(parts)).toEqual(
      new Set<number>([
        OpCode.create,
        OpCode.setData,
        OpCode.check,
        OpCode.delete,
        OpCode.createContainer,
        OpCode.createTtl,
        OpCode.error,
      ]),
    )
  })

  test('every kind of znode; null, empty and much data; names beyond ASCII; sequence numbers; quotas', () => {
    const { tree } = recovered(name)
    const nodes = [...tree.nodes()]
    const kinds = nodes.map(([, node]) => kindOf(node.ephemeralOwner, 'since354'))
    expect(new Set(kinds)).toEqual(new Set(['persistent', 'ephemeral', 'container', 'ttl']))
    expect(tree.node('/null')).toMatchObject({ data: null })
    expect(tree.node('/empty')?.data).toEqual(Buffer.alloc(0))
    expect(tree.node('/zeros')?.data).toEqual(Buffer.alloc(1200))
    expect(tree.node('/plain/élève 日本')?.data?.toString()).toBe('über')
    expect(nodes.filter(([path]) => /^\/plain\/seq-\d{10}$/.test(path))).toHaveLength(3)
    expect(nodes.filter(([path]) => path.endsWith('/zookeeper_limits'))).toHaveLength(3)
    expect(nodes.filter(([path]) => path.endsWith('/zookeeper_stats'))).toHaveLength(3)
    expect([...tree.acls.entries()].length).toBeGreaterThan(14)
  })

  test('sessions open and closed', () => {
    const { open, closed, local } = expectedOf(of)
    const ids = sessionsOf(recovered(name))
    expect([open.length, closed.length]).toEqual([2, 1])
    expect(ids.filter((id) => open.includes(id))).toHaveLength(2)
    expect(ids.filter((id) => closed.includes(id) || local.includes(id))).toEqual([])
    expect(local).toHaveLength(of === 'ensemble' ? 2 : 0)
  })

  test('digests with every snapshot and every transaction that is no error', () => {
    for (const { body, digest } of transactionsOf(name))
      expect(digest?.version).toBe(body.type === OpCode.error ? undefined : 2)
    for (const { name: file, digest } of snapshotsOf(name))
      expect(file.zxid === 0 || digest !== null).toBe(true)
  })
})

test('standalone: a snapshot that is fuzzy, and several logs', () => {
  const fuzzy = snapshotsOf('standalone/data').filter(({ name, reach }) => (reach ?? 0) > name.zxid)
  expect(fuzzy.length).toBeGreaterThan(0)
  // Znodes of which the label knows nothing.
  const ahead = fuzzy.flatMap(({ name, database }) =>
    [...database.tree.nodes()].filter(([, { mzxid }]) => mzxid > name.zxid),
  )
  expect(ahead.length).toBeGreaterThan(0)
  expect(listLogs(nodeFileSystem, version2('standalone/data')).length).toBeGreaterThan(2)
})

test('options: each compression, snappy over several blocks, with and without digests, bare closeSessions', () => {
  const directory = 'options/data'
  const compressions = listSnapshots(nodeFileSystem, version2(directory)).map(
    ({ compression }) => compression,
  )
  expect(new Set(compressions)).toEqual(new Set(['', 'gz', 'snappy']))
  const snappy = snapshotsOf(directory).find(({ name }) => name.compression === 'snappy')
  expect(snappy?.database.tree.node('/large')?.data?.length).toBeGreaterThan(32 * 1024)
  expect(snappy?.reach).toBeNull()
  expect(snapshotsOf(directory).find(({ name }) => name.compression === '')?.digest).not.toBeNull()
  const transactions = transactionsOf(directory)
  expect(new Set(transactions.map(({ digest }) => digest !== undefined))).toEqual(new Set([true, false]))
  const closed = transactions.flatMap(({ body, digest }) =>
    body.type === OpCode.closeSession
      ? [{ paths: body.record.paths2Delete?.length, digest: digest !== undefined }]
      : [],
  )
  expect(closed).toEqual([
    { paths: 2, digest: true },
    { paths: 2, digest: false },
    { paths: undefined, digest: true },
  ])
})

test('ensemble: leader, follower and observer hold one history over two epochs, and snapshots of each', () => {
  const histories = ['leader', 'follower', 'observer'].map((role) => entriesOf(`ensemble/${role}`))
  for (const history of histories) {
    expect(history.map(({ payload }) => payload.toString('hex'))).toEqual(
      histories[0]?.map(({ payload }) => payload.toString('hex')),
    )
    expect(new Set(history.map(({ zxid }) => Math.floor(zxid / 2 ** 32)))).toEqual(new Set([1, 2]))
  }
  for (const role of ['leader', 'follower', 'observer'])
    expect(snapshotsOf(`ensemble/${role}`).length, role).toBeGreaterThan(1)
})

test('each was killed: its last log goes on with the zeros of preallocated space, if there was any', () => {
  for (const { name, of } of DIRECTORIES) {
    const last = listLogs(nodeFileSystem, version2(name)).at(-1)
    const log = new LogFile(nodeFileSystem, last as NonNullable<typeof last>)
    while (log.next() !== null);
    log.close()
    const rest = readFileSync(log.path).subarray(log.end.offset)
    expect(rest.length > 0).toBe(of !== 'ensemble')
    expect(rest.every((byte) => byte === 0)).toBe(true)
  }
})

test('all of it is small', () => {
  const sizes = readdirSync(GOLDEN, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(GOLDEN, name)))
    .filter((stats) => stats.isFile())
    .map(({ size }) => size)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300_000)
})
