/**
 * A snapshot file around the database's body (FileSnap, SnapStream):
 *   int `ZKSN`, int 2, long dbid -1; body; seal
 *   [digest.enabled: long zxid, int version 2, long digest; seal]
 *   [3.9 with serializeLastProcessedZxid: long lastProcessedZxid; seal]
 * where seal is long Adler-32 of everything before it and string "/". All of it may be wrapped in gzip.
 *
 * The zxid in the digest section, and the one of 3.9, say how far the fuzzy body may reach beyond the zxid in
 * the file's name: effects of later transactions are never in it.
 */
import { gunzipSync } from 'node:zlib'
import { encode, int, long, record, zxid as zxidType } from '../protocol/jute.ts'
import { DecodeError } from '../protocol/reader.ts'
import type { Zxid } from '../protocol/zxid.ts'
import type { Database } from '../tree/database.ts'
import { DatabaseReader, labelDatabase, writeDatabase } from '../tree/snapshotFormat.ts'
import type { TtlRule } from '../tree/znode.ts'
import { adler32 } from './adler32.ts'
import { LATER_VERSION_HINT, StorageError } from './errors.ts'
import type { SnapshotName } from './fileNames.ts'
import type { FileSystem } from './fileSystem.ts'

const SNAPSHOT_MAGIC = 0x5a4b534e
const SNAPSHOT_VERSION = 2
const HEADER_SIZE = 16
const SEAL_SIZE = 13
const CHUNK = 256 * 1024

const DigestSection = record({ zxid: zxidType, version: int, digest: long })
const DIGEST_VERSION = 2
const DIGEST_SIZE = 20

/** String "/": what a complete snapshot ends in, sealed or not (SnapStream.isValidCheckedStream). */
const END_MARK = Buffer.from([0, 0, 0, 1, 0x2f])

export interface LoadedSnapshot {
  database: Database
  name: SnapshotName
  /** The last transaction whose effects may be in the body; null when the file does not say. */
  reach: Zxid | null
  /** Tree digest at `reach`; null when the file has none. */
  digest: bigint | null
}

/** The file's bytes, uncompressed, in pieces: header, body as it is at each moment, sections and seals. */
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
  // Of the tree as it is now, which need not be as it was when the body began.
  yield pass(
    encode(DigestSection, { zxid: tree.lastProcessedZxid, version: DIGEST_VERSION, digest: tree.digest }),
  )
  yield seal()
}

/** Reads a snapshot whole. @throws StorageError `damaged`, or `not-understood` for what later versions write. */
export function readSnapshot(files: FileSystem, name: SnapshotName, ttlRule?: TtlRule): LoadedSnapshot {
  const reader = new SnapshotReader(name, ttlRule)
  try {
    for (const chunk of chunksOf(files, name)) reader.push(chunk)
    return reader.finish()
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new StorageError('damaged', name.path, error.message, { cause: error })
  }
}

function* chunksOf(files: FileSystem, name: SnapshotName): Generator<Buffer> {
  if (name.compression === 'snappy')
    throw new StorageError('not-understood', name.path, 'is compressed with snappy, which is not supported', {
      hint:
        'Nothing was changed; let Apache ZooKeeper write it again with snapshot.compression.method=gz ' +
        'or without compression, and remove the snappy ones',
    })
  if (name.compression === 'gz') {
    try {
      yield gunzipSync(files.readAll(name.path))
    } catch (error) {
      throw new DecodeError(
        `cannot be decompressed: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
    return
  }
  const fd = files.open(name.path, 'read')
  try {
    const chunk = Buffer.allocUnsafeSlow(CHUNK)
    for (let at = 0; ; ) {
      const count = files.read(fd, chunk, at)
      if (count === 0) return
      // The reader may keep a view until the next push: an unfinished entry at the end of the chunk.
      yield Buffer.from(chunk.subarray(0, count))
      at += count
    }
  } finally {
    files.close(fd)
  }
}

class SnapshotReader {
  private readonly name: SnapshotName
  private readonly body: DatabaseReader
  private checksum = 1
  private header: Buffer | null = null
  /** What stands before the body while the header is incomplete, behind it afterwards. */
  private outside = Buffer.alloc(0)

  constructor(name: SnapshotName, ttlRule?: TtlRule) {
    this.name = name
    this.body = new DatabaseReader(ttlRule)
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
    if (header.readInt32BE(0) !== SNAPSHOT_MAGIC) throw new DecodeError('is not a snapshot (no ZKSN)')
    const version = header.readInt32BE(4)
    if (version !== SNAPSHOT_VERSION)
      throw new StorageError(
        'not-understood',
        this.name.path,
        `is a snapshot of format version ${version}, not 2`,
        {
          offset: 4,
          hint: LATER_VERSION_HINT,
        },
      )
    return header
  }

  finish(): LoadedSnapshot {
    const { database } = this.body
    if (database === null)
      throw new DecodeError(`ends in the middle, ${this.body.position} bytes into the database`)
    labelDatabase(database, this.name.zxid)
    const loaded: LoadedSnapshot = { database, name: this.name, reach: null, digest: null }
    this.readSeal()
    if (this.outside.length === 0) return loaded
    if (this.outside.length !== LAST_ZXID_SIZE + SEAL_SIZE) {
      const { zxid, version, digest } = this.readDigestSection()
      // 0 stands for "none": nothing was applied since the start (DataTree.serializeZxidDigest).
      if (zxid > 0) loaded.reach = zxid
      if (zxid > 0 && version === DIGEST_VERSION) loaded.digest = digest
    }
    if (this.outside.length === LAST_ZXID_SIZE + SEAL_SIZE) {
      const lastProcessed = this.take(LAST_ZXID_SIZE)
      loaded.reach = (lastProcessed.readInt32BE(0) * 0x1_0000_0000 + lastProcessed.readUInt32BE(4)) as Zxid
      this.readSeal()
    }
    if (this.outside.length > 0)
      throw new StorageError(
        'not-understood',
        this.name.path,
        `has ${this.outside.length} bytes behind its sealed sections, of a kind this version does not know`,
        { hint: LATER_VERSION_HINT },
      )
    return loaded
  }

  /** Before version 2 the digest was a hexadecimal string (DataTree.ZxidDigest); it is not compared any more. */
  private readDigestSection(): { zxid: Zxid; version: number; digest: bigint } {
    const head = this.outside.length >= DIGEST_SIZE ? this.outside : Buffer.alloc(DIGEST_SIZE)
    const version = head.readInt32BE(8)
    const textual = version < DIGEST_VERSION
    const size = textual ? 16 + Math.max(0, head.readInt32BE(12)) : DIGEST_SIZE
    const section = this.take(size)
    const zxid = (section.readInt32BE(0) * 0x1_0000_0000 + section.readUInt32BE(4)) as Zxid
    const digest = textual ? 0n : section.readBigInt64BE(12)
    this.readSeal()
    return { zxid, version, digest }
  }

  private take(length: number): Buffer {
    if (this.outside.length < length)
      throw new DecodeError('ends in the middle of a section behind the database')
    const bytes = this.outside.subarray(0, length)
    this.outside = this.outside.subarray(length)
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

const LAST_ZXID_SIZE = 8

/** Whether it ends as a complete snapshot does: cheap, and all that purging asks of it. */
export function looksComplete(files: FileSystem, name: SnapshotName): boolean {
  if (name.compression === 'snappy') return files.stat(name.path).size > 0
  if (name.compression === 'gz') {
    try {
      return gunzipSync(files.readAll(name.path)).subarray(-END_MARK.length).equals(END_MARK)
    } catch {
      return false
    }
  }
  const fd = files.open(name.path, 'read')
  try {
    const size = files.size(fd)
    const end = Buffer.alloc(END_MARK.length)
    return (
      size > END_MARK.length && files.read(fd, end, size - end.length) === end.length && end.equals(END_MARK)
    )
  } finally {
    files.close(fd)
  }
}
