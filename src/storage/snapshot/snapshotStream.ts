/**
 * The bytes of a snapshot file, compressed as its name says: `.gz`, `.snappy`, or plain (SnapStream). The
 * setting `snapshot.compression.method` affects only what is written.
 */
import { DecodeError } from '../../protocol/reader.ts'
import type { SnapshotName } from '../fileNames.ts'
import type { FileSystem } from '../fileSystem.ts'
import { adler32 } from './adler32.ts'
import { gunzip } from './gzipStream.ts'
import { unframeSnappy } from './snappyStream.ts'

const CHUNK = 256 * 1024

/** A seal: long Adler-32 of everything before it, string "/" (SnapStream.sealStream). */
export const SEAL_SIZE = 13
/** String "/", with which a complete snapshot ends, sealed or not (SnapStream.isValidCheckedStream). */
export const END_MARK = Buffer.from([0, 0, 0, 1, 0x2f])

/** Yields pieces that the caller may keep. @throws DecodeError where the compression is damaged */
export function uncompressed(files: FileSystem, name: SnapshotName): Generator<Buffer, void, void> {
  switch (name.compression) {
    case 'gz':
      return gunzipped(files, name.path)
    case 'snappy':
      return unframeSnappy(files, name.path)
    case '':
      return plain(files, name.path)
  }
}

function* gunzipped(files: FileSystem, path: string): Generator<Buffer, void, void> {
  const chunks = plain(files, path)
  try {
    yield* gunzip(chunks)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new DecodeError(`cannot be decompressed: ${error.message}`)
  } finally {
    chunks.return()
  }
}

function* plain(files: FileSystem, path: string): Generator<Buffer, void, void> {
  const fd = files.open(path, 'read')
  try {
    for (let at = 0; ; ) {
      const chunk = Buffer.allocUnsafe(CHUNK)
      const count = files.read(fd, chunk, at)
      if (count === 0) return
      yield chunk.subarray(0, count)
      at += count
    }
  } finally {
    files.close(fd)
  }
}

/**
 * Whether the file ends as a complete snapshot does. This is cheap when it is not compressed, and all that
 * purging needs to know.
 */
export function looksComplete(files: FileSystem, name: SnapshotName): boolean {
  if (name.compression === '') return endOfPlain(files, name.path).equals(END_MARK)
  try {
    let end = Buffer.alloc(0)
    for (const chunk of uncompressed(files, name))
      end = Buffer.concat([end, chunk.subarray(-END_MARK.length)]).subarray(-END_MARK.length)
    return end.equals(END_MARK)
  } catch {
    return false
  }
}

function endOfPlain(files: FileSystem, path: string): Buffer {
  const fd = files.open(path, 'read')
  try {
    const end = Buffer.alloc(END_MARK.length)
    const size = files.size(fd)
    return size > end.length ? end.subarray(0, files.read(fd, end, size - end.length)) : Buffer.alloc(0)
  } finally {
    files.close(fd)
  }
}

/**
 * Whether the file ends in a seal that fits every byte before it. Such a file is as it was written, so what
 * cannot be read of it is not damaged but unknown.
 */
export function isSealed(files: FileSystem, name: SnapshotName): boolean {
  let checksum = 1
  let held = Buffer.alloc(0)
  try {
    for (const chunk of uncompressed(files, name)) {
      const bytes = Buffer.concat([held, chunk])
      const body = Math.max(0, bytes.length - SEAL_SIZE)
      checksum = adler32(bytes.subarray(0, body), checksum)
      held = bytes.subarray(body)
    }
  } catch {
    return false
  }
  if (held.length < SEAL_SIZE || !held.subarray(8).equals(END_MARK)) return false
  return held.readUInt32BE(0) === 0 && held.readUInt32BE(4) === checksum
}
