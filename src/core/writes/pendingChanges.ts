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
import { contentCrc, type DigestSum, nodeDigest } from '../../tree/digest.ts'
import { Ephemerals } from '../../tree/ephemerals.ts'

/** A node's state. It is never changed, only replaced by another. */
export interface NodeState {
  readonly stat: StatPersisted
  readonly childCount: number
  readonly acl: readonly Acl[]
  readonly data: Buffer | null
  /**
   * Checksum of path and data (see digest.ts). A state with unchanged data takes it from the state before it;
   * null when the data is new.
   */
  readonly contentCrc: number | null
  readonly digest: number
}

interface Change {
  readonly zxid: Zxid
  readonly path: string
  /** null: deleted. */
  readonly state: NodeState | null
  /**
   * The previous change of the same path, as long as that is pending itself: an endless chain would keep
   * everything alive.
   */
  previous: Change | undefined
}

function keyOf(path: string): string {
  return path === '/' ? '' : path
}

export class PendingChanges {
  private readonly tree: DataTree
  private readonly isDigestEnabled: boolean
  private readonly byPath = new Map<string, Change>()
  /**
   * The ephemeral nodes in `byPath`, by owner, because closing a session must not search everything that is
   * pending.
   */
  private readonly gained = new Ephemerals()
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
    const { childCount, data, contentCrc } = node
    return { stat: node, childCount, acl: this.tree.aclOf(node), data, contentCrc, digest }
  }

  /** @throws KeeperError NoNode */
  get(path: string): NodeState {
    const state = this.find(path)
    if (state === undefined) throw new KeeperError(ErrorCode.NoNode, path)
    return state
  }

  /** What a node will be; its digest is filled in. */
  set(zxid: Zxid, path: string, state: Omit<NodeState, 'digest'>): void {
    if (!this.isDigestEnabled) {
      this.record(zxid, path, { ...state, digest: 0 })
      return
    }
    const content = state.contentCrc ?? contentCrc(path, state.data)
    this.record(zxid, path, { ...state, contentCrc: content, digest: nodeDigest(path, content, state.stat) })
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
    this.setLatest(key, change)
    this.changes.push(change)
  }

  private setLatest(path: string, change: Change | undefined): void {
    const before = this.byPath.get(path)?.state?.stat.ephemeralOwner ?? 0n
    const after = change?.state?.stat.ephemeralOwner ?? 0n
    if (change === undefined) this.byPath.delete(path)
    else this.byPath.set(path, change)
    if (before === after) return
    if (before !== 0n) this.gained.delete(before, path)
    if (after !== 0n) this.gained.add(after, path)
  }

  /** The tree's digest once all this is applied. */
  get digest(): bigint {
    return (this.sum ?? this.tree.digestSum).value
  }

  /** Marks where a multi begins. */
  get mark(): number {
    return this.changes.length
  }

  /** A multi failed: its changes are undone. */
  rollback(mark: number): void {
    while (this.changes.length > mark) {
      const change = this.changes.pop() as Change
      if (this.isDigestEnabled) this.sum?.subtract(change.state?.digest ?? 0)
      // An earlier change may have been applied meanwhile: then the tree itself contains it.
      const { previous } = change
      this.setLatest(change.path, previous !== undefined && this.isPending(previous) ? previous : undefined)
      if (this.isDigestEnabled) this.sum?.add(this.find(change.path)?.digest ?? 0)
    }
  }

  private isPending(change: Change): boolean {
    return change.zxid >= (this.changes[this.head]?.zxid ?? Number.POSITIVE_INFINITY)
  }

  /** The ephemerals that this session will own, given those that it owns in the tree. */
  ephemeralsOf(owner: bigint, owned: ReadonlySet<string>): Set<string> {
    const paths = new Set<string>()
    for (const path of owned) {
      const change = this.byPath.get(path)
      if (change === undefined || change.state?.stat.ephemeralOwner === owner) paths.add(path)
    }
    for (const path of this.gained.of(owner)) paths.add(path)
    return paths
  }

  /** Everything up to this zxid is in the tree now. */
  applied(zxid: Zxid): void {
    for (
      let change = this.changes[this.head];
      change && change.zxid <= zxid;
      change = this.changes[this.head]
    ) {
      if (this.byPath.get(change.path) === change) this.setLatest(change.path, undefined)
      change.previous = undefined
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
    this.gained.clear()
    this.changes = []
    this.head = 0
    this.sum = null
  }
}
