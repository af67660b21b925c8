/** Every record against Apache's declaration of it, written by a second, plain encoder. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode, encode } from '../../src/protocol/jute.ts'
import { DecodeError, Reader } from '../../src/protocol/reader.ts'
import { type JuteType, RECORDS } from './zookeeperJute.ts'

/** Longs that are numbers here stay below 2^53, as zxids and times do. */
const NUMBERS = new Set([
  'czxid',
  'mzxid',
  'pzxid',
  'zxid',
  'ctime',
  'mtime',
  'time',
  'ttl',
  'lastZxidSeen',
  'relativeZxid',
  'serverid',
  'configVersion',
])

function arbitrary(type: JuteType, name: string): fc.Arbitrary<unknown> {
  if (typeof type === 'object') {
    if ('vector' in type) return fc.array(arbitrary(type.vector, name), { maxLength: 3 })
    return fc.record(Object.fromEntries(type.fields.map(([field, of]) => [field, arbitrary(of, field)])))
  }
  switch (type) {
    case 'int':
      return fc.integer()
    case 'long':
      return NUMBERS.has(name) ? fc.maxSafeInteger() : fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)
    case 'boolean':
      return fc.boolean()
    case 'ustring':
      return fc.string({ unit: 'grapheme', maxLength: 12 })
    case 'buffer':
      return fc.option(fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)))
  }
}

function plain(type: JuteType, value: unknown): Buffer {
  if (typeof type === 'object') {
    if ('vector' in type) {
      const items = value as unknown[]
      return Buffer.concat([plain('int', items.length), ...items.map((item) => plain(type.vector, item))])
    }
    const fields = value as Record<string, unknown>
    return Buffer.concat(type.fields.map(([name, of]) => plain(of, fields[name])))
  }
  switch (type) {
    case 'int': {
      const bytes = Buffer.alloc(4)
      bytes.writeInt32BE(value as number)
      return bytes
    }
    case 'long': {
      const bytes = Buffer.alloc(8)
      bytes.writeBigInt64BE(BigInt(value as number | bigint))
      return bytes
    }
    case 'boolean':
      return Buffer.from([value ? 1 : 0])
    default: {
      if (value === null) return plain('int', -1)
      const bytes = Buffer.from(value as string)
      return Buffer.concat([plain('int', bytes.length), bytes])
    }
  }
}

/** Where a record may end early: in front of a field that older peers leave out. */
const OPTIONAL_TAILS = new Set(['ConnectRequest', 'ConnectResponse', 'LearnerInfo', 'CloseSessionTxn'])

describe.each(RECORDS)('$name', ({ name, jute, ours }) => {
  test('has the declared fields in the declared order', () => {
    expect(Object.keys(ours.fields)).toEqual(jute.fields.map(([field]) => field))
  })

  test('is written and read as declared', () => {
    fc.assert(
      fc.property(arbitrary(jute, name) as fc.Arbitrary<object>, (value) => {
        const bytes = plain(jute, value)
        expect(encode(ours, value).toString('hex')).toBe(bytes.toString('hex'))
        const reader = new Reader(bytes)
        expect(ours.read(reader)).toEqual(value)
        expect(reader.remaining).toBe(0)
      }),
      { numRuns: 50 },
    )
  })

  test('cut short anywhere, it is refused', () => {
    fc.assert(
      fc.property(arbitrary(jute, name) as fc.Arbitrary<object>, (value) => {
        const bytes = plain(jute, value)
        const last = jute.fields.at(-1)
        const whole =
          OPTIONAL_TAILS.has(name) && last
            ? bytes.length - plain(last[1], (value as Record<string, unknown>)[last[0]]).length
            : bytes.length
        for (let length = 0; length < bytes.length; length++) {
          if (length === whole) continue
          expect(() => decode(ours, bytes.subarray(0, length))).toThrow(DecodeError)
        }
      }),
      { numRuns: 20 },
    )
  })

  test('random bytes give a record or a DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          decode(ours, Buffer.from(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
      { numRuns: 100 },
    )
  })
})
