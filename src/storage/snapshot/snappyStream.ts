/**
 * The framing that snappy-java's streams put around blocks (SnappyOutputStream, SnappyCodec):
 *   bytes 0x82 "SNAPPY" 0, int version 1, int oldest version that can read it 1,
 *   then (int length, a block of that many bytes) to the end of the file, each at most 32 KiB uncompressed.
 * Neither the blocks nor the stream have a checksum or an end mark: the snapshot's seal inside is both.
 */
import { DecodeError } from '../../protocol/reader.ts'
import { LATER_VERSION_HINT, StorageError } from '../errors.ts'
import type { FileDescriptor, FileSystem } from '../fileSystem.ts'
import { compressBlock, decompressBlock } from './snappyBlock.ts'

const BLOCK = 32 * 1024
const VERSION = 1
const MAGIC = Buffer.from('\x82SNAPPY\0', 'latin1')
const HEADER_SIZE = MAGIC.length + 8

/**
 * Yields the header, then whole blocks as the slices fill them, then the rest.
 */
export function* snappyFrames(slices: Iterable<Buffer>): Generator<Buffer, void, void> {
  const header = Buffer.alloc(HEADER_SIZE)
  MAGIC.copy(header)
  header.writeInt32BE(VERSION, MAGIC.length)
  header.writeInt32BE(VERSION, MAGIC.length + 4)
  yield header
  let held = Buffer.alloc(0)
  for (const slice of slices) {
    const bytes = Buffer.concat([held, slice])
    const whole = bytes.length - (bytes.length % BLOCK)
    held = bytes.subarray(whole)
    if (whole > 0) yield framed(bytes.subarray(0, whole))
  }
  if (held.length > 0) yield framed(held)
}

function framed(bytes: Buffer): Buffer {
  const frames: Buffer[] = []
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = compressBlock(bytes.subarray(at, at + BLOCK))
    const length = Buffer.alloc(4)
    length.writeInt32BE(block.length)
    frames.push(length, block)
  }
  return Buffer.concat(frames)
}

/** @throws DecodeError where the stream is damaged or cut; StorageError for a later version's stream */
export function* unframeSnappy(files: FileSystem, path: string): Generator<Buffer, void, void> {
  const fd = files.open(path, 'read')
  try {
    const size = files.size(fd)
    let at = checkHeader(readExactly(files, fd, 0, Math.min(HEADER_SIZE, size)), path)
    while (at < size) {
      const length = at + 4 > size ? -1 : readExactly(files, fd, at, 4).readInt32BE(0)
      if (length <= 0 || at + 4 + length > size)
        throw new DecodeError(`has no whole compressed block at offset ${at} of the file`)
      yield decompressed(readExactly(files, fd, at + 4, length), at)
      at += 4 + length
    }
  } finally {
    files.close(fd)
  }
}

/** Returns where the blocks begin. */
function checkHeader(header: Buffer, path: string): number {
  if (header.length < HEADER_SIZE || !header.subarray(0, MAGIC.length).equals(MAGIC))
    throw new DecodeError('is not compressed with snappy, as its name says')
  const oldestReader = header.readInt32BE(MAGIC.length + 4)
  if (oldestReader > VERSION)
    throw new StorageError(
      'not-understood',
      path,
      `is compressed in a form that snappy stream readers of version ${oldestReader} and later know, not ${VERSION}`,
      { offset: MAGIC.length + 4, hint: LATER_VERSION_HINT },
    )
  return HEADER_SIZE
}

function decompressed(block: Buffer, at: number): Buffer {
  try {
    return decompressBlock(block)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new DecodeError(
      `cannot be decompressed: ${error.message}, in the block at offset ${at} of the file`,
    )
  }
}

function readExactly(files: FileSystem, fd: FileDescriptor, at: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  const count = files.read(fd, bytes, at)
  if (count < length) throw new DecodeError(`became shorter while it was read, at offset ${at + count}`)
  return bytes
}
