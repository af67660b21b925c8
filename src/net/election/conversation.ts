/**
 * One connection on which a peer and this server exchange notifications. At most one message, the newest,
 * waits to be sent.
 */
import type { Socket } from 'node:net'
import { decodeNotification, MAX_NOTIFICATION_LENGTH } from '../../core/election/codec.ts'
import type { Notification } from '../../core/election/notification.ts'
import { FrameParser } from '../../protocol/frames.ts'
import type { Sid } from '../../protocol/ids.ts'
import { DecodeError } from '../../protocol/reader.ts'

interface ConversationParts {
  readonly peer: Sid
  readonly onNotification: (notification: Notification) => void
  readonly onClosed: () => void
  readonly log: (level: 'debug' | 'warn', message: string) => void
}

/** Only a keep-alive ends the connection to a host that went down without closing it. */
const KEEP_ALIVE_MS = 60_000

export class Conversation {
  readonly sinceMs = performance.now()
  /** Whether the peer has sent a notification that could be decoded. */
  hasSpoken = false
  private readonly socket: Socket
  private readonly parts: ConversationParts
  private readonly parser = new FrameParser(MAX_NOTIFICATION_LENGTH)
  private pending: Buffer | null = null
  private isWriting = false
  private isOver = false

  /** Takes over a connection on which the greeting has been exchanged. */
  constructor(socket: Socket, parts: ConversationParts) {
    this.socket = socket
    this.parts = parts
    socket.setTimeout(0)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.on('data', (chunk) => this.receive(chunk))
    socket.on('error', (error) => parts.log('debug', `connection to ${parts.peer}: ${error.message}`))
    socket.on('close', () => {
      if (!this.isOver) parts.onClosed()
      this.isOver = true
    })
  }

  /** @param received the bytes that followed the greeting */
  begin(received: Buffer): void {
    if (received.length > 0) this.receive(received)
    this.socket.resume()
  }

  send(message: Buffer): void {
    this.pending = message
    this.flush()
  }

  /** Closes the connection without a call to `onClosed`. */
  close(): void {
    this.isOver = true
    this.socket.destroy()
  }

  private flush(): void {
    const { pending } = this
    if (this.isOver || pending === null || this.isWriting) return
    this.pending = null
    this.isWriting = true
    this.socket.write(pending, () => {
      this.isWriting = false
      this.flush()
    })
  }

  private receive(chunk: Buffer): void {
    try {
      this.parser.push(chunk, (message) => {
        if (message.length === 0) throw new DecodeError('a message of 0 bytes')
        if (!this.isOver) this.notify(message)
      })
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.parts.log('warn', `closing the connection of ${this.parts.peer}: ${error.message}`)
      this.socket.destroy()
    }
  }

  private notify(message: Buffer): void {
    let notification: Notification
    try {
      notification = decodeNotification(message)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.parts.log('warn', `dropping a message of ${this.parts.peer}: ${error.message}`)
      return
    }
    this.hasSpoken = true
    this.parts.onNotification(notification)
  }
}
