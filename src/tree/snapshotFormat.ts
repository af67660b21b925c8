/**
 * The body of a snapshot, in files and after a SNAP packet (SerializeUtils.serializeSnapshot): int count,
 * (long session, int timeout)*; int count, (long id, vector<ACL>)*; (string path, buffer data, long acl id,
 * StatPersisted)*, parents before children, "" the root; string "/"
 *
 * It is taken fuzzily: the tree continues to change between slices. Let L be the last zxid applied when it
 * begins. Replaying every transaction after L over the body gives the tree as it is afterwards, because:
 *
 * - Sessions and ACLs are those of L, copied at the start.
 * - A znode created after L (czxid > L) is left out: replay creates it, with its ACL, from nothing. So a path
 *   deleted and created again is the older one or absent, never the newer; and since a znode cannot be
 *   deleted while it has children, the parent of what is written existed at L and is written before it.
 * - A znode deleted after L may be missing: replaying its delete finds nothing and only moves its parent's
 *   pzxid, and other changes to it, which find nothing either, end in that delete.
 * - What was set after L (data, version, ACL, cversion) is set by replay to the same final value: these
 *   transactions carry results, not differences.
 * - An ACL that got its id after L is not in the copied map, so an older id is written in its place: replay
 *   of the setACL that brought it, which is after L, puts it right. (Apache writes the unknown id and relies
 *   on replay to number ACLs alike.)
 */

import type { SessionId } from '../protocol/ids.ts'
import { int, long, record, sessionId, vector } from '../protocol/jute.ts'
import { DecodeError, Reader } from '../protocol/reader.ts'
import { Acl, StatPersisted } from '../protocol/records/data.ts'
import { Writer } from '../protocol/writer.ts'
import type { Zxid } from '../protocol/zxid.ts'
import { Database } from './database.ts'
import { isUnknownKind, type TtlRule } from './znode.ts'

const SessionEntry = record({ id: sessionId, timeoutMs: int })
const AclEntry = record({ id: long, acl: vector(Acl) })

/** Stands for "open to all" (world:anyone, all permissions) without an entry in the map. */
const OPEN_ACL_ID = -1
/** long acl id, then StatPersisted. */
const NODE_TAIL = 8 + 60
/**
 * No path, ACL or data of a znode is larger: far above jute.maxbuffer, far below what memory would not hold.
 */
const MOST_BYTES = 256 * 1024 * 1024

/** A znode of a kind that only later versions have: keeping it as another kind would change it. */
export class UnknownKindError extends DecodeError {
  override name = 'UnknownKindError'
}

/**
 * Yields the body in pieces of about `sliceBytes`; between pieces the database may change. A yielded buffer
 * is the caller's to keep.
 */
export function* writeDatabase(database: Database, sliceBytes: number): Generator<Buffer, void, void> {
  const { tree } = database
  const label = tree.lastProcessedZxid
  const sessions = [...database.sessions]
  const acls = [...tree.acls.entries()]
  const known = new Set([OPEN_ACL_ID, ...acls.map(([id]) => id)])

  const writer = new Writer(sliceBytes + 4096)
  writer.int(sessions.length)
  for (const [id, timeoutMs] of sessions) {
    SessionEntry.write(writer, { id, timeoutMs })
    if (writer.length >= sliceBytes) yield writer.take()
  }
  writer.int(acls.length)
  for (const [id, acl] of acls) {
    AclEntry.write(writer, { id: BigInt(id), acl })
    if (writer.length >= sliceBytes) yield writer.take()
  }
  for (const [path, node] of tree.nodes()) {
    if (node.czxid > label) continue
    writer.string(path)
    writer.buffer(node.data)
    writer.longFromNumber(known.has(node.aclId) ? node.aclId : (acls[0]?.[0] ?? OPEN_ACL_ID))
    StatPersisted.write(writer, node)
    if (writer.length >= sliceBytes) yield writer.take()
  }
  writer.string('/')
  yield writer.take()
}

/**
 * Reads a body as it arrives. Holds the bytes of at most one unfinished entry beside the database. After a
 * DecodeError the reader cannot be used any more.
 */
export class DatabaseReader {
  private readonly building: Database
  private step: 'sessions' | 'acls' | 'nodes' | 'done' = 'sessions'
  /** Entries still to come of sessions or ACLs; -1 before the count is known. */
  private count = -1
  private pending: Buffer[] = []
  private pendingLength = 0
  /** Bytes that must have arrived before another attempt is useful. */
  private needed = 4
  /** Offset in the body of the first pending byte. */
  private offset = 0
  private rest: Buffer = Buffer.alloc(0)

  /** The meaning of an owner decides whether a node is ephemeral, and of which session. */
  constructor(ttlRule: TtlRule = 'none') {
    this.building = Database.blank(ttlRule)
  }

  /** The database once the body is complete. Its `lastProcessedZxid` is the caller's to set. */
  get database(): Database | null {
    return this.step === 'done' ? this.building : null
  }

  /** Bytes that were pushed after the end of the body; they lie in the last chunk pushed. */
  get leftover(): Buffer {
    return this.rest
  }

  /** Bytes of the body read so far; after a DecodeError, where the entry begins that it is about. */
  get position(): number {
    return this.offset
  }

  /** @throws DecodeError naming the offset in the body. */
  push(chunk: Buffer): void {
    if (this.step === 'done') throw new DecodeError('bytes behind the end of the database')
    this.pending.push(chunk)
    this.pendingLength += chunk.length
    if (this.pendingLength < this.needed) return
    const bytes = this.pending.length === 1 ? chunk : Buffer.concat(this.pending)
    const consumed = this.readEntries(bytes)
    this.offset += consumed
    if (this.database !== null) {
      this.rest = bytes.subarray(consumed)
      this.pending = []
      return
    }
    this.pending = [bytes.subarray(consumed)]
    this.pendingLength = bytes.length - consumed
  }

  /** Reads whole entries and returns where the first incomplete one begins. */
  private readEntries(bytes: Buffer): number {
    const reader = new Reader(bytes)
    for (;;) {
      const start = reader.position
      const size = this.sizeOfNext(bytes, start)
      if (size > reader.remaining) {
        this.needed = size
        return start
      }
      try {
        this.readNext(reader, start + size)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        const { message } = this.damage(start, error.message)
        throw error instanceof UnknownKindError ? new UnknownKindError(message) : new DecodeError(message)
      }
      if (this.database !== null) return reader.position
    }
  }

  /** Bytes the next entry needs, or as many as it takes to know more. */
  private sizeOfNext(bytes: Buffer, at: number): number {
    if (this.step === 'nodes') return this.sizeOfNode(bytes, at)
    if (this.count === -1) return 4
    return this.step === 'sessions' ? 12 : this.sizeOfAcl(bytes, at)
  }

  private sizeOfAcl(bytes: Buffer, at: number): number {
    if (bytes.length < at + 12) return 12
    const entries = bytes.readInt32BE(at + 8)
    if (entries < -1 || entries * 12 > MOST_BYTES) throw this.damage(at, `an ACL of ${entries} entries`)
    let end = at + 12
    for (let i = 0; i < entries; i++) {
      for (const head of [4, 0]) {
        if (bytes.length < end + head + 4) return end + head + 4 - at
        end += head + 4 + this.length(bytes, end + head)
      }
    }
    return end - at
  }

  private sizeOfNode(bytes: Buffer, at: number): number {
    if (bytes.length < at + 4) return 4
    const pathLength = this.length(bytes, at)
    const data = at + 4 + pathLength
    // Nothing but the mark at the end has a path of one byte.
    if (pathLength === 1) return 5
    if (bytes.length < data + 4) return data + 4 - at
    return data + 4 + this.length(bytes, data) + NODE_TAIL - at
  }

  /** A length as written at `at`; null counts as empty. */
  private length(bytes: Buffer, at: number): number {
    const length = bytes.readInt32BE(at)
    if (length < -1 || length > MOST_BYTES) throw this.damage(at, `a length of ${length}`)
    return Math.max(0, length)
  }

  private readNext(reader: Reader, end: number): void {
    if (this.step === 'nodes') this.readNode(reader, end)
    else if (this.count === -1) this.readCount(reader)
    else {
      if (this.step === 'sessions') {
        const { id, timeoutMs } = SessionEntry.read(reader)
        this.building.sessions.set(id as SessionId, timeoutMs)
      } else {
        const { id, acl } = AclEntry.read(reader)
        this.building.tree.acls.restore(aclIdOf(id), acl)
      }
      this.count -= 1
      this.endSection()
    }
  }

  private readCount(reader: Reader): void {
    this.count = reader.int()
    if (this.count < 0) throw new DecodeError(`a map of ${this.count} entries`)
    this.endSection()
  }

  private endSection(): void {
    if (this.count !== 0) return
    this.step = this.step === 'sessions' ? 'acls' : 'nodes'
    this.count = -1
  }

  private readNode(reader: Reader, end: number): void {
    const path = reader.string()
    if (path === '/') {
      this.building.tree.acls.dropUnused()
      this.building.tree.quotas.setUp()
      this.step = 'done'
      return
    }
    if (path?.length === 1) throw new DecodeError(`a path of one byte that is not the end mark`)
    const view = reader.buffer()
    const aclId = aclIdOf(reader.long())
    const stat = StatPersisted.read(reader)
    if (reader.position !== end) throw new DecodeError(`an entry of ${end - reader.position} bytes more`)
    if (!this.hasPlace(path ?? '')) throw new DecodeError(`the znode ${path} comes before its parent`)
    this.checkKind(path ?? '', stat.ephemeralOwner)
    // Data is copied, because the chunk that it was read from is released.
    this.building.tree.restore(path ?? '', view === null ? null : Buffer.from(view), aclId, stat)
  }

  private checkKind(path: string, owner: bigint): void {
    const { ttlRule } = this.building.tree
    if (!isUnknownKind(owner, ttlRule) || this.building.sessions.has(owner as SessionId)) return
    const hex = BigInt.asUintN(64, owner).toString(16)
    throw new UnknownKindError(`the znode ${path} has the owner 0x${hex}, which marks a kind of its own`)
  }

  private hasPlace(path: string): boolean {
    if (path === '') return true
    const slash = path.lastIndexOf('/')
    return path.startsWith('/') && this.building.tree.node(path.slice(0, slash)) !== undefined
  }

  private damage(at: number, what: string): DecodeError {
    this.offset += at
    return new DecodeError(`${what}, at offset ${this.offset} of the database`)
  }
}

/** Ids count up from 1; what a double cannot hold, with room to count on, was never assigned. */
function aclIdOf(id: bigint): number {
  const value = Number(id)
  if (Math.abs(value) > 2 ** 52) throw new DecodeError(`ACL id ${id}`)
  return value
}

/** The zxid is not part of the body: a file has it in its name, SNAP in its packet. */
export function labelDatabase(database: Database, zxid: Zxid): void {
  database.tree.lastProcessedZxid = zxid
}
