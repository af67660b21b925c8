/**
 * The tables of watches by themselves; what clients see of them is compared with Apache in
 * test/core/requests.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { EventType, WatcherType, WatchRequestMode } from '../../src/protocol/opcodes.ts'
import { Watches } from '../../src/tree/watches.ts'
import { WatchMode, WatchTable } from '../../src/tree/watchTable.ts'

const ACL = 7
let told: [number, number, string, number][] = []
let watches: Watches

beforeEach(() => {
  told = []
  watches = new Watches((...event) => told.push(event))
})

describe('several kinds of watches on one path', () => {
  test('a standard watch neither ends nor replaces a persistent one (ZOOKEEPER-4466)', () => {
    watches.watch('/a', 1, WatchRequestMode.persistent)
    watches.watchData('/a', 1)
    watches.dataChanged('/a', ACL)
    watches.dataChanged('/a', ACL)
    expect(told).toEqual([
      [1, EventType.dataChanged, '/a', ACL],
      [1, EventType.dataChanged, '/a', ACL],
    ])
  })

  test('a recursive one goes on when the standard one is removed', () => {
    watches.watch('/a', 1, WatchRequestMode.recursive)
    watches.watchData('/a', 1)
    expect(watches.unwatch('/a', 1, WatcherType.data)).toBe(true)
    expect(watches.has('/a', 1, WatcherType.data)).toBe(false)
    expect(watches.has('/a', 1, WatcherType.recursive)).toBe(true)
    watches.created('/a/b', ACL)
    expect(told).toEqual([[1, EventType.created, '/a/b', ACL]])
  })

  test('one event each, however many watches hear of it', () => {
    watches.watch('/', 1, WatchRequestMode.recursive)
    watches.watch('/a', 1, WatchRequestMode.recursive)
    watches.watch('/a/b', 1, WatchRequestMode.persistent)
    watches.watchData('/a/b', 1)
    watches.watchChildren('/a/b', 1)
    watches.deleted('/a/b', ACL)
    expect(told).toEqual([[1, EventType.deleted, '/a/b', ACL]])
  })

  test('each kind is asked for and removed by its own type', () => {
    watches.watch('/a', 1, WatchRequestMode.persistent)
    watches.watch('/a', 1, WatchRequestMode.recursive)
    expect(watches.has('/a', 2, WatcherType.any)).toBe(false)
    expect(watches.unwatch('/a', 1, WatcherType.children)).toBe(false)
    expect(watches.unwatch('/a', 1, WatcherType.recursive)).toBe(true)
    watches.created('/a/b', ACL)
    expect(told).toEqual([])
    expect(watches.unwatch('/a', 1, WatcherType.persistent)).toBe(true)
    expect(watches.count).toBe(0)
  })
})

test('nothing is left of a connection that ends', () => {
  watches.watch('/a', 1, WatchRequestMode.recursive)
  watches.watch('/a', 1, WatchRequestMode.persistent)
  watches.watchData('/b', 1)
  watches.watchData('/b', 2)
  watches.remove(1)
  watches.created('/a/b', ACL)
  watches.dataChanged('/b', ACL)
  expect(told).toEqual([[2, EventType.dataChanged, '/b', ACL]])
  expect(watches.count).toBe(0)
})

test('ancestors are asked only while somebody watches recursively', () => {
  const table = new WatchTable()
  table.add('/a', 1, WatchMode.standard)
  expect([...table.fire('/a/b')]).toEqual([])
  table.add('/a', 1, WatchMode.recursive)
  table.add('/a', 1, WatchMode.recursive)
  expect([...table.fire('/a/b/c')]).toEqual([1])
  table.remove('/a', 1, WatchMode.recursive)
  expect([...table.fire('/a/b/c')]).toEqual([])
  expect([...table.fire('/a')]).toEqual([1])
  expect(table.size).toBe(0)
})
