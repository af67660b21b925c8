/** Jars with a few small files, for homes of Apache ZooKeeper that are not installed. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { deflateRawSync } from 'node:zlib'

/**
 * Writes a zip with the first file stored and the others deflated, without checksums, which the reader
 * ignores.
 */
export function writeJar(path: string, files: Record<string, string>): void {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  Object.entries(files).forEach(([name, text], i) => {
    const raw = Buffer.from(text)
    const bytes = i === 0 ? raw : deflateRawSync(raw)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(i === 0 ? 0 : 8, 4)
    common.writeUInt32LE(bytes.length, 14)
    common.writeUInt32LE(raw.length, 18)
    common.writeUInt16LE(Buffer.byteLength(name), 22)
    const local = Buffer.concat([signature(0x04034b50), common, Buffer.from(name), bytes])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([signature(0x02014b50), version(), common, rest, Buffer.from(name)]))
    locals.push(local)
    offset += local.length
  })
  const listing = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(directory.length, 4)
  end.writeUInt16LE(directory.length, 6)
  end.writeUInt32LE(listing.length, 8)
  end.writeUInt32LE(offset, 12)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, Buffer.concat([...locals, listing, signature(0x06054b50), end]))
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function version(): Buffer {
  return Buffer.from([20, 0])
}
