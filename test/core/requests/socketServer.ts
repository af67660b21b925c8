/** Any server that listens on 127.0.0.1. */
import { connect } from 'node:net'
import { FrameParser } from '../../../src/protocol/frames.ts'
import type { Line, Server } from './conversation.ts'

export class SocketServer implements Server, Disposable {
  private readonly port: number
  private readonly ends: (() => void)[] = []

  constructor(port: number) {
    this.port = port
  }

  connect(): Promise<Line> {
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true })
    const parser = new FrameParser(4 * 1024 * 1024)
    const received: (Buffer | null)[] = []
    let wake = () => {}
    const take = (frame: Buffer | null) => {
      received.push(frame)
      wake()
    }
    socket.on('data', (chunk) => parser.push(chunk, take))
    socket.on('error', () => {})
    socket.on('close', () => take(null))
    this.ends.push(() => socket.destroy())
    const receive = async () => {
      while (received.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      return received.shift() as Buffer | null
    }
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.once('connect', () => resolve({ send: (frame) => socket.write(frame), receive }))
    })
  }

  [Symbol.dispose](): void {
    for (const end of this.ends) end()
  }
}
