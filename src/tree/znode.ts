/**
 * A znode in memory, kept small, because a million of them must fit. `cversion` and `ephemeralOwner` are as
 * stored, not as clients see them. `digest` is null until it is needed, and again after every change.
 */
import type { Stat, StatPersisted } from '../protocol/records/data.ts'
import type { Zxid } from '../protocol/zxid.ts'

/** Stored owner of a container (EphemeralType). */
export const CONTAINER_OWNER = -0x8000000000000000n
/**
 * A TTL node's owner: the top byte set, two bytes that name the feature (0 for TTL), the TTL in the low 40
 * bits.
 */
const EXTENDED_MASK = 0xff00000000000000n
const FEATURE_MASK = 0x00ffff0000000000n
export const MAX_TTL_MS = 2 ** 40 - 1

export type NodeKind = 'persistent' | 'ephemeral' | 'container' | 'ttl'

/**
 * Which stored owners mean TTL: none (`extendedTypesEnabled` is off), those that 3.5.4 and later write, or
 * also those of 3.5.3 (`emulate353TTLNodes`): all that are negative.
 */
export type TtlRule = 'none' | 'since354' | 'since353'

/**
 * What a stored owner says (EphemeralType.get). Without TTL nodes a top byte of 0xff is the session of a
 * server with id 255. With TTL nodes it is the same when the two bytes after it name no feature; Apache's
 * server ends there.
 */
export function kindOf(owner: bigint, rule: TtlRule): NodeKind {
  if (owner === 0n) return 'persistent'
  if (owner === CONTAINER_OWNER) return 'container'
  if (owner > 0n || rule === 'none') return 'ephemeral'
  if (rule === 'since353') return 'ttl'
  return (BigInt.asUintN(64, owner) & (EXTENDED_MASK | FEATURE_MASK)) === EXTENDED_MASK ? 'ttl' : 'ephemeral'
}

/**
 * With extended types, an owner with the mark of one that is neither a TTL nor the session of a server with
 * id 255, which only the caller, who knows the sessions, can tell (EphemeralType.get ends the server).
 */
export function isUnknownKind(owner: bigint, rule: TtlRule): boolean {
  return rule === 'since354' && owner < 0n && owner >> 56n === -1n && kindOf(owner, rule) === 'ephemeral'
}

export function isTtl(ttlMs: number): boolean {
  return ttlMs > 0 && ttlMs <= MAX_TTL_MS
}

/** The stored owner of a TTL node (EphemeralType.TTL.toEphemeralOwner); `ttlMs` as `isTtl` says. */
export function ttlOwner(ttlMs: number): bigint {
  return BigInt.asIntN(64, EXTENDED_MASK | BigInt(ttlMs))
}

/** Its TTL in ms; 0 stands for "never". */
export function ttlOf(owner: bigint): number {
  return Number(BigInt.asUintN(40, owner))
}

export class Znode implements StatPersisted {
  private content: Buffer | null
  aclId: number
  czxid: Zxid
  mzxid: Zxid
  ctime: number
  mtime: number
  version: number
  cversion: number
  aversion: number
  ephemeralOwner: bigint
  pzxid: Zxid
  /** By name; null while there are none. */
  children: Map<string, Znode> | null = null
  digest: number | null = null
  /** The part of the digest that path and data make; null until it is asked for, and again with new data. */
  contentCrc: number | null = null
  private parent: Znode | null = null
  /**
   * Nodes at and below this one, and their bytes of data, once they were asked for; 0 nodes until then. From
   * then on every change updates them, because a client may ask for a large tree repeatedly. Invariant: below
   * a counted node all are counted.
   */
  private nodes = 0
  private bytes = 0

  constructor(data: Buffer | null, aclId: number, stat: StatPersisted) {
    this.content = data
    this.aclId = aclId
    this.czxid = stat.czxid
    this.mzxid = stat.mzxid
    this.ctime = stat.ctime
    this.mtime = stat.mtime
    this.version = stat.version
    this.cversion = stat.cversion
    this.aversion = stat.aversion
    this.ephemeralOwner = stat.ephemeralOwner
    this.pzxid = stat.pzxid
  }

  get childCount(): number {
    return this.children?.size ?? 0
  }

  get data(): Buffer | null {
    return this.content
  }

  set data(data: Buffer | null) {
    this.grow(0, (data?.length ?? 0) - (this.content?.length ?? 0))
    this.content = data
    this.contentCrc = null
  }

  /** The number and size of the nodes at and below this one. */
  get usage(): { readonly count: number; readonly bytes: number } {
    if (this.nodes === 0) this.count()
    return { count: this.nodes, bytes: this.bytes }
  }

  addChild(name: string, child: Znode): void {
    this.children ??= new Map()
    this.leave(this.children.get(name))
    this.children.set(name, child)
    child.parent = this
    if (this.nodes === 0) return
    const { count, bytes } = child.usage
    this.grow(count, bytes)
  }

  removeChild(name: string): void {
    this.leave(this.children?.get(name))
    if (this.children?.delete(name) && this.children.size === 0) this.children = null
  }

  private leave(child: Znode | undefined): void {
    if (child === undefined) return
    child.parent = null
    this.grow(-child.nodes, -child.bytes)
  }

  private grow(nodes: number, bytes: number): void {
    for (let node: Znode | null = this; node !== null && node.nodes > 0; node = node.parent) {
      node.nodes += nodes
      node.bytes += bytes
    }
  }

  /** Without recursion: a client may make a tree deeper than any call stack. */
  private count(): void {
    const uncounted: Znode[] = [this]
    for (const { children } of uncounted) {
      for (const child of children?.values() ?? []) if (child.nodes === 0) uncounted.push(child)
    }
    for (const node of uncounted.reverse()) {
      node.nodes = 1
      node.bytes = node.content?.length ?? 0
      for (const child of node.children?.values() ?? []) {
        node.nodes += child.nodes
        node.bytes += child.bytes
      }
    }
  }

  /** As clients see it: DataNode.copyStat. */
  stat(rule: TtlRule): Stat {
    const kind = kindOf(this.ephemeralOwner, rule)
    return {
      czxid: this.czxid,
      mzxid: this.mzxid,
      ctime: this.ctime,
      mtime: this.mtime,
      version: this.version,
      // The stored value counts creations; clients see creations and deletions.
      cversion: (this.cversion * 2 - this.childCount) | 0,
      aversion: this.aversion,
      ephemeralOwner: kind === 'ephemeral' ? this.ephemeralOwner : 0n,
      dataLength: this.data?.length ?? 0,
      numChildren: this.childCount,
      pzxid: this.pzxid,
    }
  }
}

/** The stat of a node that is created now (DataTree.createStat). */
export function freshStat(zxid: Zxid, time: number, ephemeralOwner: bigint): StatPersisted {
  return {
    czxid: zxid,
    mzxid: zxid,
    ctime: time,
    mtime: time,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner,
    pzxid: zxid,
  }
}
