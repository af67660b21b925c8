import { afterEach, describe, expect, it } from 'vitest'
import { fourLetterWord } from '../../src/client/fourLetterWord.ts'
import { ClientListener, type ClientListenerOptions } from '../../src/net/clientListener.ts'
import { eventually } from '../support/eventually.ts'
import { Caller, framed } from './sockets.ts'

const open: ClientListener[] = []
afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close()
})

interface Log {
  connected: number[]
  frames: { connection: number; frame: Buffer }[]
  disconnected: number[]
  refused: string[]
}

async function listener(options: Partial<ClientListenerOptions> = {}) {
  const log: Log = { connected: [], frames: [], disconnected: [], refused: [] }
  const server: ClientListener = new ClientListener({
    host: '127.0.0.1',
    port: 0,
    maxClientCnxns: 0,
    maxCnxns: 0,
    juteMaxBuffer: 1_048_575,
    onConnected: (connection) => log.connected.push(connection),
    onFrame: (connection, frame) => log.frames.push({ connection, frame }),
    onDisconnected: (connection) => log.disconnected.push(connection),
    fourLetterWord: (word) => (word === 'ruok' ? 'imok' : null),
    onRefused: (reason) => log.refused.push(reason),
    ...options,
  })
  open.push(server)
  return { server, log, port: await server.open() }
}

describe('the client listener', () => {
  it('carries frames in and bytes out, and reports the end once', async () => {
    const { server, log, port } = await listener()
    const caller = new Caller(port)
    caller.send(Buffer.concat([framed('\0one'), framed('\0two')]))
    await eventually('two frames', () => log.frames.length === 2)
    expect(log.frames.map(({ frame }) => frame.toString())).toEqual(['\0one', '\0two'])
    const id = log.frames[0]?.connection as number
    server.send(id, Buffer.from('a'))
    server.send(id, Buffer.from('b'))
    expect(caller.bytes.length).toBe(0)
    server.flush()
    await eventually('the replies', () => caller.bytes.toString() === 'ab')
    expect(server.views()).toMatchObject([{ connection: id, received: 2, sent: 2 }])
    caller.socket.destroy()
    await eventually('the end', () => log.disconnected.length > 0)
    expect(log).toMatchObject({ connected: [id], disconnected: [id], refused: [] })
    expect(server.counts.open).toBe(0)
  })

  it('understands a stream that arrives byte by byte', async () => {
    const { log, port } = await listener()
    await using caller = new Caller(port)
    for (const byte of framed('slowly')) {
      caller.send(Buffer.from([byte]))
      await new Promise(setImmediate)
    }
    await eventually('the frame', () => log.frames.length === 1)
    expect(log.frames[0]?.frame.toString()).toBe('slowly')
  })

  it('answers four-letter words and closes, without a connection for the core', async () => {
    const { log, port } = await listener()
    expect(await fourLetterWord('127.0.0.1', port, 'ruok\n')).toBe('imok')
    expect(await fourLetterWord('127.0.0.1', port, 'reqs')).toBe('')
    await using slow = new Caller(port)
    slow.send('ru')
    await new Promise(setImmediate)
    slow.send('ok')
    await slow.closed()
    expect(slow.bytes.toString()).toBe('imok')
    expect(log).toEqual({ connected: [], frames: [], disconnected: [], refused: [] })
  })

  it('sends what was sent before it closes', async () => {
    const { server, log, port } = await listener()
    await using caller = new Caller(port)
    caller.send(framed('\0bye'))
    await eventually('the frame', () => log.frames.length === 1)
    const id = log.frames[0]?.connection as number
    server.send(id, Buffer.alloc(300_000, 7))
    server.closeAfterFlush(id)
    server.send(id, Buffer.from('too late'))
    server.flush()
    await caller.closed()
    expect(caller.bytes).toEqual(Buffer.alloc(300_000, 7))
    await eventually('the end', () => log.disconnected.length === 1)
  })

  it('counts connections for each address and refuses too many', async () => {
    const { server, log, port } = await listener({ maxClientCnxns: 2 })
    await using first = new Caller(port)
    await using second = new Caller(port)
    await eventually('two connections', () => server.counts.open === 2)
    await using third = new Caller(port)
    await third.closed()
    expect(log.refused).toEqual(['too many connections from 127.0.0.1: maxClientCnxns is 2'])
    first.socket.destroy()
    await eventually('room', () => server.counts.open === 1)
    await using fourth = new Caller(port)
    fourth.send(framed('in'))
    await eventually('the frame', () => log.frames.length === 1)
    expect(second.isClosed).toBe(false)
  })

  it('refuses connections beyond maxCnxns, and those that send nothing', async () => {
    const { log, port } = await listener({ maxCnxns: 1, sessionlessTimeoutMs: 100 })
    await using silent = new Caller(port)
    silent.send(Buffer.from([0, 0, 0]))
    await eventually('the accept', () => silent.socket.readyState === 'open')
    await using second = new Caller(port)
    await second.closed()
    await silent.closed()
    expect(log.refused).toEqual(['maxCnxns is 1', 'no request within 100 ms'])
    expect(log.disconnected).toEqual([])
  })

  it.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a negative length', Buffer.from([255, 255, 255, 255, 0])],
    ['an oversized frame', Buffer.from([0, 16, 0, 0])],
    ['a TLS hello', Buffer.from('16030100f8010000f40303', 'hex')],
  ])('closes on %s and goes on serving', async (_, bytes) => {
    const { log, port } = await listener()
    await using stranger = new Caller(port)
    stranger.send(bytes)
    await stranger.closed()
    expect(log.refused).toEqual([expect.stringMatching(/^a frame of -?\d+ bytes, 1048575 at most/)])
    expect(log.disconnected).toEqual(log.connected)
    await using client = new Caller(port)
    client.send(framed('hello'))
    await eventually('the frame', () => log.frames.length === 1)
  })

  it('reads nothing while throttled', async () => {
    const { server, log, port } = await listener()
    await using caller = new Caller(port)
    caller.send(framed('1'))
    await eventually('the first', () => log.frames.length === 1)
    const id = log.frames[0]?.connection as number
    server.throttle(id, true)
    caller.send(framed('2'))
    await using other = new Caller(port)
    other.send(framed('other'))
    await eventually('the other', () => log.frames.length === 2)
    expect(log.frames[1]?.frame.toString()).toBe('other')
    server.throttle(id, false)
    await eventually('the second', () => log.frames.length === 3)
  })

  it('stops reading from a client that does not read, and loses nothing once it does', async () => {
    const reply = Buffer.alloc(1_000_000, 1)
    const { server, log, port } = await listener({
      onFrame: (connection, frame) => {
        log.frames.push({ connection, frame })
        server.send(connection, reply)
        setImmediate(() => server.flush())
      },
    })
    await using caller = new Caller(port)
    caller.socket.pause()
    const requests = Array.from({ length: 200 }, (_, i) => framed(String(i)))
    caller.send(Buffer.concat(requests))
    await eventually('the first turn', () => log.frames.length > 0)
    await eventually('reading to stop', async () => {
      const before = log.frames.length
      await new Promise((resolve) => setTimeout(resolve, 50))
      return log.frames.length === before
    })
    // The limit of 64 frames a turn bounds the memory that is held for the connection.
    expect(log.frames.length).toBeLessThanOrEqual(64)
    caller.socket.resume()
    await eventually('every reply', () => caller.received.reduce((n, c) => n + c.length, 0) === 200_000_000)
    expect(log.frames.map(({ frame }) => Number(frame.toString()))).toEqual(requests.map((_, i) => i))
  })

  it('reports which port is taken', async () => {
    const { port } = await listener()
    await expect(listener({ port })).rejects.toMatchObject({ code: 'EADDRINUSE', port })
    open.pop()
  })
})
