/**
 * One connection to one server, from the handshake to its end. Requests are pipelined: a server answers them
 * in order, so a reply belongs to the oldest request without an answer. Requests that have no answer when the
 * connection ends fail with ConnectionLoss: they may or may not have been carried out.
 */
import { connect, type Socket } from 'node:net'
import { FrameParser, frameOf } from '../protocol/frames.ts'
import { encode } from '../protocol/jute.ts'
import { OpCode, Xid } from '../protocol/opcodes.ts'
import { DecodeError, Reader } from '../protocol/reader.ts'
import { ConnectRequest, ConnectResponse, ReplyHeader, WatcherEvent } from '../protocol/records/client.ts'
import type { Zxid } from '../protocol/zxid.ts'
import { clearTimeout, performance, setInterval, setTimeout } from '../time.ts'
import type { ServerAddress } from './connectString.ts'

/** A request that waits for its answer. */
export interface Call {
  readonly xid: number
  /** The frame, including its length field. */
  readonly frame: Buffer
  /** @param body the reply after its header, when `err` is 0 */
  answered(err: number, body: Reader): void
  failed(code: 'loss' | 'expired'): void
}

interface ServerConnectionEvents {
  /** The server has answered the handshake. A timeOut of 0 means that the session is over. */
  onHandshake(response: ConnectResponse): void
  onWatch(event: WatcherEvent): void
  onAuthenticated(err: number): void
  onZxid(zxid: Zxid): void
  /** Called once, and last. */
  onEnd(reason: string): void
}

interface ServerConnectionOptions {
  readonly server: ServerAddress
  readonly hello: ConnectRequest
  /** How long it may take from dialling to the answer to the handshake. */
  readonly connectTimeoutMs: number
  readonly maxFrameBytes: number
  readonly events: ServerConnectionEvents
}

const PING = frameOf((writer) => {
  writer.int(Xid.ping)
  writer.int(OpCode.ping)
})

export class ServerConnection {
  readonly server: ServerAddress
  private readonly socket: Socket
  private readonly events: ServerConnectionEvents
  private readonly parser: FrameParser
  private readonly calls: Call[] = []
  private answeredCalls = 0
  private outgoing: Buffer[] = []
  private isGreeted = false
  private isOver = false
  private timer: NodeJS.Timeout
  private readMs = performance.now()
  private writtenMs = performance.now()

  constructor(options: ServerConnectionOptions) {
    const { server, hello, connectTimeoutMs, maxFrameBytes, events } = options
    this.server = server
    this.events = events
    this.parser = new FrameParser(maxFrameBytes)
    this.timer = setTimeout(() => this.end(`no answer within ${connectTimeoutMs} ms`), connectTimeoutMs)
    const socket = connect({ host: server.host, port: server.port, noDelay: true })
    this.socket = socket
    const handshake = encode(ConnectRequest, hello)
    socket.on('connect', () => {
      // A dial to a free port in the ephemeral range can connect to itself (TCP's simultaneous open).
      if (socket.localPort === socket.remotePort) this.end('no server listens')
      else this.write(frameOf((writer) => writer.raw(handshake)))
    })
    socket.on('data', (chunk: Buffer) => this.take(chunk))
    socket.on('error', (error) => this.end(error.message))
    socket.on('close', () => this.end('the server closed the connection'))
  }

  /** Sends a request. Everything that is sent in one turn leaves in one write. */
  call(call: Call): void {
    this.calls.push(call)
    this.write(call.frame)
  }

  /** Sends a frame whose answer does not belong to a call (auth, setWatches). */
  write(frame: Buffer): void {
    if (this.isOver) return
    if (this.outgoing.length === 0) queueMicrotask(() => this.flush())
    this.outgoing.push(frame)
  }

  /** Closes the connection. Requests without an answer fail with ConnectionLoss. */
  end(reason: string): void {
    if (this.isOver) return
    this.isOver = true
    clearTimeout(this.timer)
    this.socket.destroy()
    for (const call of this.calls.splice(0).slice(this.answeredCalls)) call.failed('loss')
    this.events.onEnd(reason)
  }

  private flush(): void {
    const frames = this.outgoing
    this.outgoing = []
    if (this.isOver || frames.length === 0) return
    this.writtenMs = performance.now()
    this.socket.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames))
  }

  private take(chunk: Buffer): void {
    this.readMs = performance.now()
    try {
      this.parser.push(chunk, (frame) => {
        if (!this.isOver) this.takeFrame(new Reader(frame))
      })
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.end(`the server sent ${error.message}`)
    }
  }

  private takeFrame(reader: Reader): void {
    if (!this.isGreeted) {
      this.isGreeted = true
      clearTimeout(this.timer)
      const response = ConnectResponse.read(reader)
      if (response.timeOut > 0) this.keepAlive(response.timeOut)
      this.events.onHandshake(response)
      return
    }
    const { xid, zxid, err } = ReplyHeader.read(reader)
    if (zxid > 0) this.events.onZxid(zxid)
    if (xid === Xid.notification) this.events.onWatch(WatcherEvent.read(reader))
    else if (xid === Xid.auth) this.events.onAuthenticated(err)
    else if (xid !== Xid.ping && xid !== Xid.setWatches) this.answer(xid, err, reader)
  }

  private answer(xid: number, err: number, body: Reader): void {
    const call = this.calls[this.answeredCalls]
    if (call === undefined || call.xid !== xid)
      throw new DecodeError(`an answer to request ${xid}, not to ${call?.xid ?? 'any'}`)
    this.answeredCalls += 1
    if (this.answeredCalls === this.calls.length || this.answeredCalls === 1024) {
      this.calls.splice(0, this.answeredCalls)
      this.answeredCalls = 0
    }
    call.answered(err, body)
  }

  /**
   * Pings after a third of the timeout, and gives the server up after two thirds of it without a byte
   * (ClientCnxn). The server is not given up when this process itself stood still: what arrived meanwhile is
   * then still to be read.
   */
  private keepAlive(timeoutMs: number): void {
    const everyMs = timeoutMs / 8
    let lookedMs = performance.now()
    this.timer = setInterval(() => {
      const now = performance.now()
      const stoodStill = now - lookedMs > 2 * everyMs
      lookedMs = now
      const silentMs = now - this.readMs
      if (silentMs > (timeoutMs * 2) / 3 && !stoodStill)
        this.end(`nothing was heard for ${Math.round(silentMs)} ms`)
      else if (now - this.writtenMs >= timeoutMs / 3) this.write(PING)
    }, everyMs)
  }
}
