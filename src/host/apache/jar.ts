/**
 * Reads small files in a jar, and a jar's manifest. A jar is a zip (PKWARE's APPNOTE): the end record leads
 * to the central directory, which leads to each file's local header. The file's bytes follow it, stored or
 * deflated.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { inflateRawSync } from 'node:zlib'

const END_SIGNATURE = 0x06054b50
const ENTRY_SIGNATURE = 0x02014b50
const END_BYTES = 22
const ENTRY_BYTES = 46
const LOCAL_BYTES = 30
/** The greatest length of the end record's comment. */
const MOST_COMMENT_BYTES = 0xffff
/** Larger files are not read; a manifest has hundreds of bytes. */
const MOST_FILE_BYTES = 1024 * 1024

/**
 * The text of a file in the jar; null when there is no such file, it is too large, or the jar is not a zip.
 */
export function readJarEntry(jar: string, name: string): string | null {
  const fd = openSync(jar, 'r')
  try {
    const directory = centralDirectory(fd)
    return directory === null ? null : entryText(fd, directory, name)
  } finally {
    closeSync(fd)
  }
}

/**
 * The main attributes of a manifest by name. Lines are cut at 72 bytes, and a continuation line begins with a
 * blank (JAR specification).
 */
export function manifestAttributes(text: string): Map<string, string> {
  const whole = text.replace(/\r\n?/g, '\n').replace(/\n /g, '')
  const main = whole.split('\n\n')[0] ?? ''
  const pairs = main.split('\n').flatMap((line): [string, string][] => {
    const match = /^([\w-]+): ?(.*)$/.exec(line)
    return match === null ? [] : [[match[1] ?? '', (match[2] ?? '').trim()]]
  })
  return new Map(pairs)
}

function centralDirectory(fd: number): Buffer | null {
  const { size } = fstatSync(fd)
  const tail = bytesAt(fd, Math.max(0, size - END_BYTES - MOST_COMMENT_BYTES), size)
  for (let at = tail.length - END_BYTES; at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) !== END_SIGNATURE) continue
    const length = tail.readUInt32LE(at + 12)
    const offset = tail.readUInt32LE(at + 16)
    return bytesAt(fd, offset, Math.min(size, offset + length))
  }
  return null
}

function entryText(fd: number, directory: Buffer, wanted: string): string | null {
  let at = 0
  while (at + ENTRY_BYTES <= directory.length && directory.readUInt32LE(at) === ENTRY_SIGNATURE) {
    const nameLength = directory.readUInt16LE(at + 28)
    const name = directory.toString('utf8', at + ENTRY_BYTES, at + ENTRY_BYTES + nameLength)
    if (name === wanted) {
      const size = directory.readUInt32LE(at + 20)
      return size > MOST_FILE_BYTES
        ? null
        : inflated(fd, directory.readUInt32LE(at + 42), size, directory.readUInt16LE(at + 10))
    }
    at += ENTRY_BYTES + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  return null
}

function inflated(fd: number, header: number, size: number, method: number): string {
  const local = bytesAt(fd, header, header + LOCAL_BYTES)
  const begin = header + LOCAL_BYTES + local.readUInt16LE(26) + local.readUInt16LE(28)
  const bytes = bytesAt(fd, begin, begin + size)
  return (method === 0 ? bytes : inflateRawSync(bytes)).toString('utf8')
}

function bytesAt(fd: number, begin: number, end: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, end - begin))
  return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, begin))
}
