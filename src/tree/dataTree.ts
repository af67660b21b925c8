/**
 * The znodes, and what a transaction does to them (DataTree). Everything was decided when the transaction was
 * prepared: applying it needs no check, takes no time from a clock, and gives the same tree on every server.
 *
 * Invariants: `paths` holds parents before their children, in order of insertion; the root's path is ''; a
 * node's name is in its parent's children exactly when the node is there.
 */
import { ErrorCode } from '../protocol/errors.ts'
import type { SessionId } from '../protocol/ids.ts'
import type { Acl, Stat, StatPersisted } from '../protocol/records/data.ts'
import { ZERO_ZXID, type Zxid } from '../protocol/zxid.ts'
import { AclTable, OPEN_ACL_ID } from './aclTable.ts'
import { DigestSum, nodeDigest } from './digest.ts'
import { nameOf, parentOf } from './paths.ts'
import {
  formatUsage,
  limitedPath,
  measuredPath,
  parseUsage,
  QUOTA_ROOT,
  QuotaPaths,
  statsPath,
} from './quota.ts'
import { freshStat, kindOf, Znode } from './znode.ts'

/** Hears of changes, for watches; `aclId` is the ACL of the node at that path, when it was deleted its last. */
export interface ChangeSink {
  created(path: string, aclId: number): void
  deleted(path: string, aclId: number): void
  dataChanged(path: string, aclId: number): void
  childrenChanged(path: string, aclId: number): void
}

export interface NewNode {
  readonly path: string
  readonly data: Buffer | null
  readonly acl: readonly Acl[]
  readonly ephemeralOwner: bigint
  /** Stored cversion of the parent after this; -1 in logs of old servers: count up. */
  readonly parentCVersion: number
}

const NO_STAT = freshStat(ZERO_ZXID, 0, 0n)
const NOTHING = Buffer.alloc(0)

export class DataTree {
  readonly acls = new AclTable()
  lastProcessedZxid: Zxid = ZERO_ZXID
  changes: ChangeSink | null = null
  /** Whether owners may be TTL marks: extendedTypesEnabled. */
  extendedTypes = false
  private readonly paths = new Map<string, Znode>()
  private readonly ephemerals = new Map<SessionId, Set<string>>()
  private readonly quotas = new QuotaPaths()
  private readonly sum = new DigestSum()
  private dataSize = 0

  /** Nothing in it: for whoever reads a snapshot. */
  static blank(): DataTree {
    return new DataTree()
  }

  /** What a new server has: DataTree's constructor and addConfigNode. */
  static initial(): DataTree {
    const tree = new DataTree()
    for (const path of ['', '/zookeeper', QUOTA_ROOT, '/zookeeper/config']) {
      const isConfig = path === '/zookeeper/config'
      const acl = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]
      tree.restore(
        path,
        NOTHING,
        isConfig ? tree.acls.idFor(acl) : OPEN_ACL_ID,
        isConfig ? CONFIG_STAT : NO_STAT,
      )
    }
    return tree
  }

  /** A node as a snapshot has it. Given twice, the later one wins. */
  restore(path: string, data: Buffer | null, aclId: number, stat: StatPersisted): void {
    const old = this.paths.get(path)
    if (old !== undefined) this.forget(path, old)
    const node = new Znode(data, aclId, stat)
    const parent = path === '' ? null : this.paths.get(parentOf(path) ?? '')
    parent?.addChild(nameOf(path))
    this.remember(path, node)
    const limited = limitedPath(path)
    if (limited !== null) this.quotas.add(limited)
  }

  private remember(path: string, node: Znode): void {
    this.paths.set(path, node)
    this.sum.add(this.digestOf(path, node))
    this.dataSize += path.length + (node.data?.length ?? 0)
    if (kindOf(node.ephemeralOwner, this.extendedTypes) !== 'ephemeral') return
    const owner = node.ephemeralOwner as SessionId
    const paths = this.ephemerals.get(owner)
    if (paths === undefined) this.ephemerals.set(owner, new Set([path]))
    else paths.add(path)
  }

  private forget(path: string, node: Znode): void {
    this.paths.delete(path)
    this.sum.subtract(this.digestOf(path, node))
    this.dataSize -= path.length + (node.data?.length ?? 0)
    if (node.ephemeralOwner === 0n) return
    const owned = this.ephemerals.get(node.ephemeralOwner as SessionId)
    if (owned?.delete(path) && owned.size === 0) this.ephemerals.delete(node.ephemeralOwner as SessionId)
  }

  private digestOf(path: string, node: Znode): number {
    node.digest ??= nodeDigest(path, node.data, node)
    return node.digest
  }

  /** Changes a node and the tree's digest with it. */
  private change(path: string, node: Znode, by: (node: Znode) => void): void {
    this.sum.subtract(this.digestOf(path, node))
    by(node)
    node.digest = null
    this.sum.add(this.digestOf(path, node))
  }

  /** '/' and '' both name the root. */
  node(path: string): Znode | undefined {
    return this.paths.get(path === '/' ? '' : path)
  }

  /** Parents before children; may be walked while the tree changes. */
  nodes(): IterableIterator<[string, Znode]> {
    return this.paths.entries()
  }

  statOf(node: Znode): Stat {
    return node.stat(this.extendedTypes)
  }

  aclOf(node: Znode): readonly Acl[] {
    return this.acls.get(node.aclId)
  }

  ephemeralsOf(session: SessionId): ReadonlySet<string> {
    return this.ephemerals.get(session) ?? EMPTY
  }

  ephemeralOwners(): IterableIterator<[SessionId, ReadonlySet<string>]> {
    return this.ephemerals.entries()
  }

  /** As Apache counts: its root is there under '' and '/'. */
  get nodeCount(): number {
    return this.paths.size + 1
  }

  /** Nodes below this one, at any depth; below '/', Apache's two roots are left out (DataTree.getAllChildrenNumber). */
  countBelow(path: string): number {
    if (path === '/') return this.nodeCount - 2
    let count = 0
    for (const name of this.node(path)?.children ?? []) count += 1 + this.countBelow(`${path}/${name}`)
    return count
  }

  get ephemeralsCount(): number {
    let count = 0
    for (const paths of this.ephemerals.values()) count += paths.size
    return count
  }

  /** Characters of paths, '/' among them, and bytes of data. */
  get approximateDataSize(): number {
    return this.dataSize + 1
  }

  get digest(): bigint {
    return this.sum.value
  }

  /** A copy to add to, for the digests of transactions that are still to be applied. */
  get digestSum(): DigestSum {
    return this.sum.copy()
  }

  digestOfNode(path: string, node: Znode): number {
    return this.digestOf(path === '/' ? '' : path, node)
  }

  create(created: NewNode, zxid: Zxid, time: number): ErrorCode {
    const { path } = created
    const parentPath = parentOf(path) ?? ''
    const parent = this.paths.get(parentPath)
    if (parent === undefined) return ErrorCode.NoNode
    // First of all, so that numbers are given in the same order in every replay.
    const aclId = this.acls.idFor(created.acl)
    const isChild = parent.children?.has(nameOf(path)) ?? false
    const existing = this.paths.get(path)
    const cversion = created.parentCVersion === -1 ? parent.cversion + 1 : created.parentCVersion
    this.change(parentPath, parent, () => {
      // Replay may find the parent further on already: never back.
      if (cversion > parent.cversion) {
        parent.cversion = cversion
        parent.pzxid = zxid
      }
    })
    if (isChild && existing !== undefined) {
      existing.aclId = aclId
      return ErrorCode.NodeExists
    }
    // Replay has just deleted and created its parent again: it is not yet the child that it will be.
    if (existing !== undefined) this.forget(path, existing)
    parent.addChild(nameOf(path))
    const data = created.data === null ? null : Buffer.from(created.data)
    this.remember(path, new Znode(data, aclId, freshStat(zxid, time, created.ephemeralOwner)))
    this.countQuota(path, 1, data?.length ?? 0)
    this.changes?.created(path, aclId)
    this.changes?.childrenChanged(parentPath === '' ? '/' : parentPath, parent.aclId)
    return ErrorCode.Ok
  }

  delete(path: string, zxid: Zxid): ErrorCode {
    const parentPath = parentOf(path) ?? ''
    const parent = this.paths.get(parentPath)
    if (parent === undefined) return ErrorCode.NoNode
    // Even where replay finds the node gone: its parent may still hold the older pzxid.
    this.change(parentPath, parent, () => {
      parent.removeChild(nameOf(path))
      if (zxid > parent.pzxid) parent.pzxid = zxid
    })
    const node = this.paths.get(path)
    if (node === undefined) return ErrorCode.NoNode
    this.forget(path, node)
    const limited = limitedPath(path)
    if (limited !== null) this.quotas.delete(limited)
    this.countQuota(path, -1, -(node.data?.length ?? 0))
    this.changes?.deleted(path, node.aclId)
    this.changes?.childrenChanged(parentPath === '' ? '/' : parentPath, parent.aclId)
    return ErrorCode.Ok
  }

  setData(path: string, view: Buffer | null, version: number, zxid: Zxid, time: number): ErrorCode {
    const node = this.node(path)
    if (node === undefined) return ErrorCode.NoNode
    const data = view === null ? null : Buffer.from(view)
    const grown = (data?.length ?? 0) - (node.data?.length ?? 0)
    this.dataSize += grown
    this.change(path === '/' ? '' : path, node, () => {
      node.data = data
      node.version = version
      node.mzxid = zxid
      node.mtime = time
    })
    this.countQuota(path, 0, grown)
    this.changes?.dataChanged(path, node.aclId)
    return ErrorCode.Ok
  }

  setAcl(path: string, acl: readonly Acl[], aversion: number): ErrorCode {
    const node = this.node(path)
    if (node === undefined) return ErrorCode.NoNode
    const aclId = this.acls.idFor(acl)
    this.change(path === '/' ? '' : path, node, () => {
      node.aclId = aclId
      node.aversion = aversion
    })
    return ErrorCode.Ok
  }

  /** The ensemble's membership, which is no transaction either (DataTree via initConfigInZKDatabase). */
  setConfig(text: string): void {
    const node = this.paths.get('/zookeeper/config')
    // Alone, a server has no membership, and its node stays as it is in a new tree (asked Apache 3.8.0).
    if (node === undefined || text === '') return
    node.data = Buffer.from(text)
    node.version = -1
  }

  /** Statistics of the nearest limited path above; a new limits or statistics node is filled in. */
  private countQuota(path: string, count: number, bytes: number): void {
    if (count > 0) {
      const limited = limitedPath(path)
      if (limited !== null) this.quotas.add(limited)
      const measured = measuredPath(path)
      if (measured !== null) this.writeUsage(measured, this.usageBelow(measured))
    }
    if (this.quotas.isEmpty) return
    const above = this.quotas.above(path)
    if (above === null) return
    const usage = parseUsage(this.paths.get(statsPath(above))?.data ?? null)
    this.writeUsage(above, { count: usage.count + count, bytes: usage.bytes + bytes })
  }

  /** Neither version nor times change: this is no transaction. */
  private writeUsage(limited: string, usage: { count: number; bytes: number }): void {
    const node = this.paths.get(statsPath(limited))
    if (node !== undefined) node.data = formatUsage(usage)
  }

  /** The node itself counts too. */
  private usageBelow(path: string): { count: number; bytes: number } {
    const node = this.paths.get(path)
    if (node === undefined) return { count: 0, bytes: 0 }
    const usage = { count: 1, bytes: node.data?.length ?? 0 }
    for (const name of node.children ?? []) {
      const below = this.usageBelow(`${path}/${name}`)
      usage.count += below.count
      usage.bytes += below.bytes
    }
    return usage
  }
}

const EMPTY: ReadonlySet<string> = new Set()
/** As in a new tree; setConfig makes its version -1 (asked Apache 3.8.0). */
const CONFIG_STAT = { ...NO_STAT, version: 0, aversion: -1 }
