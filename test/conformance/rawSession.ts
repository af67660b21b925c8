/**
 * A session as frames on a socket: everything that is received can be examined, in its order. The session
 * does nothing by itself: it neither pings nor reconnects.
 */
import { connect, type Socket } from 'node:net'
import { JuteReader, JuteWriter } from './jute.ts'
import { closeSession, errorText, type Operation, ping, sync } from './operations.ts'

const EVENT_NAMES: Record<number, string> = {
  1: 'created',
  2: 'deleted',
  3: 'dataChanged',
  4: 'childrenChanged',
}

/** What was received for a request; `closed` means that the server closed the connection instead. */
export interface Answer {
  /** `ok`, the name of the error, or `closed`. */
  readonly outcome: string
  readonly err: number | null
  readonly xid: number
  readonly zxid: bigint
  /** Undefined after an error. */
  // biome-ignore lint/suspicious/noExplicitAny: cases know what they asked for, and compare it right away
  readonly value: any
}

export interface OpenOptions {
  timeoutMs?: number
  sessionId?: bigint
  password?: Buffer
  lastZxidSeen?: bigint
  /** Null leaves it out, as clients before 3.4 do. */
  readOnly?: boolean | null
}

interface Waiting {
  readonly xid: number
  readonly operation: Operation
  resolve(answer: Answer): void
}

export interface Greeting {
  readonly timeoutMs: number
  readonly sessionId: bigint
  readonly password: Buffer
  /** Null when the server left it out. */
  readonly readOnly: boolean | null
}

const PATIENCE_MS = 15_000

export class RawSession implements AsyncDisposable {
  /** `created /path` and so on, in the order of arrival. */
  readonly events: string[] = []
  /** Events and the xids of answers, in the order of arrival. */
  readonly heard: string[] = []
  readonly address: string
  greeting: Greeting | null = null
  lastZxid = 0n
  private readonly socket: Socket
  private readonly waiting: Waiting[] = []
  private readonly whenClosed: Promise<void>
  private received: Buffer = Buffer.alloc(0)
  private lastXid = 0
  private greeted: (greeting: Greeting | null) => void = () => {}

  private constructor(address: string) {
    this.address = address
    const colon = address.lastIndexOf(':')
    this.socket = connect({
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
      noDelay: true,
    })
    this.socket.on('data', (chunk) => this.receive(chunk))
    this.socket.on('error', () => {})
    this.whenClosed = new Promise((resolve) => this.socket.on('close', () => resolve()))
    void this.whenClosed.then(() => {
      this.greeted(null)
      for (const { resolve, xid } of this.waiting.splice(0))
        resolve({ outcome: 'closed', err: null, xid, zxid: 0n, value: undefined })
    })
  }

  /**
   * Connects and sends the handshake; `greeting` is null when the server closed the connection instead of
   * answering.
   */
  static async dial(address: string, options: OpenOptions = {}): Promise<RawSession> {
    const { timeoutMs = 20_000, sessionId = 0n, lastZxidSeen = 0n, readOnly = false } = options
    const session = new RawSession(address)
    const hello = new JuteWriter().int(0).long(lastZxidSeen).int(timeoutMs).long(sessionId)
    hello.buffer(options.password ?? Buffer.alloc(16))
    if (readOnly !== null) hello.bool(readOnly)
    const greeting = new Promise<Greeting | null>((resolve) => {
      session.greeted = resolve
    })
    session.sendFrame(hello.bytes())
    session.greeting = await patient(`a greeting from ${address}`, greeting)
    return session
  }

  /** @throws unless the server grants a session */
  static async open(address: string, options: OpenOptions = {}): Promise<RawSession> {
    const session = await RawSession.dial(address, options)
    if (session.greeting === null || session.greeting.timeoutMs === 0)
      throw new Error(`${address} gives no session`)
    return session
  }

  get sessionId(): bigint {
    return this.greeting?.sessionId ?? 0n
  }

  get password(): Buffer {
    return this.greeting?.password ?? Buffer.alloc(16)
  }

  do(operation: Operation): Promise<Answer> {
    const xid = operation.xid ?? ++this.lastXid
    return patient(`the answer to type ${operation.type}`, this.ask(operation, xid))
  }

  /** Sends all operations in one write, so that the server has all of them before it answers the first. */
  doAll(...operations: Operation[]): Promise<Answer[]> {
    this.socket.cork()
    const answers = operations.map((operation) => this.do(operation))
    this.socket.uncork()
    return Promise.all(answers)
  }

  /** @returns the value @throws unless the answer is ok */
  async must(operation: Operation): Promise<Answer['value']> {
    const answer = await this.do(operation)
    if (answer.outcome !== 'ok') throw new Error(`a request of type ${operation.type}: ${answer.outcome}`)
    return answer.value
  }

  ask(operation: Operation, xid: number): Promise<Answer> {
    if (this.socket.destroyed)
      return Promise.resolve({ outcome: 'closed', err: null, xid, zxid: 0n, value: undefined })
    return new Promise((resolve) => {
      this.waiting.push({ xid, operation, resolve })
      this.sendFrame(new JuteWriter().int(xid).int(operation.type).raw(operation.body).bytes())
    })
  }

  sendFrame(payload: Buffer): void {
    this.sendBytes(new JuteWriter().int(payload.length).raw(payload).bytes())
  }

  sendBytes(bytes: Buffer): void {
    this.socket.write(bytes)
  }

  pauseReading(): void {
    this.socket.pause()
  }

  resumeReading(): void {
    this.socket.resume()
  }

  /** Resolves once every event of what the server did before this call has arrived. */
  async settle(): Promise<void> {
    await this.do(sync('/'))
  }

  async ping(): Promise<Answer> {
    return this.do(ping())
  }

  /** Removes and returns the events so far. */
  takeEvents(): string[] {
    return this.events.splice(0)
  }

  /** Settles when the server closes the connection. */
  closed(): Promise<void> {
    return patient('the server to hang up', this.whenClosed)
  }

  get isClosed(): boolean {
    return this.socket.destroyed
  }

  /** Drops the connection; the session remains until it expires. */
  async drop(): Promise<void> {
    this.socket.destroy()
    await this.whenClosed
  }

  async close(): Promise<void> {
    if (!this.socket.destroyed && this.greeting !== null && this.greeting.timeoutMs > 0)
      await this.do(closeSession())
    await this.drop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private receive(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk])
    while (this.received.length >= 4) {
      const end = 4 + this.received.readInt32BE(0)
      if (this.received.length < end) return
      const payload = this.received.subarray(4, end)
      this.received = this.received.subarray(end)
      if (this.greeting === null && this.waitsForGreeting) this.greet(payload)
      else this.take(payload)
    }
  }

  private waitsForGreeting = true

  private greet(payload: Buffer): void {
    this.waitsForGreeting = false
    const reader = new JuteReader(payload)
    reader.int()
    this.greeted({
      timeoutMs: reader.int(),
      sessionId: reader.long(),
      password: reader.buffer() ?? Buffer.alloc(0),
      readOnly: reader.remaining > 0 ? reader.bool() : null,
    })
  }

  private take(payload: Buffer): void {
    const reader = new JuteReader(payload)
    const xid = reader.int()
    const zxid = reader.long()
    const err = reader.int()
    if (xid === -1) {
      const type = reader.int()
      reader.int()
      const event = `${EVENT_NAMES[type] ?? type} ${reader.string()}`
      this.events.push(event)
      this.heard.push(event)
      return
    }
    if (zxid > this.lastZxid) this.lastZxid = zxid
    this.heard.push(`answer ${xid}`)
    const at = this.waiting.findIndex((waiting) => waiting.xid === xid)
    const [waiting] = at === -1 ? [] : this.waiting.splice(at, 1)
    if (waiting === undefined) return
    const value = err === 0 ? waiting.operation.read(reader) : undefined
    waiting.resolve({ outcome: errorText(err), err, xid, zxid, value })
  }
}

function patient<T>(what: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`timed out waiting for ${what}`)), PATIENCE_MS)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
