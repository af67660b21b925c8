/**
 * What is read takes no more memory than its bytes justify: the smallest items, as many as fit a megabyte.
 */
import { describe, expect, it } from 'vitest'
import { readMulti } from '../../src/core/writes/multi.ts'
import * as packets from '../../src/core/zab/packets.ts'
import { QuorumPacketParser } from '../../src/net/quorumPackets.ts'
import { FrameParser } from '../../src/protocol/frames.ts'
import { decode } from '../../src/protocol/jute.ts'
import { DecodeError, Reader } from '../../src/protocol/reader.ts'
import * as client from '../../src/protocol/records/client.ts'
import type { QuorumPacket } from '../../src/protocol/records/quorum.ts'
import { DatabaseReader } from '../../src/tree/snapshotFormat.ts'
import { bool, buffer, int, long } from '../support/wire.ts'
import { records } from './decoders.ts'
import { heapAfterGc } from './heap.ts'

const MEGABYTE = 1_000_000

function filled(head: Buffer, countAt: number, item: Buffer, tail: Buffer = Buffer.alloc(0)): Buffer {
  const count = Math.floor(MEGABYTE / item.length)
  const bytes = Buffer.concat([head, Buffer.alloc(count * item.length, item), tail])
  bytes.writeInt32BE(count, countAt)
  return bytes
}

/** The heap that the value takes while it is held, and the memory outside the heap. */
function costOf(read: () => unknown): number {
  const before = heapAfterGc() + process.memoryUsage().external
  const held = read()
  const after = heapAfterGc() + process.memoryUsage().external
  // Held up to here.
  expect(held).toBeDefined()
  return after - before
}

const noString = int(-1)
const none = int(0)
const small: [name: string, bytes: Buffer, read: (bytes: Buffer) => unknown][] = [
  [
    'watches on null paths',
    filled(Buffer.alloc(12), 8, noString, Buffer.concat([none, none])),
    (bytes) => decode(client.SetWatches, bytes),
  ],
  [
    'an ACL of empty entries',
    filled(Buffer.concat([buffer('/a'), noString, none]), 10, Buffer.concat([int(0), none, none]), none),
    (bytes) => decode(client.CreateRequest, bytes),
  ],
  [
    'a multi of empty checks',
    Buffer.concat([
      filled(Buffer.alloc(4), 0, Buffer.concat([int(13), bool(false), int(-1), none, int(-1)])).subarray(4),
      Buffer.concat([int(-1), bool(true), int(-1)]),
    ]),
    (bytes) => readMulti(new Reader(bytes)),
  ],
  [
    'authinfo of empty ids',
    filled(Buffer.concat([int(1), long(0n), noString, none]), 16, Buffer.concat([none, none])),
    (bytes) => {
      const read: QuorumPacket[] = []
      new QuorumPacketParser({ maxDataBytes: 2_097_150, readsSnapshots: false }).push(bytes, (each) =>
        read.push(each),
      )
      expect(read.length).toBe(1)
      return read
    },
  ],
  [
    'sessions kept alive',
    filled(Buffer.alloc(4), 0, Buffer.alloc(12)).subarray(4),
    (bytes) => packets.touchedSessions(bytes),
  ],
  [
    'frames of nothing',
    Buffer.alloc(MEGABYTE),
    (bytes) => {
      const frames: Buffer[] = []
      new FrameParser(0xfffff).push(bytes, (frame) => frames.push(frame))
      return frames
    },
  ],
  [
    'an ACL of empty entries in a database',
    filled(Buffer.concat([none, int(1), long(1n), none]), 16, Buffer.concat([int(0), none, none])),
    (bytes) => {
      const reader = new DatabaseReader()
      reader.push(bytes)
      return reader
    },
  ],
]

describe('a megabyte of the smallest items', () => {
  it.each(small)('%s', (_, bytes, read) => {
    // An object for every four bytes is what a list of nothing costs; what it costs must stay in proportion.
    expect(costOf(() => read(bytes))).toBeLessThan(60 * bytes.length)
  })
})

describe('a length that lies', () => {
  it('is found out before anything is taken for it', () => {
    const lies = [0x7fffffff, 0x7ffffff0, 0x40000000, 0x1000000]
    const cost = costOf(() => {
      const failures: unknown[] = []
      for (const [, type] of records) {
        for (const lie of lies) {
          // At every place where a length may stand.
          for (let at = 0; at <= 60; at += 4) {
            const bytes = Buffer.alloc(64, 0)
            bytes.writeInt32BE(lie, at)
            try {
              decode(type, bytes)
            } catch (error) {
              if (!(error instanceof DecodeError)) throw error
              failures.push(error.message)
            }
          }
        }
      }
      expect(failures.length).toBeGreaterThan(records.length)
      return failures
    })
    expect(cost).toBeLessThan(20 * MEGABYTE)
  })

  it('a packet that announces the most takes nothing before it comes', () => {
    const cost = costOf(() =>
      Array.from({ length: 1000 }, () => {
        const parser = new QuorumPacketParser({ maxDataBytes: 2_097_150, readsSnapshots: true })
        parser.push(Buffer.concat([int(2), long(1n), int(200_000_000), Buffer.alloc(10)]), () => {})
        return parser
      }),
    )
    expect(cost).toBeLessThan(10 * MEGABYTE)
  })
})
