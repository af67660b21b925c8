/**
 * Jute for the conformance suite: a request as bytes, and how a reply is read. It is written independently of
 * the implementation's own codec, so that a mistake there cannot hide itself here.
 */

export class JuteWriter {
  private readonly parts: Buffer[] = []

  byte(value: number): this {
    return this.raw(Buffer.from([value]))
  }

  bool(value: boolean): this {
    return this.byte(value ? 1 : 0)
  }

  int(value: number): this {
    const part = Buffer.alloc(4)
    part.writeInt32BE(value)
    return this.raw(part)
  }

  long(value: bigint): this {
    const part = Buffer.alloc(8)
    part.writeBigInt64BE(value)
    return this.raw(part)
  }

  /** Null is written as length -1. */
  buffer(value: Buffer | string | null): this {
    if (value === null) return this.int(-1)
    const bytes = Buffer.from(value)
    return this.int(bytes.length).raw(bytes)
  }

  vector<T>(items: readonly T[] | null, write: (writer: this, item: T) => void): this {
    if (items === null) return this.int(-1)
    this.int(items.length)
    for (const item of items) write(this, item)
    return this
  }

  raw(bytes: Buffer): this {
    this.parts.push(bytes)
    return this
  }

  bytes(): Buffer {
    return Buffer.concat(this.parts)
  }
}

export class JuteReader {
  private at = 0
  private readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get remaining(): number {
    return this.bytes.length - this.at
  }

  byte(): number {
    const value = this.bytes.readInt8(this.at)
    this.at += 1
    return value
  }

  bool(): boolean {
    return this.byte() !== 0
  }

  int(): number {
    const value = this.bytes.readInt32BE(this.at)
    this.at += 4
    return value
  }

  long(): bigint {
    const value = this.bytes.readBigInt64BE(this.at)
    this.at += 8
    return value
  }

  buffer(): Buffer | null {
    const length = this.int()
    if (length === -1) return null
    if (length < 0 || length > this.remaining) throw new RangeError(`a buffer of ${length} bytes`)
    const value = this.bytes.subarray(this.at, this.at + length)
    this.at += length
    return value
  }

  string(): string | null {
    return this.buffer()?.toString('utf8') ?? null
  }

  vector<T>(read: (reader: this) => T): T[] {
    return Array.from({ length: Math.max(0, this.int()) }, () => read(this))
  }
}

/** A Stat as on the wire; times are left out of comparisons. */
export interface WireStat {
  czxid: bigint
  mzxid: bigint
  ctime: bigint
  mtime: bigint
  version: number
  cversion: number
  aversion: number
  ephemeralOwner: bigint
  dataLength: number
  numChildren: number
  pzxid: bigint
}

export function readStat(reader: JuteReader): WireStat {
  return {
    czxid: reader.long(),
    mzxid: reader.long(),
    ctime: reader.long(),
    mtime: reader.long(),
    version: reader.int(),
    cversion: reader.int(),
    aversion: reader.int(),
    ephemeralOwner: reader.long(),
    dataLength: reader.int(),
    numChildren: reader.int(),
    pzxid: reader.long(),
  }
}

/** Written as `perms scheme:id`. */
export type WireAcl = readonly [perms: number, scheme: string, id: string]

export const writeAcl = (writer: JuteWriter, [perms, scheme, id]: WireAcl): unknown =>
  writer.int(perms).buffer(scheme).buffer(id)
export const readAcl = (reader: JuteReader): WireAcl => [
  reader.int(),
  reader.string() ?? '',
  reader.string() ?? '',
]
