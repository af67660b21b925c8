/** The limits of the client port, on both engines; memory is measured only on ours. */
import { connect, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { describeEngines } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { memoryBytes } from '../support/procfs.ts'
import { RawClient } from '../support/rawClient.ts'
import { bool, buffer, connectRequest, createBody, request } from '../support/wire.ts'
import { FrameCaller, type OneServer, startOne } from './oneServer.ts'

const MiB = 2 ** 20

describeEngines('limits', (start, engine) => {
  void start
  const one = (set: Record<string, string>): Promise<OneServer> => startOne(engine, { set })

  it.each([
    ['globalOutstandingLimit of 1', { globalOutstandingLimit: '1' }],
    ['queue of one request', { request_throttle_max_requests: '1', request_throttle_stall_time: '1' }],
  ])('answers pipelines in order with a %s', async (_, set) => {
    await using server = await one(set)
    const pipeline = async (path: string) => {
      using caller = await FrameCaller.open(server.clientPort)
      const frames: Buffer[] = []
      for (let xid = 1; xid <= 300; xid += 3) {
        frames.push(request(xid, 1, createBody(path, Buffer.from('x'), 2)))
        frames.push(request(xid + 1, 3, buffer('/'), bool(false)))
        frames.push(request(xid + 2, 9, buffer('/')))
      }
      caller.send(Buffer.concat(frames))
      const xids: (number | undefined)[] = []
      while (xids.length < 300) xids.push((await caller.receive())?.readInt32BE(0))
      expect(xids).toEqual(Array.from({ length: 300 }, (_, i) => i + 1))
      await caller.ask(301, -11)
    }
    await Promise.all(['/a-', '/b-', '/c-'].map(pipeline))
  })

  it('accepts as many connections as maxClientCnxns allows, and more once some are closed', async () => {
    await using server = await one({ maxClientCnxns: '3' })
    const clients = [await RawClient.open(server.clientPort), await RawClient.open(server.clientPort)]
    clients.push(await eventually('the third', () => RawClient.open(server.clientPort).catch(() => null)))
    await expect(RawClient.open(server.clientPort)).rejects.toThrow()
    clients.pop()?.destroy()
    const last = await eventually('room', () => RawClient.open(server.clientPort).catch(() => null))
    for (const client of [...clients, last]) await client.close()
  })

  it('opens as many sessions as there are tokens', async () => {
    await using server = await one({
      connection_throttle_tokens: '3',
      connection_throttle_fill_time: '1000000',
    })
    const outcomes: boolean[] = []
    for (let i = 0; i < 5; i++) {
      const client = await RawClient.open(server.clientPort).catch(() => null)
      outcomes.push(client !== null)
      client?.destroy()
    }
    expect(outcomes).toEqual([true, true, true, false, false])
  })

  it('closes on large requests beyond largeRequestMaxBytes', async () => {
    await using server = await one({ largeRequestThreshold: '1000', largeRequestMaxBytes: '5000' })
    const client = await RawClient.open(server.clientPort)
    await client.create('/n', 'x')
    await client.setData('/n', Buffer.alloc(4000))
    await client.setData('/n', Buffer.alloc(900))
    await expect(client.setData('/n', Buffer.alloc(6000))).rejects.toThrow(/closed/)
  })

  it('closes on a frame that exceeds jute.maxbuffer, at its first four bytes', async () => {
    await using server = await startOne(engine, { properties: { 'jute.maxbuffer': '5000' } })
    const client = await RawClient.open(server.clientPort)
    await client.create('/n', Buffer.alloc(4900))
    using caller = await FrameCaller.open(server.clientPort)
    caller.send(Buffer.from([0, 0, 0x13, 0x89]))
    expect(await caller.receive()).toBeNull()
    await client.close()
  })

  it('uses little memory for a client that sends and does not read', { timeout: 90_000 }, async (context) => {
    if (engine === 'apache') context.skip('Apache queues every reply')
    await using server = await one({})
    const before = memoryBytes(server.pids())
    if (before === null) context.skip('no /proc here: memory cannot be read')
    const client = await RawClient.open(server.clientPort)
    await client.create('/big', Buffer.alloc(1_000_000))
    const deaf = await deafCaller(server.clientPort)
    // The answers to 10,000 requests of a megabyte each, after a write and a watch, would take ten gigabytes.
    const frames = [request(1, 1, createBody('/w', Buffer.from('x')))]
    for (let xid = 2; xid <= 10_000; xid++) frames.push(request(xid, 4, buffer('/big'), bool(false)))
    deaf.write(Buffer.concat(frames))
    let most = 0
    const until = performance.now() + 3000
    while (performance.now() < until) {
      most = Math.max(most, (memoryBytes(server.pids()) ?? 0) - (before as number))
      // Other clients are served meanwhile.
      await client.getData('/')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(most).toBeLessThan(400 * MiB)
    deaf.destroy()
    await client.close()
  })
})

/** A client that opens a session and reads nothing from then on. */
async function deafCaller(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  let isOpen = false
  socket.once('data', () => {
    isOpen = true
    socket.pause()
  })
  socket.write(connectRequest(30_000))
  await eventually('its session', () => isOpen)
  return socket
}
