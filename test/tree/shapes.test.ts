/**
 * Trees of shapes that nobody means to make, but any client can: each step ends, and takes no more than its
 * bytes.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { makeZxid } from '../../src/protocol/zxid.ts'
import { OPEN_ACL, OPEN_ACL_ID } from '../../src/tree/aclTable.ts'
import { Database } from '../../src/tree/database.ts'
import { QuotaText } from '../../src/tree/quota.ts'
import { DatabaseReader, writeDatabase } from '../../src/tree/snapshotFormat.ts'
import { WatchMode, WatchTable } from '../../src/tree/watchTable.ts'
import { freshStat, type Znode } from '../../src/tree/znode.ts'

/** Deeper than the call stack of a process; twice as deep as that of a thread. */
const LEVELS = 10_000

class Builder {
  readonly database = Database.initial()
  private counter = 0

  create(path: string, data = ''): void {
    this.counter += 1
    const node = { path, data: Buffer.from(data), acl: OPEN_ACL, ephemeralOwner: 0n, parentCVersion: -1 }
    const { tree } = this.database
    tree.lastProcessedZxid = makeZxid(1, this.counter)
    expect(tree.create(node, tree.lastProcessedZxid, this.counter)).toBe(ErrorCode.Ok)
  }

  limit(path: string): void {
    this.create(`/zookeeper/quota${path}/zookeeper_limits`, 'count=5,bytes=-1')
    this.create(`/zookeeper/quota${path}/zookeeper_stats`, 'count=0,bytes=0')
  }

  usage(path: string): string | undefined {
    return this.database.tree.node(`/zookeeper/quota${path}/zookeeper_stats`)?.data?.toString()
  }
}

function readAgain(database: Database): Database {
  const reader = new DatabaseReader()
  for (const slice of writeDatabase(database, 64 * 1024)) reader.push(slice)
  if (reader.database === null) throw new Error('the snapshot is not whole')
  return reader.database
}

test('a deep path with a quota is measured, written and read again', () => {
  const builder = new Builder()
  let path = '/a'
  for (let i = 0; i < LEVELS; i++, path += '/b') builder.create(path)
  builder.create('/zookeeper/quota/a')
  builder.limit('/a')
  expect(builder.usage('/a')).toBe(`count=${LEVELS},bytes=0`)
  expect(builder.database.tree.countBelow('/a')).toBe(LEVELS - 1)
  const again = readAgain(builder.database)
  expect(again.tree.digest).toBe(builder.database.tree.digest)
  expect(again.tree.node('/zookeeper/quota/a/zookeeper_stats')?.data?.toString()).toBe(
    `count=${LEVELS},bytes=0`,
  )
})

test('quotas within one another are each measured with all that is below, when a snapshot is read', () => {
  const builder = new Builder()
  const levels = 200
  for (let i = 0, path = '/a'; i < levels; i++, path += '/b') {
    builder.create(path, 'xy')
    builder.create(`/zookeeper/quota${path}`)
  }
  for (let i = 0, path = '/a'; i < levels; i++, path += '/b') builder.limit(path)
  const { tree } = readAgain(builder.database)
  for (let i = 0, path = '/a'; i < levels; i++, path += '/b')
    expect(tree.node(`/zookeeper/quota${path}/zookeeper_stats`)?.data?.toString()).toBe(
      `count=${levels - i},bytes=${2 * (levels - i)}`,
    )
})

test('a change below a parent with much data does not read that data again', () => {
  const builder = new Builder()
  builder.create('/wide', 'x'.repeat(1024 * 1024))
  const begun = performance.now()
  for (let i = 0; i < 20_000; i++) builder.create(`/wide/${i}`)
  // Twenty thousand times a mebibyte would take many seconds.
  expect(performance.now() - begun).toBeLessThan(5000)
})

test('what lies below a node is known, and not counted again', () => {
  const builder = new Builder()
  builder.create('/many')
  for (let i = 0; i < 20_000; i++) builder.create(`/many/${i}`)
  builder.create('/zookeeper/quota/many')
  const { tree } = builder.database
  const begun = performance.now()
  for (let i = 0; i < 5000; i++) {
    builder.create('/zookeeper/quota/many/zookeeper_stats')
    expect(tree.countBelow('/many')).toBe(20_000)
    tree.delete('/zookeeper/quota/many/zookeeper_stats', tree.lastProcessedZxid)
  }
  // Counted one by one, they would take minutes.
  expect(performance.now() - begun).toBeLessThan(5000)
})

test('after any changes each node knows what lies below it', () => {
  const path = fc
    .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
    .map((names) => `/${names.join('/')}`)
  const change = fc.record({
    kind: fc.constantFrom('create', 'delete', 'set', 'restore'),
    path,
    size: fc.nat(9),
  })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const { tree } = Database.initial()
      tree.create(
        { path: '/a', data: null, acl: OPEN_ACL, ephemeralOwner: 0n, parentCVersion: -1 },
        makeZxid(1, 0),
        1,
      )
      // Counted from here on; the others only in the end.
      expect(tree.countBelow('/a')).toBe(0)
      for (const [i, { kind, path, size }] of changes.entries()) {
        const zxid = makeZxid(1, i + 1)
        const data = Buffer.alloc(size)
        // Replay deletes nodes that have children, too, and creates what is there.
        if (kind === 'create')
          tree.create({ path, data, acl: OPEN_ACL, ephemeralOwner: 0n, parentCVersion: -1 }, zxid, 1)
        else if (kind === 'delete') tree.delete(path, zxid)
        else if (kind === 'set') tree.setData(path, data, 1, zxid, 1)
        else if (tree.node(path)?.childCount === 0)
          tree.restore(path, data, OPEN_ACL_ID, freshStat(zxid, 1, 0n))
      }
      for (const [, node] of tree.nodes()) expect(node.usage).toEqual(counted(node))
    }),
  )
})

function counted(node: Znode): { count: number; bytes: number } {
  const usage = { count: 1, bytes: node.data?.length ?? 0 }
  for (const child of node.children?.values() ?? []) {
    const below = counted(child)
    usage.count += below.count
    usage.bytes += below.bytes
  }
  return usage
}

test('a text of a quota that is one long row of separators is read once', () => {
  const text = Buffer.concat([Buffer.alloc(1024 * 1024, ','), Buffer.from('x')])
  const begun = performance.now()
  expect(QuotaText.parseLeniently(text).count).toBe(-1)
  expect(performance.now() - begun).toBeLessThan(5000)
})

describe('a path of half a million levels', () => {
  const path = '/a'.repeat(500_000)

  test('costs its characters, where there are watches and quotas above and below', () => {
    const table = new WatchTable()
    const watched = ['/', '/a', path.slice(0, 400_000), path, `${path}/b`]
    for (const [watcher, at] of watched.entries()) table.add(at, watcher, WatchMode.recursive)
    const begun = performance.now()
    for (let i = 0; i < 10; i++) expect([...table.fire(path)].sort()).toEqual([0, 1, 2, 3])
    expect(performance.now() - begun).toBeLessThan(5000)
  })
})
