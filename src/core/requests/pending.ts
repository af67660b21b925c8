/**
 * Nodes as they will be once everything proposed so far is applied (PrepRequestProcessor's ChangeRecords): a
 * request is checked against these, so that a leader need not wait for one commit before preparing the next.
 *
 * Invariant: `digest` is the digest of the whole tree after the last pending change.
 */
import { ErrorCode, KeeperError } from '../../protocol/errors.ts'
import type { Acl, StatPersisted } from '../../protocol/records/data.ts'
import type { Zxid } from '../../protocol/zxid.ts'
import type { DataTree } from '../../tree/dataTree.ts'
import { type DigestSum, nodeDigest } from '../../tree/digest.ts'

/** A node's state; never changed, only followed by another. */
export interface NodeState {
  readonly stat: StatPersisted
  readonly childCount: number
  readonly acl: readonly Acl[]
  readonly data: Buffer | null
  readonly digest: number
}

interface Change {
  readonly zxid: Zxid
  readonly path: string
  /** null: deleted. */
  readonly state: NodeState | null
  readonly previous: Change | undefined
}

function keyOf(path: string): string {
  return path === '/' ? '' : path
}

export class PendingChanges {
  private readonly tree: DataTree
  private readonly isDigestEnabled: boolean
  private readonly byPath = new Map<string, Change>()
  private changes: Change[] = []
  private head = 0
  private sum: DigestSum | null = null

  constructor(tree: DataTree, isDigestEnabled: boolean) {
    this.tree = tree
    this.isDigestEnabled = isDigestEnabled
  }

  /** undefined where there is, or will be, no such node. The root is '' or '/'. */
  find(path: string): NodeState | undefined {
    const change = this.byPath.get(keyOf(path))
    if (change !== undefined) return change.state ?? undefined
    const node = this.tree.node(path)
    if (node === undefined) return undefined
    const digest = this.isDigestEnabled ? this.tree.digestOfNode(path, node) : 0
    return { stat: node, childCount: node.childCount, acl: this.tree.aclOf(node), data: node.data, digest }
  }

  /** @throws KeeperError NoNode */
  get(path: string): NodeState {
    const state = this.find(path)
    if (state === undefined) throw new KeeperError(ErrorCode.NoNode, path)
    return state
  }

  /** What a node will be; its digest is filled in. */
  set(zxid: Zxid, path: string, state: Omit<NodeState, 'digest'>): void {
    const digest = this.isDigestEnabled ? nodeDigest(path, state.data, state.stat) : 0
    this.record(zxid, path, { ...state, digest })
  }

  delete(zxid: Zxid, path: string): void {
    this.record(zxid, path, null)
  }

  private record(zxid: Zxid, path: string, state: NodeState | null): void {
    const key = keyOf(path)
    if (this.isDigestEnabled) {
      this.sum ??= this.tree.digestSum
      this.sum.subtract(this.find(key)?.digest ?? 0)
      this.sum.add(state?.digest ?? 0)
    }
    const change = { zxid, path: key, state, previous: this.byPath.get(key) }
    this.byPath.set(key, change)
    this.changes.push(change)
  }

  /** The tree's digest once all this is applied. */
  get digest(): bigint {
    return (this.sum ?? this.tree.digestSum).value
  }

  /** Marks where a multi begins. */
  get mark(): number {
    return this.changes.length
  }

  /** A multi failed: nothing of it happens. */
  rollback(mark: number): void {
    while (this.changes.length > mark) {
      const change = this.changes.pop() as Change
      if (this.isDigestEnabled) this.sum?.subtract(change.state?.digest ?? 0)
      // What came before may have been applied meanwhile: then the tree itself shows it.
      if (change.previous !== undefined && this.isPending(change.previous))
        this.byPath.set(change.path, change.previous)
      else this.byPath.delete(change.path)
      if (this.isDigestEnabled) this.sum?.add(this.find(change.path)?.digest ?? 0)
    }
  }

  private isPending(change: Change): boolean {
    return change.zxid >= (this.changes[this.head]?.zxid ?? Number.POSITIVE_INFINITY)
  }

  /** Pending changes of ephemerals: those that this session will have gained (true) or lost (false). */
  *ephemeralChanges(owner: bigint): Iterable<[string, boolean]> {
    for (let i = this.head; i < this.changes.length; i++) {
      const { path, state } = this.changes[i] as Change
      if (state === null) yield [path, false]
      else if (state.stat.ephemeralOwner === owner) yield [path, true]
    }
  }

  /** Everything up to this zxid is in the tree now. */
  applied(zxid: Zxid): void {
    for (
      let change = this.changes[this.head];
      change && change.zxid <= zxid;
      change = this.changes[this.head]
    ) {
      if (this.byPath.get(change.path) === change) this.byPath.delete(change.path)
      this.head += 1
    }
    if (this.head === this.changes.length) this.clear()
    else if (this.head > 1024 && this.head * 2 > this.changes.length) {
      this.changes = this.changes.slice(this.head)
      this.head = 0
    }
  }

  clear(): void {
    this.byPath.clear()
    this.changes = []
    this.head = 0
    this.sum = null
  }
}
