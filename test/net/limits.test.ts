/** A client that does not read costs the member little, and nothing lasting. */
import { afterEach, describe, expect, it } from 'vitest'
import { javaAddress } from '../../src/net/clientAddress.ts'
import { ClientListener } from '../../src/net/clientListener.ts'
import { eventually } from '../support/eventually.ts'
import { Caller, framed } from './sockets.ts'

const MiB = 1024 * 1024
const open: ClientListener[] = []
afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close()
})

/** Answers each frame at the end of the turn, as a member does. */
async function answering(reply: Buffer) {
  const state = { frames: 0, refused: [] as string[], connection: 0 }
  let isDue = false
  const listener: ClientListener = new ClientListener({
    host: '127.0.0.1',
    port: 0,
    maxClientCnxns: 0,
    maxCnxns: 0,
    juteMaxBuffer: 1_048_575,
    onConnected: (connection) => {
      state.connection = connection
    },
    onFrame: (connection) => {
      state.frames += 1
      listener.send(connection, reply)
      if (isDue) return
      isDue = true
      setImmediate(() => {
        isDue = false
        listener.flush()
      })
    },
    onDisconnected: () => {},
    fourLetterWord: () => null,
    onRefused: (reason) => state.refused.push(reason),
  })
  open.push(listener)
  return { listener, state, port: await listener.open() }
}

async function settled(state: { frames: number }): Promise<void> {
  await eventually('reading to stop', async () => {
    const before = state.frames
    await new Promise((resolve) => setTimeout(resolve, 100))
    return state.frames > 0 && state.frames === before
  })
}

describe('a client that does not read', () => {
  it('is not read from when its replies are large: 10,000 requests', async () => {
    const { state, port } = await answering(Buffer.alloc(MiB - 100))
    await using caller = new Caller(port)
    caller.socket.pause()
    caller.send(Buffer.concat(Array.from({ length: 10_000 }, () => framed('\0r'))))
    await settled(state)
    // The system's own buffers take some, and a few MiB are queued, because the first turns are short.
    expect(state.frames).toBeLessThan(24)
    expect(state.refused).toEqual([])
  })

  it('is not read from when its replies are small, and receives all of them once it reads', async () => {
    const { state, port } = await answering(Buffer.alloc(10_000, 7))
    await using caller = new Caller(port)
    caller.socket.pause()
    caller.send(Buffer.concat(Array.from({ length: 10_000 }, () => framed('\0r'))))
    await settled(state)
    expect(state.frames).toBeLessThan(2000)
    caller.socket.resume()
    await eventually('every reply', () => state.frames === 10_000)
    await eventually(
      'every byte',
      () => caller.received.reduce((n, { length }) => n + length, 0) === 100_000_000,
    )
  })

  it('is closed, with a reason, when events that it does not read pile up', async () => {
    const { listener, state, port } = await answering(Buffer.alloc(10))
    await using caller = new Caller(port)
    caller.send(framed('\0r'))
    await eventually('the frame', () => state.frames === 1)
    caller.socket.pause()
    const event = Buffer.alloc(MiB)
    let sent = 0
    await eventually('the end', () => {
      for (let i = 0; i < 8; i++) listener.send(state.connection, event)
      listener.flush()
      sent += 8
      return state.refused.length > 0
    })
    expect(state.refused).toEqual([expect.stringMatching(/^the client leaves \d+ bytes unread/)])
    expect(sent).toBeLessThan(160)
    await eventually('its close', () => listener.counts.open === 0)
  })
})

describe('the core’s throttle', () => {
  it('is visible in reports, and ends', async () => {
    const { listener, state, port } = await answering(Buffer.alloc(1))
    await using caller = new Caller(port)
    caller.send(framed('\0r'))
    await eventually('the frame', () => state.frames === 1)
    listener.throttle(state.connection, true)
    expect(listener.views()).toMatchObject([{ isReading: false }])
    caller.send(framed('\0r'))
    listener.throttle(state.connection, false)
    await eventually('the second frame', () => state.frames === 2)
    expect(listener.views()).toMatchObject([{ isReading: true }])
  })
})

describe('addresses', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '0:0:0:0:0:0:0:1'],
    ['::', '0:0:0:0:0:0:0:0'],
    ['fe80::1:2%eth0', 'fe80:0:0:0:0:0:1:2%eth0'],
    ['2001:0db8::0001', '2001:db8:0:0:0:0:0:1'],
    ['1::', '1:0:0:0:0:0:0:0'],
    ['::ffff:1.2.3.4', '0:0:0:0:0:ffff:102:304'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ])('%s is %s to Java', (address, expected) => {
    expect(javaAddress(address)).toBe(expected)
  })
})
