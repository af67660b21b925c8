/**
 * Jute, ZooKeeper's serialisation, as values: a record is declared once, as a literal of typed fields in wire
 * order, and its static type, its reader and its writer follow from that declaration. Record codecs are
 * compiled to straight-line functions, so that each field's call stays monomorphic.
 */
import type { SessionId, Sid } from './ids.ts'
import { DecodeError, Reader } from './reader.ts'
import { Writer } from './writer.ts'
import type { Zxid } from './zxid.ts'

export interface Type<T> {
  read(reader: Reader): T
  write(writer: Writer, value: T): void
}

/** The TypeScript type of a declared wire type: `type Stat = Value<typeof Stat>`. */
export type Value<D> = D extends Type<infer T> ? T : never

export const bool: Type<boolean> = { read: (r) => r.bool(), write: (w, v) => w.bool(v) }
export const int: Type<number> = { read: (r) => r.int(), write: (w, v) => w.int(v) }
export const long: Type<bigint> = { read: (r) => r.long(), write: (w, v) => w.long(v) }
export const zxid: Type<Zxid> = { read: (r) => r.zxid(), write: (w, v) => w.zxid(v) }
/** Milliseconds since 1970, or any other int64 that stays below 2^53. */
export const millis: Type<number> = { read: (r) => r.longAsNumber(), write: (w, v) => w.longFromNumber(v) }
export const sid: Type<Sid> = { read: (r) => r.longAsNumber() as Sid, write: (w, v) => w.longFromNumber(v) }
export const sessionId: Type<SessionId> = { read: (r) => r.long() as SessionId, write: (w, v) => w.long(v) }
/** Null (length -1) differs from empty. */
export const buffer: Type<Buffer | null> = { read: (r) => r.buffer(), write: (w, v) => w.buffer(v) }
export const nullableString: Type<string | null> = { read: (r) => r.string(), write: (w, v) => w.string(v) }
/** A null string reads as empty. Where that makes a difference, Apache fails with a MarshallingError. */
export const string: Type<string> = { read: (r) => r.string() ?? '', write: (w, v) => w.string(v) }

/**
 * A null vector (count -1) reads as empty, and so does one of any other negative count (verified against
 * Apache 3.8.0).
 */
export function vector<T>(item: Type<T>): Type<T[]> {
  return {
    read(reader) {
      const count = reader.int()
      // Every item takes at least one byte, so a count beyond what is left is refused before anything is
      // allocated.
      if (count > reader.remaining) throw new DecodeError(`vector of ${count} items`)
      const items: T[] = []
      for (let i = 0; i < count; i++) items.push(item.read(reader))
      return items
    },
    write(writer, items) {
      writer.int(items.length)
      for (const value of items) item.write(writer, value)
    },
  }
}

/** A string that must not be null: Apache's server fails on a null one and answers MarshallingError. */
export const presentString: Type<string> = {
  read(reader) {
    const value = reader.string()
    if (value === null) throw new DecodeError('a null string')
    return value
  },
  write: (w, v) => w.string(v),
}

/** A vector that may be null, as distinct from an empty one. */
export function nullableVector<T>(item: Type<T>): Type<T[] | null> {
  const inner = vector(item)
  return {
    read(reader) {
      if (reader.remaining >= 4 && reader.bytes.readInt32BE(reader.position) === -1) {
        reader.int()
        return null
      }
      return inner.read(reader)
    },
    write(writer, items) {
      if (items === null) writer.int(-1)
      else inner.write(writer, items)
    },
  }
}

/** A last field that older peers leave out: absent reads as undefined, undefined writes nothing. */
export function optionalTail<T>(item: Type<T>): Type<T | undefined> {
  return {
    read: (reader) => (reader.remaining > 0 ? item.read(reader) : undefined),
    write(writer, value) {
      if (value !== undefined) item.write(writer, value)
    },
  }
}

export interface RecordType<T extends object> extends Type<T> {
  readonly fields: { readonly [K in keyof T]: Type<T[K]> }
}

/** Declares a record. Field order is wire order. */
export function record<T extends object>(fields: { readonly [K in keyof T]: Type<T[K]> }): RecordType<T> {
  const names = Object.keys(fields)
  const types = Object.values(fields)
  const parameters = names.map((_, i) => `t${i}`)
  const reads = names.map((name, i) => `${JSON.stringify(name)}: t${i}.read(r)`)
  const writes = names.map((name, i) => `t${i}.write(w, v[${JSON.stringify(name)}])`)
  const compile = (body: string) => new Function(...parameters, body)(...types)
  return {
    fields,
    read: compile(`return (r) => ({ ${reads.join(', ')} })`) as (reader: Reader) => T,
    write: compile(`return (w, v) => { ${writes.join('; ')} }`) as (writer: Writer, value: T) => void,
  }
}

/** Encodes a value into a buffer of its own. */
export function encode<T>(type: Type<T>, value: T): Buffer {
  const writer = new Writer(256)
  type.write(writer, value)
  return writer.take()
}

/** Reads one value from the start of the bytes; what follows it is left alone. */
export function decode<T>(type: Type<T>, bytes: Buffer): T {
  return type.read(new Reader(bytes))
}
