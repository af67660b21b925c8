/**
 * A small ZooKeeper client over one socket for tests and benchmarks: one session, no reconnecting, no
 * watches. Replies must arrive strictly in the order of the requests, as ZooKeeper promises, and this client
 * checks it.
 */
import { connect, type Socket } from 'node:net'
import { buffer, connectRequest, createBody, int, opcode, readBody, request, setDataBody } from './wire.ts'

/** An error reply: `code` is ZooKeeper's, e.g. -110 for NodeExists. */
export class ReplyError extends Error {
  readonly code: number
  constructor(code: number, what: string) {
    super(`${what}: error ${code}`)
    this.code = code
  }
}

interface Pending {
  xid: number
  what: string
  resolve: (body: Buffer) => void
  reject: (error: Error) => void
}

export interface Stat {
  czxid: bigint
  mzxid: bigint
  version: number
  numChildren: number
}

export class RawClient {
  /** Set once the server has accepted the session. */
  sessionId = 0n
  /** The zxid of the newest reply. */
  lastZxid = 0n
  #socket: Socket
  #pending: Pending[] = []
  #received: Buffer = Buffer.alloc(0)
  #nextXid = 1
  #accepted = false

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Resolves once the session is created; rejects when the member refuses or closes. */
  static open(port: number, options: { sessionTimeoutMs?: number } = {}): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      const client = new RawClient(socket)
      const accepted = (): void => resolve(client)
      client.#pending.push({ xid: 0, what: `session on ${port}`, resolve: accepted, reject })
      socket.once('connect', () => socket.write(connectRequest(options.sessionTimeoutMs ?? 30_000)))
      socket.on('data', (chunk) => client.#receive(chunk))
      socket.on('error', (error) => client.#fail(error))
      socket.on('close', () => client.#fail(new Error(`connection to ${port} closed`)))
    })
  }

  async create(path: string, data: string | Buffer = '', flags = 0): Promise<string> {
    const body = await this.call(opcode.create, `create ${path}`, createBody(path, Buffer.from(data), flags))
    return body.toString('utf8', 4)
  }

  async setData(path: string, data: string | Buffer, version = -1): Promise<Stat> {
    return stat(
      await this.call(opcode.setData, `set ${path}`, setDataBody(path, Buffer.from(data), version)),
      0,
    )
  }

  async getData(path: string): Promise<{ data: Buffer; stat: Stat }> {
    const body = await this.call(opcode.getData, `get ${path}`, readBody(path))
    const end = 4 + Math.max(0, body.readInt32BE(0))
    return { data: body.subarray(4, end), stat: stat(body, end) }
  }

  async getChildren(path: string): Promise<string[]> {
    const body = await this.call(opcode.getChildren, `children of ${path}`, readBody(path))
    const names: string[] = []
    for (let at = 4, left = body.readInt32BE(0); left > 0; left--) {
      const end = at + 4 + body.readInt32BE(at)
      names.push(body.toString('utf8', at + 4, end))
      at = end
    }
    return names
  }

  /** After this, reads through this client show everything that was acknowledged anywhere before the call. */
  async sync(path = '/'): Promise<void> {
    await this.call(opcode.sync, `sync ${path}`, buffer(path))
  }

  /** Sends one request of any kind; resolves to the body of its reply. */
  call(type: number, what: string, ...body: readonly Buffer[]): Promise<Buffer> {
    const xid = this.#nextXid++
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error(`${what}: not connected`))
      this.#pending.push({ xid, what, resolve, reject })
      this.#socket.write(request(xid, type, ...body))
    })
  }

  /** Closes the session properly. */
  async close(): Promise<void> {
    if (!this.#socket.destroyed) await this.call(opcode.closeSession, 'close').catch(() => {})
    this.destroy()
  }

  /** Drops the connection and leaves the session to expire. */
  destroy(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 4) {
      const end = 4 + this.#received.readInt32BE(0)
      if (this.#received.length < end) return
      const payload = this.#received.subarray(4, end)
      this.#received = this.#received.subarray(end)
      if (this.#accepted) this.#reply(payload)
      else this.#connected(payload)
    }
  }

  #connected(payload: Buffer): void {
    this.#accepted = true
    this.sessionId = payload.readBigInt64BE(8)
    if (this.sessionId === 0n) this.#socket.destroy(new Error('session refused'))
    else this.#pending.shift()?.resolve(payload)
  }

  #reply(payload: Buffer): void {
    const xid = payload.readInt32BE(0)
    if (xid < 0) return
    const pending = this.#pending.shift()
    if (pending?.xid !== xid) {
      this.#socket.destroy(new Error(`reply to xid ${xid} while waiting for ${pending?.xid ?? 'none'}`))
      return
    }
    this.lastZxid = payload.readBigInt64BE(4)
    const code = payload.readInt32BE(12)
    if (code === 0) pending.resolve(payload.subarray(16))
    else pending.reject(new ReplyError(code, pending.what))
  }

  #fail(error: Error): void {
    for (const pending of this.#pending.splice(0)) {
      pending.reject(new Error(`${pending.what}: ${error.message}`, { cause: error }))
    }
  }
}

function stat(body: Buffer, at: number): Stat {
  return {
    czxid: body.readBigInt64BE(at),
    mzxid: body.readBigInt64BE(at + 8),
    version: body.readInt32BE(at + 32),
    numChildren: body.readInt32BE(at + 56),
  }
}

/** A ping frame (xid -2), which any serving member answers. */
export const pingRequest = Buffer.concat([int(8), int(-2), int(opcode.ping)])
