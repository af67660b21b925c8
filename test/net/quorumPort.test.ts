import { afterEach, describe, expect, it } from 'vitest'
import { LeaderConnection } from '../../src/net/leaderConnection.ts'
import { LearnerListener, type LearnerListenerOptions } from '../../src/net/learnerListener.ts'
import type { SessionId } from '../../src/protocol/ids.ts'
import { PacketType } from '../../src/protocol/opcodes.ts'
import type { QuorumPacket } from '../../src/protocol/records/quorum.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { Database } from '../../src/tree/database.ts'
import { eventually } from '../support/eventually.ts'
import { claimPorts, releasePorts } from '../support/ports.ts'
import { Caller } from './sockets.ts'

const packet = (type: number, data: Buffer | null = null, zxid = 1): QuorumPacket => ({
  type,
  zxid: zxid as Zxid,
  data,
  authinfo: null,
})

const cleanUps: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

function leader(port = 0, options: Partial<LearnerListenerOptions> = {}) {
  const log = {
    joined: [] as number[],
    packets: [] as QuorumPacket[],
    left: [] as string[],
    refused: [] as string[],
    snapshots: 0,
  }
  const listener = new LearnerListener({
    host: '127.0.0.1',
    port,
    maxDataBytes: 2_097_150,
    onJoined: (learner) => log.joined.push(learner),
    onPacket: (_, one) => log.packets.push(one),
    onSnapshotSent: () => {
      log.snapshots += 1
    },
    onLeft: (_, reason) => log.left.push(reason),
    onRefused: (reason) => log.refused.push(reason),
    ...options,
  })
  cleanUps.push(() => listener.close())
  return { listener, log }
}

function learner(ports: readonly number[], connectTimeoutMs = 10_000) {
  const log = {
    connected: 0,
    packets: [] as QuorumPacket[],
    databases: [] as Database[],
    lost: [] as string[],
    lines: [] as string[],
  }
  const connection = new LeaderConnection({
    addresses: ports.map((port) => ({ host: '127.0.0.1', port })),
    connectTimeoutMs,
    maxDataBytes: 2_097_150,
    onConnected: () => {
      log.connected += 1
    },
    onPacket: (one, database) => {
      log.packets.push(one)
      if (database !== null) log.databases.push(database)
    },
    onLost: (reason) => log.lost.push(reason),
    log: (line) => log.lines.push(line),
  })
  cleanUps.push(() => connection.close())
  connection.dial()
  return { connection, log }
}

/** A database of several slices. */
function largeDatabase(): Database {
  const database = Database.initial()
  for (let i = 1; i <= 200_000; i++) database.sessions.set(BigInt(i) as SessionId, 30_000)
  return database
}

describe('the quorum port', () => {
  it('carries packets both ways, all packets of a turn with its flush', async () => {
    const { listener, log } = leader()
    const port = await listener.open()
    const follower = learner([port])
    await eventually('the learner', () => log.joined.length === 1 && follower.log.connected === 1)
    follower.connection.send(packet(PacketType.followerInfo, Buffer.from('me')))
    follower.connection.send(packet(PacketType.ackEpoch))
    follower.connection.flush()
    await eventually('its packets', () => log.packets.length === 2)
    expect(log.packets).toEqual([
      packet(PacketType.followerInfo, Buffer.from('me')),
      packet(PacketType.ackEpoch),
    ])
    const sent = [packet(PacketType.proposal, Buffer.alloc(100_000, 3)), packet(PacketType.commit)]
    for (const one of sent) listener.send(1, one)
    listener.flush()
    await eventually('the answers', () => follower.log.packets.length === 2)
    expect(follower.log.packets).toEqual(sent)
  })

  it('accepts little from a learner that has not said who it is', async () => {
    const { listener, log } = leader()
    const port = await listener.open()
    const [large, known] = [learner([port]), learner([port])]
    await eventually('both', () => large.log.connected + known.log.connected === 2)
    large.connection.send(packet(PacketType.followerInfo, Buffer.alloc(1025)))
    large.connection.flush()
    await eventually('the refusal', () => log.refused.length === 1)
    expect(log.refused[0]).toContain('1025 bytes of data, 1024 at most')
    known.connection.send(packet(PacketType.followerInfo, Buffer.alloc(1024)))
    known.connection.send(packet(PacketType.request, Buffer.alloc(2_000_000)))
    known.connection.flush()
    await eventually('its packets', () => log.packets.length === 2)
  })

  it('is dialled until the leader opens it', async () => {
    const [port, other] = (await claimPorts(2)) as [number, number]
    cleanUps.push(() => releasePorts([port, other]))
    const follower = learner([other, port])
    await eventually('a refusal', () => follower.log.lines.length === 1)
    expect(follower.log.lines[0]).toContain('ECONNREFUSED')
    const { listener } = leader(port)
    await listener.open()
    await eventually('the connection', () => follower.log.connected === 1)
    expect(follower.log.lost).toEqual([])
  })

  it('is given up after the time allowed', async () => {
    const [port] = (await claimPorts(1)) as [number]
    cleanUps.push(() => releasePorts([port]))
    const follower = learner([port], 200)
    await eventually('the end', () => follower.log.lost.length === 1)
    expect(follower.log.lost[0]).toContain('ECONNREFUSED')
  })

  it('streams a database, and after it what is sent meanwhile', async () => {
    const database = largeDatabase()
    const { listener, log } = leader()
    const follower = learner([await listener.open()])
    await eventually('the learner', () => log.joined.length === 1)
    listener.send(1, packet(PacketType.snap, null, 77))
    listener.sendSnapshot(1, database)
    listener.send(1, packet(PacketType.proposal, Buffer.from('meanwhile')))
    listener.flush()
    database.sessions.set(-1n as SessionId, 1)
    expect(log.snapshots).toBe(0)
    await eventually('all of it', () => follower.log.packets.length === 2)
    expect(follower.log.packets.map(({ type }) => type)).toEqual([PacketType.snap, PacketType.proposal])
    expect(follower.log.databases[0]?.sessions.size).toBe(200_000)
    expect(follower.log.databases[0]?.lastProcessedZxid).toBe(77)
    expect(log.snapshots).toBe(1)
    listener.send(1, packet(PacketType.upToDate))
    listener.flush()
    await eventually('the next', () => follower.log.packets.length === 3)
  })

  it('holds a database back from a learner that does not read', async () => {
    const database = largeDatabase()
    for (let i = 1; i <= 1_000_000; i++) database.sessions.set(BigInt(-i) as SessionId, 1)
    const { listener, log } = leader()
    await using stalled = new Caller(await listener.open())
    stalled.socket.pause()
    await eventually('the learner', () => log.joined.length === 1)
    listener.sendSnapshot(1, database)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(log.snapshots).toBe(0)
    stalled.socket.resume()
    await eventually('all of it', () => log.snapshots === 1)
  })

  it('reports to each side once that the other has left', async () => {
    const { listener, log } = leader()
    const port = await listener.open()
    const follower = learner([port])
    await eventually('the learner', () => log.joined.length === 1 && follower.log.connected === 1)
    listener.closeLearner(1, 'too slow')
    await eventually('both', () => log.left.length === 1 && follower.log.lost.length === 1)
    expect(log.left).toEqual(['too slow'])
    const second = learner([port])
    await eventually('the second', () => log.joined.length === 2)
    second.connection.close()
    await eventually('its leaving', () => log.left.length === 2)
    expect(second.log.lost).toEqual([])
  })

  it('is closed at once, silently, and free afterwards', async () => {
    const { listener, log } = leader()
    const port = await listener.open()
    const follower = learner([port])
    await eventually('the learner', () => follower.log.connected === 1)
    await listener.close()
    await eventually('the loss', () => follower.log.lost.length === 1)
    expect(log.left).toEqual([])
    expect(await leader(port).listener.open()).toBe(port)
  })

  it('is free again when it was closed while being opened', async () => {
    const [port] = (await claimPorts(1)) as [number]
    cleanUps.push(() => releasePorts([port]))
    const { listener } = leader(port)
    const opened = listener.open()
    await listener.close()
    expect(await opened).toBe(port)
    expect(await leader(port).listener.open()).toBe(port)
  })

  it.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a packet that is too large', Buffer.from('00000002000000000000000070000000', 'hex')],
    ['random bytes', Buffer.from('8f3b1c77a0e5d2', 'hex')],
  ])('closes on %s and goes on serving', async (_, bytes) => {
    const { listener, log } = leader()
    const port = await listener.open()
    await using stranger = new Caller(port)
    stranger.send(bytes)
    await stranger.closed()
    expect(log.refused).toHaveLength(1)
    await eventually('its leaving', () => log.left.length === 1)
    const follower = learner([port])
    await eventually('a learner', () => follower.log.connected === 1)
  })
})
