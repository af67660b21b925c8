/**
 * Gathers what is to be sent through a socket until the end of a turn, so that a turn costs one write.
 * Measured with 80-byte replies: joining 16 of them takes 4 µs, and writev by cork and uncork 6 µs; with 200
 * replies it is 14 µs and 24 µs.
 */
import type { Socket } from 'node:net'

/** Above this size, copying costs more than a write of many parts. */
const JOIN_AT_MOST = 64 * 1024

export class Outbox {
  private readonly socket: Socket
  private parts: Buffer[] = []
  private length = 0

  constructor(socket: Socket) {
    this.socket = socket
  }

  /** Number of bytes that wait for the end of the turn or for the socket. */
  get backlog(): number {
    return this.length + this.socket.writableLength
  }

  get isEmpty(): boolean {
    return this.length === 0
  }

  push(bytes: Buffer): void {
    this.parts.push(bytes)
    this.length += bytes.length
  }

  flush(): void {
    const { parts, socket, length } = this
    if (length === 0) return
    this.parts = []
    this.length = 0
    if (!socket.writable) return
    const [first] = parts
    if (parts.length === 1 && first !== undefined) socket.write(first)
    else if (length <= JOIN_AT_MOST) socket.write(Buffer.concat(parts, length))
    else {
      socket.cork()
      for (const part of parts) socket.write(part)
      socket.uncork()
    }
  }
}
