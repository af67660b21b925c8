/** A golden case's expectation, and a database in the same form. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Acl } from '../../src/protocol/records/data.ts'
import type { Database } from '../../src/tree/database.ts'

export const GOLDEN = import.meta.dirname

/** Data directories, each with the case whose expectation it shares. */
export const DIRECTORIES = [
  { name: 'standalone/data', of: 'standalone' },
  { name: 'options/data', of: 'options' },
  { name: 'ensemble/leader', of: 'ensemble' },
  { name: 'ensemble/follower', of: 'ensemble' },
  { name: 'ensemble/observer', of: 'ensemble' },
] as const

export interface ExpectedNode {
  /** Base64, or `sha256:` and the hash where there is much of it. */
  data: string | null
  /** Permissions, scheme, id. */
  acl: [number, string, string][]
  /** In the order of znodes.STAT; the owner is text, in hexadecimal digits. */
  stat: (number | string)[]
}

/** Session ids are hexadecimal. */
export interface Expected {
  zxid: string
  open: string[]
  closed: string[]
  local: string[]
  nodes: Record<string, ExpectedNode>
}

export function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(join(GOLDEN, name, 'expected.json'), 'utf8')) as Expected
}

const OPEN: Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const hexOf = (id: bigint) => BigInt.asUintN(64, id).toString(16)
/**
 * What the wire shows of owners that mark containers (the lowest number) and TTLs (0xff in the first byte).
 */
const isMark = (owner: bigint) => owner === -(2n ** 63n) || BigInt.asUintN(64, owner) >> 56n === 0xffn

function shown(data: Buffer | null): string | null {
  if (data === null || data.length <= 100) return data?.toString('base64') ?? null
  return `sha256:${createHash('sha256').update(data).digest('hex')}`
}

export function sessionsOf(database: Database): string[] {
  return [...database.sessions.keys()].map(hexOf)
}

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
    const owner = hexOf(isMark(ephemeralOwner) ? 0n : ephemeralOwner)
    const size = data?.length ?? 0
    const seenCversion = cversion * 2 - numChildren
    nodes[path === '' ? '/' : path] = {
      data: shown(data),
      acl: (acls.get(node.aclId) ?? OPEN).map(({ perms, id }) => [perms, id.scheme, id.id]),
      stat: [czxid, mzxid, ctime, mtime, version, seenCversion, aversion, owner, size, numChildren, pzxid],
    }
  }
  return nodes
}

/** All but the config node's mtime: every server writes its own when it starts, without a transaction. */
export function fromTransactions(nodes: Record<string, ExpectedNode>): Record<string, ExpectedNode> {
  const config = nodes['/zookeeper/config'] as ExpectedNode
  const stat = config.stat.map((value, index) => (index === 3 ? 0 : value))
  return { ...nodes, '/zookeeper/config': { ...config, stat } }
}
