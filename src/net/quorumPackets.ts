/**
 * The stream of the quorum port: consecutive QuorumPackets without length prefixes (LearnerHandler, Learner).
 * A SNAP packet, which only a leader sends, is followed by the database as a snapshot file holds it, and then
 * by the string `BenWasHere` (LearnerHandler.run). The packet is handed out when all of this has arrived.
 */
import { PacketType } from '../protocol/opcodes.ts'
import { DecodeError, Reader } from '../protocol/reader.ts'
import { QuorumPacket } from '../protocol/records/quorum.ts'
import { Writer } from '../protocol/writer.ts'
import type { Database } from '../tree/database.ts'
import { DatabaseReader, labelDatabase } from '../tree/snapshotFormat.ts'
import type { TtlRule } from '../tree/znode.ts'

/** Follows a database as the sign that all of it was sent. */
export const SNAPSHOT_SIGNATURE = (() => {
  const writer = new Writer(64)
  writer.string('BenWasHere')
  return writer.take()
})()

const KNOWN_TYPES = new Set<number>(Object.values(PacketType))
const TYPE_AND_ZXID = 12
/**
 * The most data that a learner accepts in a packet from its leader. Transactions may outgrow the requests
 * that they come from: bytes that are not UTF-8 take three times their room, and the end of a session names
 * all its ephemerals. A leader would propose such a transaction again after every election, so a learner that
 * refused it could never be synced again.
 */
const MOST_OF_LEADER = 256 * 1024 * 1024
/** The least number of bytes that an Id takes: the length fields of its scheme and its id. */
const LEAST_ID = 8

/** A database comes only with SNAP from a leader, and is labelled with the packet's zxid. */
export type OnPacket = (packet: QuorumPacket, database: Database | null) => void

interface QuorumPacketParserOptions {
  /** The limit for a packet's data. A leader may always send up to `MOST_OF_LEADER`. */
  readonly maxDataBytes: number
  /** Whether a database follows SNAP: true for a learner, false for a leader. */
  readonly readsSnapshots: boolean
  /** Which owners mean TTL nodes in such a database; none unless given. */
  readonly ttlRule?: TtlRule | undefined
}

export class QuorumPacketParser {
  /** The limit for a packet's data, from the next packet on. */
  maxDataBytes: number
  private readonly readsSnapshots: boolean
  private readonly ttlRule: TtlRule | undefined
  private pieces: Buffer[] = []
  private length = 0
  /** Number of bytes that must have arrived before another attempt to read an item is worthwhile. */
  private needed = 4
  /** In the incomplete packet: the offset of its next unread id, and how many strings are still to come. */
  private ids: { at: number; strings: number } | null = null
  /** The SNAP packet whose database is being read. */
  private snapshot: { packet: QuorumPacket; reader: DatabaseReader } | null = null

  constructor(options: QuorumPacketParserOptions) {
    const { maxDataBytes, readsSnapshots } = options
    this.maxDataBytes = readsSnapshots ? Math.max(maxDataBytes, MOST_OF_LEADER) : maxDataBytes
    this.readsSnapshots = options.readsSnapshots
    this.ttlRule = options.ttlRule
  }

  /**
   * Hands out each packet that `chunk` completes. Its data is a view of the chunk, or of memory of its own.
   * @throws DecodeError when the bytes are not such a stream; the parser must not be used any more then
   */
  push(chunk: Buffer, onPacket: OnPacket): void {
    let rest: Buffer | null = chunk
    while (rest !== null) {
      rest =
        this.snapshot !== null && this.snapshot.reader.database === null
          ? this.readDatabase(this.snapshot.reader, rest)
          : this.readPackets(rest, onPacket)
    }
  }

  /** Returns the bytes that follow the database; null when the chunk ends within it. */
  private readDatabase(reader: DatabaseReader, chunk: Buffer): Buffer | null {
    reader.push(chunk)
    return reader.database === null ? null : reader.leftover
  }

  /** Returns the bytes that follow a SNAP packet; null when the chunk is used up. */
  private readPackets(chunk: Buffer, onPacket: OnPacket): Buffer | null {
    const bytes = this.gather(chunk)
    if (bytes === null) return null
    let at = 0
    for (;;) {
      const size = this.snapshot === null ? this.sizeOfPacket(bytes, at) : SNAPSHOT_SIGNATURE.length
      if (size > bytes.length - at) {
        this.keep(bytes.subarray(at), size)
        return null
      }
      const item = bytes.subarray(at, at + size)
      at += size
      this.ids = null
      if (this.snapshot !== null) this.endSnapshot(item, onPacket)
      else if (this.readPacket(item, onPacket)) return bytes.subarray(at)
    }
  }

  /** Returns true when a database follows. */
  private readPacket(item: Buffer, onPacket: OnPacket): boolean {
    const packet = QuorumPacket.read(new Reader(item))
    if (packet.type !== PacketType.snap || !this.readsSnapshots) {
      onPacket(packet, null)
      return false
    }
    this.snapshot = { packet, reader: new DatabaseReader(this.ttlRule) }
    return true
  }

  private endSnapshot(signature: Buffer, onPacket: OnPacket): void {
    const { snapshot } = this
    const database = snapshot?.reader.database ?? null
    if (snapshot === null || database === null) throw new DecodeError('a signature without a database')
    if (!signature.equals(SNAPSHOT_SIGNATURE))
      throw new DecodeError('the database does not end with its signature')
    this.snapshot = null
    labelDatabase(database, snapshot.packet.zxid)
    onPacket(snapshot.packet, database)
  }

  /** The unread bytes in one piece; null while the current item cannot be complete. */
  private gather(chunk: Buffer): Buffer | null {
    this.pieces.push(chunk)
    this.length += chunk.length
    if (this.length < this.needed) return null
    const bytes = this.pieces.length === 1 ? chunk : Buffer.concat(this.pieces, this.length)
    this.keep(Buffer.alloc(0), 4)
    return bytes
  }

  private keep(bytes: Buffer, needed: number): void {
    this.pieces = bytes.length === 0 ? [] : [bytes]
    this.length = bytes.length
    this.needed = needed
  }

  /** The size of the packet at `at`, or the number of bytes that are needed to know more. */
  private sizeOfPacket(bytes: Buffer, at: number): number {
    const there = bytes.length - at
    if (there < 4) return 4
    const type = bytes.readInt32BE(at)
    if (!KNOWN_TYPES.has(type)) throw new DecodeError(`a quorum packet of the unknown type ${type}`)
    if (there < TYPE_AND_ZXID + 4) return TYPE_AND_ZXID + 4
    const data = bytes.readInt32BE(at + TYPE_AND_ZXID)
    if (data < -1 || data > this.maxDataBytes)
      throw new DecodeError(
        `a quorum packet with ${data} bytes of data, ${this.maxDataBytes} at most are allowed`,
      )
    const head = TYPE_AND_ZXID + 4 + Math.max(0, data) + 4
    if (there < head) return head
    return this.endOfIds(bytes, at, head)
  }

  /**
   * Continues where it stopped when more bytes have arrived, so that many ids in small pieces cost no more.
   */
  private endOfIds(bytes: Buffer, at: number, head: number): number {
    const there = bytes.length - at
    this.ids ??= { at: head, strings: this.stringsOfIds(bytes.readInt32BE(at + head - 4)) }
    const { ids } = this
    for (; ids.strings > 0; ids.strings--) {
      if (there < ids.at + 4) return ids.at + 4
      const length = bytes.readInt32BE(at + ids.at)
      const end = ids.at + 4 + Math.max(0, length)
      if (length < -1 || end - head > this.maxDataBytes)
        throw new DecodeError(`a string of ${length} bytes in an id`)
      ids.at = end
    }
    return ids.at
  }

  private stringsOfIds(count: number): number {
    if (count < -1 || count > this.maxDataBytes / LEAST_ID)
      throw new DecodeError(`a quorum packet with ${count} ids`)
    return Math.max(0, count) * 2
  }
}

/** Encodes packets. A packet that is sent to several learners in a row is encoded once. */
export class QuorumPacketEncoder {
  private readonly writer = new Writer()
  private last: QuorumPacket | null = null
  private lastBytes: Buffer = Buffer.alloc(0)

  encode(packet: QuorumPacket): Buffer {
    if (packet !== this.last) {
      QuorumPacket.write(this.writer, packet)
      this.last = packet
      this.lastBytes = this.writer.take()
    }
    return this.lastBytes
  }
}
