/**
 * One connection of the load generator: a ring of frames that were encoded beforehand, a window of
 * outstanding requests, and a parser that looks only at length, xid and err. Invariant: replies arrive in the
 * order of the requests, each with the next expected xid; anything else ends the run with an error.
 */
import { connect, type Socket } from 'node:net'
import { connectRequest, request } from '../../test/support/wire.ts'

const ringSize = 1024
const nothing = Buffer.alloc(0)

export interface LoadConnectionEvents {
  /** Called for each reply, successful (err 0) or not. */
  reply(latencyMs: number, err: number): void
  fail(error: Error): void
}

export class LoadConnection {
  sent = 0
  received = 0
  #stopped = false
  #drained: (() => void) | undefined
  #held: Buffer = nothing
  readonly #socket: Socket
  readonly #ring: Buffer
  readonly #frameSize: number
  readonly #sentAt = new Float64Array(ringSize)
  readonly #events: LoadConnectionEvents

  private constructor(socket: Socket, type: number, body: Buffer, events: LoadConnectionEvents) {
    const frames = Array.from({ length: ringSize }, (_, index) => request(index + 1, type, body))
    this.#ring = Buffer.concat(frames)
    this.#frameSize = this.#ring.length / ringSize
    this.#socket = socket
    this.#events = events
  }

  /** Connects and opens a session; `start` begins the load. */
  static open(
    port: number,
    type: number,
    body: Buffer,
    events: LoadConnectionEvents,
  ): Promise<LoadConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      const connection = new LoadConnection(socket, type, body, events)
      socket.once('connect', () => socket.write(connectRequest(30_000)))
      socket.once('error', reject)
      // The connect response is one small segment, sent only once the session exists.
      socket.once('data', (response) => {
        if (response.length < 40) return reject(new Error(`malformed connect response on ${port}`))
        socket.off('error', reject)
        socket.on('data', (chunk) => connection.#receive(chunk))
        socket.on('error', (error) => events.fail(error))
        socket.on('close', () => connection.#closed())
        resolve(connection)
      })
    })
  }

  /** Sends the first `window` requests; from then on every reply is followed by another request. */
  start(window: number): void {
    if (window > ringSize / 2) throw new Error(`window ${window} is more than ${ringSize / 2}`)
    this.#send(window)
  }

  /** Stops sending; resolves once every reply has arrived. */
  drain(): Promise<void> {
    this.#stopped = true
    return new Promise((resolve) => {
      if (this.received === this.sent) resolve()
      else this.#drained = resolve
    })
  }

  close(): void {
    this.#stopped = true
    this.#socket.removeAllListeners('close').destroy()
  }

  #send(count: number): void {
    const now = performance.now()
    for (let left = count; left > 0; ) {
      const from = this.sent % ringSize
      const run = Math.min(left, ringSize - from)
      this.#sentAt.fill(now, from, from + run)
      this.#socket.write(this.#ring.subarray(from * this.#frameSize, (from + run) * this.#frameSize))
      this.sent += run
      left -= run
    }
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const before = this.received
    const now = performance.now()
    let at = 0
    while (bytes.length - at >= 20) {
      const size = 4 + bytes.readInt32BE(at)
      if (bytes.length - at < size) break
      this.#reply(now, bytes.readInt32BE(at + 4), bytes.readInt32BE(at + 16))
      at += size
    }
    this.#held = at === bytes.length ? nothing : bytes.subarray(at)
    const replies = this.received - before
    if (!this.#stopped && replies > 0) this.#send(replies)
    else if (this.#stopped && this.received === this.sent) this.#drained?.()
  }

  #reply(now: number, xid: number, err: number): void {
    const slot = this.received % ringSize
    if (xid !== slot + 1) this.#events.fail(new Error(`reply to xid ${xid}, expected ${slot + 1}`))
    this.received++
    this.#events.reply(now - (this.#sentAt[slot] as number), err)
  }

  #closed(): void {
    this.#events.fail(new Error(`connection closed with ${this.sent - this.received} requests outstanding`))
  }
}
