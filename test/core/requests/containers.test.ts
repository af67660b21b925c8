/** What becomes of containers and TTL nodes in time, and of what else only time, or a restart, can show. */
import { describe, expect, test } from 'vitest'
import type { ContainerOptions } from '../../../src/core/writes/containers.ts'
import { DEFAULT_CONTAINERS } from '../../../src/core/writes/containers.ts'
import { OpCode } from '../../../src/protocol/opcodes.ts'
import type { Zxid } from '../../../src/protocol/zxid.ts'
import { Database } from '../../../src/tree/database.ts'
import { DatabaseReader, labelDatabase, writeDatabase } from '../../../src/tree/snapshotFormat.ts'
import { freshStat, type TtlRule, ttlOwner } from '../../../src/tree/znode.ts'
import {
  type Ask,
  converse,
  create,
  createContainer,
  createTtl,
  exists,
  multi,
  remove,
  say,
  setData,
} from './conversation.ts'
import { CoreServer } from './coreServer.ts'

const MINUTE = 60_000

/** A server whose time is in our hands; `ask` says each in turn on a connection of its own. */
function world(containers: Partial<ContainerOptions> = {}, ttlRule: TtlRule = 'since354') {
  const server = new CoreServer({}, Database.initial(ttlRule), { ...DEFAULT_CONTAINERS, ...containers })
  const { tree } = server.core.replica.database
  return {
    server,
    tree,
    ask: (...asks: Ask[]) => converse(server, [say('client', ...asks)]),
    has: (path: string) => tree.node(path) !== undefined,
    deletions: () =>
      server.transactions.filter(({ header }) => header.type === OpCode.deleteContainer).map(pathOf),
    /** As the shell does: a step whenever the core asks for one. */
    pass(ms: number) {
      const end = server.now.monotonicMs + ms
      for (let at = server.core.wakeAtMs; at <= end; at = server.core.wakeAtMs)
        server.advance(Math.max(0, at - server.now.monotonicMs))
      server.advance(end - server.now.monotonicMs)
    },
  }
}

const pathOf = ({ body }: { body: { record: object } }) => ('path' in body.record ? body.record.path : null)

describe('containers', () => {
  test('go at the next check once they have served', async () => {
    const { ask, has, pass, deletions } = world()
    await ask(createContainer('/served'), create('/served/c'), remove('/served/c'))
    await ask(createContainer('/serving'), create('/serving/c'))
    await ask(createContainer('/new'), create('/plain'), create('/plain/c'), remove('/plain/c'))
    pass(MINUTE - 1)
    expect(has('/served')).toBe(true)
    pass(1)
    expect([has('/served'), has('/serving'), has('/new'), has('/plain')]).toEqual([false, true, true, true])
    expect(deletions()).toEqual(['/served'])
    pass(10 * MINUTE)
    expect(deletions()).toEqual(['/served'])
  })

  test('that were never used go when that is asked for', async () => {
    const { ask, has, pass } = world({ maxNeverUsedMs: 90_000 })
    await ask(createContainer('/new'))
    pass(MINUTE)
    expect(has('/new')).toBe(true)
    pass(MINUTE)
    expect(has('/new')).toBe(false)
  })

  test('go one level at a check, each when its last child is gone', async () => {
    const { ask, pass, deletions } = world({ checkIntervalMs: 1000 })
    await ask(createContainer('/a'), createContainer('/a/b'), create('/a/b/c'), remove('/a/b/c'))
    pass(1000)
    expect(deletions()).toEqual(['/a/b'])
    pass(1000)
    expect(deletions()).toEqual(['/a/b', '/a'])
  })

  test('go no faster than is asked for', async () => {
    const { ask, pass, deletions } = world({ maxPerMinute: 60, checkIntervalMs: 5000 })
    for (let i = 0; i < 8; i++) await ask(createContainer(`/c${i}`), create(`/c${i}/x`), remove(`/c${i}/x`))
    pass(5000)
    expect(deletions()).toHaveLength(1)
    pass(2500)
    expect(deletions()).toHaveLength(3)
    pass(20_000)
    expect(deletions()).toHaveLength(8)
  })

  test('that get a child before their deletion is prepared stay', async () => {
    const { ask, has, pass, server } = world({ maxPerMinute: 60, checkIntervalMs: 1000 })
    for (const path of ['/a', '/b'])
      await ask(createContainer(path), create(`${path}/x`), remove(`${path}/x`))
    pass(1000)
    expect([has('/a'), has('/b')]).toEqual([false, true])
    await ask(create('/b/late'))
    pass(1000)
    expect(has('/b')).toBe(true)
    expect(server.transactions.at(-1)?.body).toEqual({ type: OpCode.error, record: { err: -111 } })
  })

  test('are deleted as part of a tree that the digest speaks of', async () => {
    const { ask, pass, server, tree } = world()
    await ask(createContainer('/c'), create('/c/x'), remove('/c/x'))
    pass(MINUTE)
    expect(server.transactions.at(-1)?.digest?.treeDigest).toBe(tree.digest)
    expect(tree.containers.size).toBe(0)
  })
})

describe('TTL nodes', () => {
  test('go when nothing has changed them for so long and they have no child', async () => {
    const { ask, has, pass, tree } = world({ checkIntervalMs: 1000 })
    await ask(createTtl('/short', 2500), createTtl('/long', 10_000), createTtl('/parent', 2500))
    await ask(create('/parent/c'))
    pass(2000)
    expect([has('/short'), has('/long'), has('/parent')]).toEqual([true, true, true])
    await ask(setData('/long', 'x'))
    pass(1000)
    expect([has('/short'), has('/long'), has('/parent')]).toEqual([false, true, true])
    pass(9000)
    expect(has('/long')).toBe(true)
    pass(1000)
    expect([has('/long'), has('/parent')]).toEqual([false, true])
    await ask(remove('/parent/c'))
    pass(1000)
    expect(has('/parent')).toBe(false)
    expect(tree.ttls.size).toBe(0)
  })

  test('with the longest TTL outlive a year', async () => {
    const { ask, has, pass } = world({ checkIntervalMs: 24 * 60 * MINUTE })
    await ask(createTtl('/t', 2 ** 40 - 1))
    pass(365 * 24 * 60 * MINUTE)
    expect(has('/t')).toBe(true)
  })

  test('a createTTL whose flags call for none is refused, where Apache proposes it and ends', async () => {
    const { ask, has } = world()
    const said = await ask(createTtl('/t', -1, 0), createTtl('/t', -1, 1), createTtl('/t', -1, 4))
    expect(said.filter((line) => line.includes('err -8'))).toHaveLength(3)
    expect(has('/t')).toBe(false)
  })
})

/** What a snapshot of `database` is for a server with this rule. */
function reread(database: Database, ttlRule: TtlRule): Database {
  const reader = new DatabaseReader(ttlRule)
  for (const slice of writeDatabase(database, 4096)) reader.push(slice)
  const read = reader.database as Database
  labelDatabase(read, database.lastProcessedZxid)
  return read
}

describe('after a restart', () => {
  function written(): Database {
    const database = Database.initial('since354')
    const stat = (owner: bigint) => freshStat(5 as Zxid, 1_700_000_000_000, owner)
    database.tree.restore('/ttl', Buffer.from('x'), -1, stat(ttlOwner(1000)))
    database.tree.restore('/container', null, -1, stat(-(2n ** 63n)))
    labelDatabase(database, 5 as Zxid)
    return database
  }

  test('a snapshot keeps what nodes are', () => {
    const { tree } = reread(written(), 'since354')
    expect([[...tree.ttls], [...tree.containers], [...tree.ephemeralOwners()]]).toEqual([
      ['/ttl'],
      ['/container'],
      [],
    ])
    for (const path of ['/ttl', '/container'])
      expect(tree.statOf(tree.node(path) as never).ephemeralOwner).toBe(0n)
  })

  test('without extended types, TTL nodes are ephemerals of dead sessions and go', () => {
    const database = reread(written(), 'none')
    expect([...database.tree.ephemeralOwners()]).toHaveLength(1)
    const server = new CoreServer({}, database)
    const { tree } = server.core.replica.database
    expect([tree.node('/ttl'), tree.node('/container') !== undefined]).toEqual([undefined, true])
    expect(server.transactions.map(({ header, body }) => [header.zxid, body.record])).toEqual([
      [6, { paths2Delete: ['/ttl'] }],
    ])
    expect(server.transactions[0]?.digest?.treeDigest).toBe(tree.digest)
  })
})

describe('numbers', () => {
  function serverAt(zxid: number, change: (database: Database) => void = () => {}): CoreServer {
    const database = Database.initial()
    change(database)
    labelDatabase(database, zxid as Zxid)
    return new CoreServer({}, database)
  }

  test('alone, a server whose counter is used up goes on in the next epoch', async () => {
    const server = serverAt(3 * 2 ** 32 - 2)
    await converse(server, [say('a', create('/a'), create('/b'))])
    expect(server.transactions.map(({ header }) => header.zxid)).toEqual([
      3 * 2 ** 32 - 1,
      3 * 2 ** 32 + 1,
      3 * 2 ** 32 + 2,
    ])
    expect(server.core.replica).toMatchObject({ acceptedEpoch: 3, currentEpoch: 3 })
  })

  test('no version is -1, which would ask for any', async () => {
    const server = serverAt(5, ({ tree }) => {
      tree.restore('/v', null, -1, { ...freshStat(5 as Zxid, 0, 0n), version: -2 })
    })
    await converse(server, [say('a', setData('/v', 'x'), multi(setData('/v', 'y')), exists('/v'))])
    expect(server.core.replica.database.tree.node('/v')?.version).toBe(1)
  })

  test('at the end of the sequence its last number is given again, and the digest speaks of the tree', async () => {
    const server = serverAt(5, ({ tree }) => {
      tree.restore('/p', null, -1, { ...freshStat(5 as Zxid, 0, 0n), cversion: 2 ** 31 - 2 })
    })
    const parts = ['s', 't', 'u'].map((name) => create(`/p/${name}-`, '', 2))
    await converse(server, [say('a', multi(...parts))])
    const { tree } = server.core.replica.database
    expect([...(tree.node('/p')?.children?.keys() ?? [])]).toEqual([
      's-2147483646',
      't-2147483647',
      'u-2147483647',
    ])
    expect(server.transactions.at(-1)?.digest?.treeDigest).toBe(tree.digest)
  })
})
