/** Plain sockets for tests: what a stranger sends, and what it receives. */
import { connect, type Socket } from 'node:net'
import { eventually } from '../support/eventually.ts'

export class Caller implements AsyncDisposable {
  readonly socket: Socket
  readonly received: Buffer[] = []
  isClosed = false

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.socket.on('data', (chunk: Buffer) => this.received.push(chunk))
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.isClosed = true
    })
  }

  get bytes(): Buffer {
    return Buffer.concat(this.received)
  }

  send(bytes: Buffer | string): void {
    this.socket.write(bytes)
  }

  closed(): Promise<unknown> {
    return eventually('the connection to be closed', () => this.isClosed)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    await this.closed()
  }
}

/** A frame of the client protocol. */
export function framed(payload: Buffer | string): Buffer {
  const body = Buffer.from(payload as string)
  const head = Buffer.alloc(4)
  head.writeInt32BE(body.length)
  return Buffer.concat([head, body])
}
