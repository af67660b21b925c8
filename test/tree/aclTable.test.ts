/** ACLs are held as long as a node has them, and no number ever comes to mean another list. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OpCode } from '../../src/protocol/opcodes.ts'
import { type Acl, StatPersisted } from '../../src/protocol/records/data.ts'
import type { Transaction } from '../../src/protocol/transaction.ts'
import { Writer } from '../../src/protocol/writer.ts'
import { ZERO_ZXID, type Zxid } from '../../src/protocol/zxid.ts'
import { AclTable, OPEN_ACL, OPEN_ACL_ID } from '../../src/tree/aclTable.ts'
import { Database } from '../../src/tree/database.ts'
import type { DataTree } from '../../src/tree/dataTree.ts'
import { DatabaseReader, writeDatabase } from '../../src/tree/snapshotFormat.ts'
import { freshStat } from '../../src/tree/znode.ts'
import { acl, converse, create, exists, remove, say, setAcl } from '../core/requests/conversation.ts'
import { CoreServer } from '../core/requests/coreServer.ts'

const listOf = (n: number): Acl[] => [acl(31, 'digest', `user${n}:hash`)]
const CLOSED: Acl[] = [acl(0, 'world', 'anyone')]

describe('a table', () => {
  test('keeps a list until the last node that has it releases it', () => {
    const table = new AclTable()
    const id = table.idFor(listOf(1))
    table.use(id)
    table.use(table.idFor(listOf(1)))
    table.release(id)
    expect(table.get(id)).toEqual(listOf(1))
    table.release(id)
    expect(table.size).toBe(0)
    expect(table.get(id)).toEqual(CLOSED)
  })

  test('gives the number of a forgotten list to nobody, not to the same list either', () => {
    const table = new AclTable()
    const first = table.idFor(listOf(1))
    table.use(first)
    table.release(first)
    const again = table.idFor(listOf(1))
    expect(again).toBeGreaterThan(first)
    expect(table.idFor(listOf(2))).toBeGreaterThan(again)
  })

  test('open to all is neither held nor counted', () => {
    const table = new AclTable()
    expect(table.idFor(OPEN_ACL)).toBe(OPEN_ACL_ID)
    table.use(OPEN_ACL_ID)
    table.release(OPEN_ACL_ID)
    table.release(OPEN_ACL_ID)
    expect(table.get(OPEN_ACL_ID)).toEqual(OPEN_ACL)
    expect(table.size).toBe(0)
  })

  test('one list by two numbers, as a snapshot may have it: the one that goes does not take the other along', () => {
    const table = new AclTable()
    table.restore(3, listOf(1))
    table.restore(4, listOf(1))
    table.use(3)
    table.dropUnused()
    expect(table.get(3)).toEqual(listOf(1))
    expect([...table.entries()].map(([id]) => id)).toEqual([3])
    expect(table.idFor(listOf(2))).toBe(5)
  })
})

const PATHS = ['/a', '/b', '/a/c', '/a/d', '/b/e']
type Move = { kind: 'create' | 'setAcl' | 'delete' | 'restore'; path: string; list: number }
const move: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom('create', 'create', 'setAcl', 'setAcl', 'delete', 'restore'),
  path: fc.constantFrom(...PATHS),
  list: fc.integer({ min: 0, max: 4 }),
})

function make(tree: DataTree, { kind, path, list }: Move, zxid: Zxid): void {
  const wanted = list === 0 ? OPEN_ACL : listOf(list)
  if (kind === 'create')
    tree.create({ path, data: null, acl: wanted, ephemeralOwner: 0n, parentCVersion: -1 }, zxid, 1)
  else if (kind === 'setAcl') tree.setAcl(path, wanted, 1)
  else if (kind === 'delete' && (tree.node(path)?.childCount ?? 0) === 0) tree.delete(path, zxid)
  else if (kind === 'restore' && tree.node(path) !== undefined) {
    const { aclId } = tree.node(path) as { aclId: number }
    tree.restore(path, null, aclId, freshStat(zxid, 1, 0n))
  }
}

describe('a tree', () => {
  test('after any operations its table holds exactly the lists of its nodes, each number with one meaning', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        const { tree } = Database.initial()
        const meaning = new Map<number, string>()
        for (const [at, each] of moves.entries()) {
          make(tree, each, (at + 1) as Zxid)
          const used = new Set<number>()
          for (const [, node] of tree.nodes()) if (node.aclId !== OPEN_ACL_ID) used.add(node.aclId)
          const held = [...tree.acls.entries()]
          expect(new Set(held.map(([id]) => id))).toEqual(used)
          for (const [id, list] of held) {
            const text = JSON.stringify(list)
            expect(meaning.get(id) ?? text).toBe(text)
            meaning.set(id, text)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  test('setting ever new ACLs on one node holds one list', async () => {
    const server = new CoreServer()
    const { acls } = server.core.replica.database.tree
    // World may administer it all along, so that every setACL is allowed.
    const sets = Array.from({ length: 500 }, (_, n) =>
      setAcl('/a', [acl(16, 'world', 'anyone'), ...listOf(n)]),
    )
    const said = await converse(server, [say('A', create('/a'), ...sets)])
    expect(said.filter((line) => line.includes('err 0')).length).toBe(501)
    // The other one is that of /zookeeper/config.
    expect(acls.size).toBe(2)
  })

  test('who watches a node that was the last to have its ACL still hears of its end', async () => {
    const own = [acl(31, 'world', 'anyone'), acl(1, 'ip', '10.0.0.1')]
    const said = await converse(new CoreServer(), [
      say('A', create('/a', 'x', 0, own), exists('/a', true)),
      say('B', remove('/a')),
    ])
    expect(said.filter((line) => line.includes('event'))).toEqual([
      'A < event {"type":2,"state":3,"path":"/a"}',
    ])
  })
})

/** A body as Apache writes it: a node may have an ACL number that the map, copied earlier, lacks. */
function snapshotOf(
  acls: readonly [number, Acl[]][],
  nodes: readonly [path: string, aclId: number][],
): Buffer {
  const writer = new Writer()
  writer.int(0)
  writer.int(acls.length)
  for (const [id, list] of acls) {
    writer.long(BigInt(id))
    writer.int(list.length)
    for (const { perms, id: who } of list) {
      writer.int(perms)
      writer.string(who.scheme)
      writer.string(who.id)
    }
  }
  for (const [path, aclId] of nodes) {
    writer.string(path)
    writer.buffer(null)
    writer.longFromNumber(aclId)
    StatPersisted.write(writer, freshStat(ZERO_ZXID, 1, 0n))
  }
  writer.string('/')
  return writer.take()
}

function read(bytes: Buffer): Database {
  const reader = new DatabaseReader()
  reader.push(bytes)
  if (reader.database === null) throw new Error('the body is not complete')
  return reader.database
}

function setAclTxn(path: string, list: Acl[], zxid: number): Transaction {
  const header = { clientId: 1n as never, cxid: 1, zxid: zxid as Zxid, time: 1, type: OpCode.setAcl }
  const body = { type: OpCode.setAcl, record: { path, acl: list, version: zxid } }
  return { header, body, digest: undefined }
}

describe('a snapshot', () => {
  test('brings no list that none of its nodes has', () => {
    const database = read(
      snapshotOf(
        [
          [1, listOf(1)],
          [2, listOf(2)],
        ],
        [
          ['', OPEN_ACL_ID],
          ['/a', 2],
        ],
      ),
    )
    expect([...database.tree.acls.entries()]).toEqual([[2, listOf(2)]])
    expect(database.tree.acls.idFor(listOf(3))).toBe(3)
  })

  test('that names numbers which its map lacks is put right by replay (ZOOKEEPER-4846)', () => {
    // Both nodes were given list 7 behind the map: replay sets it on each, one after the other.
    const database = read(
      snapshotOf(
        [[6, listOf(6)]],
        [
          ['', OPEN_ACL_ID],
          ['/a', 7],
          ['/b', 7],
          ['/c', 6],
        ],
      ),
    )
    const { tree } = database
    const listAt = (path: string) => tree.aclOf(tree.node(path) as never)
    expect(listAt('/a')).toEqual(CLOSED)
    // A list that comes first must not get the number that /a and /b name.
    database.replay(setAclTxn('/c', listOf(9), 1))
    expect(listAt('/a')).toEqual(CLOSED)
    database.replay(setAclTxn('/a', listOf(7), 2))
    expect([listAt('/a'), listAt('/b')]).toEqual([listOf(7), CLOSED])
    database.replay(setAclTxn('/b', listOf(7), 3))
    expect([listAt('/a'), listAt('/b'), listAt('/c')]).toEqual([listOf(7), listOf(7), listOf(9)])
    database.replay(setAclTxn('/a', listOf(8), 4))
    expect(listAt('/b')).toEqual(listOf(7))
    expect(tree.acls.size).toBe(3)
  })

  test('taken while ACLs come and go gives, replayed, the tree as it is afterwards', () => {
    const setting = fc.record({
      path: fc.constantFrom('/a', '/b', '/c'),
      list: fc.integer({ min: 0, max: 3 }),
    })
    fc.assert(
      fc.property(
        fc.array(setting, { maxLength: 12 }),
        fc.array(setting, { maxLength: 12 }),
        (before, during) => {
          const database = Database.initial()
          let zxid = 0
          const next = ({ path, list }: { path: string; list: number }) => {
            zxid += 1
            return setAclTxn(path, list === 0 ? [...OPEN_ACL] : listOf(list), zxid)
          }
          for (const path of ['/a', '/b', '/c'])
            database.tree.create(
              { path, data: null, acl: OPEN_ACL, ephemeralOwner: 0n, parentCVersion: -1 },
              ZERO_ZXID,
              1,
            )
          for (const each of before) database.replay(next(each))
          const slices = writeDatabase(database, 1)
          const pieces: Buffer[] = []
          const later: Transaction[] = []
          for (const each of [...during, null]) {
            const slice = slices.next()
            if (slice.value !== undefined) pieces.push(slice.value)
            if (each === null) continue
            later.push(next(each))
            database.replay(later.at(-1) as Transaction)
          }
          for (const slice of slices) pieces.push(slice)
          const again = read(Buffer.concat(pieces))
          for (const transaction of later) again.replay(transaction)
          for (const [path, node] of database.tree.nodes())
            expect(again.tree.aclOf(again.tree.node(path) as never), path).toEqual(database.tree.aclOf(node))
          expect(again.tree.acls.size).toBe(database.tree.acls.size)
        },
      ),
      { numRuns: 200 },
    )
  })
})
