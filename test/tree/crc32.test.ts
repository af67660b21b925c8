/** Our CRC-32 against zlib's. */
import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32, crc32OfString } from '../../src/tree/crc32.ts'

test('bytes, of any length, going on from any CRC', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1200 }), fc.nat(0xffffffff), (bytes, previous) => {
      expect(crc32(bytes, previous)).toBe(zlibCrc32(bytes, previous))
    }),
  )
})

test('a part of a buffer', () => {
  const bytes = Buffer.from('the first part and the rest of it')
  expect(crc32(bytes, 0, 14)).toBe(zlibCrc32(bytes.subarray(0, 14)))
})

test('strings as their UTF-8 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
      expect(crc32OfString(text)).toBe(zlibCrc32(text))
    }),
  )
})
