import { deflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { adler32 } from '../../src/storage/snapshot/adler32.ts'

/** A zlib stream ends in the Adler-32 of what it holds. */
function byZlib(bytes: Buffer): number {
  return deflateSync(bytes, { level: 0 }).readUInt32BE(deflateSync(bytes, { level: 0 }).length - 4)
}

test.each([0, 1, 3799, 3800, 3801, 7600, 100_000])('%i bytes', (length) => {
  const most = Buffer.alloc(length, 0xff)
  const mixed = Buffer.from(Array.from({ length }, (_, i) => (i * 7919) & 0xff))
  expect(adler32(most)).toBe(byZlib(most))
  expect(adler32(mixed)).toBe(byZlib(mixed))
})

test('continues over pieces', () => {
  const bytes = Buffer.alloc(50_000, 0xfe)
  expect(adler32(bytes.subarray(12_345), adler32(bytes.subarray(0, 12_345)))).toBe(adler32(bytes))
})
