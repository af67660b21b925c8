/** A golden case's expectation, and a database in the same form. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Acl } from '../../src/protocol/records/data.ts'
import type { Database } from '../../src/tree/database.ts'

export const GOLDEN = import.meta.dirname
export const CASES = ['standalone', 'member'] as const

export interface ExpectedNode {
  data: string | null
  acl: { perms: number; scheme: string; id: string }[]
  stat: Record<string, number>
}

export interface Expected {
  zxid: string
  sessions: string[]
  nodes: Record<string, ExpectedNode>
}

export function expectedOf(name: string): Expected {
  const text = readFileSync(join(GOLDEN, name, 'expected.json'), 'utf8')
  // Session ids do not fit a number; they stand in the list of sessions as text.
  return JSON.parse(text.replace(/("ephemeralOwner": )(\d{16,})/g, '$1"$2"')) as Expected
}

const OPEN: Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
/** What the wire shows of owners that mark containers (the lowest number) and TTLs (0xff in the first byte). */
const isMark = (owner: bigint) => owner === -(2n ** 63n) || BigInt.asUintN(64, owner) >> 56n === 0xffn

export function asSeenByClients(database: Database): Record<string, ExpectedNode> {
  const acls = new Map(database.tree.acls.entries())
  const children = new Map<string, number>()
  const nodes: Record<string, ExpectedNode> = {}
  for (const [path] of database.tree.nodes()) {
    const parent = path.slice(0, path.lastIndexOf('/'))
    if (path !== '') children.set(parent, (children.get(parent) ?? 0) + 1)
  }
  for (const [path, node] of database.tree.nodes()) {
    const { data, czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner } = node
    const numChildren = children.get(path) ?? 0
    const owner = isMark(ephemeralOwner) ? 0n : ephemeralOwner
    nodes[path === '' ? '/' : path] = {
      data: data === null ? null : data.toString('base64'),
      acl: (acls.get(node.aclId) ?? OPEN).map(({ perms, id }) => ({ perms, scheme: id.scheme, id: id.id })),
      stat: {
        czxid,
        mzxid,
        pzxid,
        ctime,
        mtime,
        version,
        aversion,
        cversion: cversion * 2 - numChildren,
        ephemeralOwner: (owner === 0n ? 0 : owner.toString()) as number,
        dataLength: data?.length ?? 0,
        numChildren,
      },
    }
  }
  return nodes
}
