/**
 * Members under wrong requests, in this process: each is answered with one of ZooKeeper's errors or by
 * closing the connection, and leaves nothing behind. Recorded conversations are damaged and had again, frame
 * by frame.
 */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ErrorCode, errorName } from '../../src/protocol/errors.ts'
import { OpCode, Xid } from '../../src/protocol/opcodes.ts'
import * as client from '../../src/protocol/records/client.ts'
import type { Acl } from '../../src/protocol/records/data.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { contentCrc, nodeDigest } from '../../src/tree/digest.ts'
import { framed } from '../core/requests/conversation.ts'
import { type CoreLine, CoreServer } from '../core/requests/coreServer.ts'
import type { SimulatedMember } from '../simulation/member.ts'
import { CoreEnsemble } from './coreEnsemble.ts'
import { heapAfterGc } from './heap.ts'
import { wrongBytes } from './mutations.ts'
import { recordConversations } from './recorded.ts'
import { connectFrame, createFrame, frameOf, OPEN_ACL, requestFrame } from './requests.ts'
import { seed, seeded } from './seed.ts'

const recording = await recordConversations()
const requests = recording.frames.filter(({ isConnect }) => !isConnect).map(({ frame }) => frame)
const wrongRequest = wrongBytes(requests)
const wrongConnect = wrongBytes([connectFrame()])

/** What a client says: mostly it begins well, and damages some of what follows. */
const conversation = fc.tuple(
  fc.oneof({ weight: 9, arbitrary: fc.constant(connectFrame()) }, { weight: 2, arbitrary: wrongConnect }),
  fc.array(
    fc.oneof(
      { weight: 4, arbitrary: wrongRequest },
      { weight: 1, arbitrary: fc.constantFrom(...requests) },
      { weight: 1, arbitrary: wrongConnect },
    ),
    { maxLength: 8 },
  ),
)

/** Every byte that came back is a frame that a client can read, and an error has a name. */
function expectReadable(received: readonly (Buffer | null)[], isConnected: boolean): void {
  for (const [index, frame] of received.entries()) {
    if (frame === null) continue
    if (index === 0 && isConnected) continue
    expect(frame.length).toBeGreaterThanOrEqual(16)
    expect(errorName(frame.readInt32BE(12))).not.toContain('error')
  }
}

function expectConsistent({ core }: CoreServer): void {
  const { tree } = core.replica.database
  let digest = 0n
  for (const [path, node] of tree.nodes()) {
    digest += BigInt(nodeDigest(path, contentCrc(path, node.data), node))
    for (const [name, child] of node.children ?? []) expect(tree.node(`${path}/${name}`)).toBe(child)
  }
  expect(tree.digest).toBe(BigInt.asIntN(64, digest))
}

const SUPER = 'super:secret'
const superDigest = `super:${createHash('sha1').update(SUPER).digest('base64')}`
/**
 * A conversation may well close the root to the world; the proof that the member serves is the super user's.
 */
const superFrame = frameOf(Xid.auth, OpCode.auth, client.AuthPacket, {
  type: 0,
  scheme: 'digest',
  auth: Buffer.from(SUPER),
})

function serves(server: CoreServer, path: string): void {
  const line = server.dial()
  line.send(framed(connectFrame()))
  line.send(framed(superFrame))
  line.send(framed(createFrame(1, path)))
  const [connected, authenticated, created] = [line.take(), line.take(), line.take()]
  expect(connected?.readBigInt64BE(8)).not.toBe(0n)
  expect(authenticated?.readInt32BE(12)).toBe(0)
  expect(created?.readInt32BE(12)).toBe(0)
  line.send(framed(requestFrame(2, OpCode.closeSession)))
  server.hangUp(line.connection)
}

function have(server: CoreServer, connect: Buffer, frames: readonly Buffer[]): CoreLine {
  const line = server.dial()
  for (const frame of [connect, ...frames]) {
    // The port reads on only while the connection is open.
    if (!line.received.includes(null)) server.frame(line.connection, frame)
  }
  server.hangUp(line.connection)
  return line
}

describe('a member alone', () => {
  it('answers 20,000 damaged conversations and serves on', { timeout: 120_000 }, () => {
    let frames = 0
    let answers = 0
    let closed = 0
    let server = new CoreServer({ superDigest })
    let conversations = 0
    const startMs = performance.now()
    seeded(() =>
      fc.assert(
        fc.property(conversation, ([connect, more]) => {
          // A new one now and then: what was made before stands in the way of what comes.
          if (conversations % 500 === 0) server = new CoreServer({ superDigest })
          conversations += 1
          const before = server.transactions.length
          const { digest } = server.core.replica.database.tree
          const line = have(server, connect, more)
          frames += 1 + more.length
          answers += line.received.filter((frame) => frame !== null).length
          closed += line.received.includes(null) ? 1 : 0
          const bytes = line.received.map((frame) => frame?.subarray(4) ?? null)
          expectReadable(bytes, true)
          const written = server.transactions.slice(before).map(({ body }) => body.type)
          const harmless: number[] = [OpCode.error, OpCode.createSession, OpCode.closeSession, OpCode.check]
          if (written.every((type) => harmless.includes(type) && type !== OpCode.closeSession))
            expect(server.core.replica.database.tree.digest).toBe(digest)
          expect(server.core.pipeline.connectionCount).toBe(0)
          expect(server.core.pipeline.watches.count).toBe(0)
          expect(server.core.pipeline.outstanding).toBe(0)
          if (conversations % 100 === 0) {
            serves(server, `/served-${conversations}`)
            expectConsistent(server)
            server.transactions.length = 0
          }
        }),
        { numRuns: 20_000, seed },
      ),
    )
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
    console.info(
      `${conversations} conversations of ${frames} frames in ${seconds} s: ${answers} answers, ${closed} closed, seed ${seed}`,
    )
    expect(answers).toBeGreaterThan(frames / 4)
    expect(closed).toBeGreaterThan(conversations / 10)
  })

  it('holds no memory for conversations that are over', { timeout: 120_000 }, () => {
    const server = new CoreServer()
    const samples = fc.sample(conversation, { numRuns: 1500, seed })
    const round = (): number => {
      // A line itself stays: the harness counts them. Its answers go.
      for (const [connect, more] of samples) have(server, connect, more).received.length = 0
      // Sessions that nobody closed expire; what the harness itself keeps goes.
      server.advance(100_000)
      server.advance(100_000)
      server.transactions.length = 0
      server.events.length = 0
      return heapAfterGc()
    }
    const heaps = Array.from({ length: 6 }, round)
    expect(server.core.replica.database.sessions.size).toBe(0)
    // The first two fill caches and make the nodes that stay.
    const grown = (heaps.at(-1) as number) - (heaps[1] as number)
    expect(grown, `heap after each round: ${heaps.map((heap) => Math.round(heap / 1024))} KiB`).toBeLessThan(
      2 * 2 ** 20,
    )
  })
})

/** Well formed, and made to cost more than it weighs. */
describe('a request that is meant to be dear', () => {
  /** Far beyond what any of these takes. */
  const mostMs = 3000
  const answered = (server: CoreServer, ...frames: Buffer[]): (Buffer | null)[] => {
    const startMs = performance.now()
    const line = have(server, connectFrame(), frames)
    expect(performance.now() - startMs).toBeLessThan(mostMs)
    serves(server, '/served')
    return line.received
  }
  const errorsOf = (received: readonly (Buffer | null)[]) =>
    received.slice(1).map((frame) => frame?.readInt32BE(16))
  const create = (xid: number, path: string, acl: Acl[]) =>
    frameOf(xid, OpCode.create, client.CreateRequest, { path, data: null, acl, flags: 0 })

  it('a digest of many colons', () => {
    const id = `${':'.repeat(100_000)}x`
    const received = answered(
      new CoreServer({ superDigest }),
      create(1, '/a', [{ perms: 31, id: { scheme: 'digest', id } }]),
    )
    expect(errorsOf(received)).toEqual([ErrorCode.InvalidAcl])
  })

  it('an address of a million digits', () => {
    const id = '1'.repeat(1_000_000)
    const received = answered(
      new CoreServer({ superDigest }),
      create(1, '/a', [{ perms: 31, id: { scheme: 'ip', id } }]),
    )
    expect(errorsOf(received)).toEqual([ErrorCode.InvalidAcl])
  })

  it('a tree deeper than any call stack', { timeout: 60_000 }, () => {
    const server = new CoreServer({ superDigest })
    const { tree } = server.core.replica.database
    const depth = 20_000
    // Its paths would take a client 800 MB; here they share their beginnings.
    for (let path = '/a', n = 1; n <= depth; n++, path += '/a')
      tree.create({ path, data: null, acl: OPEN_ACL, ephemeralOwner: 0n, parentCVersion: -1 }, n as Zxid, 1)
    const received = answered(
      server,
      frameOf(1, OpCode.getAllChildrenNumber, client.PathRequest, { path: '/a' }),
    )
    expect(errorsOf(received)).toEqual([ErrorCode.Ok])
    expect(received[1]?.readInt32BE(20)).toBe(depth - 1)
  })

  it('a megabyte of watches on nothing', () => {
    const empty = Buffer.alloc(4)
    const count = Buffer.alloc(4)
    count.writeInt32BE(250_000)
    const body = Buffer.concat([Buffer.alloc(8, 0xff), count, Buffer.alloc(1_000_000, 0xff), empty, empty])
    const received = answered(
      new CoreServer({ superDigest }),
      requestFrame(Xid.setWatches, OpCode.setWatches, body),
    )
    expect(received.length).toBe(250_002)
  })

  it('a path of a hundred thousand names', () => {
    const path = '/a'.repeat(100_000)
    const received = answered(
      new CoreServer({ superDigest }),
      create(1, path, OPEN_ACL),
      frameOf(2, OpCode.addWatch, client.AddWatchRequest, { path, mode: 1 }),
      frameOf(3, OpCode.setData, client.SetDataRequest, { path, data: null, version: -1 }),
    )
    expect(errorsOf(received)).toEqual([ErrorCode.NoNode, ErrorCode.Ok, ErrorCode.NoNode])
  })
})

describe('an ensemble', () => {
  it('keeps a sync behind the write before it, also where the disk is slower than the commit', () => {
    const ensemble = new CoreEnsemble(3)
    const follower = ensemble.members.find((member) => member !== ensemble.leader) as SimulatedMember
    const line = ensemble.dial(follower)
    line.send(connectFrame())
    ensemble.run(100)
    follower.disk.slowness = 500
    line.send(createFrame(1, '/a'))
    line.send(frameOf(2, OpCode.sync, client.PathRequest, { path: '/' }))
    ensemble.run(5000)
    expect(line.received.slice(1, 3).map((frame) => [frame?.readInt32BE(0), frame?.readInt32BE(12)])).toEqual(
      [
        [1, 0],
        [2, 0],
      ],
    )
  })

  it('agrees after damaged conversations with every member', { timeout: 120_000 }, () => {
    let frames = 0
    seeded(() => {
      const ensemble = new CoreEnsemble(seed)
      const { epoch } = ensemble
      for (const [index, [connect, more]] of fc.sample(conversation, { numRuns: 1500, seed }).entries()) {
        const line = ensemble.dial(ensemble.members[index % 3] as (typeof ensemble.members)[0])
        for (const frame of [connect, ...more]) {
          line.send(frame)
          frames += 1
          if (index % 5 === 0) ensemble.run(3)
        }
        ensemble.run(20)
        expectReadable(line.received, true)
        ensemble.forget(line)
        if (index % 100 === 99) ensemble.prove(`/proof-${index}`)
      }
      // Nothing that a client says costs an election.
      expect(ensemble.epoch).toBe(epoch)
    })
    console.info(`${frames} frames at three members, seed ${seed}`)
  })
})
