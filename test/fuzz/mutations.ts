/**
 * Bytes that went wrong, as values of fast-check: a recorded input, and a few edits of it. A failure shrinks
 * to the fewest edits; the same seed gives the same inputs.
 */
import fc from 'fast-check'

/** What length fields lie with, and where integers overflow. */
const NASTY_INTS = [
  -1, 0, 1, 2, -2, 4, 127, 255, 256, 0x7fffffff, -0x80000000, 0x7ffffff0, 0x100000, 0xfffff, 1025, 0x01000000,
]
const NASTY_LONGS = [
  -1n,
  0n,
  1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  2n ** 53n - 1n,
  2n ** 53n + 1n,
  -65536n,
  -65535n,
  0x100000000n,
]

type Edit = (bytes: Buffer) => Buffer

/** A place in bytes whose length is not known yet. */
const place = fc.nat(0xffff)
const at = (where: number, length: number): number => Math.floor((where * length) / 0x10000)

function written(
  bytes: Buffer,
  where: number,
  size: number,
  write: (copy: Buffer, at: number) => void,
): Buffer {
  if (bytes.length < size) return bytes
  const copy = Buffer.from(bytes)
  write(copy, at(where, bytes.length - size + 1))
  return copy
}

function replaced(bytes: Buffer, from: number, to: number, by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(to)])
}

const named = <T>(name: string, arbitrary: fc.Arbitrary<T>, edit: (value: T) => Edit): fc.Arbitrary<Edit> =>
  arbitrary.map((value) =>
    Object.assign(edit(value), { [fc.toStringMethod]: () => `${name} ${fc.stringify(value)}` }),
  )

function edits(corpus: readonly Buffer[]): fc.Arbitrary<Edit> {
  const int = fc.oneof(fc.constantFrom(...NASTY_INTS), fc.integer(), fc.integer({ min: 0, max: 64 }))
  const length = fc.nat(32)
  return fc.oneof(
    named(
      'flip',
      fc.tuple(place, fc.nat(7)),
      ([where, bit]) =>
        (bytes) =>
          written(bytes, where, 1, (copy, i) => {
            copy[i] = (copy[i] as number) ^ (1 << bit)
          }),
    ),
    named(
      'int',
      fc.tuple(place, int),
      ([where, value]) =>
        (bytes) =>
          written(bytes, where, 4, (copy, i) => copy.writeInt32BE(value, i)),
    ),
    // Most fields stand at multiples of four from the start.
    named(
      'field',
      fc.tuple(place, int),
      ([where, value]) =>
        (bytes) =>
          bytes.length < 4
            ? bytes
            : written(bytes, 0, 4, (copy) => copy.writeInt32BE(value, at(where, bytes.length >> 2) * 4)),
    ),
    named(
      'long',
      fc.tuple(place, fc.constantFrom(...NASTY_LONGS)),
      ([where, value]) =>
        (bytes) =>
          written(bytes, where, 8, (copy, i) => copy.writeBigInt64BE(value, i)),
    ),
    named('truncate', place, (where) => (bytes) => bytes.subarray(0, at(where, bytes.length + 1))),
    named('drop', fc.tuple(place, length), ([where, count]) => (bytes) => {
      const from = at(where, bytes.length + 1)
      return replaced(bytes, from, from + count, Buffer.alloc(0))
    }),
    named('insert', fc.tuple(place, fc.uint8Array({ maxLength: 16 })), ([where, more]) => (bytes) => {
      const from = at(where, bytes.length + 1)
      return replaced(bytes, from, from, more)
    }),
    named('repeat', fc.tuple(place, length), ([where, count]) => (bytes) => {
      const from = at(where, bytes.length + 1)
      return replaced(bytes, from, from, bytes.subarray(from, from + count))
    }),
    named(
      'splice',
      fc.tuple(place, place, fc.constantFrom(...corpus)),
      ([where, from, other]) =>
        (bytes) =>
          Buffer.concat([
            bytes.subarray(0, at(where, bytes.length + 1)),
            other.subarray(at(from, other.length + 1)),
          ]),
    ),
  )
}

/** Now and then bytes that never were anything else. */
export function wrongBytes(corpus: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const mutated = fc
    .tuple(fc.constantFrom(...corpus), fc.array(edits(corpus), { minLength: 1, maxLength: 4 }))
    .map(([bytes, changes]) => changes.reduce((changed, edit) => edit(changed), bytes))
  const random = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
  return fc.oneof({ weight: 12, arbitrary: mutated }, { weight: 1, arbitrary: random })
}
