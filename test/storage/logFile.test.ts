import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { LoggedTxn } from '../../src/core/effects.ts'
import { OpCode } from '../../src/protocol/opcodes.ts'
import { encodeTxnBody, type TxnBody } from '../../src/protocol/transaction.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { StorageError } from '../../src/storage/errors.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { LogFile } from '../../src/storage/log/logFile.ts'
import { writeEntry } from '../../src/storage/log/logFormat.ts'
import { TxnLog } from '../../src/storage/log/txnLog.ts'
import { create, creates, temporaryDir, txn } from './transactions.ts'

let path: string
beforeEach(() => {
  path = join(temporaryDir(), 'log.1')
})

/** Writes a log and returns the offsets at which its entries begin, and the last one's end. */
function writeLog(txns: readonly LoggedTxn[], preAllocSizeKb = 16): number[] {
  const options = { preAllocSizeKb, forceSync: false, txnLogSizeLimitKb: -1, fsyncWarningThresholdMs: 1e9 }
  const log = new TxnLog(nodeFileSystem, join(path, '..'), 0 as Zxid, options, () => {})
  log.append(txns)
  log.close()
  const offsets = [16]
  for (const { bytes } of txns) offsets.push((offsets.at(-1) as number) + bytes.length + 13)
  return offsets
}

function read(): { zxids: number[]; payloads: Buffer[]; offset: number; tornBytes: number } {
  const log = new LogFile(nodeFileSystem, { path, zxid: 1 as Zxid })
  try {
    const zxids: number[] = []
    const payloads: Buffer[] = []
    for (let entry = log.next(); entry !== null; entry = log.next()) {
      zxids.push(entry.zxid)
      payloads.push(Buffer.from(entry.payload))
    }
    return { zxids, payloads, ...log.end }
  } finally {
    log.close()
  }
}

function damage(): StorageError {
  try {
    read()
  } catch (error) {
    if (error instanceof StorageError) return error
    throw error
  }
  throw new Error('was read without complaint')
}

function change(at: number, bytes: Buffer): void {
  const file = readFileSync(path)
  bytes.copy(file, at)
  writeFileSync(path, file)
}

describe('a write that a crash cut short', () => {
  test.each([
    ['zeros behind it, as in preallocated space', true],
    ['the end of the file behind it', false],
  ])('at every byte of the last entry, %s', (_, padded) => {
    const offsets = writeLog(creates(0, 1, 3))
    const whole = readFileSync(path)
    const [start, end] = [offsets[2] as number, offsets[3] as number]
    for (let cut = start; cut < end; cut++) {
      const rest = padded ? whole.length - cut : 0
      writeFileSync(path, Buffer.concat([whole.subarray(0, cut), Buffer.alloc(rest)]))
      const { zxids, offset, tornBytes } = read()
      expect(zxids, `cut at ${cut}`).toEqual([1, 2])
      expect(offset).toBe(start)
      expect(tornBytes).toBeLessThanOrEqual(cut - start)
    }
    writeFileSync(path, whole)
    expect(read()).toMatchObject({ zxids: [1, 2, 3], offset: end, tornBytes: 0 })
  })

  test('pages of a batch that never reached the disk: the entries before the hole remain', () => {
    const big = Buffer.alloc(20_000, 0x77)
    const offsets = writeLog([...creates(0, 1, 2), create(3 as Zxid, '/big', big)], 64)
    change(4096, Buffer.alloc(4096))
    expect(read()).toMatchObject({ zxids: [1, 2], offset: offsets[2] })
  })

  test('a hole where the first page of the batch should be', () => {
    const offsets = writeLog([
      create(1 as Zxid, '/pad', Buffer.alloc(3000, 1)),
      create(2 as Zxid, '/big', Buffer.alloc(9000, 2)),
    ])
    change(offsets[1] as number, Buffer.alloc(8192 - (offsets[1] as number)))
    expect(read()).toMatchObject({ zxids: [1], offset: offsets[1] })
  })

  test('right after the file was made', () => {
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('ZK'),
      Buffer.from('5a4b4c4700', 'hex'),
      Buffer.alloc(1000),
    ]) {
      writeFileSync(path, bytes)
      expect(read()).toMatchObject({ zxids: [], offset: 0, tornBytes: 0 })
    }
  })
})

describe('data that looks like an entry of the log', () => {
  /** Byte for byte what a log holds behind the entries of these tests. */
  function entries(from: number, to: number): Buffer {
    const txns = creates(0, from, to)
    const log = Buffer.alloc(txns.reduce((sum, { bytes }) => sum + bytes.length + 13, 0))
    let at = 0
    for (const { bytes } of txns) at = writeEntry(log, at, bytes)
    return log
  }
  const data = Buffer.concat([Buffer.alloc(600, 7), entries(3, 5), Buffer.alloc(5000, 7), entries(3, 9)])
  const acl = [{ perms: 31, id: { scheme: 'digest', id: 'u:'.padEnd(3000, 'h') } }]
  const part = { path: '/of-a-multi', data, acl, ephemeral: false, parentCVersion: -1 }
  const bodies: [string, TxnBody][] = [
    ['create', { type: OpCode.create, record: part }],
    ['create2', { type: OpCode.create2, record: part }],
    ['createContainer', { type: OpCode.createContainer, record: part }],
    ['createTTL', { type: OpCode.createTtl, record: { ...part, ttl: 5 } }],
    ['setData', { type: OpCode.setData, record: { path: '/a', data, version: 1 } }],
    ['reconfig', { type: OpCode.reconfig, record: { path: '/a', data, version: 1 } }],
    [
      'multi',
      {
        type: OpCode.multi,
        record: {
          txns: [
            { type: OpCode.delete, data: encodeTxnBody({ type: OpCode.delete, record: { path: '/a' } }) },
            { type: OpCode.create, data: encodeTxnBody({ type: OpCode.create, record: part }) },
          ],
        },
      },
    ],
  ]

  test.each(bodies)('a torn %s is cut', (_, body) => {
    const [, start = 0, end = 0] = writeLog([create(1 as Zxid, '/a'), txn(2 as Zxid, body)])
    const whole = readFileSync(path)
    for (let cut = start; cut < end; cut += 13) {
      writeFileSync(path, Buffer.concat([whole.subarray(0, cut), Buffer.alloc(whole.length - cut)]))
      expect(read(), `cut at ${cut}`).toMatchObject({ zxids: [1], offset: start })
    }
    // The page in the middle never reached the disk.
    writeFileSync(path, whole)
    change(4096, Buffer.alloc(4096))
    expect(read()).toMatchObject({ zxids: [1], offset: start })
  })

  test('in any entry of the batch', () => {
    const [, start = 0] = writeLog(
      [
        create(1 as Zxid, '/a'),
        create(2 as Zxid, '/b', Buffer.alloc(10_000, 1)),
        create(3 as Zxid, '/c', data),
      ],
      64,
    )
    change(4096, Buffer.alloc(4096))
    change(14_336, Buffer.alloc(512))
    expect(read()).toMatchObject({ zxids: [1], offset: start })
  })

  test('hides no entry behind it, whatever bits were flipped in its lengths', () => {
    const [, start = 0, end = 0] = writeLog([
      create(1 as Zxid, '/a'),
      create(2 as Zxid, '/b', data),
      ...creates(0, 3, 40),
    ])
    const whole = readFileSync(path)
    const dataLength = start + 12 + 32 + 4 + 2
    for (const at of [start + 8, dataLength])
      for (let bit = 0; bit < 32; bit++) {
        writeFileSync(path, whole)
        const length = Buffer.alloc(4)
        length.writeInt32BE(whole.readInt32BE(at) ^ (1 << bit))
        change(at, length)
        expect(damage(), `offset ${at}, bit ${bit}`).toMatchObject({ code: 'damaged', offset: start })
      }
    // A hole in it, with whole entries behind.
    writeFileSync(path, whole)
    change(start + 4096, Buffer.alloc(1024))
    expect(damage().message).toContain(`one follows at offset ${end} (0x3)`)
  })
})

describe('damage is refused, with file, offset and what to do', () => {
  test('any bit flipped in any entry but the padding: never another history, never a shorter one', () => {
    const txns = creates(0, 1, 3)
    const offsets = writeLog(txns, 1)
    const whole = readFileSync(path)
    const end = offsets[3] as number
    for (let at = 0; at < end; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const file = Buffer.from(whole)
        file[at] = (file[at] as number) ^ (1 << bit)
        writeFileSync(path, file)
        const name = `byte ${at}, bit ${bit}`
        // The dbid, 8 bytes of the header, says nothing.
        if (at >= 8 && at < 16) expect(read().zxids, name).toEqual([1, 2, 3])
        else expect(damage().code, name).toBe(at < 8 && at >= 4 ? 'not-understood' : 'damaged')
      }
    }
  })

  test('a flipped bit in the zeros behind hides nothing', () => {
    const offsets = writeLog(creates(0, 1, 3), 1)
    const end = offsets[3] as number
    const whole = readFileSync(path)
    for (let at = end; at < whole.length; at += 7) {
      writeFileSync(path, whole)
      change(at, Buffer.from([1]))
      try {
        expect(read()).toMatchObject({ zxids: [1, 2, 3], offset: end })
      } catch (error) {
        expect(error).toBeInstanceOf(StorageError)
      }
    }
  })

  test('whole entries behind a hole', () => {
    const offsets = writeLog([
      create(1 as Zxid, '/a'),
      create(2 as Zxid, '/big', Buffer.alloc(10_000, 1)),
      ...creates(0, 3, 9),
    ])
    change(4096, Buffer.alloc(4096))
    const error = damage()
    expect(error.offset).toBe(offsets[1])
    expect(error.message).toContain(
      `${path} at offset ${offsets[1]}: no whole entry, but one follows at offset ${offsets[2]} (0x3)`,
    )
    expect(error.message).toContain('takes everything from the leader')
    expect(error.message).toContain('zkTxnLogToolkit')
  })

  test('a whole entry behind zeros is found at once, and Apache would not see it', () => {
    const offsets = writeLog(creates(0, 1, 9))
    change(offsets[3] as number, Buffer.alloc((offsets[5] as number) - (offsets[3] as number)))
    expect(damage().offset).toBe(offsets[3])
  })

  test('no log at all', () => {
    writeFileSync(path, 'a text that somebody put here')
    expect(damage().message).toMatch(/begins with 0x.*not with ZKLG/)
  })

  test("a later version's log", () => {
    writeLog(creates(0, 1, 1))
    change(4, Buffer.from([0, 0, 0, 3]))
    expect(damage()).toMatchObject({ code: 'not-understood', offset: 4 })
    expect(damage().message).toMatch(/format version 3, not 2.*Nothing was changed/s)
  })
})

test('entries of all sizes come back byte for byte, across the chunks of reading', () => {
  const sizes = [0, 1, 1000, 262_000, 5, 262_144, 300_000, 10, 1_000_000, 3]
  const txns = sizes.map((size, i) => create((i + 1) as Zxid, `/${i}`, Buffer.alloc(size, i + 1)))
  writeLog(txns)
  const { payloads } = read()
  expect(payloads.length).toBe(txns.length)
  for (const [i, { bytes }] of txns.entries()) expect(payloads[i]?.equals(bytes)).toBe(true)
})
