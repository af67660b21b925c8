/**
 * CRC-32 of short data: eight bytes a step from tables (slicing-by-8). For the usual data of a znode this
 * takes half the time of a call into zlib, which is used for long data.
 */
import { crc32 as zlibCrc32 } from 'node:zlib'

const POLYNOMIAL = 0xedb88320
const LONG = 1024

/** `TABLES[256 * k + b]`: the CRC of byte b with k zero bytes after it. */
const TABLES = makeTables()

function makeTables(): Int32Array {
  const tables = new Int32Array(256 * 8)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    tables[byte] = crc
  }
  for (let k = 1; k < 8; k++) {
    for (let byte = 0; byte < 256; byte++) {
      const shorter = table((k - 1) * 256 + byte, tables)
      tables[k * 256 + byte] = table(shorter & 0xff, tables) ^ (shorter >>> 8)
    }
  }
  return tables
}

function table(index: number, tables = TABLES): number {
  return tables[index] as number
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] as number
}

/** The CRC (unsigned) of bytes[0..end), continued from `previous`. */
export function crc32(bytes: Uint8Array, previous = 0, end = bytes.length): number {
  if (end >= LONG) return zlibCrc32(end === bytes.length ? bytes : bytes.subarray(0, end), previous)
  let crc = ~previous
  let i = 0
  for (; i + 8 <= end; i += 8) {
    crc ^= at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24)
    crc =
      table(1792 + (crc & 0xff)) ^
      table(1536 + ((crc >>> 8) & 0xff)) ^
      table(1280 + ((crc >>> 16) & 0xff)) ^
      table(1024 + (crc >>> 24)) ^
      table(768 + at(bytes, i + 4)) ^
      table(512 + at(bytes, i + 5)) ^
      table(256 + at(bytes, i + 6)) ^
      table(at(bytes, i + 7))
  }
  for (; i < end; i++) crc = table((crc ^ at(bytes, i)) & 0xff) ^ (crc >>> 8)
  return ~crc >>> 0
}

const scratch = Buffer.alloc(LONG)

/** The CRC of a string's UTF-8 bytes. */
export function crc32OfString(text: string): number {
  const { length } = text
  if (length * 3 >= LONG) return zlibCrc32(text)
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return zlibCrc32(text)
    scratch[i] = code
  }
  return crc32(scratch, 0, length)
}
