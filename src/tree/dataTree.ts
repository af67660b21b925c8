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
import { contentCrc, DigestSum, nodeDigest } from './digest.ts'
import { Ephemerals } from './ephemerals.ts'
import { nameOf, parentOf } from './paths.ts'
import { QUOTA_ROOT } from './quota.ts'
import { QuotaStatistics } from './quotaStatistics.ts'
import { freshStat, kindOf, type NodeKind, type TtlRule, Znode } from './znode.ts'

/**
 * Is notified of changes, for watches; `aclId` is the ACL of the node at that path, the last one when it was
 * deleted.
 */
export interface ChangeSink {
  created(path: string, aclId: number): void
  deleted(path: string, aclId: number): void
  dataChanged(path: string, aclId: number): void
  childrenChanged(path: string, aclId: number): void
}

interface NewNode {
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
  readonly ttlRule: TtlRule
  private readonly paths = new Map<string, Znode>()
  readonly ephemerals = new Ephemerals()
  /** The paths of containers and of TTL nodes. */
  readonly containers = new Set<string>()
  readonly ttls = new Set<string>()
  readonly quotas = new QuotaStatistics((path) => this.paths.get(path))
  private readonly sum = new DigestSum()
  private dataSize = 0

  private constructor(ttlRule: TtlRule) {
    this.ttlRule = ttlRule
  }

  /** An empty tree, for reading a snapshot into. */
  static blank(ttlRule: TtlRule = 'none'): DataTree {
    return new DataTree(ttlRule)
  }

  /** The tree of a new server: DataTree's constructor and addConfigNode. */
  static initial(ttlRule: TtlRule = 'none'): DataTree {
    const tree = new DataTree(ttlRule)
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

  /** A node as a snapshot has it. If it occurs twice, the later one wins. */
  restore(path: string, data: Buffer | null, aclId: number, stat: StatPersisted): void {
    const old = this.paths.get(path)
    const node = new Znode(data, aclId, stat)
    this.acls.use(aclId)
    if (old !== undefined) {
      this.forget(path, old)
      this.acls.release(old.aclId)
    }
    const parent = path === '' ? null : this.paths.get(parentOf(path) ?? '')
    parent?.addChild(nameOf(path), node)
    this.remember(path, node)
  }

  private remember(path: string, node: Znode): void {
    this.paths.set(path, node)
    this.sum.add(this.digestOf(path, node))
    this.dataSize += path.length + (node.data?.length ?? 0)
    if (node.ephemeralOwner === 0n) return
    const kind = this.kindOf(node)
    if (kind === 'container') this.containers.add(path)
    else if (kind === 'ttl') this.ttls.add(path)
    else this.ephemerals.add(node.ephemeralOwner, path)
  }

  private forget(path: string, node: Znode): void {
    this.paths.delete(path)
    this.sum.subtract(this.digestOf(path, node))
    this.dataSize -= path.length + (node.data?.length ?? 0)
    if (node.ephemeralOwner === 0n) return
    this.containers.delete(path)
    this.ttls.delete(path)
    this.ephemerals.delete(node.ephemeralOwner, path)
  }

  private digestOf(path: string, node: Znode): number {
    node.digest ??= nodeDigest(path, this.contentCrcOf(path, node), node)
    return node.digest
  }

  contentCrcOf(path: string, node: Znode): number {
    node.contentCrc ??= contentCrc(path, node.data)
    return node.contentCrc
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
    return node.stat(this.ttlRule)
  }

  kindOf({ ephemeralOwner }: { readonly ephemeralOwner: bigint }): NodeKind {
    return kindOf(ephemeralOwner, this.ttlRule)
  }

  aclOf(node: Znode): readonly Acl[] {
    return this.acls.get(node.aclId)
  }

  ephemeralsOf(session: SessionId): ReadonlySet<string> {
    return this.ephemerals.of(session)
  }

  ephemeralOwners(): IterableIterator<[SessionId, ReadonlySet<string>]> {
    return this.ephemerals.entries() as IterableIterator<[SessionId, ReadonlySet<string>]>
  }

  /** The count as Apache has it: its root exists as '' and as '/'. */
  get nodeCount(): number {
    return this.paths.size + 1
  }

  /**
   * Nodes below this one, at any depth; below '/', Apache's two roots are left out
   * (DataTree.getAllChildrenNumber).
   */
  countBelow(path: string): number {
    if (path === '/') return this.nodeCount - 2
    const node = this.node(path)
    return node === undefined ? 0 : node.usage.count - 1
  }

  get ephemeralsCount(): number {
    return this.ephemerals.count
  }

  /** Characters of all paths, including '/', and bytes of all data. */
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
    // This comes first, so that numbers are given in the same order in every replay.
    const aclId = this.acls.idFor(created.acl)
    const name = nameOf(path)
    const isChild = parent.children?.has(name) ?? false
    const existing = this.paths.get(path)
    const cversion = created.parentCVersion === -1 ? parent.cversion + 1 : created.parentCVersion
    this.change(parentPath, parent, () => {
      // During replay the parent may already be ahead: it is never set back.
      if (cversion > parent.cversion) {
        parent.cversion = cversion
        parent.pzxid = zxid
      }
    })
    this.acls.use(aclId)
    if (existing !== undefined) this.acls.release(existing.aclId)
    if (isChild && existing !== undefined) {
      existing.aclId = aclId
      return ErrorCode.NodeExists
    }
    // Replay has just deleted the parent and created it again: the node is not yet its child.
    if (existing !== undefined) this.forget(path, existing)
    const data = created.data === null ? null : Buffer.from(created.data)
    const node = new Znode(data, aclId, freshStat(zxid, time, created.ephemeralOwner))
    parent.addChild(name, node)
    this.remember(path, node)
    this.quotas.created(path, data?.length ?? 0)
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
    this.quotas.deleted(path, node.data?.length ?? 0)
    this.changes?.deleted(path, node.aclId)
    this.changes?.childrenChanged(parentPath === '' ? '/' : parentPath, parent.aclId)
    // The watchers that may know of it have been notified by now.
    this.acls.release(node.aclId)
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
    this.quotas.changed(path, 0, grown)
    this.changes?.dataChanged(path, node.aclId)
    return ErrorCode.Ok
  }

  setAcl(path: string, acl: readonly Acl[], aversion: number): ErrorCode {
    const node = this.node(path)
    if (node === undefined) return ErrorCode.NoNode
    const aclId = this.acls.idFor(acl)
    this.acls.use(aclId)
    this.acls.release(node.aclId)
    this.change(path === '/' ? '' : path, node, () => {
      node.aclId = aclId
      node.aversion = aversion
    })
    return ErrorCode.Ok
  }

  /** The ensemble's membership, which is no transaction either (DataTree via initConfigInZKDatabase). */
  setConfig(text: string, version: Zxid = ZERO_ZXID, timeMs = 0): void {
    const node = this.paths.get('/zookeeper/config')
    // A standalone server has no membership, and the node remains as it is in a new tree (verified against
    // Apache 3.8.0).
    if (node === undefined || text === '') return
    node.version = -1
    const data = Buffer.from(text)
    // What a reconfig wrote keeps its own time, the same everywhere.
    if (node.data?.equals(data) && node.mzxid === version) return
    this.dataSize += data.length - (node.data?.length ?? 0)
    node.data = data
    if (version === ZERO_ZXID) return
    node.mzxid = version
    node.mtime = timeMs
  }
}

/** As in a new tree; setConfig makes its version -1 (verified against Apache 3.8.0). */
const CONFIG_STAT = { ...NO_STAT, version: 0, aversion: -1 }
