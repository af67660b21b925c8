/**
 * A client over one socket whose session can move to another member; every frame is sent when the scene says
 * so.
 */
import { connect, type Socket } from 'node:net'
import { connectRequest, int, opcode, request } from '../support/wire.ts'

interface Reply {
  readonly error: number
  readonly body: Buffer
}

export class TraceClient {
  id = 0n
  private password: Buffer = Buffer.alloc(16)
  private readonly socket: Socket
  private received: Buffer = Buffer.alloc(0)
  private waiting: { resolve: (frame: Buffer) => void; reject: (error: Error) => void }[] = []
  private xid = 0

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => this.receive(chunk))
    const over = () => {
      for (const { reject } of this.waiting.splice(0)) reject(new Error('the member closed the connection'))
    }
    socket.on('error', over)
    socket.on('close', over)
  }

  static dial(port: number): TraceClient {
    return new TraceClient(connect({ port, host: '127.0.0.1', noDelay: true }))
  }

  /** Opens a session, or resumes another client's. */
  async login(moved?: TraceClient): Promise<void> {
    const session = moved && { id: moved.id, password: moved.password }
    const frame = await this.send(connectRequest(30_000, session))
    this.id = frame.readBigInt64BE(8)
    this.password = frame.subarray(20, 36)
    if (this.id === 0n) throw new Error('the session was refused')
  }

  /** Sends one request; the caller judges the error in its reply. */
  async call(type: number, ...body: readonly Buffer[]): Promise<Reply> {
    this.xid += 1
    const frame = await this.send(request(this.xid, type, ...body))
    return { error: frame.readInt32BE(12), body: frame.subarray(16) }
  }

  async ping(): Promise<void> {
    await this.send(Buffer.concat([int(8), int(-2), int(opcode.ping)]))
  }

  destroy(): void {
    this.socket.destroy()
  }

  private send(frame: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject })
      this.socket.write(frame)
    })
  }

  private receive(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk])
    while (this.received.length >= 4) {
      const end = 4 + this.received.readInt32BE(0)
      if (this.received.length < end) return
      this.waiting.shift()?.resolve(this.received.subarray(4, end))
      this.received = this.received.subarray(end)
    }
  }
}
