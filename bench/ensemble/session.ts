/**
 * One of very many sessions: a socket, the session's id and password, and a handler of replies. It is lean,
 * so that ten thousand sessions leave the machine to the servers.
 */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectRequest } from '../../test/support/wire.ts'

const NO_BYTES = Buffer.alloc(0)
const RETRY_MS = 25

/** `xid` is -1 for a watch event, -2 for the answer to a ping. */
export type OnReply = (xid: number, err: number, payload: Buffer) => void

export class Session {
  id = 0n
  onReply: OnReply = () => {}
  private password: Buffer = Buffer.alloc(16)
  private socket: Socket | null = null
  private held: Buffer = NO_BYTES
  private readonly timeoutMs: number

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs
  }

  get isOpen(): boolean {
    return this.socket !== null && !this.socket.destroyed
  }

  /**
   * Opens the session, or reconnects to it, at the first of `ports` that accepts it. Resolves to false when
   * the session has expired.
   */
  async open(ports: readonly number[], deadlineMs: number): Promise<boolean> {
    for (let attempt = 0; performance.now() < deadlineMs; attempt++) {
      const answer = await this.attempt(ports[attempt % ports.length] as number)
      if (answer !== null) return answer
      await sleep(RETRY_MS)
    }
    throw new Error('a session could not be opened in time')
  }

  /** Null when the member refused the connection or closed it. */
  private attempt(port: number): Promise<boolean | null> {
    return new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      socket.once('connect', () =>
        socket.write(connectRequest(this.timeoutMs, { id: this.id, password: this.password })),
      )
      socket.once('data', (response) => {
        if (response.length < 40) {
          socket.destroy()
          return
        }
        socket.on('data', (chunk) => this.receive(chunk))
        resolve(this.accepted(socket, response))
      })
      socket.on('error', () => {})
      socket.once('close', () => resolve(null))
    })
  }

  private accepted(socket: Socket, response: Buffer): boolean {
    const id = response.readBigInt64BE(12)
    if (id === 0n) return false
    this.id = id
    this.password = Buffer.from(response.subarray(24, 40))
    this.socket = socket
    this.held = NO_BYTES
    return true
  }

  send(bytes: Buffer): void {
    this.socket?.write(bytes)
  }

  close(): void {
    this.socket?.destroy()
  }

  private receive(chunk: Buffer): void {
    const bytes = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk])
    let at = 0
    while (bytes.length - at >= 20) {
      const end = at + 4 + bytes.readInt32BE(at)
      if (bytes.length < end) break
      this.onReply(bytes.readInt32BE(at + 4), bytes.readInt32BE(at + 16), bytes.subarray(at + 20, end))
      at = end
    }
    this.held = at === bytes.length ? NO_BYTES : bytes.subarray(at)
  }
}

/** Does `work` for every item, with at most `width` items in progress at a time. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) await work(items[index] as T, index)
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
}
