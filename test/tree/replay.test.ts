/**
 * Transactions as the core prepares them: what they say of digests, and replay over a state that is ahead of
 * them.
 */
import { describe, expect, test } from 'vitest'
import { decodeTransaction, encodeTransaction, type Transaction } from '../../src/protocol/transaction.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { Database } from '../../src/tree/database.ts'
import { contentCrc, nodeDigest } from '../../src/tree/digest.ts'
import { nameOf, parentOf } from '../../src/tree/paths.ts'
import { converse } from '../core/requests/conversation.ts'
import { CoreServer } from '../core/requests/coreServer.ts'
import { randomWalk } from '../core/requests/walk.ts'

async function transactionsOf(seed: number, length: number): Promise<Transaction[]> {
  const server = new CoreServer()
  await converse(server, randomWalk(seed, length))
  return server.transactions
}

/**
 * Everything that must be alike: nodes with all their fields, ACLs by what they say, sessions, ephemerals.
 */
function contentOf({ tree, sessions }: Database) {
  const nodes = [...tree.nodes()].map(([path, node]) => {
    // What came and went while the state was made may have taken numbers, too.
    const { children, digest: _, aclId: __, ...rest } = node
    return [
      path,
      {
        ...rest,
        parent: null,
        nodes: 0,
        bytes: 0,
        usage: node.usage,
        children: [...(children?.keys() ?? [])].sort(),
        acl: tree.aclOf(node),
      },
    ] as const
  })
  const owned = [...tree.ephemeralOwners()].map(([owner, paths]) => [String(owner), [...paths].sort()])
  return {
    nodes: Object.fromEntries(nodes),
    owned: Object.fromEntries(owned),
    sessions: [...sessions],
    digest: tree.digest,
  }
}

function replayed(...parts: (readonly Transaction[])[]): Database {
  const database = Database.initial()
  for (const transactions of parts) for (const transaction of transactions) database.replay(transaction)
  return database
}

function expectConsistent({ tree }: Database): void {
  let digest = 0n
  for (const [path, node] of tree.nodes()) {
    digest += BigInt(nodeDigest(path, contentCrc(path, node.data), node))
    if (path !== '') expect(tree.node(parentOf(path) ?? '')?.children?.has(nameOf(path))).toBe(true)
    for (const [name, child] of node.children ?? []) expect(tree.node(`${path}/${name}`)).toBe(child)
  }
  expect(tree.digest).toBe(BigInt.asIntN(64, digest))
}

describe.each([1, 2, 3])('walk %i', (seed) => {
  test('each transaction carries the digest that the tree then has, and is itself again after its bytes', async () => {
    const database = Database.initial()
    const mismatches: number[] = []
    const transactions = await transactionsOf(seed, 200)
    for (const transaction of transactions) {
      const again = decodeTransaction(encodeTransaction(transaction))
      expect(again).toEqual(transaction)
      database.apply(again)
      const { digest, header } = again
      if (digest !== undefined && digest.treeDigest !== database.tree.digest) mismatches.push(header.zxid)
    }
    expect(mismatches).toEqual([])
    expect(transactions.filter(({ digest }) => digest !== undefined).length).toBeGreaterThan(100)
    expectConsistent(database)
  })

  test('replay from before the state that it begins with ends in the same tree', async () => {
    const transactions = await transactionsOf(seed, 60)
    const expected = contentOf(replayed(transactions))
    for (let state = 0; state <= transactions.length; state += 7) {
      for (let from = Math.max(0, state - 40); from < state; from += 3) {
        const database = replayed(transactions.slice(0, state), transactions.slice(from))
        expect(contentOf(database), `from ${from} over the state behind ${state}`).toEqual(expected)
        expectConsistent(database)
      }
    }
  })
})

test("the digest of a new tree is Apache's", () => {
  expect(Database.initial().tree.digest).toBe(1371985504n)
})

test('counts of a new tree are Apache’s', () => {
  const { tree } = Database.initial()
  expect(tree.nodeCount).toBe(5)
  // Asked Apache 3.8.0 (mntr).
  expect(tree.approximateDataSize).toBe(44)
})

test('a create that comes late moves its parent neither back nor forth (DataTree.createNode)', () => {
  const { tree } = Database.initial()
  const child = (path: string, parentCVersion: number) => ({
    path,
    data: null,
    acl: [],
    ephemeralOwner: 0n,
    parentCVersion,
  })
  tree.create(child('/late', 9), 90 as Zxid, 1)
  tree.create(child('/early', 3), 30 as Zxid, 1)
  expect(tree.node('/')).toMatchObject({ cversion: 9, pzxid: 90 })
  // Logs of servers before 3.4 do not say: count up.
  tree.create(child('/next', -1), 91 as Zxid, 1)
  expect(tree.node('/')).toMatchObject({ cversion: 10, pzxid: 91 })
  tree.delete('/early', 31 as Zxid)
  expect(tree.node('/')).toMatchObject({ cversion: 10, pzxid: 91 })
})
