import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { InvariantError } from '../../src/core/invariant.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { StorageError } from '../../src/storage/errors.ts'
import { type FileSystem, nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { LogFile } from '../../src/storage/log/logFile.ts'
import { TxnLog, type TxnLogOptions } from '../../src/storage/log/txnLog.ts'
import { adler32 } from '../../src/storage/snapshot/adler32.ts'
import { create, creates, temporaryDir } from './transactions.ts'

let dir: string
beforeEach(() => {
  dir = temporaryDir()
})

function openLog(changes: Partial<TxnLogOptions> = {}, files = nodeFileSystem, notes: string[] = []): TxnLog {
  const options = {
    preAllocSizeKb: 16,
    forceSync: true,
    txnLogSizeLimitKb: -1,
    fsyncWarningThresholdMs: 60_000,
    ...changes,
  }
  return new TxnLog(files, dir, 0 as Zxid, options, (note) => notes.push(note))
}

function zxidsIn(name: string): number[] {
  const log = new LogFile(nodeFileSystem, { path: join(dir, name), zxid: 0 as Zxid })
  const zxids: number[] = []
  for (let entry = log.next(); entry !== null; entry = log.next()) zxids.push(entry.zxid)
  log.close()
  return zxids
}

test("Apache's bytes: header, checksum, length, payload, mark, zeros", () => {
  const log = openLog()
  const txn = create(0x100000001 as Zxid, '/a')
  log.append([txn])
  log.sync()
  log.close()
  const bytes = readFileSync(join(dir, 'log.100000001'))
  expect(bytes.subarray(0, 16).toString('hex')).toBe('5a4b4c47000000020000000000000000')
  expect(bytes.readBigInt64BE(16)).toBe(BigInt(adler32(txn.bytes)))
  expect(bytes.readInt32BE(24)).toBe(txn.bytes.length)
  expect(bytes.subarray(28, 28 + txn.bytes.length)).toEqual(txn.bytes)
  expect(bytes[28 + txn.bytes.length]).toBe(0x42)
  expect(bytes.subarray(29 + txn.bytes.length).every((byte) => byte === 0)).toBe(true)
})

test('a log has its name when its first batch is durable, and never without a header', () => {
  const seen: string[] = []
  const files: FileSystem = {
    ...nodeFileSystem,
    syncData: (fd) => {
      seen.push(...readdirSync(dir))
      nodeFileSystem.syncData(fd)
    },
  }
  const log = openLog({}, files)
  log.append(creates(0, 1, 1))
  expect(readdirSync(dir)).toEqual(['tmp-log.1'])
  log.sync()
  expect(seen).toEqual(['tmp-log.1'])
  log.append(creates(0, 2, 2))
  expect(readdirSync(dir)).toEqual(['log.1'])
  log.close()
  expect(zxidsIn('log.1')).toEqual([1, 2])
})

test('a name that is taken is not taken again', () => {
  writeFileSync(join(dir, 'log.1'), 'mine')
  expect(() => openLog().append(creates(0, 1, 1))).toThrow(/log.1 already exists/)
  expect(readFileSync(join(dir, 'log.1'), 'utf8')).toBe('mine')
})

describe('padding', () => {
  test('the first size with the default preAllocSize is that of Apache', () => {
    const log = openLog({ preAllocSizeKb: 65536 })
    log.append(creates(1, 1, 1))
    log.close()
    expect(statSync(join(dir, 'log.100000001')).size).toBe(67_108_880)
  })

  test('grows in steps when less than 4 KiB are left', () => {
    const log = openLog()
    log.append([create(1 as Zxid, '/a', Buffer.alloc(12_000))])
    log.sync()
    expect(statSync(join(dir, 'log.1')).size).toBe(16 + 16_384)
    log.append(creates(0, 2, 2))
    expect(statSync(join(dir, 'log.1')).size).toBe(16 + 16_384)
    log.append([create(3 as Zxid, '/b', Buffer.alloc(1000))])
    log.append(creates(0, 4, 4))
    expect(statSync(join(dir, 'log.1')).size).toBe(16 + 2 * 16_384)
    log.append([create(5 as Zxid, '/big', Buffer.alloc(100_000))])
    expect((statSync(join(dir, 'log.1')).size - 16) % 16_384).toBe(0)
    log.close()
    expect(zxidsIn('log.1')).toEqual([1, 2, 3, 4, 5])
  })

  test('none with preAllocSize 0', () => {
    const log = openLog({ preAllocSizeKb: 0 })
    const txns = creates(0, 1, 3)
    log.append(txns)
    log.close()
    const length = txns.reduce((sum, { bytes }) => sum + bytes.length + 13, 16)
    expect(statSync(join(dir, 'log.1')).size).toBe(length)
  })
})

test('a batch larger than the scratch buffer', () => {
  const log = openLog()
  const txns = [1, 2, 3].map((zxid) => create(zxid as Zxid, `/${zxid}`, Buffer.alloc(200_000, zxid)))
  log.append(txns)
  log.sync()
  log.close()
  const file = new LogFile(nodeFileSystem, { path: join(dir, 'log.1'), zxid: 1 as Zxid })
  for (const { bytes } of txns) expect(file.next()?.payload.equals(bytes)).toBe(true)
  expect(file.next()).toBeNull()
  file.close()
})

test('roll begins a file named by the next transaction, an over-long file rolls by itself', () => {
  const log = openLog({ txnLogSizeLimitKb: 1 })
  log.append(creates(0, 1, 2))
  log.sync()
  log.roll()
  log.append(creates(0, 3, 3))
  log.append([create(4 as Zxid, '/big', Buffer.alloc(1100))])
  log.sync()
  log.append(creates(0, 5, 5))
  log.sync()
  log.close()
  expect(readdirSync(dir).sort()).toEqual(['log.1', 'log.3', 'log.5'])
  expect([zxidsIn('log.1'), zxidsIn('log.3'), zxidsIn('log.5')]).toEqual([[1, 2], [3, 4], [5]])
})

test('zxids must grow', () => {
  const log = openLog()
  log.append(creates(0, 1, 3))
  expect(() => log.append(creates(0, 3, 3))).toThrow(InvariantError)
  expect(() => log.append([...creates(0, 5, 5), ...creates(0, 4, 4)])).toThrow(InvariantError)
  expect(log.lastZxid).toBe(3)
})

test('an existing file is never written over', () => {
  writeFileSync(join(dir, 'log.1'), 'precious')
  const log = openLog()
  expect(() => log.append(creates(0, 1, 1))).toThrow(StorageError)
  expect(readFileSync(join(dir, 'log.1'), 'utf8')).toBe('precious')
})

describe('durability', () => {
  function counting(changes: Partial<FileSystem>): { files: FileSystem; syncs: () => number } {
    let syncs = 0
    const syncData = (fd: number) => {
      syncs += 1
      nodeFileSystem.syncData(fd)
    }
    return { files: { ...nodeFileSystem, syncData, ...changes }, syncs: () => syncs }
  }

  test('one fdatasync for all that was appended, none for nothing', () => {
    const { files, syncs } = counting({})
    const log = openLog({}, files)
    log.append(creates(0, 1, 10))
    log.append(creates(0, 11, 20))
    expect(log.durableZxid).toBe(0)
    log.sync()
    expect([log.durableZxid, syncs()]).toEqual([20, 1])
    log.sync()
    expect(syncs()).toBe(1)
  })

  test('forceSync=no leaves it to the kernel', () => {
    const { files, syncs } = counting({})
    const log = openLog({ forceSync: false }, files)
    log.append(creates(0, 1, 1))
    log.sync()
    expect([log.durableZxid, syncs()]).toEqual([1, 0])
  })

  test('after a failed fsync nothing is claimed or written again, though the disk would take it', () => {
    let fails = true
    const { files } = counting({
      syncData: (fd) => {
        if (fails) throw new Error('EIO: i/o error, fdatasync')
        nodeFileSystem.syncData(fd)
      },
    })
    const log = openLog({}, files)
    log.append(creates(0, 1, 1))
    expect(() => log.sync()).toThrow(/cannot fsync the transaction log: EIO.*must end/s)
    fails = false
    expect(() => log.sync()).toThrow(StorageError)
    expect(() => log.append(creates(0, 2, 2))).toThrow(StorageError)
    expect(log.durableZxid).toBe(0)
  })

  test('a failed write neither', () => {
    const { files } = counting({
      write: () => {
        throw new Error('ENOSPC: no space left on device, write')
      },
    })
    mkdirSync(join(dir, 'x'))
    const log = openLog({}, files)
    expect(() => log.append(creates(0, 1, 1))).toThrow(/ENOSPC/)
    expect(() => log.sync()).toThrow(/ENOSPC/)
  })

  test('a slow fsync is counted and noted', () => {
    const notes: string[] = []
    const log = openLog({ fsyncWarningThresholdMs: -1 }, nodeFileSystem, notes)
    log.append(creates(0, 1, 1))
    log.sync()
    expect(log.slowSyncs).toBe(1)
    expect(notes[0]).toMatch(/^fsync of .*log\.1 .* took \d+ ms/)
  })
})
