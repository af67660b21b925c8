/**
 * What a later version wrote is refused by name and offset, and nothing is touched; what of it is known is
 * read.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { SessionId } from '../../src/protocol/ids.ts'
import { OpCode } from '../../src/protocol/opcodes.ts'
import {
  decodeTransaction,
  encodeTransaction,
  encodeTxnBody,
  type TxnBody,
} from '../../src/protocol/transaction.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { StorageError } from '../../src/storage/errors.ts'
import { ENTRY_OVERHEAD, LOG_HEADER_SIZE } from '../../src/storage/log/logFormat.ts'
import { adler32 } from '../../src/storage/snapshot/adler32.ts'
import { snappyFrames } from '../../src/storage/snapshot/snappyStream.ts'
import { writeSnapshot } from '../../src/storage/snapshot/snapshotFile.ts'
import { Database } from '../../src/tree/database.ts'
import { fingerprintOf } from '../support/fingerprint.ts'
import { openStorage } from './support.ts'
import { create, creates, SESSION, temporaryDir, txn, WORLD } from './transactions.ts'

let dir: string
/** In the log are /n1 … /n3; snapshot.0 is that of the empty database. */
beforeEach(() => {
  dir = temporaryDir()
  const storage = openStorage(dir)
  storage.recover()
  storage.append(creates(0, 1, 3))
  storage.sync()
  storage.saveEpoch('accepted', 1)
  storage.saveEpoch('current', 1)
  storage.close()
  // What lies about in a data directory: none of it may be tidied.
  writeFileSync(join(dir, 'myid'), '1')
  writeFileSync(path('acceptedEpoch.tmp'), '2')
  writeFileSync(path('tmp-snapshot.2.abcd'), 'half')
  writeFileSync(path('snapshot.2.tmp'), 'half')
  writeFileSync(join(dir, 'zoo.cfg.dynamic.next'), 'version=1')
})
const path = (name: string) => join(dir, 'version-2', name)
const END_OF_LOG =
  LOG_HEADER_SIZE + creates(0, 1, 3).reduce((size, { bytes }) => size + bytes.length + ENTRY_OVERHEAD, 0)

/** Puts a transaction behind the log, as whoever wrote it would have. */
function log(bytes: Buffer, zxid = 4): void {
  const storage = openStorage(dir)
  storage.append([{ zxid: zxid as Zxid, bytes }])
  storage.sync()
  storage.close()
  // All in one file, as if it had never been closed.
  const [before, added] = [readFileSync(path('log.1')), readFileSync(path(`log.${zxid}`))]
  writeFileSync(
    path('log.1'),
    Buffer.concat([before.subarray(0, END_OF_LOG), added.subarray(LOG_HEADER_SIZE)]),
  )
  rmSync(path(`log.${zxid}`))
}

function refusal(changes = {}): StorageError {
  const before = fingerprintOf(dir)
  const storage = openStorage(dir, changes)
  try {
    storage.recover()
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return error
  } finally {
    storage.close()
    expect(fingerprintOf(dir)).toEqual(before)
  }
  throw new Error('was not refused')
}

function recovered(changes = {}) {
  const storage = openStorage(dir, changes)
  try {
    return storage.recover()
  } finally {
    storage.close()
  }
}

/** A snapshot of /n1 … /n3 and /n4, which would be newer than the log's end. */
function newest(): Database {
  const database = Database.initial()
  for (const { bytes } of creates(0, 1, 4)) database.apply(decodeTransaction(bytes))
  return database
}

const bodyOf = (database: Database) => Buffer.concat([...writeSnapshot(database, 1000, true)])

function sealed(...parts: Buffer[]): Buffer {
  const bytes = Buffer.concat(parts)
  const seal = Buffer.from('0000000000000000000000012f', 'hex')
  seal.writeUInt32BE(adler32(bytes), 4)
  return Buffer.concat([bytes, seal])
}

describe('logs', () => {
  test('a transaction of an unknown type', () => {
    const bytes = create(4 as Zxid, '/n4').bytes
    bytes.writeInt32BE(4711, 28)
    log(bytes)
    const error = refusal()
    expect(error).toMatchObject({ code: 'not-understood', path: path('log.1'), offset: END_OF_LOG })
    expect(error.message).toBe(
      `${path('log.1')} at offset ${END_OF_LOG}: has a transaction of the unknown type 4711. ` +
        'Nothing was changed; open this directory with the version that wrote it. ' +
        'In an ensemble, zk-pseudo start <id> --resync sets the data of this member aside and takes everything from the leader',
    )
  })

  test('one within a multi', () => {
    const known = { type: OpCode.delete, record: { path: '/n1' } } as const
    const txns = [
      { type: OpCode.delete, data: encodeTxnBody(known) },
      { type: 4711, data: Buffer.alloc(9) },
    ]
    log(txn(4 as Zxid, { type: OpCode.multi, record: { txns } }).bytes)
    expect(refusal()).toMatchObject({ code: 'not-understood', path: path('log.1'), offset: END_OF_LOG })
  })

  test('a record with a field more, alone and within a multi; also when that looks like no digest', () => {
    for (const more of [1, 4, 11, 13, 40]) {
      const copy = readFileSync(path('log.1'))
      log(Buffer.concat([create(4 as Zxid, '/n4').bytes, Buffer.alloc(more, 1)]))
      const error = refusal()
      expect(error).toMatchObject({ code: 'not-understood', offset: END_OF_LOG })
      expect(error.message).toMatch(/cannot read.*bytes behind the record/)
      writeFileSync(path('log.1'), copy)
    }
    const setData = encodeTxnBody({ type: OpCode.setData, record: { path: '/n1', data: null, version: 1 } })
    const txns = [{ type: OpCode.setData, data: Buffer.concat([setData, Buffer.alloc(8)]) }]
    log(txn(4 as Zxid, { type: OpCode.multi, record: { txns } }).bytes)
    expect(refusal()).toMatchObject({ code: 'not-understood', offset: END_OF_LOG })
  })

  test('another version, another magic', () => {
    const whole = readFileSync(path('log.1'))
    const version3 = Buffer.from(whole)
    version3.writeInt32BE(3, 4)
    writeFileSync(path('log.1'), version3)
    const error = refusal()
    expect(error).toMatchObject({ code: 'not-understood', path: path('log.1'), offset: 4 })
    expect(error.message).toMatch(/format version 3, not 2/)
    const other = Buffer.from(whole)
    other.write('ZKLH')
    writeFileSync(path('log.1'), other)
    expect(refusal()).toMatchObject({ path: path('log.1'), offset: 0 })
    expect(refusal().message).toMatch(/begins with 0x5a4b4c48, not with ZKLG/)
  })

  test('a file whose name has an ending, behind the end of what is known', () => {
    writeFileSync(path('log.4.zst'), 'compressed')
    const error = refusal()
    expect(error).toMatchObject({ code: 'not-understood', path: path('log.4.zst') })
    expect(error.message).toMatch(/ends at 0x3.*move it away/s)
    rmSync(path('log.4.zst'))
    // An epoch beyond what zxids here can hold.
    writeFileSync(path('snapshot.7fffffff00000001'), 'ZKSN')
    expect(refusal()).toMatchObject({ code: 'not-understood', path: path('snapshot.7fffffff00000001') })
    rmSync(path('snapshot.7fffffff00000001'))
    // A copy of what is known anyway, as TxnLogToolkit makes them.
    writeFileSync(path('log.1.fixed'), readFileSync(path('log.1')))
    expect(recovered().lastZxid).toBe(3)
  })
})

describe('snapshots', () => {
  test('another version, another magic', () => {
    const whole = bodyOf(newest())
    const version3 = Buffer.from(whole)
    version3.writeInt32BE(3, 4)
    writeFileSync(path('snapshot.4'), version3)
    expect(refusal()).toMatchObject({ code: 'not-understood', path: path('snapshot.4'), offset: 4 })
    const other = Buffer.from(whole)
    other.write('ZKSO')
    writeFileSync(path('snapshot.4'), sealed(other))
    const error = refusal()
    expect(error).toMatchObject({ code: 'not-understood', path: path('snapshot.4'), offset: 0 })
    expect(error.message).toMatch(/begins with 0x5a4b534f, not with ZKSN.*Nothing was changed/s)
  })

  test.each([1, 7, 9, 20, 300])('a section of %i bytes that is unknown', (size) => {
    const known = bodyOf(newest())
    writeFileSync(path('snapshot.4'), sealed(known, Buffer.alloc(size, 5)))
    const error = refusal()
    expect(error).toMatchObject({ code: 'not-understood', path: path('snapshot.4'), offset: known.length })
    expect(error.message).toMatch(/another section after the known ones/)
  })

  test('a section in place of the digest', () => {
    const plain = Buffer.concat([...writeSnapshot(newest(), 1000, false)])
    writeFileSync(path('snapshot.4'), sealed(plain, Buffer.alloc(30, 5)))
    expect(refusal()).toMatchObject({ code: 'not-understood', path: path('snapshot.4') })
    expect(refusal().offset).toBeGreaterThanOrEqual(plain.length)
  })

  test('znodes with more in them, also compressed', () => {
    const plain = Buffer.concat([...writeSnapshot(newest(), 1000, false)])
    const at = plain.indexOf('/zookeeper') - 4
    const more = Buffer.concat([plain.subarray(0, at), Buffer.alloc(8, 1), plain.subarray(at, -13)])
    writeFileSync(path('snapshot.4'), sealed(more))
    const error = refusal()
    expect(error).toMatchObject({ code: 'not-understood', path: path('snapshot.4'), offset: at })
    rmSync(path('snapshot.4'))
    writeFileSync(path('snapshot.4.snappy'), Buffer.concat([...snappyFrames([sealed(more)])]))
    expect(refusal()).toMatchObject({ code: 'not-understood', path: path('snapshot.4.snappy'), offset: at })
    expect(refusal().message).toMatch(/counted in its uncompressed bytes/)
    // Not whole it is damaged, and the log leads to where it was.
    rmSync(path('snapshot.4.snappy'))
    writeFileSync(path('snapshot.3'), more)
    expect(recovered()).toMatchObject({ lastZxid: 3 })
  })

  test('an owner that marks an unknown kind, where extended types are on', () => {
    const database = newest()
    const owner = BigInt.asIntN(64, 0xff00010000000005n) as SessionId
    const node = { path: '/odd', data: null, acl: WORLD, ephemeralOwner: owner, parentCVersion: 9 }
    database.tree.create(node, 4 as Zxid, 1)
    writeFileSync(path('snapshot.4'), bodyOf(database))
    const error = refusal({ ttlRule: 'since354' })
    expect(error).toMatchObject({ code: 'not-understood', path: path('snapshot.4') })
    expect(error.message).toMatch(/znode \/odd has the owner 0xff00010000000005/)
    // The session of a server with the id 255; or so it is without extended types, as for Apache.
    expect(recovered({ ttlRule: 'none' }).lastZxid).toBe(4)
    database.sessions.set(owner, 5000)
    writeFileSync(path('snapshot.4'), bodyOf(database))
    expect(recovered({ ttlRule: 'since354' }).lastZxid).toBe(4)
  })

  test('a compression that is unknown, also where nothing else is', () => {
    writeFileSync(path('snapshot.4.zst'), 'compressed')
    expect(refusal()).toMatchObject({ code: 'not-understood', path: path('snapshot.4.zst') })
    for (const name of readdirSync(join(dir, 'version-2')))
      if (/^(log|snapshot\.0)/.test(name)) rmSync(path(name))
    expect(refusal().message).toMatch(/snapshot\.4\.zst: has a name.*there is nothing that it does know/)
  })

  test('a snappy stream for later readers', () => {
    const bytes = Buffer.concat([...snappyFrames([bodyOf(newest())])])
    bytes.writeInt32BE(2, 12)
    writeFileSync(path('snapshot.4.snappy'), bytes)
    expect(refusal()).toMatchObject({ code: 'not-understood', path: path('snapshot.4.snappy'), offset: 12 })
  })
})

describe('known', () => {
  test("3.9's lastProcessedZxid behind the body or the digest", () => {
    for (const withDigest of [true, false]) {
      const zxid = Buffer.from('0000000000000004', 'hex')
      const plain = Buffer.concat([...writeSnapshot(newest(), 1000, withDigest)])
      writeFileSync(path('snapshot.4'), sealed(plain, zxid))
      const { lastZxid, notes } = recovered()
      expect({ lastZxid, notes }).toEqual({ lastZxid: 4, notes: [] })
    }
  })

  test('digests of a version to come, which are not compared', () => {
    const plain = Buffer.concat([...writeSnapshot(newest(), 1000, false)])
    const digest = Buffer.from('0000000000000004000000031234567812345678', 'hex')
    writeFileSync(path('snapshot.4'), sealed(plain, digest))
    const five = create(5 as Zxid, '/n5', null, 5).bytes
    const storage = openStorage(dir)
    storage.append([{ zxid: 5 as Zxid, bytes: Buffer.concat([five, digest.subarray(8)]) }])
    storage.sync()
    storage.close()
    expect(recovered()).toMatchObject({ lastZxid: 5, notes: [] })
  })
})

describe('older', () => {
  test('a create of before 3.4, which says nothing of its parent', () => {
    const bytes = create(4 as Zxid, '/n4', Buffer.from('x'), 9).bytes
    log(bytes.subarray(0, -4))
    const { database, lastZxid } = recovered()
    expect(lastZxid).toBe(4)
    expect(database.tree.node('/n4')?.data?.toString()).toBe('x')
    expect(database.tree.node('')?.cversion).toBe(4)
  })

  test('a closeSession without its record, with and without a digest', () => {
    const header = { clientId: SESSION, cxid: 1, zxid: 4 as Zxid, time: 1, type: OpCode.closeSession }
    const body = { type: OpCode.closeSession, record: { paths2Delete: undefined } } as const
    for (const digest of [undefined, { version: 2, treeDigest: 0x1234567812345678n }]) {
      const bytes = encodeTransaction({ header, body, digest })
      expect(bytes.length).toBe(digest === undefined ? 32 : 44)
      expect(decodeTransaction(bytes)).toEqual({ header, body, digest })
    }
    // Twelve bytes that are its record, of one path.
    const paths: TxnBody = { type: OpCode.closeSession, record: { paths2Delete: ['/abc'] } }
    expect(decodeTransaction(encodeTransaction({ header, body: paths, digest: undefined })).body).toEqual(
      paths,
    )
  })

  test('a snapshot without a digest, and one whose digest is text', () => {
    const plain = Buffer.concat([...writeSnapshot(newest(), 1000, false)])
    const textual = Buffer.from('0000000000000004000000010000000461626364', 'hex')
    for (const bytes of [plain, sealed(plain, textual)]) {
      writeFileSync(path('snapshot.4'), bytes)
      const { lastZxid, notes } = recovered()
      expect({ lastZxid, notes }).toEqual({ lastZxid: 4, notes: [] })
    }
  })

  test('of two snapshots of one moment either will do', () => {
    mkdirSync(path('not-a-file'))
    writeFileSync(path('snapshot.4'), bodyOf(newest()))
    writeFileSync(path('snapshot.4.snappy'), Buffer.concat([...snappyFrames([bodyOf(newest())])]))
    expect(recovered()).toMatchObject({ lastZxid: 4, notes: [] })
  })
})
