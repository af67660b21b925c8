/**
 * One accepted connection on the client port. Its first four bytes are a four-letter word or the length of
 * the first frame (NIOServerCnxn.readLength). Frames are delivered in the order in which they arrived, as
 * many of a chunk at once as `framesATurn` allows.
 *
 * Memory stays bounded whatever a client does. Reading stops while there is a reason to hold it back: a
 * client that does not read its replies, the core's throttle, or frames left over from this turn. What one
 * turn may queue is bounded by how large its replies have been, and the number of frames a turn starts low
 * and grows slowly. This leaves watch events, which no request has just asked for: too many unread ones end
 * the connection.
 */
import type { Socket } from 'node:net'
import { FrameParser } from '../protocol/frames.ts'
import { DecodeError } from '../protocol/reader.ts'
import { Outbox } from './outbox.ts'

export interface Remote {
  /** The address as Java prints it: IPv6 in full. */
  readonly address: string
  readonly port: number
  /** Over TLS, the subject of the client's verified certificate; otherwise null or absent. */
  readonly certificateSubject?: string | null
}

/** What a connection reports to its listener. */
export interface ConnectionEvents {
  /** The first bytes are not a four-letter word, so this is a client of the protocol. */
  onConnected(connection: ClientConnection): void
  onFrame(connection: ClientConnection, frame: Buffer): void
  /** The answer to a four-letter word; null closes without one. */
  answer(word: string, remote: Remote): string | null
  onRefused(connection: ClientConnection, reason: string): void
  onClosed(connection: ClientConnection): void
}

interface ConnectionLimits {
  readonly maxFrameBytes: number
  /** How long a connection may take until its first frame is complete. */
  readonly sessionlessTimeoutMs: number
}

/** Each reply can be as large as jute.maxbuffer, so this bounds what one turn can queue. */
const MOST_FRAMES_A_TURN = 64
const FIRST_FRAMES_A_TURN = 4
const STOP_READING_ABOVE = 4 * 1024 * 1024
const GIVE_UP_ABOVE = 128 * 1024 * 1024
/** How long the other end may take to close after our last byte, so that no reset destroys that byte. */
const LINGER_MS = 2000
const WORD = /^[a-z]{4}$/

export class ClientConnection {
  readonly id: number
  readonly remote: Remote
  readonly connectedAtMs = Date.now()
  /** Number of frames received, and of replies and notifications sent. */
  received = 0
  sent = 0
  private readonly socket: Socket
  private readonly events: ConnectionEvents
  private readonly outbox: Outbox
  private readonly parser: FrameParser
  private readonly timer: NodeJS.Timeout
  private state: 'new' | 'open' | 'closing' | 'closed' = 'new'
  private start: Buffer = Buffer.alloc(0)
  private waiting: Buffer[] = []
  private deliveredThisTurn = 0
  private sentThisTurn = 0
  private framesATurn = FIRST_FRAMES_A_TURN
  private isTurnEndDue = false
  private isThrottled = false
  private isBacklogged = false

  constructor(
    id: number,
    socket: Socket,
    remote: Remote,
    limits: ConnectionLimits,
    events: ConnectionEvents,
  ) {
    this.id = id
    this.socket = socket
    this.remote = remote
    this.events = events
    this.outbox = new Outbox(socket)
    this.parser = new FrameParser(limits.maxFrameBytes)
    const { sessionlessTimeoutMs: ms } = limits
    this.timer = setTimeout(() => this.refuse(`no request within ${ms} ms`), ms)
    this.timer.unref()
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.take(chunk))
    socket.on('drain', () => this.drained())
    // 'close' follows. That a client breaks off is not worth a report.
    socket.on('error', () => {})
    socket.on('close', () => this.closed())
  }

  /** Queues bytes for the next `flush`. */
  send(bytes: Buffer): void {
    if (this.state !== 'open') return
    this.sent += 1
    this.sentThisTurn += bytes.length
    this.outbox.push(bytes)
  }

  flush(): void {
    this.outbox.flush()
    if (this.state === 'closing') {
      this.socket.end()
      return
    }
    const { backlog } = this.outbox
    if (backlog > GIVE_UP_ABOVE)
      this.refuse(`the client leaves ${backlog} bytes unread: too many for a client that reads none`)
    else if (backlog > STOP_READING_ABOVE) this.hold()
  }

  /** Whether the connection is being read now. */
  get isReading(): boolean {
    return !this.isThrottled && !this.isBacklogged && !this.socket.isPaused()
  }

  /** Takes no more frames, and closes once everything sent so far has left with the next `flush`. */
  closeAfterFlush(): void {
    if (this.state === 'closing' || this.state === 'closed') return
    this.state = 'closing'
    this.waiting = []
    clearTimeout(this.timer)
    // Bytes that still arrive are read and dropped, because closing a socket with unread bytes resets it.
    this.socket.resume()
    const linger = setTimeout(() => this.socket.destroy(), LINGER_MS)
    linger.unref()
    this.socket.once('close', () => clearTimeout(linger))
  }

  throttle(isThrottled: boolean): void {
    this.isThrottled = isThrottled
    this.readOn()
  }

  destroy(): void {
    this.state = 'closed'
    this.waiting = []
    this.socket.destroy()
  }

  private take(chunk: Buffer): void {
    if (this.state === 'closing' || this.state === 'closed') return
    try {
      if (this.state === 'new') this.takeStart(chunk)
      else this.parser.push(chunk, this.enqueue)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.refuse(error.message)
    }
  }

  private takeStart(chunk: Buffer): void {
    const start = this.start.length === 0 ? chunk : Buffer.concat([this.start, chunk])
    this.start = start
    if (start.length < 4) return
    this.start = Buffer.alloc(0)
    const word = start.toString('latin1', 0, 4)
    if (WORD.test(word)) {
      this.answer(word)
      return
    }
    this.state = 'open'
    this.events.onConnected(this)
    this.parser.push(start, this.enqueue)
  }

  private answer(word: string): void {
    const text = this.events.answer(word, this.remote)
    if (text !== null) this.outbox.push(Buffer.from(text))
    this.closeAfterFlush()
    this.flush()
  }

  private readonly enqueue = (frame: Buffer): void => {
    if (this.state !== 'open') return
    if (this.received === 0) clearTimeout(this.timer)
    this.received += 1
    if (this.canDeliver) this.deliver(frame)
    else {
      this.waiting.push(frame)
      this.hold()
    }
  }

  private get canDeliver(): boolean {
    return (
      !this.isThrottled &&
      !this.isBacklogged &&
      this.waiting.length === 0 &&
      this.deliveredThisTurn < this.framesATurn
    )
  }

  private deliver(frame: Buffer): void {
    this.deliveredThisTurn += 1
    this.events.onFrame(this, frame)
    if (this.isTurnEndDue) return
    this.isTurnEndDue = true
    // This runs after the shell's own setImmediate, which the first frame of a turn scheduled; the shell has
    // flushed by then.
    setImmediate(this.endTurn)
  }

  private readonly endTurn = (): void => {
    this.isTurnEndDue = false
    const bytesAFrame = this.sentThisTurn / Math.max(1, this.deliveredThisTurn)
    const most = Math.max(1, Math.floor(STOP_READING_ABOVE / Math.max(1, bytesAFrame)))
    this.framesATurn = Math.min(MOST_FRAMES_A_TURN, this.framesATurn * 2, most)
    this.deliveredThisTurn = 0
    this.sentThisTurn = 0
    this.readOn()
  }

  private hold(): void {
    if (this.outbox.backlog > STOP_READING_ABOVE) this.isBacklogged = true
    this.socket.pause()
  }

  private drained(): void {
    this.isBacklogged = false
    this.readOn()
  }

  /** Delivers as many waiting frames as it may now, then resumes reading if nothing holds it back. */
  private readOn(): void {
    if (this.state !== 'open') return
    const { waiting } = this
    this.waiting = []
    let next = 0
    while (next < waiting.length && this.state === 'open' && this.canDeliver) {
      this.deliver(waiting[next] as Buffer)
      next += 1
    }
    if (this.state === 'open') this.waiting = waiting.slice(next)
    const mayRead = this.waiting.length === 0 && !this.isThrottled && !this.isBacklogged
    if (mayRead) this.socket.resume()
    else this.socket.pause()
  }

  private refuse(reason: string): void {
    if (this.state === 'closed') return
    this.events.onRefused(this, reason)
    this.destroy()
  }

  private closed(): void {
    this.state = 'closed'
    this.waiting = []
    clearTimeout(this.timer)
    this.events.onClosed(this)
  }
}
