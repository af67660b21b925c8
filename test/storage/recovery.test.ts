import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { LoggedTxn } from '../../src/core/effects.ts'
import { TxnHeader } from '../../src/protocol/records/txn.ts'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import { Writer } from '../../src/protocol/writer.ts'
import { makeZxid, type Zxid } from '../../src/protocol/zxid.ts'
import { StorageError } from '../../src/storage/errors.ts'
import { HISTORY_RECORD } from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { LogFile } from '../../src/storage/log/logFile.ts'
import { ENTRY_OVERHEAD, writeEntry } from '../../src/storage/log/logFormat.ts'
import { Storage } from '../../src/storage/storage.ts'
import { Database } from '../../src/tree/database.ts'
import { contents, openStorage, storageOptions } from './support.ts'
import { copyOf, create, creates, SESSION, temporaryDir } from './transactions.ts'

let dir: string
beforeEach(() => {
  dir = temporaryDir()
})

const inVersion2 = (name: string) => join(dir, 'version-2', name)
/** What Apache would write, too. */
const listing = () =>
  readdirSync(join(dir, 'version-2'))
    .filter((name) => name !== HISTORY_RECORD)
    .sort()

/** Everything in the directory but locks, to see that a refusal changed nothing. */
function bytesOf(): Record<string, string> {
  const names = readdirSync(join(dir, 'version-2')).sort()
  return Object.fromEntries(names.map((name) => [name, readFileSync(inVersion2(name)).toString('base64')]))
}

/** A history in one go: recovers, logs and applies, closes. */
function write(txns: readonly LoggedTxn[]): void {
  const storage = openStorage(dir)
  storage.recover()
  storage.append(txns)
  storage.sync()
  storage.close()
}

function refusal(changes = {}): StorageError {
  const storage = openStorage(dir, changes)
  const before = bytesOf()
  try {
    storage.recover()
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    expect(bytesOf()).toEqual(before)
    return error
  } finally {
    storage.close()
  }
  throw new Error('was not refused')
}

describe('an empty directory', () => {
  test('becomes an empty database with snapshot.0', () => {
    const recovered = openStorage(dir).recover()
    expect(recovered).toMatchObject({ lastZxid: 0, acceptedEpoch: 0, currentEpoch: 0, recentTxns: [] })
    expect([...recovered.database.tree.nodes()].map(([path]) => path).sort()).toEqual([
      '',
      '/zookeeper',
      '/zookeeper/config',
      '/zookeeper/quota',
    ])
    expect(listing()).toEqual(['snapshot.0'])
  })

  test('may not without db.autocreate: zxid -1, no vote', () => {
    const recovered = openStorage(dir, { dbAutocreate: false }).recover()
    expect(recovered.lastZxid).toBe(-1)
    expect(recovered.notes[0]).toMatch(/does not vote/)
    expect(listing()).toEqual([])
  })

  test('but the file initialize allows it once', () => {
    writeFileSync(join(dir, 'initialize'), '')
    expect(openStorage(dir, { dbAutocreate: false }).recover().lastZxid).toBe(0)
    expect(existsSync(join(dir, 'initialize'))).toBe(false)
  })

  test('a directory that may not be made is named', () => {
    const missing = join(dir, 'nowhere')
    const environment = { random: () => 0, onNote: () => {} }
    expect(() => Storage.open(storageOptions(missing, { datadirAutocreate: false }), environment)).toThrow(
      /nowhere.*autocreate is false/,
    )
    expect(existsSync(missing)).toBe(false)
  })
})

describe('what was logged comes back', () => {
  test('over restarts, each with a log of its own', () => {
    write(creates(1, 1, 3))
    write(creates(1, 4, 5))
    write(creates(2, 1, 1))
    const recovered = openStorage(dir).recover()
    expect(listing()).toEqual(['log.100000001', 'log.100000004', 'log.200000001', 'snapshot.0'])
    expect(recovered.lastZxid).toBe(makeZxid(2, 1))
    expect(recovered.recentTxns.map(({ zxid }) => zxid)).toEqual(
      [...creates(1, 1, 5), ...creates(2, 1, 1)].map(({ zxid }) => zxid),
    )
    expect(recovered).toMatchObject({ acceptedEpoch: 2, currentEpoch: 2, notes: [] })
  })

  test('recentTxns are the last commitLogCount, in order, byte for byte', () => {
    const txns = creates(0, 1, 25)
    write(txns)
    for (const count of [0, 1, 7, 24, 25, 26, 500]) {
      const storage = openStorage(dir, { commitLogCount: count })
      const { recentTxns } = storage.recover()
      expect(recentTxns).toEqual(count === 0 ? [] : txns.slice(-count))
      storage.close()
    }
  })

  test('from the newest snapshot and the log that begins before it', async () => {
    const storage = openStorage(dir)
    const { database } = storage.recover()
    const txns = creates(0, 1, 10)
    storage.append(txns)
    storage.sync()
    for (const { bytes } of txns.slice(0, 6)) database.apply(decodeTransaction(bytes))
    await storage.takeSnapshot(database)
    storage.append(creates(0, 11, 12))
    storage.sync()
    storage.close()
    expect(listing()).toEqual(['log.1', 'log.b', 'snapshot.0', 'snapshot.6'])
    const recovered = openStorage(dir).recover()
    expect(recovered.lastZxid).toBe(12)
    expect(recovered.recentTxns.map(({ zxid }) => zxid)).toEqual([7, 8, 9, 10, 11, 12])
    rmSync(inVersion2('snapshot.6'))
    const fromTheBeginning = openStorage(copyOf(dir)).recover()
    expect(contents(recovered.database)).toEqual(contents(fromTheBeginning.database))
  })

  test('dataLogDir apart', () => {
    const logs = temporaryDir()
    const storage = openStorage(dir, { dataLogDir: logs })
    storage.recover()
    storage.append(creates(0, 1, 1))
    storage.sync()
    storage.close()
    expect(readdirSync(join(logs, 'version-2'))).toEqual(['log.1'])
    expect(listing()).toEqual(['snapshot.0'])
    expect(openStorage(dir, { dataLogDir: logs }).recover().lastZxid).toBe(1)
  })

  test('recover again forgets what memory held and goes on behind the disk', () => {
    const storage = openStorage(dir)
    storage.recover()
    storage.append(creates(0, 1, 2))
    storage.sync()
    expect(storage.recover().lastZxid).toBe(2)
    storage.append(creates(0, 3, 3))
    storage.sync()
    expect(storage.recover().lastZxid).toBe(3)
    expect(storage.durableZxid).toBe(3)
  })
})

describe('what a crash leaves is tidied', () => {
  test('a torn tail is cut off, and the next log follows', () => {
    write(creates(0, 1, 3))
    const log = readFileSync(inVersion2('log.1'))
    const end = log.lastIndexOf(0x42) + 1
    writeFileSync(inVersion2('log.1'), Buffer.concat([log.subarray(0, end - 10), Buffer.alloc(500)]))
    // It was never acknowledged: nothing says that it was durable.
    rmSync(inVersion2(HISTORY_RECORD))
    const storage = openStorage(dir)
    const recovered = storage.recover()
    expect(recovered.lastZxid).toBe(2)
    expect(recovered.notes).toEqual([
      expect.stringMatching(/log\.1 ends in a write that a crash cut short: \d+ bytes at offset \d+/),
    ])
    storage.append(creates(0, 3, 3))
    storage.sync()
    storage.close()
    expect(openStorage(dir).recover()).toMatchObject({ lastZxid: 3, notes: [] })
  })

  test("a torn tail that Apache left in an older log, with the history's continuation in the next", () => {
    write(creates(0, 1, 2))
    const log = readFileSync(inVersion2('log.1'))
    const end = log.lastIndexOf(0x42) + 1
    writeFileSync(
      inVersion2('log.1'),
      Buffer.concat([log.subarray(0, end), log.subarray(16, 60), Buffer.alloc(500)]),
    )
    const other = temporaryDir()
    const apart = openStorage(other)
    apart.recover()
    apart.append(creates(0, 1, 2))
    apart.sync()
    apart.close()
    const storage = openStorage(other)
    storage.recover()
    storage.append(creates(0, 3, 4))
    storage.sync()
    storage.close()
    writeFileSync(inVersion2('log.3'), readFileSync(join(other, 'version-2', 'log.3')))
    const recovered = openStorage(dir).recover()
    expect(recovered.lastZxid).toBe(4)
    expect(recovered.notes[0]).toMatch(/are skipped/)
  })

  test('what Apache logged twice is skipped, with one note', () => {
    write(creates(0, 1, 4))
    const entry = ({ bytes }: LoggedTxn) => {
      const into = Buffer.alloc(bytes.length + ENTRY_OVERHEAD)
      writeEntry(into, 0, bytes)
      return into
    }
    const again = [...creates(0, 2, 4), ...creates(0, 5, 6), ...creates(0, 5, 5), ...creates(0, 7, 7)].map(
      entry,
    )
    const whole = new LogFile(nodeFileSystem, { path: inVersion2('log.1'), zxid: 1 as Zxid })
    while (whole.next() !== null);
    const { offset } = whole.end
    whole.close()
    const log = readFileSync(inVersion2('log.1')).subarray(0, offset)
    writeFileSync(inVersion2('log.1'), Buffer.concat([log, ...again]))
    const straight = Database.initial()
    for (const { bytes } of creates(0, 1, 7)) straight.apply(decodeTransaction(bytes))
    const { lastZxid, notes, database } = openStorage(dir).recover()
    expect(lastZxid).toBe(7)
    expect(contents(database)).toEqual(contents(straight))
    expect(notes).toEqual([
      `${inVersion2('log.1')} at offset ${offset}: 3 transactions, 0x2 to 0x4, are repeated after 0x4; skipped`,
      expect.stringMatching(/: 0x5 is repeated after 0x6; skipped/),
    ])
  })

  test.each([0, 7, 16])('a log of %i bytes is removed, for its name comes again', (size) => {
    write(creates(0, 1, 2))
    writeFileSync(inVersion2('log.3'), readFileSync(inVersion2('log.1')).subarray(0, size))
    const storage = openStorage(dir)
    expect(storage.recover().lastZxid).toBe(2)
    storage.append(creates(0, 3, 3))
    storage.sync()
    storage.close()
    expect(openStorage(dir).recover().lastZxid).toBe(3)
  })

  test('half snapshots and logs under their temporary names', () => {
    write(creates(0, 1, 1))
    writeFileSync(inVersion2('tmp-snapshot.1.abcd'), 'half')
    writeFileSync(inVersion2('tmp-log.2'), '')
    openStorage(dir).recover()
    expect(listing()).toEqual(['log.1', 'snapshot.0'])
  })
})

describe('what is not whole is refused and left alone', () => {
  test('a transaction of an unknown type, also inside the last log', () => {
    const writer = new Writer()
    TxnHeader.write(writer, { clientId: SESSION, cxid: 1, zxid: 3 as Zxid, time: 1, type: 99 })
    writer.string('future')
    write([...creates(0, 1, 2), { zxid: 3 as Zxid, bytes: writer.take() }])
    const error = refusal()
    expect(error).toMatchObject({ code: 'not-understood', path: inVersion2('log.1') })
    expect(error.offset).toBeGreaterThan(16)
    expect(error.message).toMatch(/unknown type 99.*Nothing was changed/s)
  })

  test('a transaction that is not what its type says', () => {
    const [txn] = creates(0, 1, 1) as [LoggedTxn]
    write([{ zxid: txn.zxid, bytes: txn.bytes.subarray(0, 40) }])
    expect(refusal()).toMatchObject({ code: 'not-understood', offset: 16 })
  })

  test('a gap within an epoch, and an epoch that does not begin with 1', () => {
    write([...creates(1, 1, 2), ...creates(1, 4, 4)])
    expect(refusal().message).toMatch(/continues with 0x100000004 after 0x100000002: /)
    rmSync(join(dir, 'version-2'), { recursive: true })
    write([...creates(1, 1, 2), ...creates(2, 2, 2)])
    expect(refusal().message).toMatch(/continues with 0x200000002/)
  })

  test('a log file that is missing from the middle', () => {
    for (const from of [1, 3, 5]) write(creates(0, from, from + 1))
    rmSync(inVersion2('log.3'))
    expect(refusal()).toMatchObject({ code: 'damaged', path: inVersion2('log.5') })
  })

  test('a log under another name', () => {
    write(creates(0, 1, 2))
    writeFileSync(inVersion2('log.2'), readFileSync(inVersion2('log.1')))
    rmSync(inVersion2('log.1'))
    expect(refusal().message).toMatch(/begins with 0x1, not with what its name says/)
  })

  test('logs without any snapshot, unless snapshot.trust.empty', () => {
    write(creates(0, 1, 3))
    rmSync(inVersion2('snapshot.0'))
    expect(refusal().message).toMatch(
      /no snapshot, but there are logs.*set snapshot\.trust\.empty=true in its zoo\.cfg for one start/s,
    )
    expect(openStorage(dir, { snapshotTrustEmpty: true }).recover().lastZxid).toBe(3)
  })

  test('logs without any snapshot are trusted once: the next start finds a snapshot', () => {
    write(creates(0, 1, 3))
    rmSync(inVersion2('snapshot.0'))
    const trusting = openStorage(dir, { snapshotTrustEmpty: true })
    const { lastZxid, notes } = trusting.recover()
    expect(lastZxid).toBe(3)
    expect(notes.join()).toMatch(/wrote one/)
    trusting.close()
    expect(listing()).toContain('snapshot.3')
    const plain = openStorage(dir)
    expect(plain.recover().lastZxid).toBe(3)
    plain.close()
    rmSync(inVersion2('log.1'))
    expect(openStorage(dir).recover().lastZxid).toBe(3)
  })

  test('snapshots of which none is whole; but a torn snapshot.0 alone is a first start', () => {
    write([])
    writeFileSync(inVersion2('snapshot.0'), readFileSync(inVersion2('snapshot.0')).subarray(0, 30))
    expect(openStorage(copyOf(dir)).recover().lastZxid).toBe(0)
    writeFileSync(inVersion2('snapshot.5'), 'ZK')
    expect(refusal()).toMatchObject({ code: 'damaged', path: inVersion2('snapshot.5') })
  })

  test('exchanged directories', () => {
    const logs = temporaryDir()
    const storage = openStorage(dir, { dataLogDir: logs })
    storage.recover()
    storage.append(creates(0, 1, 1))
    storage.sync()
    storage.close()
    expect(() => openStorage(logs, { dataLogDir: dir })).toThrow(
      /snapshot\.0: is a snapshot in the log directory/,
    )
    rmSync(inVersion2('snapshot.0'))
    expect(() => openStorage(logs, { dataLogDir: dir })).toThrow(/log\.1: is a log in the snapshot directory/)
  })
})

describe('a damaged newest snapshot', () => {
  async function twoSnapshots(): Promise<void> {
    const storage = openStorage(dir)
    const { database } = storage.recover()
    for (const txn of creates(0, 1, 4)) {
      storage.append([txn])
      storage.sync()
      database.apply(decodeTransaction(txn.bytes))
      if (txn.zxid === 3) await storage.takeSnapshot(database)
    }
    storage.close()
  }

  test('the older one and the whole log give the same', async () => {
    await twoSnapshots()
    const expected = contents(openStorage(copyOf(dir)).recover().database)
    const whole = readFileSync(inVersion2('snapshot.3'))
    for (const at of [0, 16, 40, 100, whole.length - 1]) {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] as number) ^ 0x10
      writeFileSync(inVersion2('snapshot.3'), damaged)
      const storage = openStorage(dir)
      const { database, notes } = storage.recover()
      expect(contents(database)).toEqual(expected)
      expect(notes[0]).toMatch(/snapshot\.3.*passed over/)
      storage.close()
    }
  })

  test('is refused when the log does not lead across it: it came by SNAP', () => {
    const storage = openStorage(dir)
    const { database } = storage.recover()
    storage.append(creates(1, 1, 3))
    storage.sync()
    const zxid = makeZxid(2, 0)
    database.tree.lastProcessedZxid = zxid
    storage.installSnapshot(database, zxid)
    storage.append(creates(2, 1, 2))
    storage.sync()
    storage.close()
    expect(openStorage(copyOf(dir)).recover().lastZxid).toBe(makeZxid(2, 2))
    writeFileSync(inVersion2('snapshot.200000000'), 'gone')
    expect(refusal().message).toMatch(/continues with 0x200000001 after 0x100000003: /)
  })
})

describe('epochs', () => {
  test('as Apache writes them, decimal without newline', () => {
    const storage = openStorage(dir)
    storage.recover()
    storage.saveEpoch('accepted', 12)
    storage.saveEpoch('current', 11)
    expect(readFileSync(inVersion2('acceptedEpoch'), 'latin1')).toBe('12')
    expect(readFileSync(inVersion2('currentEpoch'), 'latin1')).toBe('11')
    expect(listing()).toEqual(['acceptedEpoch', 'currentEpoch', 'snapshot.0'])
    expect(storage.recover()).toMatchObject({ acceptedEpoch: 12, currentEpoch: 11 })
  })

  test('a crash between the transactions of a sync and currentEpoch', () => {
    write(creates(2, 1, 1))
    writeFileSync(inVersion2('acceptedEpoch'), '3')
    writeFileSync(inVersion2('currentEpoch'), '1')
    const recovered = openStorage(dir).recover()
    expect(recovered).toMatchObject({ acceptedEpoch: 3, currentEpoch: 2 })
    expect(recovered.notes[0]).toMatch(/currentEpoch was not saved/)
    expect(readFileSync(inVersion2('currentEpoch'), 'latin1')).toBe('2')
  })

  test('the same as Apache leaves it, with currentEpoch.tmp', () => {
    write(creates(2, 1, 1))
    writeFileSync(inVersion2('currentEpoch'), '1')
    writeFileSync(inVersion2('currentEpoch.tmp'), '2')
    expect(openStorage(dir).recover()).toMatchObject({ acceptedEpoch: 2, currentEpoch: 2 })
  })

  test.each([
    [
      { currentEpoch: '1', acceptedEpoch: '1' },
      /the current epoch, 1, is older than the last zxid, 0x200000001/,
    ],
    [{ currentEpoch: '5', acceptedEpoch: '4' }, /the accepted epoch, 4, is less than the current epoch, 5/],
    [{ currentEpoch: '5' }, /the accepted epoch, 2, is less than the current epoch, 5/],
    [{ currentEpoch: 'two', acceptedEpoch: '4' }, /currentEpoch: "two" is not an epoch/],
    [{ currentEpoch: '2', acceptedEpoch: '' }, /acceptedEpoch: "" is not an epoch/],
  ])('%o is refused', (files, message) => {
    write(creates(2, 1, 1))
    for (const [name, text] of Object.entries(files)) writeFileSync(inVersion2(name), text)
    expect(refusal().message).toMatch(message)
  })
})

test('sizes are those of the files', () => {
  const storage = openStorage(dir)
  storage.recover()
  storage.append(creates(0, 1, 1))
  storage.sync()
  const sum = listing().reduce((total, name) => total + statSync(inVersion2(name)).size, 0)
  expect(storage.sizes()).toEqual({ dataDir: sum, dataLogDir: sum })
})

test('unknown names are neither read nor removed', () => {
  write([create(1 as Zxid, '/a')])
  mkdirSync(inVersion2('folder'))
  for (const name of ['log.zz', 'snapshot.', 'notes.txt', 'log.1.bak'])
    writeFileSync(inVersion2(name), 'mine')
  expect(openStorage(dir).recover().lastZxid).toBe(1)
  expect(readFileSync(inVersion2('log.1.bak'), 'utf8')).toBe('mine')
  expect(nodeFileSystem.exists(inVersion2('notes.txt'))).toBe(true)
})
