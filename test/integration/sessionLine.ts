/** A connection on which the test writes and reads every frame itself, including the session's handshake. */
import { connect, type Socket } from 'node:net'
import { sessionPassword } from '../../src/core/sessions/password.ts'
import type { SessionId } from '../../src/protocol/ids.ts'
import { bool, buffer, createBody, frame, int, long, opcode, readBody, request } from '../support/wire.ts'

export const NOBODY = 0n

export interface Hello {
  /** The session to resume; 0 asks for a new one. */
  session?: bigint
  password?: Buffer
  timeoutMs?: number
  lastZxid?: bigint
  /** Null leaves the byte out, as old clients do. */
  readOnly?: boolean | null
}

/** A ConnectResponse; session 0 means that the session has ended. */
export interface Welcome {
  readonly session: bigint
  readonly timeoutMs: number
  /** Null when the byte is missing. */
  readonly readOnly: boolean | null
}

export interface Reply {
  readonly xid: number
  readonly zxid: bigint
  readonly err: number
  readonly body: Buffer
}

export class SessionLine {
  session = NOBODY
  private readonly socket: Socket
  private received: Buffer = Buffer.alloc(0)
  private frames: (Buffer | null)[] = []
  private wake = () => {}
  private lastXid: number

  private constructor(socket: Socket, lastXid: number) {
    this.socket = socket
    this.lastXid = lastXid
    socket.on('data', (chunk) => this.receive(chunk))
    socket.on('error', () => {})
    socket.on('close', () => this.arrived(null))
  }

  /** A client that reconnects continues to count its xids: `lastXid` is the last one that it used. */
  static dial(port: number, lastXid = 0): Promise<SessionLine> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => resolve(new SessionLine(socket, lastXid)))
    })
  }

  /** Opens a session, which must be granted. */
  static async open(port: number, hello: Hello = {}): Promise<SessionLine> {
    const line = await SessionLine.dial(port)
    const welcome = await line.hello(hello)
    if (welcome === null || welcome.session === NOBODY) throw new Error(`no session on ${port}`)
    return line
  }

  /** The answer to a handshake; null when the server closed the connection. */
  static async greet(port: number, hello: Hello): Promise<Welcome | null> {
    const line = await SessionLine.dial(port)
    const welcome = await line.hello(hello)
    line.hangUp()
    return welcome
  }

  async hello(hello: Hello = {}): Promise<Welcome | null> {
    this.sayHello(hello)
    const answer = await this.next()
    if (answer === null) return null
    this.session = answer.readBigInt64BE(8)
    const readOnly = answer.length > 36 ? answer[36] === 1 : null
    return { session: this.session, timeoutMs: answer.readInt32BE(4), readOnly }
  }

  sayHello({
    session = NOBODY,
    timeoutMs = 30_000,
    lastZxid = 0n,
    readOnly = false,
    password,
  }: Hello = {}): void {
    const proof = password ?? (session === NOBODY ? Buffer.alloc(16) : sessionPassword(session as SessionId))
    const tail = readOnly === null ? [] : [bool(readOnly)]
    this.socket.write(frame(int(0), long(lastZxid), int(timeoutMs), long(session), buffer(proof), ...tail))
  }

  /** Sends without waiting; returns the xid. */
  say(type: number, ...body: readonly Buffer[]): number {
    this.lastXid += 1
    if (!this.socket.destroyed) this.socket.write(request(this.lastXid, type, ...body))
    return this.lastXid
  }

  /** Sends a request and resolves to its reply; null when the server closed the connection instead. */
  ask(type: number, ...body: readonly Buffer[]): Promise<Reply | null> {
    this.say(type, ...body)
    return this.reply()
  }

  async reply(): Promise<Reply | null> {
    const payload = await this.next()
    if (payload === null) return null
    const [xid, zxid, err] = [payload.readInt32BE(0), payload.readBigInt64BE(4), payload.readInt32BE(12)]
    return { xid, zxid, err, body: payload.subarray(16) }
  }

  /** The error code of a request; null when the server closed the connection instead. */
  async errorOf(type: number, ...body: readonly Buffer[]): Promise<number | null> {
    return (await this.ask(type, ...body))?.err ?? null
  }

  /** The server's last zxid as it reports it. */
  async zxid(): Promise<bigint> {
    const reply = await this.ask(opcode.ping)
    if (reply === null) throw new Error('closed instead of answering a ping')
    return reply.zxid
  }

  create(path: string, flags = 0): Promise<Reply | null> {
    return this.ask(opcode.create, createBody(path, Buffer.from('x'), flags))
  }

  exists(path: string): Promise<number | null> {
    return this.errorOf(opcode.exists, readBody(path))
  }

  /** The next frame without its length; null once the server has closed the connection. */
  async next(): Promise<Buffer | null> {
    while (this.frames.length === 0)
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    const [first = null] = this.frames
    // The end of the stream remains in the queue.
    if (first !== null) this.frames.shift()
    return first
  }

  hangUp(): void {
    this.socket.destroy()
  }

  private receive(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk])
    while (this.received.length >= 4) {
      const end = 4 + this.received.readInt32BE(0)
      if (this.received.length < end) return
      this.arrived(this.received.subarray(4, end))
      this.received = this.received.subarray(end)
    }
  }

  private arrived(payload: Buffer | null): void {
    this.frames.push(payload)
    this.wake()
  }
}

/** The body of a multi: each operation is `[type, record]`. */
export function multiBody(...operations: readonly (readonly [number, Buffer])[]): Buffer {
  const header = (type: number, done: boolean) => Buffer.concat([int(type), bool(done), int(-1)])
  const parts = operations.flatMap(([type, record]) => [header(type, false), record])
  return Buffer.concat([...parts, header(-1, true)])
}

/** The error codes of the parts of a failed multi. */
export function multiErrors({ body }: Reply): number[] {
  const errors: number[] = []
  for (let at = 0; body[at + 4] === 0; at += 13) errors.push(body.readInt32BE(at + 9))
  return errors
}
