/**
 * Cuts a stream into frames: an int32 length, then that many bytes. A frame that lies within one chunk is
 * handed out as a view of it; one that spans chunks is gathered in memory of its own, allocated once its
 * length is known and found to be allowed. What was handed out is never written again.
 */
import { DecodeError } from './reader.ts'
import { Writer } from './writer.ts'

/** A frame with its length in front, from what `write` puts into it. */
export function frameOf(write: (writer: Writer) => void): Buffer {
  const writer = new Writer(256)
  const length = writer.reserveInt()
  write(writer)
  writer.patchInt(length, writer.length - 4)
  return writer.take()
}

export class FrameParser {
  private readonly maxLength: number
  private readonly head = Buffer.alloc(4)
  private headLength = 0
  private body: Buffer | null = null
  private bodyLength = 0

  /** @param maxLength bytes a frame may have, its length not counted */
  constructor(maxLength: number) {
    this.maxLength = maxLength
  }

  /**
   * Hands each frame that `chunk` completes, without its length, to `onFrame`.
   * @throws DecodeError for a length that no frame may have; the stream cannot be read any further
   */
  push(chunk: Buffer, onFrame: (frame: Buffer) => void): void {
    let at = 0
    while (at < chunk.length) {
      if (this.body !== null) at = this.fillBody(chunk, at, onFrame)
      else if (this.headLength > 0 || chunk.length - at < 4) at = this.fillHead(chunk, at, onFrame)
      else at = this.takeFrame(chunk, at, onFrame)
    }
  }

  /** The common case: the length lies within the chunk, and mostly the frame does too. */
  private takeFrame(chunk: Buffer, at: number, onFrame: (frame: Buffer) => void): number {
    const start = at + 4
    const length = this.checked(chunk.readInt32BE(at))
    if (length > chunk.length - start) {
      this.startBody(length)
      return start
    }
    onFrame(chunk.subarray(start, start + length))
    return start + length
  }

  private fillHead(chunk: Buffer, at: number, onFrame: (frame: Buffer) => void): number {
    const copied = chunk.copy(this.head, this.headLength, at)
    this.headLength += copied
    if (this.headLength === 4) {
      this.headLength = 0
      const length = this.checked(this.head.readInt32BE(0))
      if (length === 0) onFrame(Buffer.alloc(0))
      else this.startBody(length)
    }
    return at + copied
  }

  private startBody(length: number): void {
    this.body = Buffer.allocUnsafeSlow(length)
    this.bodyLength = 0
  }

  private fillBody(chunk: Buffer, at: number, onFrame: (frame: Buffer) => void): number {
    const body = this.body as Buffer
    const copied = chunk.copy(body, this.bodyLength, at)
    this.bodyLength += copied
    if (this.bodyLength === body.length) {
      this.body = null
      onFrame(body)
    }
    return at + copied
  }

  private checked(length: number): number {
    if (length < 0 || length > this.maxLength)
      throw new DecodeError(`a frame of ${length} bytes, ${this.maxLength} at most are allowed`)
    return length
  }
}
