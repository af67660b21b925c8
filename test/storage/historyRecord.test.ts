/**
 * A history that has lost its end is told from one that a crash, TRUNC, SNAP or another engine made shorter.
 */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import { makeZxid, ZERO_ZXID, type Zxid } from '../../src/protocol/zxid.ts'
import { copyData } from '../../src/storage/dataCopy.ts'
import { HISTORY_RECORD } from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { readHistoryRecord } from '../../src/storage/historyRecord.ts'
import { cutLogAfter } from '../../src/storage/log/logCut.ts'
import { Database } from '../../src/tree/database.ts'
import { openStorage } from './support.ts'
import { copyOf, create, creates, temporaryDir } from './transactions.ts'

let dir: string
const inVersion2 = (name: string) => join(dir, 'version-2', name)
const record = () => readHistoryRecord(nodeFileSystem, join(dir, 'version-2'))
const cutBehind = (zxid: Zxid) => cutLogAfter(nodeFileSystem, join(dir, 'version-2'), zxid)

/** A member that took epoch 2 with ten transactions of epoch 1, and has logged five of its own since. */
beforeEach(() => {
  dir = temporaryDir()
  const storage = openStorage(dir)
  storage.recover()
  storage.saveEpoch('accepted', 2)
  storage.append(creates(1, 1, 10))
  storage.sync()
  storage.saveEpoch('current', 2)
  // Ends the log file.
  storage.recover()
  storage.append(creates(2, 1, 5))
  storage.sync()
  storage.close()
})

const recovered = () => {
  const storage = openStorage(dir)
  try {
    return storage.recover()
  } finally {
    storage.close()
  }
}
const lost = { name: 'StorageError', code: 'history-lost' }

describe('refused', () => {
  test('a history cut below what the epoch was taken with, and what was logged since', () => {
    cutBehind(makeZxid(2, 4))
    expect(recovered).toThrow(
      expect.objectContaining({
        ...lost,
        message: expect.stringMatching(
          /ends at 0x200000004, but it reached 0x200000005 in epoch 2.*--resync/,
        ),
      }),
    )
    cutBehind(makeZxid(1, 9))
    expect(recovered).toThrow(expect.objectContaining(lost))
  })

  test('a tail that looks torn, where it was durable; nothing is changed', () => {
    const log = readFileSync(inVersion2('log.200000001'))
    const end = log.lastIndexOf(0x42) + 1
    const torn = Buffer.concat([log.subarray(0, end - 10), Buffer.alloc(500)])
    writeFileSync(inVersion2('log.200000001'), torn)
    expect(recovered).toThrow(expect.objectContaining(lost))
    expect(readFileSync(inVersion2('log.200000001'))).toEqual(torn)
  })

  test('logs that were removed, and everything but the epochs', () => {
    rmSync(inVersion2('log.100000001'))
    rmSync(inVersion2('log.200000001'))
    expect(recovered).toThrow(expect.objectContaining(lost))
    rmSync(inVersion2('snapshot.0'))
    expect(recovered).toThrow(expect.objectContaining(lost))
    rmSync(inVersion2(HISTORY_RECORD))
    expect(recovered, 'an epoch without a history, as another engine may leave it').toThrow(
      expect.objectContaining(lost),
    )
  })

  test('what was cut once the record was only noted, not synced', () => {
    const storage = openStorage(dir)
    storage.recover()
    storage.append(creates(2, 6, 9))
    storage.sync()
    storage.noteReach()
    const copy = copyOf(dir)
    storage.close()
    dir = copy
    expect(record()).toMatchObject({ currentEpoch: 2, zxid: makeZxid(2, 9) })
    cutBehind(makeZxid(2, 8))
    expect(recovered).toThrow(expect.objectContaining(lost))
  })

  test('an older copy of logs and epochs beside the record, and a copy of such data', async () => {
    cutBehind(makeZxid(1, 10))
    writeFileSync(inVersion2('currentEpoch'), '1')
    writeFileSync(inVersion2('acceptedEpoch'), '1')
    expect(recovered).toThrow(expect.objectContaining(lost))
    const target = temporaryDir()
    const source = { dataDir: dir, dataLogDir: dir }
    await expect(copyData(source, { dataDir: target, dataLogDir: target })).rejects.toMatchObject(lost)
  })

  test('a record that was changed', () => {
    const bytes = readFileSync(inVersion2(HISTORY_RECORD))
    bytes[30] = (bytes[30] as number) ^ 1
    writeFileSync(inVersion2(HISTORY_RECORD), bytes)
    expect(recovered).toThrow(expect.objectContaining({ code: 'damaged' }))
  })
})

describe('taken', () => {
  test('a longer history, and one without a record', () => {
    expect(recovered()).toMatchObject({ lastZxid: makeZxid(2, 5), currentEpoch: 2, acceptedEpoch: 2 })
    rmSync(inVersion2(HISTORY_RECORD))
    cutBehind(makeZxid(2, 3))
    expect(recovered()).toMatchObject({ lastZxid: makeZxid(2, 3) })
  })

  test('a shorter one once another engine has taken a later epoch', () => {
    cutBehind(makeZxid(2, 3))
    writeFileSync(inVersion2('acceptedEpoch'), '3')
    writeFileSync(inVersion2('currentEpoch'), '3')
    expect(recovered()).toMatchObject({ lastZxid: makeZxid(2, 3), currentEpoch: 3 })
    expect(record()).toMatchObject({ currentEpoch: 3, zxid: makeZxid(2, 3) })
  })

  test('one that TRUNC cut, again and again, without a new epoch', () => {
    for (const zxid of [makeZxid(2, 2), makeZxid(1, 10), makeZxid(1, 4)]) {
      const storage = openStorage(dir)
      storage.recover()
      storage.truncate(zxid)
      storage.close()
      expect(recovered()).toMatchObject({ lastZxid: zxid, currentEpoch: 2 })
    }
  })

  test('one that a SNAP replaced by a shorter one', () => {
    const storage = openStorage(dir)
    storage.recover()
    const database = Database.initial()
    database.replay(decodeTransaction(create(makeZxid(1, 3), '/leader').bytes))
    storage.installSnapshot(database, makeZxid(1, 3))
    storage.close()
    expect(recovered()).toMatchObject({ lastZxid: makeZxid(1, 3) })
  })

  test('one that was lost without forceSync, where nothing is known to be durable', () => {
    dir = temporaryDir()
    const storage = openStorage(dir, { forceSync: false })
    storage.recover()
    storage.append(creates(1, 1, 10))
    storage.sync()
    storage.saveEpoch('accepted', 2)
    storage.saveEpoch('current', 2)
    storage.noteReach()
    storage.close()
    expect(record()).toEqual({ acceptedEpoch: 2, currentEpoch: 2, zxid: ZERO_ZXID })
    cutBehind(makeZxid(1, 4))
    expect(recovered()).toMatchObject({ lastZxid: makeZxid(1, 4) })
  })
})

test('epoch files that are older than the record, or gone, are as before', () => {
  writeFileSync(inVersion2('acceptedEpoch'), '1')
  rmSync(inVersion2('currentEpoch'))
  expect(recovered()).toMatchObject({ acceptedEpoch: 2, currentEpoch: 2 })
  expect(readFileSync(inVersion2('acceptedEpoch'), 'latin1')).toBe('2')
})

test('a second line that is torn leaves the first in force', () => {
  const bytes = readFileSync(inVersion2(HISTORY_RECORD))
  bytes.fill(0, 530)
  writeFileSync(inVersion2(HISTORY_RECORD), bytes)
  expect(record()).toMatchObject({ currentEpoch: 2, zxid: makeZxid(1, 10) })
  cutBehind(makeZxid(1, 10))
  expect(recovered()).toMatchObject({ lastZxid: makeZxid(1, 10) })
})

describe('TRUNC to where nothing on disk leads', () => {
  /**
   * snapshot.0 stands, what came after it was replaced by a SNAP: as a member that once had to be given
   * everything.
   */
  function afterSnap(): ReturnType<typeof openStorage> {
    dir = temporaryDir()
    const storage = openStorage(dir)
    storage.recover()
    const database = Database.initial()
    database.replay(decodeTransaction(create(makeZxid(3, 7), '/given').bytes))
    storage.installSnapshot(database, makeZxid(3, 7))
    storage.append(creates(3, 8, 9))
    storage.sync()
    return storage
  }

  test('is refused, never answered with the empty tree of the first snapshot', () => {
    const storage = afterSnap()
    expect(() => storage.truncate(makeZxid(3, 5))).toThrow(expect.objectContaining({ code: 'damaged' }))
    expect(storage.recover()).toMatchObject({ lastZxid: makeZxid(3, 9) })
  })

  test('with no log after it, too', () => {
    const storage = afterSnap()
    rmSync(inVersion2('log.300000008'))
    expect(() => storage.truncate(makeZxid(3, 5))).toThrow(expect.objectContaining({ code: 'damaged' }))
  })

  test('nor with less than it says', () => {
    const storage = openStorage(dir)
    storage.recover()
    expect(() => storage.truncate(makeZxid(1, 12))).toThrow(expect.objectContaining({ code: 'damaged' }))
    // An epoch's mark is no transaction.
    expect(storage.truncate(makeZxid(2, 0))).toMatchObject({ lastZxid: makeZxid(1, 10) })
  })
})

test('a backup of the whole directory is as good as it was', () => {
  const backup = copyOf(dir)
  const storage = openStorage(dir)
  storage.recover()
  storage.append(creates(2, 6, 9))
  storage.sync()
  storage.close()
  for (const name of ['log.200000001', HISTORY_RECORD])
    copyFileSync(join(backup, 'version-2', name), inVersion2(name))
  rmSync(inVersion2('log.200000006'))
  expect(recovered()).toMatchObject({ lastZxid: makeZxid(2, 5) })
})
