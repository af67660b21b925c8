import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../src/protocol/reader.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { compressBlock, decompressBlock, MOST_INPUT } from '../../src/storage/snapshot/snappyBlock.ts'
import { snappyFrames, unframeSnappy } from '../../src/storage/snapshot/snappyStream.ts'
import { temporaryDir } from './transactions.ts'

/** Bytes with repetitions at all distances, such as trees have. */
function repetitive(): fc.Arbitrary<Buffer> {
  const piece = fc.oneof(
    fc.constantFrom('/zookeeper', '/a/rather/long/path/that/comes/again', '\0\0\0\x01', '\0'.repeat(90)),
    fc.string({ maxLength: 70 }),
  )
  return fc.array(piece, { maxLength: 200 }).map((pieces) => Buffer.from(pieces.join('')))
}

describe('blocks', () => {
  test('what is compressed comes back', () => {
    const bytes = fc.oneof(
      repetitive(),
      fc.uint8Array({ maxLength: 3000 }).map((array) => Buffer.from(array)),
    )
    fc.assert(
      fc.property(bytes, (input) => {
        expect(decompressBlock(compressBlock(input)).equals(input)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  test.each([0, 1, 3, 4, 59, 60, 61, 64, 65, 67, 68, 255, 256, 257, 4096, 65535, 65536])(
    '%i bytes: all alike, all different, and in a short period',
    (length) => {
      let state = 1
      const noise = Buffer.from(
        Array.from({ length }, () => {
          state = Math.imul(state, 1664525) + 1013904223
          return state >>> 24
        }),
      )
      const alike = Buffer.alloc(length, 7)
      for (const input of [alike, noise, Buffer.alloc(length, 'abcdefg')]) {
        const block = compressBlock(input)
        expect(decompressBlock(block).equals(input)).toBe(true)
        // The bound of the format's own library (MaxCompressedLength).
        expect(block.length).toBeLessThanOrEqual(32 + length + length / 6)
      }
      if (length >= 256) expect(compressBlock(alike).length).toBeLessThan(length / 10)
    },
  )

  test('a match far away, at the ends of each form of copy', () => {
    for (const distance of [4, 2047, 2048, 65000]) {
      const noise = Buffer.from(Array.from({ length: distance }, (_, i) => (i * 7919 + (i >> 8) * 31) & 0xff))
      const input = Buffer.concat([Buffer.from('wxyzWXYZ12'), noise, Buffer.from('wxyzWXYZ12')])
      expect(decompressBlock(compressBlock(input)).equals(input)).toBe(true)
    }
  })

  test('every form of element that other writers use', () => {
    const block = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
    expect(decompressBlock(block('00')).length).toBe(0)
    // Literals of one to four bytes of length.
    expect(decompressBlock(block('03 08 616263')).toString()).toBe('abc')
    expect(decompressBlock(block('03 f0 02 616263')).toString()).toBe('abc')
    expect(decompressBlock(block('03 f4 0200 616263')).toString()).toBe('abc')
    expect(decompressBlock(block('03 f8 020000 616263')).toString()).toBe('abc')
    expect(decompressBlock(block('03 fc 02000000 616263')).toString()).toBe('abc')
    // Copies with one, two and four bytes of offset, the first over what it writes itself.
    expect(decompressBlock(block('08 04 6162 0902')).toString()).toBe('abababab')
    expect(decompressBlock(block('05 04 6162 0a0200')).toString()).toBe('ababa')
    expect(decompressBlock(block('05 04 6162 0b02000000')).toString()).toBe('ababa')
  })

  test('what is damaged is a DecodeError', () => {
    const refused = [
      ['', /no uncompressed length/],
      ['ffffffffff01', /no uncompressed length/],
      ['ffffffff07', /cannot hold/],
      ['03', /0 of 3 bytes/],
      ['03 08 6162', /does not fit/],
      ['02 08 616263', /does not fit/],
      ['03 f4 02', /cut short/],
      ['03 fc ffffffff 616263', /does not fit/],
      ['08 04 6162 0903', /does not fit/],
      ['08 04 6162 0900', /does not fit/],
      ['08 04 6162 0e02', /cut short/],
    ] as const
    for (const [hex, message] of refused)
      expect(() => decompressBlock(Buffer.from(hex.replaceAll(' ', ''), 'hex')), hex).toThrow(message)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        try {
          decompressBlock(Buffer.from(noise))
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('no more than offsets can reach', () => {
    expect(() => compressBlock(Buffer.alloc(MOST_INPUT + 1))).toThrow(RangeError)
  })
})

describe('streams', () => {
  const file = (...bytes: Buffer[]) => {
    const path = join(temporaryDir(), 'snapshot.0.snappy')
    writeFileSync(path, Buffer.concat(bytes))
    return path
  }
  const read = (path: string) => Buffer.concat([...unframeSnappy(nodeFileSystem, path)])

  test('slices of any size come back, in blocks of 32 KiB', () => {
    const slices = [
      Buffer.alloc(0),
      Buffer.from('a'),
      Buffer.alloc(100_000, 'path/'),
      Buffer.alloc(32 * 1024, 1),
    ]
    const path = file(...snappyFrames(slices))
    expect(read(path).equals(Buffer.concat(slices))).toBe(true)
    expect([...unframeSnappy(nodeFileSystem, path)].map(({ length }) => length)).toEqual([
      32768, 32768, 32768, 32768, 1697,
    ])
  })

  test('what is cut or is something else is a DecodeError; a stream for later readers is not understood', () => {
    const [header, frame] = [...snappyFrames([Buffer.from('hello')])] as [Buffer, Buffer]
    expect(read(file(header))).toEqual(Buffer.alloc(0))
    for (let cut = 1; cut < frame.length; cut++)
      expect(() => read(file(header, frame.subarray(0, cut)))).toThrow(
        /no whole compressed block at offset 16/,
      )
    for (const other of [Buffer.alloc(0), header.subarray(0, 15), Buffer.from('ZKSN............')])
      expect(() => read(file(other))).toThrow(/not compressed with snappy/)
    const later = Buffer.from(header)
    later.writeInt32BE(2, 12)
    expect(() => read(file(later, frame))).toThrow(/version 2 and later.*Nothing was changed/s)
    // Written by a later writer for readers of version 1.
    later.writeInt32BE(2, 8)
    later.writeInt32BE(1, 12)
    expect(read(file(later, frame)).toString()).toBe('hello')
  })
})
