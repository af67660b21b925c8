/** Whatever a member may have to say is read again as it was said: on each port, and in each file. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeGreeting,
  decodeNotification,
  encodeGreeting,
  encodeNotification,
} from '../../src/core/election/codec.ts'
import { readMulti } from '../../src/core/writes/multi.ts'
import { QuorumPacketEncoder, QuorumPacketParser } from '../../src/net/quorumPackets.ts'
import type { SessionId, Sid } from '../../src/protocol/ids.ts'
import { OpCode, PacketType, ServerState } from '../../src/protocol/opcodes.ts'
import { Reader } from '../../src/protocol/reader.ts'
import * as client from '../../src/protocol/records/client.ts'
import type { QuorumPacket } from '../../src/protocol/records/quorum.ts'
import {
  checkParts,
  decodeTransaction,
  encodeTransaction,
  encodeTxnBody,
  type Transaction,
  type TxnBody,
} from '../../src/protocol/transaction.ts'
import { Writer } from '../../src/protocol/writer.ts'
import { makeZxid, type Zxid } from '../../src/protocol/zxid.ts'
import { LogFile } from '../../src/storage/log/logFile.ts'
import { logHeader, writeEntry } from '../../src/storage/log/logFormat.ts'
import { readSnapshot, writeSnapshot } from '../../src/storage/snapshot/snapshotFile.ts'
import { Database } from '../../src/tree/database.ts'
import { memoryFiles } from './memoryFiles.ts'
import { seed } from './seed.ts'

const numRuns = 1000
const assert = <T>(property: fc.IProperty<T>): void => fc.assert(property, { numRuns, seed })

const int = fc.integer()
const long = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)
const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const bytes = fc.option(fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)))
const zxid = fc
  .tuple(fc.integer({ min: 0, max: 0x1f_ffff }), fc.integer({ min: 1, max: 0xffff_ffff }))
  .map(([epoch, counter]) => makeZxid(epoch, counter))
const number = fc.maxSafeInteger()
const session = long as fc.Arbitrary<SessionId>
const id = fc.record({ scheme: text, id: text })
const acls = fc.array(fc.record({ perms: int, id }), { maxLength: 4 })
const path = text

const single: fc.Arbitrary<TxnBody> = fc.oneof(
  fc.record({
    type: fc.constantFrom(OpCode.create, OpCode.create2),
    record: fc.record({ path, data: bytes, acl: acls, ephemeral: fc.boolean(), parentCVersion: int }),
  }),
  fc.record({
    type: fc.constant(OpCode.createContainer),
    record: fc.record({ path, data: bytes, acl: acls, parentCVersion: int }),
  }),
  fc.record({
    type: fc.constant(OpCode.createTtl),
    record: fc.record({ path, data: bytes, acl: acls, parentCVersion: int, ttl: number }),
  }),
  fc.record({
    type: fc.constantFrom(OpCode.delete, OpCode.deleteContainer),
    record: fc.record({ path }),
  }),
  fc.record({
    type: fc.constantFrom(OpCode.setData, OpCode.reconfig),
    record: fc.record({ path, data: bytes, version: int }),
  }),
  fc.record({ type: fc.constant(OpCode.setAcl), record: fc.record({ path, acl: acls, version: int }) }),
  fc.record({ type: fc.constant(OpCode.check), record: fc.record({ path, version: int }) }),
  fc.record({ type: fc.constant(OpCode.error), record: fc.record({ err: int }) }),
  fc.record({ type: fc.constant(OpCode.createSession), record: fc.record({ timeOut: int }) }),
  fc.record({
    type: fc.constant(OpCode.closeSession),
    record: fc.record({ paths2Delete: fc.array(path, { maxLength: 4 }) }),
  }),
)
const multi: fc.Arbitrary<TxnBody> = fc.array(single, { maxLength: 4 }).map((parts) => ({
  type: OpCode.multi,
  record: { txns: parts.map((part) => ({ type: part.type, data: encodeTxnBody(part) })) },
}))
const transaction: fc.Arbitrary<Transaction> = fc
  .tuple(
    fc.record({ clientId: session, cxid: int, zxid, time: number }),
    fc.oneof({ weight: 4, arbitrary: single }, { weight: 1, arbitrary: multi }),
    fc.option(fc.record({ version: int, treeDigest: long }), { nil: undefined }),
  )
  .map(([header, body, digest]) => ({ header: { ...header, type: body.type }, body, digest }))

describe('what is written is read again', () => {
  it('transactions', () => {
    assert(
      fc.property(transaction, (value) => {
        const again = decodeTransaction(encodeTransaction(value))
        expect(again).toEqual(value)
        checkParts(again.body)
      }),
    )
  })

  it('multis of a client', () => {
    const part = fc.oneof(
      fc.record({
        type: fc.constant(OpCode.create),
        request: fc.record({ path, data: bytes, acl: acls, flags: fc.constantFrom(0, 1, 2, 3) }),
      }),
      fc.record({ type: fc.constant(OpCode.delete), request: fc.record({ path, version: int }) }),
      fc.record({
        type: fc.constant(OpCode.setData),
        request: fc.record({ path, data: bytes, version: int }),
      }),
      fc.record({ type: fc.constant(OpCode.check), request: fc.record({ path, version: int }) }),
    )
    assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        const writer = new Writer(64)
        for (const { type, request } of parts) {
          client.MultiHeader.write(writer, { type, done: false, err: -1 })
          if (type === OpCode.create) client.CreateRequest.write(writer, request)
          else if (type === OpCode.delete) client.DeleteRequest.write(writer, request)
          else if (type === OpCode.setData) client.SetDataRequest.write(writer, request)
          else client.CheckVersionRequest.write(writer, request)
        }
        client.MultiHeader.write(writer, { type: -1, done: true, err: -1 })
        expect(readMulti(new Reader(writer.take()))).toEqual(parts)
      }),
    )
  })

  it('packets of the quorum port, however the stream is cut', () => {
    const packet: fc.Arbitrary<QuorumPacket> = fc.record({
      type: fc.constantFrom(...Object.values(PacketType).filter((type) => type !== PacketType.snap)),
      zxid: number as fc.Arbitrary<number> as fc.Arbitrary<Zxid>,
      data: bytes,
      authinfo: fc.option(fc.array(id, { maxLength: 3 })),
    })
    assert(
      fc.property(
        fc.array(packet, { maxLength: 5 }),
        fc.array(fc.nat(500), { maxLength: 6 }),
        (packets, places) => {
          const encoder = new QuorumPacketEncoder()
          const stream = Buffer.concat(packets.map((each) => encoder.encode(each)))
          const parser = new QuorumPacketParser({ maxDataBytes: 2_097_150, readsSnapshots: true })
          const read: QuorumPacket[] = []
          let from = 0
          for (const to of [...places.sort((a, b) => a - b), stream.length]) {
            parser.push(stream.subarray(from, to), (each) => read.push(each))
            from = Math.max(from, to)
          }
          expect(read).toEqual(packets)
        },
      ),
    )
  })

  it('what a leader proposes may be larger than any request; a client may have proven many ids', () => {
    const proposal = {
      type: PacketType.proposal,
      zxid: makeZxid(1, 1),
      data: Buffer.alloc(5_000_000),
      authinfo: null,
    }
    const ids = Array.from({ length: 5000 }, (_, n) => ({ scheme: 'digest', id: `user${n}:hash` }))
    const request = { type: PacketType.request, zxid: makeZxid(1, 1), data: null, authinfo: ids }
    for (const [packet, readsSnapshots] of [
      [proposal, true],
      [request, false],
    ] as const) {
      const bytes = new QuorumPacketEncoder().encode(packet)
      const parser = new QuorumPacketParser({ maxDataBytes: 2_097_150, readsSnapshots })
      const read: QuorumPacket[] = []
      for (let at = 0; at < bytes.length; at += 1000)
        parser.push(bytes.subarray(at, at + 1000), (each) => read.push(each))
      const [only] = read
      expect(read.length).toBe(1)
      expect(only?.data?.equals(packet.data ?? Buffer.alloc(0)) ?? packet.data === null).toBe(true)
      expect(only?.authinfo).toEqual(packet.authinfo)
    }
  })

  it('notifications', () => {
    const notification = fc.record({
      state: fc.constantFrom(...Object.values(ServerState)),
      leader: number as fc.Arbitrary<number> as fc.Arbitrary<Sid>,
      zxid: fc.oneof(zxid, fc.constant(-1 as Zxid)),
      electionEpoch: number,
      peerEpoch: number,
      version: fc.constant(2),
      config: text,
    })
    assert(
      fc.property(notification, (value) => {
        expect(decodeNotification(encodeNotification(value).subarray(4))).toEqual(value)
      }),
    )
  })

  it('greetings, with whatever follows', () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6())
    const port = fc.integer({ min: 1, max: 65535 })
    assert(
      fc.property(fc.nat(), host, port, fc.uint8Array({ maxLength: 8 }), (sid, name, at, rest) => {
        fc.pre(!/^[0:.]+$/.test(name))
        const greeting = encodeGreeting(sid as Sid, { host: name, port: at })
        const read = decodeGreeting(Buffer.concat([greeting, rest]))
        expect(read).toEqual({
          greeting: { sid, addresses: [{ host: name, port: at }] },
          length: greeting.length,
        })
      }),
    )
  })

  it('logs', () => {
    assert(
      fc.property(fc.array(transaction, { maxLength: 6 }), fc.nat(600), (transactions, zeros) => {
        const payloads = transactions.map(encodeTransaction)
        const size = payloads.reduce((sum, { length }) => sum + length + 13, 16)
        const file = Buffer.alloc(size + zeros)
        logHeader().copy(file)
        let at = 16
        for (const payload of payloads) at = writeEntry(file, at, payload)
        const log = new LogFile(memoryFiles({ '/l': file }), { path: '/l', zxid: 1 as Zxid })
        const read: Buffer[] = []
        for (let entry = log.next(); entry !== null; entry = log.next()) read.push(Buffer.from(entry.payload))
        expect(read).toEqual(payloads)
        expect(log.end).toEqual({ offset: size, tornBytes: 0 })
      }),
    )
  })

  it('snapshots of whatever transactions left behind', () => {
    const name = fc.constantFrom('/a', '/b', '/a/c', '/a/d', '/b/e', '/zookeeper/quota/a')
    const step = fc.oneof(
      fc.record({
        type: fc.constant(OpCode.create),
        record: fc.record({
          path: name,
          data: bytes,
          acl: acls,
          ephemeral: fc.boolean(),
          parentCVersion: fc.integer(),
        }),
      }),
      fc.record({ type: fc.constant(OpCode.delete), record: fc.record({ path: name }) }),
      fc.record({
        type: fc.constant(OpCode.setAcl),
        record: fc.record({ path: name, acl: acls, version: int }),
      }),
      fc.record({ type: fc.constant(OpCode.createSession), record: fc.record({ timeOut: int }) }),
    )
    assert(
      fc.property(fc.array(fc.tuple(session, step), { maxLength: 12 }), fc.boolean(), (steps, withDigest) => {
        const database = Database.initial()
        for (const [index, [clientId, body]] of steps.entries()) {
          const { path: at } = body.record as { path?: string }
          // A node that has children is not deleted: no leader would propose it.
          if (body.type === OpCode.delete && (database.tree.node(at ?? '')?.childCount ?? 0) > 0) continue
          const header = { clientId, cxid: 1, zxid: makeZxid(1, index + 1), time: 1, type: body.type }
          database.replay({ header, body, digest: undefined })
        }
        const file = Buffer.concat([...writeSnapshot(database, 100, withDigest)])
        const { lastProcessedZxid } = database
        const name = { path: '/s', zxid: lastProcessedZxid, compression: '' } as const
        const { database: again, digest } = readSnapshot(memoryFiles({ '/s': file }), name)
        expect([...again.sessions]).toEqual([...database.sessions])
        expect(again.tree.digest).toBe(database.tree.digest)
        expect(digest).toBe(withDigest && lastProcessedZxid > 0 ? database.tree.digest : null)
        expect([...again.tree.acls.entries()]).toEqual([...database.tree.acls.entries()])
        expect([...again.tree.nodes()].map(([at]) => at)).toEqual(
          [...database.tree.nodes()].map(([at]) => at),
        )
        for (const [at, node] of database.tree.nodes()) {
          const read = again.tree.node(at)
          expect(
            read && {
              ...read,
              digest: null,
              parent: null,
              nodes: 0,
              bytes: 0,
              children: [...(read.children?.keys() ?? [])].sort(),
            },
          ).toEqual({
            ...node,
            digest: null,
            parent: null,
            nodes: 0,
            bytes: 0,
            children: [...(node.children?.keys() ?? [])].sort(),
          })
        }
      }),
    )
  })
})
