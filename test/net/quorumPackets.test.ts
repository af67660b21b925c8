import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { QuorumPacketEncoder, QuorumPacketParser, SNAPSHOT_SIGNATURE } from '../../src/net/quorumPackets.ts'
import type { SessionId } from '../../src/protocol/ids.ts'
import { DecodeError } from '../../src/protocol/reader.ts'
import type { QuorumPacket } from '../../src/protocol/records/quorum.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { Database } from '../../src/tree/database.ts'
import { writeDatabase } from '../../src/tree/snapshotFormat.ts'

const packet = (type: number, data: Buffer | null = null, zxid = 5): QuorumPacket => ({
  type,
  zxid: zxid as Zxid,
  data,
  authinfo: null,
})

function encoded(...packets: QuorumPacket[]): Buffer {
  const encoder = new QuorumPacketEncoder()
  return Buffer.concat(packets.map((one) => encoder.encode(one)))
}

function parse(chunks: readonly Buffer[], readsSnapshots = true, maxDataBytes = 4000) {
  const parser = new QuorumPacketParser({ maxDataBytes, readsSnapshots })
  const seen: { packet: QuorumPacket; database: Database | null }[] = []
  for (const chunk of chunks) parser.push(chunk, (one, database) => seen.push({ packet: one, database }))
  return seen
}

const singleBytes = (bytes: Buffer) => [...bytes].map((byte) => Buffer.from([byte]))

const anyPacket: fc.Arbitrary<QuorumPacket> = fc.record({
  // SNAP is left out, because its stream continues.
  type: fc.integer({ min: 1, max: 14 }),
  zxid: fc.integer({ min: -1, max: 2 ** 40 }).map((value) => value as Zxid),
  data: fc.option(fc.uint8Array({ maxLength: 50 }).map((array) => Buffer.from(array))),
  authinfo: fc.option(fc.array(fc.record({ scheme: fc.string(), id: fc.string() }), { maxLength: 3 })),
})

function someDatabase(): Database {
  const database = Database.initial()
  for (let i = 1; i <= 300; i++) database.sessions.set(BigInt(i) as SessionId, 4000 + i)
  return database
}

const snapshotBytes = (database: Database) =>
  Buffer.concat([...writeDatabase(database, 100), SNAPSHOT_SIGNATURE])

describe('quorum packets', () => {
  it.each([
    ['FOLLOWERINFO', '0000000b000000000000000000000014000000000000000100010000000000000000 0000ffffffff'],
    ['LEADERINFO', '0000001100000001000000000000000400010000ffffffff'],
    ['UPTODATE', '0000000cffffffffffffffffffffffffffffffff'],
    ['PING reply', '00000005000000010000000000000000ffffffff'],
  ])('are written as Apache writes %s', (_, hex) => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    const [seen] = parse([bytes])
    expect(encoded(seen?.packet as QuorumPacket)).toEqual(bytes)
  })

  it('come out as they went in, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(anyPacket, { maxLength: 8 }), fc.array(fc.nat()), (packets, places) => {
        const whole = encoded(...packets)
        const ends = [...new Set(places.map((p) => p % (whole.length + 1)))].sort((a, b) => a - b)
        const chunks = [...ends, whole.length].map((end, i) => whole.subarray(ends[i - 1] ?? 0, end))
        expect(parse(chunks).map((seen) => seen.packet)).toEqual(packets)
        expect(parse(singleBytes(whole)).map((seen) => seen.packet)).toEqual(packets)
      }),
    )
  })

  it('bring the database after SNAP, and what follows it', () => {
    const database = someDatabase()
    const stream = Buffer.concat([
      encoded(packet(15, null, 0x100000007)),
      snapshotBytes(database),
      encoded(packet(2, Buffer.from('txn')), packet(12)),
    ])
    for (const chunks of [[stream], singleBytes(stream), [stream.subarray(0, 100), stream.subarray(100)]]) {
      const seen = parse(chunks)
      expect(seen.map((one) => one.packet.type)).toEqual([15, 2, 12])
      expect(seen[1]?.database).toBeNull()
      const copy = seen[0]?.database as Database
      expect(copy.lastProcessedZxid).toBe(0x100000007)
      expect(copy.sessions).toEqual(database.sessions)
      expect([...copy.tree.nodes()].map(([path]) => path)).toEqual(
        [...database.tree.nodes()].map(([path]) => path),
      )
    }
  })

  it('with two snapshots in one stream bring both', () => {
    const one = Buffer.concat([encoded(packet(15)), snapshotBytes(someDatabase())])
    expect(parse([Buffer.concat([one, one])])).toHaveLength(2)
  })

  it('with a snapshot that does not end with its signature are refused', () => {
    const stream = Buffer.concat([encoded(packet(15)), snapshotBytes(someDatabase())])
    stream[stream.length - 1] = 0
    expect(() => parse([stream])).toThrow('does not end with its signature')
  })

  it('of type SNAP are ordinary at a leader', () => {
    expect(parse([encoded(packet(15), packet(3))], false).map((seen) => seen.packet.type)).toEqual([15, 3])
  })

  it.each([
    ['an unknown type', Buffer.from('000000140000000000000000', 'hex')],
    ['a four-letter word', Buffer.from('ruok')],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['data of negative length', Buffer.from('0000000200000000000000 00fffffffe'.replace(' ', ''), 'hex')],
    ['data that is too large', Buffer.from('000000020000000000000000 7fffffff'.replace(' ', ''), 'hex')],
    ['too many ids', Buffer.from('000000020000000000000000 ffffffff 7fffffff'.replaceAll(' ', ''), 'hex')],
  ])('refuse %s', (_, bytes) => {
    expect(() => parse([bytes])).toThrow(DecodeError)
    expect(() => parse(singleBytes(bytes))).toThrow(DecodeError)
  })

  it('of a learner are limited; a leader may send more', () => {
    const large = encoded(packet(1, Buffer.alloc(4001)))
    expect(parse([encoded(packet(1, Buffer.alloc(4000)))], false)).toHaveLength(1)
    expect(() => parse([large], false)).toThrow('a quorum packet with 4001 bytes of data, 4000 at most')
    expect(parse([large])).toHaveLength(1)
  })

  it('of random or damaged bytes end in packets or a DecodeError', () => {
    const good = Buffer.concat([
      encoded(packet(13), packet(2, Buffer.from('data')), packet(15)),
      snapshotBytes(someDatabase()),
      encoded(packet(12)),
    ])
    const damaged = fc
      .array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 7 })), { minLength: 1, maxLength: 5 })
      .map((flips) => {
        const bytes = Buffer.from(good)
        for (const [at, bit] of flips) bytes[at] = (bytes[at] as number) ^ (1 << bit)
        return bytes
      })
    const random = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
    fc.assert(
      fc.property(fc.oneof(random, damaged), fc.nat({ max: 300 }), (bytes, at) => {
        try {
          parse([bytes.subarray(0, at), bytes.subarray(at)])
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
