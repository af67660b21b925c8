/**
 * A znode in memory, kept lean: a million of them are to fit. `cversion` and `ephemeralOwner` are as stored, not
 * as clients see them. `digest` is null until it is asked for, and again after every change.
 */
import type { Stat, StatPersisted } from '../protocol/records/data.ts'
import type { Zxid } from '../protocol/zxid.ts'

/** Stored owner of a container; TTL nodes have the top byte 0xff and the TTL in the low 40 bits (EphemeralType). */
export const CONTAINER_OWNER = -0x8000000000000000n
const TTL_MASK = 0xff00000000000000n

export type NodeKind = 'persistent' | 'ephemeral' | 'container' | 'ttl'

/**
 * What a stored owner says. The top byte 0xff means TTL only where extended types are on; off, it is the session
 * of a server with id 255 (EphemeralType.get).
 */
export function kindOf(owner: bigint, extendedTypes: boolean): NodeKind {
  if (owner === 0n) return 'persistent'
  if (owner === CONTAINER_OWNER) return 'container'
  if (extendedTypes && (BigInt.asUintN(64, owner) & TTL_MASK) === TTL_MASK) return 'ttl'
  return 'ephemeral'
}

export class Znode implements StatPersisted {
  data: Buffer | null
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
  /** Names; null while there are none. */
  children: Set<string> | null = null
  digest: number | null = null

  constructor(data: Buffer | null, aclId: number, stat: StatPersisted) {
    this.data = data
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

  addChild(name: string): void {
    this.children ??= new Set()
    this.children.add(name)
  }

  removeChild(name: string): void {
    if (this.children?.delete(name) && this.children.size === 0) this.children = null
  }

  /** As clients see it: DataNode.copyStat. */
  stat(extendedTypes: boolean): Stat {
    const kind = kindOf(this.ephemeralOwner, extendedTypes)
    return {
      czxid: this.czxid,
      mzxid: this.mzxid,
      ctime: this.ctime,
      mtime: this.mtime,
      version: this.version,
      // Stored, it counts creations; clients are shown creations and deletions.
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
