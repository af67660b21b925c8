/**
 * The format of a snapshot file around the database's body (FileSnap, SnapStream):
 *   int `ZKSN`, int 2, long dbid -1; body; seal
 *   [digest.enabled: long zxid, int version 2, long digest; seal]
 *   [3.9 with serializeLastProcessedZxid: long lastProcessedZxid; seal]
 * where a seal is long Adler-32 of everything before it, and string "/". The whole file may be compressed
 * (snapshotStream.ts).
 *
 * The zxid in the digest section, and the one of 3.9, state how far the fuzzy body may reach beyond the zxid
 * in the file's name: the body never holds effects of later transactions.
 *
 * The seals tell damage from what a later version wrote: a file whose last seal fits is as it was written. A
 * damaged snapshot may be passed over for an older one; a snapshot that is not understood may not.
 */
import { encode, int, long, record, zxid as zxidType } from '../../protocol/jute.ts'
import { DecodeError, Reader } from '../../protocol/reader.ts'
import type { Zxid } from '../../protocol/zxid.ts'
import type { Database } from '../../tree/database.ts'
import { DatabaseReader, labelDatabase, UnknownKindError, writeDatabase } from '../../tree/snapshotFormat.ts'
import type { TtlRule } from '../../tree/znode.ts'
import { LATER_VERSION_HINT, StorageError } from '../errors.ts'
import type { SnapshotName } from '../fileNames.ts'
import type { FileSystem } from '../fileSystem.ts'
import { adler32 } from './adler32.ts'
import { END_MARK, isSealed, SEAL_SIZE, uncompressed } from './snapshotStream.ts'

const SNAPSHOT_MAGIC = 0x5a4b534e
const SNAPSHOT_VERSION = 2
const HEADER_SIZE = 16

const DigestSection = record({ zxid: zxidType, version: int, digest: long })
const DIGEST_VERSION = 2
const DIGEST_SIZE = 20
const LAST_ZXID_SIZE = 8

export interface LoadedSnapshot {
  database: Database
  name: SnapshotName
  /** The last transaction whose effects may be in the body; null when the file does not say. */
  reach: Zxid | null
  /** The tree's digest at `reach`; null when the file has none. */
  digest: bigint | null
}

/** Yields the uncompressed file in pieces: header, body as it is at each moment, sections and seals. */
export function* writeSnapshot(
  database: Database,
  sliceBytes: number,
  withDigest: boolean,
): Generator<Buffer, void, void> {
  let checksum = 1
  const pass = (bytes: Buffer): Buffer => {
    checksum = adler32(bytes, checksum)
    return bytes
  }
  const seal = (): Buffer => {
    const bytes = Buffer.alloc(SEAL_SIZE)
    bytes.writeUInt32BE(checksum, 4)
    END_MARK.copy(bytes, 8)
    return pass(bytes)
  }
  const header = Buffer.alloc(HEADER_SIZE)
  header.writeInt32BE(SNAPSHOT_MAGIC, 0)
  header.writeInt32BE(SNAPSHOT_VERSION, 4)
  header.writeBigInt64BE(-1n, 8)
  yield pass(header)
  for (const slice of writeDatabase(database, sliceBytes)) yield pass(slice)
  yield seal()
  if (!withDigest) return
  const { tree } = database
  // The section describes the tree as it is now, which need not be as it was when the body was begun.
  yield pass(
    encode(DigestSection, { zxid: tree.lastProcessedZxid, version: DIGEST_VERSION, digest: tree.digest }),
  )
  yield seal()
}

/**
 * Reads a whole snapshot.
 * @throws StorageError `damaged`, or `not-understood` for what later versions write. Offsets count
 * uncompressed bytes.
 */
export function readSnapshot(files: FileSystem, name: SnapshotName, ttlRule?: TtlRule): LoadedSnapshot {
  const reader = new SnapshotReader(name, ttlRule)
  try {
    for (const chunk of uncompressed(files, name)) reader.push(chunk)
    return reader.finish()
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    const { offset } = reader
    const where = name.compression === '' ? '' : ' (counted in its uncompressed bytes)'
    if (cause instanceof UnknownKindError || isSealed(files, name))
      throw new StorageError(
        'not-understood',
        name.path,
        `holds what this version does not know${where}: ${cause.message}`,
        { offset, hint: LATER_VERSION_HINT, cause },
      )
    throw new StorageError('damaged', name.path, cause.message, { offset, cause })
  }
}

class SnapshotReader {
  private readonly name: SnapshotName
  private readonly body: DatabaseReader
  private checksum = 1
  private header: Buffer | null = null
  /** Bytes outside the body: those before it while the header is incomplete, then those after it. */
  private outside = Buffer.alloc(0)
  /** The bounds of the piece that was last read after the body. */
  private pieceAt = 0
  private pieceEnd = 0

  constructor(name: SnapshotName, ttlRule?: TtlRule) {
    this.name = name
    this.body = new DatabaseReader(ttlRule)
  }

  /** Where the piece that is being read begins in the uncompressed file. */
  get offset(): number {
    if (this.header === null) return 0
    return this.body.database === null ? HEADER_SIZE + this.body.position : this.pieceAt
  }

  push(chunk: Buffer): void {
    if (this.header === null) {
      this.outside = Buffer.concat([this.outside, chunk])
      if (this.outside.length < HEADER_SIZE) return
      this.header = this.checkHeader(this.outside.subarray(0, HEADER_SIZE))
      const first = this.outside.subarray(HEADER_SIZE)
      this.outside = Buffer.alloc(0)
      this.checksum = adler32(this.header, this.checksum)
      this.pushBody(first)
    } else if (this.body.database === null) this.pushBody(chunk)
    else this.outside = Buffer.concat([this.outside, chunk])
  }

  private pushBody(chunk: Buffer): void {
    this.body.push(chunk)
    const inside = this.body.database === null ? chunk.length : chunk.length - this.body.leftover.length
    this.checksum = adler32(chunk.subarray(0, inside), this.checksum)
    this.outside = Buffer.from(this.body.leftover)
  }

  private checkHeader(header: Buffer): Buffer {
    if (header.readInt32BE(0) !== SNAPSHOT_MAGIC)
      throw new DecodeError(`is not a snapshot: begins with 0x${header.toString('hex', 0, 4)}, not with ZKSN`)
    const version = header.readInt32BE(4)
    if (version === SNAPSHOT_VERSION) return header
    const what = `is a snapshot of format version ${version}, not ${SNAPSHOT_VERSION}`
    throw new StorageError('not-understood', this.name.path, what, { offset: 4, hint: LATER_VERSION_HINT })
  }

  finish(): LoadedSnapshot {
    const { database } = this.body
    if (database === null)
      throw new DecodeError(`ends in the middle, ${this.body.position} bytes into the database`)
    labelDatabase(database, this.name.zxid)
    this.pieceEnd = HEADER_SIZE + this.body.position
    const loaded: LoadedSnapshot = { database, name: this.name, reach: null, digest: null }
    this.readSeal()
    if (this.outside.length === 0) return loaded
    if (this.outside.length !== LAST_ZXID_SIZE + SEAL_SIZE) {
      const { zxid, version, digest } = this.readDigestSection()
      // 0 means none: nothing was applied since the start (DataTree.serializeZxidDigest).
      if (zxid > 0) loaded.reach = zxid
      if (zxid > 0 && version === DIGEST_VERSION) loaded.digest = digest
    }
    if (this.outside.length === LAST_ZXID_SIZE + SEAL_SIZE) {
      loaded.reach = new Reader(this.take(LAST_ZXID_SIZE)).zxid()
      this.readSeal()
    }
    const { length } = this.outside
    if (length > 0) {
      this.take(length)
      throw new DecodeError(`${length} bytes of another section after the known ones`)
    }
    return loaded
  }

  /**
   * Before version 2, the digest was a hexadecimal string (DataTree.ZxidDigest); such digests are not
   * compared.
   */
  private readDigestSection(): { zxid: Zxid; version: number; digest: bigint } {
    const head = this.outside.length >= DIGEST_SIZE ? this.outside : Buffer.alloc(DIGEST_SIZE)
    const version = head.readInt32BE(8)
    const textual = version < DIGEST_VERSION
    const size = textual ? 16 + Math.max(0, head.readInt32BE(12)) : DIGEST_SIZE
    const section = this.take(size)
    const zxid = new Reader(section).zxid()
    const digest = textual ? 0n : section.readBigInt64BE(12)
    this.readSeal()
    return { zxid, version, digest }
  }

  private take(length: number): Buffer {
    this.pieceAt = this.pieceEnd
    if (this.outside.length < length)
      throw new DecodeError('ends in the middle of a section after the database')
    const bytes = this.outside.subarray(0, length)
    this.outside = this.outside.subarray(length)
    this.pieceEnd += length
    this.checksum = adler32(bytes, this.checksum)
    return bytes
  }

  private readSeal(): void {
    const expected = this.checksum
    const seal = this.take(SEAL_SIZE)
    if (!seal.subarray(8).equals(END_MARK)) throw new DecodeError('a seal is missing or damaged')
    if (seal.readUInt32BE(4) !== expected || seal.readUInt32BE(0) !== 0)
      throw new DecodeError('its checksum does not match: bytes were changed')
  }
}
