import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { LoggedTxn } from '../../src/core/effects.ts'
import type { SessionId } from '../../src/protocol/ids.ts'
import { OpCode } from '../../src/protocol/opcodes.ts'
import { DecodeError } from '../../src/protocol/reader.ts'
import type { Acl } from '../../src/protocol/records/data.ts'
import { decodeTransaction, type TxnBody } from '../../src/protocol/transaction.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { StorageError } from '../../src/storage/errors.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { readSnapshot } from '../../src/storage/snapshot/snapshotFile.ts'
import { looksComplete } from '../../src/storage/snapshot/snapshotStream.ts'
import { Database } from '../../src/tree/database.ts'
import { DatabaseReader, labelDatabase, writeDatabase } from '../../src/tree/snapshotFormat.ts'
import { contents, openStorage } from './support.ts'
import { create, creates, temporaryDir, txn, WORLD } from './transactions.ts'

const ANYONE_READS = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]
const BOB = [{ perms: 31, id: { scheme: 'digest', id: 'bob:x' } }]

function bodyOf(database: Database, sliceBytes = 1000): Buffer {
  return Buffer.concat([...writeDatabase(database, sliceBytes)])
}

function readBack(bytes: Buffer, zxid: Zxid, pieces = bytes.length): Database {
  const reader = new DatabaseReader()
  for (let at = 0; at < bytes.length; at += pieces) reader.push(bytes.subarray(at, at + pieces))
  if (reader.database === null) throw new Error('incomplete')
  labelDatabase(reader.database, zxid)
  return reader.database
}

function sample(): Database {
  const database = Database.initial()
  const apply = (transaction: LoggedTxn) => database.apply(decodeTransaction(transaction.bytes))
  for (const each of creates(0, 1, 20)) apply(each)
  apply(create(21 as Zxid, '/n1/child', null))
  apply(create(22 as Zxid, '/n1/child/große Datei', Buffer.alloc(5000, 3)))
  apply(
    txn(23 as Zxid, {
      type: OpCode.setAcl,
      record: { path: '/n2', acl: [...BOB, ...ANYONE_READS], version: 1 },
    }),
  )
  apply(txn(24 as Zxid, { type: OpCode.createSession, record: { timeOut: 4000 } }))
  return database
}

describe('reading', () => {
  test.each([1, 2, 7, 61, 1000])('in pieces of %i bytes', (pieces) => {
    const database = sample()
    const bytes = bodyOf(database)
    expect(contents(readBack(bytes, 24 as Zxid, pieces))).toEqual(contents(database))
  })

  test('what follows the end is left over, and nothing more may come', () => {
    const bytes = bodyOf(sample())
    const reader = new DatabaseReader()
    reader.push(bytes.subarray(0, 100))
    expect(reader.database).toBeNull()
    reader.push(Buffer.concat([bytes.subarray(100), Buffer.from('BenWasHere')]))
    expect(reader.leftover.toString()).toBe('BenWasHere')
    expect(reader.position).toBe(bytes.length)
    expect(() => reader.push(Buffer.from('x'))).toThrow(DecodeError)
  })

  test('written again it is byte-identical', () => {
    const bytes = bodyOf(sample())
    expect(bodyOf(readBack(bytes, 24 as Zxid)).equals(bytes)).toBe(true)
  })

  test('lengths are checked before anything is kept, and errors name the offset', () => {
    const int = (...values: number[]) => {
      const bytes = Buffer.alloc(values.length * 4)
      for (const [i, value] of values.entries()) bytes.writeInt32BE(value, i * 4)
      return bytes
    }
    expect(() => new DatabaseReader().push(int(-1))).toThrow(/map of -1 entries.*offset 0/)
    expect(() => new DatabaseReader().push(int(0, 1, 0, 1, -2))).toThrow(/ACL of -2 entries.*offset 8/)
    expect(() => new DatabaseReader().push(int(0, 0, 0x7fffffff))).toThrow(/length of 2147483647.*offset 8/)
    expect(() =>
      new DatabaseReader().push(Buffer.concat([int(0, 0, 1), Buffer.from('x'.repeat(90))])),
    ).toThrow(/path of one byte.*offset 8/)
    const orphan = Buffer.concat([int(0, 0, 4), Buffer.from('/a/b'), int(-1), Buffer.alloc(68)])
    expect(() => new DatabaseReader().push(orphan)).toThrow(/before its parent.*offset 8/)
    const reader = new DatabaseReader()
    reader.push(int(0x7fffffff))
    for (let i = 0; i < 100; i++) reader.push(Buffer.alloc(1200))
    expect(reader.database).toBeNull()
  })

  test('no bytes whatever make it fail otherwise than by DecodeError', () => {
    const bytes = bodyOf(sample())
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.uint8Array({ minLength: 1, maxLength: 12 }), (at, noise) => {
        const damaged = Buffer.from(bytes)
        damaged.set(noise.subarray(0, damaged.length - at), at)
        try {
          new DatabaseReader().push(damaged)
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

/** Every kind of change on a handful of paths, also such that fail. */
function anyTxn(): fc.Arbitrary<{ body: TxnBody; session: SessionId }> {
  const path = fc.constantFrom('/a', '/b', '/a/c', '/a/d', '/a/c/e', '/b/f', '/s1', '/s2')
  const acl = fc.constantFrom<Acl[]>(WORLD, BOB, ANYONE_READS, [...BOB, ...ANYONE_READS])
  const data = fc.option(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)))
  const body: fc.Arbitrary<TxnBody> = fc.oneof(
    fc.record({ path, data, acl }).map(
      (r): TxnBody => ({
        type: OpCode.create,
        record: { ...r, ephemeral: false, parentCVersion: -1 },
      }),
    ),
    fc.record({ path: fc.constantFrom('/s1', '/s2'), data, acl }).map(
      (r): TxnBody => ({
        type: OpCode.create,
        record: { ...r, ephemeral: true, parentCVersion: -1 },
      }),
    ),
    path.map((p): TxnBody => ({ type: OpCode.delete, record: { path: p } })),
    fc
      .record({ path, data, version: fc.nat(9) })
      .map((record): TxnBody => ({ type: OpCode.setData, record })),
    fc.record({ path, acl, version: fc.nat(9) }).map((record): TxnBody => ({ type: OpCode.setAcl, record })),
    fc.constant<TxnBody>({ type: OpCode.createSession, record: { timeOut: 5000 } }),
    fc.constant<TxnBody>({ type: OpCode.closeSession, record: { paths2Delete: ['/s1'] } }),
  )
  return fc.record({ body, session: fc.constantFrom(1n as SessionId, 2n as SessionId) })
}

/**
 * What a leader would propose for the wish: it sees to it that deletes find a childless znode, creates a
 * parent and no znode, and it hands out the parent's cversion. Others become errors.
 */
function proposed(database: Database, zxid: Zxid, wish: { body: TxnBody; session: SessionId }): LoggedTxn {
  const nodes = new Map(database.tree.nodes())
  const { body } = wish
  const path = 'path' in body.record ? body.record.path : null
  const parent = path === null ? undefined : nodes.get(path.slice(0, path.lastIndexOf('/')))
  const isThere = path !== null && nodes.has(path)
  const hasChildren = [...nodes.keys()].some((other) => other.startsWith(`${path}/`))
  const error: TxnBody = { type: OpCode.error, record: { err: -101 } }
  const ephemerals = [...nodes].filter(([, node]) => node.ephemeralOwner === wish.session).map(([p]) => p)
  const legal = (): TxnBody => {
    if (body.type === OpCode.create) {
      if (isThere || parent === undefined || (body.record.ephemeral && !database.sessions.has(wish.session)))
        return error
      return { type: body.type, record: { ...body.record, parentCVersion: parent.cversion + 1 } }
    }
    if (body.type === OpCode.delete) return isThere && !hasChildren ? body : error
    if (body.type === OpCode.closeSession) return { type: body.type, record: { paths2Delete: ephemerals } }
    return path === null || isThere ? body : error
  }
  const chosen = legal()
  const made = txn(zxid, chosen)
  made.bytes.writeBigInt64BE(wish.session, 0)
  return made
}

describe('fuzzy: taken in slices while the tree changes', () => {
  test('replay from behind the label makes it the tree of the end, whatever happened between slices', () => {
    fc.assert(
      fc.property(
        fc.array(anyTxn(), { maxLength: 30 }),
        fc.array(fc.array(anyTxn(), { maxLength: 6 }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 200 }),
        (before, between, sliceBytes) => {
          const live = Database.initial()
          const log: LoggedTxn[] = []
          const happen = (wish: { body: TxnBody; session: SessionId }) => {
            const made = proposed(live, (log.length + 1) as Zxid, wish)
            log.push(made)
            live.apply(decodeTransaction(made.bytes))
          }
          for (const wish of before) happen(wish)
          const label = live.tree.lastProcessedZxid
          const slices: Buffer[] = []
          const turns = [...between]
          for (const slice of writeDatabase(live, sliceBytes)) {
            slices.push(slice)
            for (const wish of turns.shift() ?? []) happen(wish)
          }
          for (const wish of turns.flat()) happen(wish)

          const replayed = readBack(Buffer.concat(slices), label)
          const ids = new Set([-1, ...[...replayed.tree.acls.entries()].map(([id]) => id)])
          for (const [path, { czxid, aclId }] of replayed.tree.nodes()) {
            expect(czxid, `${path} is of the snapshot's time`).toBeLessThanOrEqual(label)
            expect(ids, `${path} has an ACL of the snapshot`).toContain(aclId)
          }
          for (const { zxid, bytes } of log) if (zxid > label) replayed.replay(decodeTransaction(bytes))
          expect(contents(replayed)).toEqual(contents(live))
          expect(replayed.tree.digest).toBe(live.tree.digest)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('the file', () => {
  let dir: string
  beforeEach(() => {
    dir = temporaryDir()
  })
  const path = (name: string) => join(dir, 'version-2', name)
  const name = (file: string, zxid: number, compression: '' | 'gz' | 'snappy' = '') => ({
    path: path(file),
    zxid: zxid as Zxid,
    compression,
  })

  /** A storage whose log and database hold /n1 … /n<count>. */
  function filled(count: number, changes = {}) {
    const notes: string[] = []
    const storage = openStorage(dir, changes, nodeFileSystem, notes)
    const { database } = storage.recover()
    const more = (from: number, to: number) => {
      for (const each of creates(0, from, to)) {
        storage.append([each])
        storage.sync()
        database.apply(decodeTransaction(each.bytes))
      }
    }
    more(1, count)
    return { storage, database, notes, more }
  }

  test('sections and seals as Apache writes them; without the digest when that is off', async () => {
    const { storage, database } = filled(3)
    await storage.takeSnapshot(database)
    const bytes = readFileSync(path('snapshot.3'))
    expect(bytes.toString('hex', 0, 16)).toBe('5a4b534e00000002ffffffffffffffff')
    const digestSection = bytes.subarray(-33, -13)
    expect(digestSection.readBigInt64BE(0)).toBe(3n)
    expect(digestSection.readInt32BE(8)).toBe(2)
    expect(digestSection.readBigInt64BE(12)).toBe(database.tree.digest)
    expect(bytes.toString('hex', bytes.length - 5)).toBe('000000012f')
    expect(readSnapshot(nodeFileSystem, name('snapshot.3', 3))).toMatchObject({
      reach: 3,
      digest: database.tree.digest,
    })
    storage.close()

    const plain = openStorage(dir, { digestEnabled: false })
    const recovered = plain.recover()
    await plain.takeSnapshot(recovered.database)
    expect(readFileSync(path('snapshot.3')).length).toBe(bytes.length - 33)
    expect(readSnapshot(nodeFileSystem, name('snapshot.3', 3))).toMatchObject({ reach: null, digest: null })
  })

  test("3.9's third section is read", async () => {
    const { storage, database } = filled(3)
    await storage.takeSnapshot(database)
    const { adler32 } = await import('../../src/storage/snapshot/adler32.ts')
    const bytes = readFileSync(path('snapshot.3'))
    const third = Buffer.concat([bytes, Buffer.from('0000000000000003', 'hex')])
    const seal = Buffer.from('0000000000000000000000012f', 'hex')
    seal.writeUInt32BE(adler32(third), 4)
    writeFileSync(path('snapshot.3'), Buffer.concat([third, seal]))
    expect(readSnapshot(nodeFileSystem, name('snapshot.3', 3)).reach).toBe(3)
  })

  test('any changed byte is found', async () => {
    const { storage, database } = filled(3)
    await storage.takeSnapshot(database)
    const whole = readFileSync(path('snapshot.3'))
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8))
      writeFileSync(path('snapshot.3'), damaged)
      expect(() => readSnapshot(nodeFileSystem, name('snapshot.3', 3)), `byte ${at}`).toThrow(StorageError)
      writeFileSync(path('snapshot.3'), whole.subarray(0, at))
      // Behind the first seal the rest is optional: a cut there leaves an older version's whole snapshot.
      if (at !== whole.length - 33)
        expect(() => readSnapshot(nodeFileSystem, name('snapshot.3', 3)), `cut at ${at}`).toThrow(
          StorageError,
        )
    }
  })

  test('gzip, written in slices and at once', async () => {
    const { storage, database } = filled(300, { snapshotCompression: 'gz' })
    await storage.takeSnapshot(database)
    expect(readdirSync(join(dir, 'version-2')).sort()).toEqual([
      'log.1',
      'snapshot.0.gz',
      'snapshot.12c.gz',
      'zk-pseudo.history',
    ])
    const sliced = gunzipSync(readFileSync(path('snapshot.12c.gz')))
    storage.installSnapshot(database, 300 as Zxid)
    expect(gunzipSync(readFileSync(path('snapshot.12c.gz'))).equals(sliced)).toBe(true)
    expect(contents(storage.recover().database)).toEqual(contents(database))
  })

  test('snappy, written in slices and at once', async () => {
    const { storage, database } = filled(300, { snapshotCompression: 'snappy' })
    await storage.takeSnapshot(database)
    expect(readdirSync(join(dir, 'version-2')).sort()).toEqual([
      'log.1',
      'snapshot.0.snappy',
      'snapshot.12c.snappy',
      'zk-pseudo.history',
    ])
    const sliced = readFileSync(path('snapshot.12c.snappy'))
    expect(sliced.toString('hex', 0, 16)).toBe('82534e41505059000000000100000001')
    storage.installSnapshot(database, 300 as Zxid)
    expect(readFileSync(path('snapshot.12c.snappy')).equals(sliced)).toBe(true)
    expect(contents(storage.recover().database)).toEqual(contents(database))
  })

  test('any byte changed in a snappy one is found, and so is any cut', async () => {
    const { storage, database } = filled(4, { snapshotCompression: 'snappy' })
    await storage.takeSnapshot(database)
    const file = 'snapshot.4.snappy'
    const whole = readFileSync(path(file))
    const expected = contents(database)
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8))
      writeFileSync(path(file), damaged)
      // The version of whoever wrote the stream says nothing about its blocks.
      if (at >= 8 && at < 12) continue
      try {
        // Snappy can say the same in several ways: what is read must be the same then.
        const read = readSnapshot(nodeFileSystem, name(file, 4, 'snappy'))
        expect(contents(read.database), `byte ${at}`).toEqual(expected)
      } catch (error) {
        expect(error, `byte ${at}`).toBeInstanceOf(StorageError)
      }
      writeFileSync(path(file), whole.subarray(0, at))
      expect(() => readSnapshot(nodeFileSystem, name(file, 4, 'snappy')), `cut at ${at}`).toThrow(
        StorageError,
      )
    }
  })

  test.each(['', 'gz', 'snappy'] as const)('whatever is written, all are read: now "%s"', async (now) => {
    for (const [index, before] of (['', 'gz', 'snappy'] as const).entries()) {
      const { storage, database, more } = filled(0, { snapshotCompression: before })
      more(database.tree.lastProcessedZxid + 1, database.tree.lastProcessedZxid + 5)
      await storage.takeSnapshot(database)
      storage.close()
      const reopened = openStorage(dir, { snapshotCompression: now })
      const recovered = reopened.recover()
      expect(recovered.notes).toEqual([])
      expect(contents(recovered.database), `after ${index}`).toEqual(contents(database))
      // The first of them all, which nobody asked to compress, is the fourth by now.
      expect(reopened.purge(3)).toEqual(index === 2 ? [path('snapshot.0')] : [])
      reopened.close()
    }
    expect(looksComplete(nodeFileSystem, name('snapshot.a.gz', 10, 'gz'))).toBe(true)
    expect(looksComplete(nodeFileSystem, name('snapshot.f.snappy', 15, 'snappy'))).toBe(true)
    const whole = readFileSync(path('snapshot.f.snappy'))
    writeFileSync(path('snapshot.f.snappy'), whole.subarray(0, -1))
    expect(looksComplete(nodeFileSystem, name('snapshot.f.snappy', 15, 'snappy'))).toBe(false)
  })

  test('the member goes on meanwhile; label and reach say what is in it', async () => {
    const { storage, database, more } = filled(3000)
    const done = storage.takeSnapshot(database)
    more(3001, 3010)
    await done
    const loaded = readSnapshot(nodeFileSystem, name('snapshot.bb8', 3000))
    expect(loaded.reach).toBe(3010)
    expect(contents(storage.recover().database)).toEqual(contents(database))
  })

  test('a fuzzy snapshot that reaches beyond a cut does not survive it', async () => {
    const { storage, database, more } = filled(20)
    const done = storage.takeSnapshot(database)
    more(21, 25)
    await done
    expect(readdirSync(join(dir, 'version-2'))).toContain('snapshot.14')
    const { database: cut } = storage.truncate(22 as Zxid)
    expect(readdirSync(join(dir, 'version-2'))).not.toContain('snapshot.14')
    const fresh = Database.initial()
    for (const each of creates(0, 1, 22)) fresh.apply(decodeTransaction(each.bytes))
    expect(contents(cut)).toEqual(contents(fresh))
  })

  test.each(['close', 'recover', 'truncate', 'installSnapshot'] as const)(
    '%s cancels one under way',
    async (how) => {
      const { storage, database } = filled(3000)
      const done = storage.takeSnapshot(database)
      if (how === 'close') storage.close()
      else if (how === 'recover') storage.recover()
      else if (how === 'truncate') storage.truncate(2990 as Zxid)
      else storage.installSnapshot(Database.initial(), 0 as Zxid)
      await done
      expect(readdirSync(join(dir, 'version-2')).filter((file) => /tmp|bb8$/.test(file))).toEqual([])
    },
  )

  test('is due after between half of snapCount and snapCount transactions', async () => {
    const { storage, database, more } = filled(15, { snapCount: 20 })
    expect(storage.snapshotDue).toBe(false)
    more(16, 16)
    expect(storage.snapshotDue).toBe(true)
    const done = storage.takeSnapshot(database)
    expect(storage.snapshotDue).toBe(false)
    await done
    more(17, 31)
    expect(storage.snapshotDue).toBe(false)
    more(32, 32)
    expect(storage.snapshotDue).toBe(true)
  })

  test('is due by the size of the log too', () => {
    const { storage, more } = filled(3, { snapSizeLimitKb: 1 })
    expect(storage.snapshotDue).toBe(false)
    more(4, 12)
    expect(storage.snapshotDue).toBe(true)
  })

  test('one that fails costs only itself', async () => {
    const { storage, database, notes } = filled(3)
    storage.close()
    const files = {
      ...nodeFileSystem,
      rename: (from: string, to: string) => {
        if (to.includes('snapshot.')) throw new Error('ENOSPC: no space left on device')
        nodeFileSystem.rename(from, to)
      },
    }
    const poor = openStorage(dir, {}, files, notes)
    poor.recover()
    await poor.takeSnapshot(database)
    expect(notes.at(-1)).toMatch(/snapshot failed: ENOSPC/)
    poor.append(creates(0, 4, 4))
    poor.sync()
    expect(poor.durableZxid).toBe(4)
  })
})
