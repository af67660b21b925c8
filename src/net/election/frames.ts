/** Cuts a stream into messages, each after its length, and holds no more than the incomplete one. */
import { MAX_NOTIFICATION_LENGTH } from '../../core/election/codec.ts'
import { DecodeError } from '../../protocol/reader.ts'

export class Frames {
  private bytes: Buffer = Buffer.alloc(0)

  /**
   * The messages that `chunk` completes, without their lengths.
   * @throws DecodeError for a length that no message has: the stream cannot be read any further
   */
  push(chunk: Buffer): Buffer[] {
    this.bytes = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk])
    const messages: Buffer[] = []
    while (this.bytes.length >= 4) {
      const length = this.bytes.readInt32BE(0)
      if (length <= 0 || length > MAX_NOTIFICATION_LENGTH)
        throw new DecodeError(`a message of ${length} bytes`)
      if (this.bytes.length < 4 + length) break
      messages.push(this.bytes.subarray(4, 4 + length))
      this.bytes = this.bytes.subarray(4 + length)
    }
    return messages
  }
}
