/** Compared with zlib, which compresses what is read here. */
import { constants, gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../src/protocol/reader.ts'
import { gunzip } from '../../src/storage/snapshot/gzipStream.ts'
import { randomFrom } from '../support/randomFrom.ts'

function* inChunks(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function read(compressed: Buffer, size = 1000): Buffer {
  return Buffer.concat([...gunzip(inChunks(compressed, size))])
}

const random = randomFrom(1)
/** Repetitions near and far, and what cannot be compressed. */
const mixed = Buffer.concat(
  Array.from({ length: 3000 }, (_, i) =>
    i % 3 === 0
      ? Buffer.from(Array.from({ length: random(500) }, () => random(256)))
      : Buffer.from(`/n/${i % 97}/`.repeat(random(60))),
  ),
)

describe('what gzip compressed', () => {
  test.each([
    ['well', { level: 9 }],
    ['fast', { level: 1 }],
    ['not at all', { level: 0 }],
    ['with fixed codes', { strategy: constants.Z_FIXED }],
    ['without repetitions', { strategy: constants.Z_HUFFMAN_ONLY }],
    ['as runs alone', { strategy: constants.Z_RLE }],
  ])('%s', (_, options) => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('a'), Buffer.alloc(1_000_000, 7), mixed]) {
      const compressed = gzipSync(bytes, options)
      for (const size of [1, 7, 65_536]) expect(read(compressed, size).equals(bytes)).toBe(true)
    }
  })

  test('of whatever bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 99 }), (array, size) => {
        expect(read(gzipSync(array), size).equals(Buffer.from(array))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('with every field a header may have, and in several members', () => {
    const plain = gzipSync('text')
    const fields = Buffer.concat([
      Buffer.from([3, 0, 1, 2, 3]),
      Buffer.from('name\0comment\0'),
      Buffer.from([9, 9]),
    ])
    const header = Buffer.from(plain.subarray(0, 10))
    header[3] = 2 + 4 + 8 + 16
    const full = Buffer.concat([header, fields, plain.subarray(10)])
    expect(read(Buffer.concat([full, plain, gzipSync('')])).toString()).toBe('texttext')
  })

  test('comes in pieces, however small it was compressed', () => {
    const compressed = gzipSync(Buffer.alloc(50_000_000))
    let total = 0
    for (const piece of gunzip(inChunks(compressed, 1000))) {
      expect(piece.length).toBeLessThan(300_000)
      total += piece.length
    }
    expect(total).toBe(50_000_000)
  })
})

describe('what is damaged is refused', () => {
  const compressed = gzipSync(mixed.subarray(0, 20_000))

  test('cut at any byte', () => {
    for (let cut = 0; cut < compressed.length; cut += 11)
      expect(() => read(compressed.subarray(0, cut)), `at ${cut}`).toThrow(DecodeError)
  })

  test('with any bit flipped, as by zlib', () => {
    const below = randomFrom(2)
    for (let round = 0; round < 500; round++) {
      const bytes = Buffer.from(compressed)
      const at = below(bytes.length)
      bytes[at] = (bytes[at] as number) ^ (1 << below(8))
      let expected: Buffer | null = null
      try {
        expected = gunzipSync(bytes)
      } catch {}
      const name = `byte ${at}, round ${round}`
      if (expected === null) expect(() => read(bytes), name).toThrow(DecodeError)
      else expect(read(bytes).equals(expected), name).toBe(true)
    }
  })

  test('what is no gzip at all', () => {
    expect(() => read(Buffer.from('ZKSN and more of it'))).toThrow('is not compressed with gzip')
  })
})

test('what follows the last member is ignored, as by zlib', () => {
  const compressed = gzipSync('text')
  for (const rest of ['more', '\0\0\0\0', '\x1f'])
    expect(read(Buffer.concat([compressed, Buffer.from(rest)])).toString()).toBe('text')
})
