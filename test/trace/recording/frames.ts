/**
 * Cuts both directions of a conversation into frames, with the codecs of src. Bytes that cannot be decoded
 * become one frame that says so and holds everything from there on, so that nothing is lost and no member is
 * disturbed.
 */
import {
  decodeGreeting,
  decodeNotification,
  type Greeting,
  MAX_NOTIFICATION_LENGTH,
} from '../../../src/core/election/codec.ts'
import type { Notification } from '../../../src/core/election/notification.ts'
import { SNAPSHOT_SIGNATURE } from '../../../src/net/quorumPackets.ts'
import { FrameParser } from '../../../src/protocol/frames.ts'
import { PacketType } from '../../../src/protocol/opcodes.ts'
import { DecodeError, Reader } from '../../../src/protocol/reader.ts'
import { QuorumPacket } from '../../../src/protocol/records/quorum.ts'
import type { Database } from '../../../src/tree/database.ts'
import { DatabaseReader } from '../../../src/tree/snapshotFormat.ts'

export type Content =
  | { kind: 'greeting'; greeting: Greeting }
  | { kind: 'notification'; notification: Notification }
  /** `database` only follows a SNAP; `signature` is what followed the database. */
  | { kind: 'packet'; packet: QuorumPacket; database: Database | null; signature: string | null }
  | { kind: 'undecodable'; problem: string }

export interface Frame {
  readonly content: Content
  readonly raw: Buffer
}

export interface Cutter {
  /** The frames that `chunk` completes. */
  push(chunk: Buffer): Frame[]
}

/** Once it has met bytes that it cannot decode, it passes on everything else as it arrives. */
abstract class CarefulCutter implements Cutter {
  private hasFailed = false
  protected bytes: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): Frame[] {
    this.bytes = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk])
    const frames: Frame[] = []
    try {
      while (!this.hasFailed && this.bytes.length > 0) {
        const frame = this.next()
        if (frame === null) return frames
        this.bytes = this.bytes.subarray(frame.raw.length)
        frames.push(frame)
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.hasFailed = true
      frames.push({ content: { kind: 'undecodable', problem: error.message }, raw: this.takeAll() })
    }
    if (this.hasFailed && this.bytes.length > 0) {
      frames.push({ content: { kind: 'undecodable', problem: 'what follows' }, raw: this.takeAll() })
    }
    return frames
  }

  private takeAll(): Buffer {
    const all = this.bytes
    this.bytes = Buffer.alloc(0)
    return all
  }

  /** Null while the available bytes do not suffice. @throws DecodeError */
  protected abstract next(): Frame | null
}

export class ElectionCutter extends CarefulCutter {
  private isGreeted: boolean

  /** The dialling side sends a greeting first. */
  constructor(isDialler: boolean) {
    super()
    this.isGreeted = !isDialler
  }

  protected next(): Frame | null {
    if (!this.isGreeted) {
      const found = decodeGreeting(this.bytes)
      if (found === null) return null
      this.isGreeted = true
      return {
        content: { kind: 'greeting', greeting: found.greeting },
        raw: this.bytes.subarray(0, found.length),
      }
    }
    const messages: Buffer[] = []
    new FrameParser(MAX_NOTIFICATION_LENGTH).push(this.bytes, (message) => messages.push(message))
    const [message] = messages
    if (message === undefined) return null
    const notification = decodeNotification(message)
    return {
      content: { kind: 'notification', notification },
      raw: this.bytes.subarray(0, 4 + message.length),
    }
  }
}

const KNOWN_TYPES = new Set<number>(Object.values(PacketType))
/** No packet of a trace is larger; anything that seems to be is not a packet. */
const MOST_BYTES = 1024 * 1024

export class QuorumCutter extends CarefulCutter {
  private readonly isLeader: boolean

  constructor(isLeader: boolean) {
    super()
    this.isLeader = isLeader
  }

  protected next(): Frame | null {
    const { bytes } = this
    if (bytes.length < 4) return null
    const type = bytes.readInt32BE(0)
    if (!KNOWN_TYPES.has(type)) throw new DecodeError(`a packet of the unknown type ${type}`)
    const reader = new Reader(bytes)
    const packet = whole(reader, (from) => QuorumPacket.read(from))
    if (packet === null) return null
    const { position } = reader
    if (packet.type !== PacketType.snap || !this.isLeader) {
      const content = { kind: 'packet', packet, database: null, signature: null } as const
      return { content, raw: bytes.subarray(0, position) }
    }
    return this.snapshot(packet, position)
  }

  private snapshot(packet: QuorumPacket, start: number): Frame | null {
    const body = new DatabaseReader()
    if (start < this.bytes.length) body.push(this.bytes.subarray(start))
    const { database } = body
    if (database === null) return null
    const end = this.bytes.length - body.leftover.length
    if (body.leftover.length < SNAPSHOT_SIGNATURE.length) return null
    const reader = new Reader(this.bytes, end)
    const signature = reader.string()
    const raw = this.bytes.subarray(0, reader.position)
    return { content: { kind: 'packet', packet, database, signature }, raw }
  }
}

/** Null when the bytes end too early, which means that the rest has not arrived yet. */
function whole<T>(reader: Reader, read: (reader: Reader) => T): T | null {
  try {
    return read(reader)
  } catch (error) {
    if (!(error instanceof DecodeError) || reader.end > MOST_BYTES) throw error
    return null
  }
}
