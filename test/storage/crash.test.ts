/**
 * Ends the process, or the power, before each file operation in turn, also in the middle of a write, and
 * recovers what is left with a sound disk: it must be the history before, the one after, or where two steps
 * are unavoidable one between, and never anything else.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import { makeZxid, type Zxid } from '../../src/protocol/zxid.ts'
import { snapshotName } from '../../src/storage/fileNames.ts'
import type { Storage, StorageOptions } from '../../src/storage/storage.ts'
import { Database } from '../../src/tree/database.ts'
import { randomFrom } from '../support/randomFrom.ts'
import { Crash, type CrashingDisk, endingProcess, failingPower } from './crashingDisk.ts'
import { contents, openStorage } from './support.ts'
import { copyOf, create, creates, temporaryDir } from './transactions.ts'

type Contents = ReturnType<typeof contents>

/**
 * Runs `action` on copies of `dir`, ended before every step, and hands what recovery finds, first with what
 * the whole action leaves. Returns how many steps there were.
 */
function atEveryStep(
  makeDisk: () => CrashingDisk,
  dir: string,
  action: (storage: Storage) => void,
  judge: (found: Contents, after: Contents, storage: Storage, step: number) => void,
  options: Partial<StorageOptions> = {},
): number {
  const done = copyOf(dir)
  const sound = openStorage(done, options)
  sound.recover()
  action(sound)
  sound.close()
  const after = contents(openStorage(done).recover().database)
  for (let step = 0; ; step++) {
    const copy = copyOf(dir)
    const opened = openStorage(copy)
    opened.recover()
    opened.close()
    const disk = makeDisk()
    const storage = openStorage(copy, options, disk.files)
    storage.recover()
    disk.crashAfter(step)
    try {
      action(storage)
      storage.close()
      disk.settle()
      const finished = openStorage(copy)
      expect(contents(finished.recover().database), 'what was done is durable').toEqual(after)
      finished.close()
      return step
    } catch (error) {
      expect(error instanceof Crash || (error as Error).cause instanceof Crash, String(error)).toBe(true)
    }
    disk.crashAfter(Number.POSITIVE_INFINITY)
    storage.close()
    disk.settle()
    const reopened = openStorage(copy, options)
    judge(contents(reopened.recover().database), after, reopened, step)
    reopened.close()
  }
}

/** Histories over several logs and snapshots. */
async function history(): Promise<{ dir: string; at: Map<Zxid, Contents> }> {
  const dir = temporaryDir()
  const at = new Map<Zxid, Contents>()
  const storage = openStorage(dir)
  const { database } = storage.recover()
  at.set(0 as Zxid, contents(database))
  for (const txn of [...creates(1, 1, 12), ...creates(2, 1, 8)]) {
    storage.append([txn])
    storage.sync()
    database.apply(decodeTransaction(txn.bytes))
    at.set(txn.zxid, contents(database))
    if ([3, 9].includes(txn.zxid % 2 ** 32)) await storage.takeSnapshot(database)
  }
  storage.close()
  return { dir, at }
}

/** What a leader would send: another history that ends at `zxid`. */
function foreign(zxid: Zxid): Database {
  const database = Database.initial()
  database.replay(decodeTransaction(create(zxid, '/from-the-leader').bytes))
  return database
}

function coin(seed: number): () => boolean {
  const random = randomFrom(seed)
  return () => random(2) === 0
}

const DISKS: [string, () => CrashingDisk][] = [
  ['the process ends', endingProcess],
  ['the power fails and all that was not synced is lost', () => failingPower(() => false)],
  ['the power fails and part of it is lost (seed 1)', () => failingPower(coin(1))],
  ['the power fails and part of it is lost (seed 2)', () => failingPower(coin(2))],
]

test('after truncate the history goes on differently, also from names that were there before', async () => {
  const { dir } = await history()
  const storage = openStorage(dir)
  storage.recover()
  storage.truncate(makeZxid(1, 12))
  storage.saveEpoch('accepted', 3)
  storage.saveEpoch('current', 3)
  storage.append(creates(3, 1, 2))
  storage.sync()
  const recovered = storage.truncate(makeZxid(3, 1))
  expect(recovered.lastZxid).toBe(makeZxid(3, 1))
  storage.append([create(makeZxid(3, 2), '/other')])
  storage.sync()
  storage.close()
  const { database, notes } = openStorage(dir).recover()
  expect(database.tree.lastProcessedZxid).toBe(makeZxid(3, 2))
  expect(Object.keys(contents(database).nodes)).toContain('/other')
  expect(notes).toEqual([])
})

describe.each(DISKS)('%s', (_disk, makeDisk) => {
  test('append and sync: everything synced, then perhaps a part of the rest', () => {
    const dir = temporaryDir()
    const storage = openStorage(dir)
    storage.recover()
    storage.append(creates(1, 1, 3))
    storage.sync()
    storage.close()
    const steps = atEveryStep(
      makeDisk,
      dir,
      (writing) => {
        writing.append(creates(1, 4, 6))
        writing.sync()
        writing.append(creates(1, 7, 9))
        writing.sync()
      },
      (found, after, _, step) => {
        expect(found.zxid).toBeGreaterThanOrEqual(makeZxid(1, 3))
        for (const [path, node] of Object.entries(found.nodes))
          if (path !== '') expect(node).toEqual(after.nodes[path])
        if (step >= 7) expect(found.zxid).toBeGreaterThanOrEqual(makeZxid(1, 6))
      },
    )
    expect(steps).toBeGreaterThanOrEqual(7)
  })

  test('truncate: the whole history, or a prefix that reaches to the cut', async () => {
    const { dir, at } = await history()
    const before = makeZxid(2, 8)
    for (const zxid of [
      makeZxid(2, 7),
      makeZxid(2, 1),
      makeZxid(1, 12),
      makeZxid(1, 9),
      makeZxid(1, 5),
      makeZxid(1, 1),
    ]) {
      const steps = atEveryStep(
        makeDisk,
        dir,
        (storage) => expect(contents(storage.truncate(zxid).database)).toEqual(at.get(zxid)),
        (found, after) => {
          expect(after).toEqual(at.get(zxid))
          expect(found.zxid).toBeGreaterThanOrEqual(zxid)
          expect(found.zxid).toBeLessThanOrEqual(before)
          expect(found).toEqual(at.get(found.zxid))
        },
      )
      expect(steps).toBeGreaterThan(2)
    }
  })

  test.each([
    ['ahead of everything', makeZxid(4, 7)],
    ['at the start of an epoch', makeZxid(4, 0)],
    ['behind logs and snapshots', makeZxid(1, 5)],
    ['behind the last log', makeZxid(2, 4)],
    ['behind all snapshots but the first', makeZxid(1, 1)],
  ])('installSnapshot %s: the old history, perhaps cut, or the new one', async (_, zxid) => {
    const { dir, at } = await history()
    const steps = atEveryStep(
      makeDisk,
      dir,
      (storage) => storage.installSnapshot(foreign(zxid), zxid),
      (found, after, storage) => {
        expect(after).toEqual(contents(foreign(zxid)))
        if ('/from-the-leader' in found.nodes) expect(found).toEqual(after)
        else {
          expect(found).toEqual(at.get(found.zxid))
          expect(found.zxid).toBeGreaterThanOrEqual(Math.min(zxid, makeZxid(2, 8)))
        }
        // Either way it can be tried again, and holds.
        storage.installSnapshot(foreign(zxid), zxid)
        expect(contents(storage.recover().database)).toEqual(after)
      },
    )
    expect(steps).toBeGreaterThan(4)
  })

  test.each(['gz', 'snappy'] as const)('a snapshot in %s, installed', async (snapshotCompression) => {
    const { dir, at } = await history()
    const zxid = makeZxid(4, 7)
    const steps = atEveryStep(
      makeDisk,
      dir,
      (storage) => storage.installSnapshot(foreign(zxid), zxid),
      (found, after) => {
        if ('/from-the-leader' in found.nodes) expect(found).toEqual(after)
        else expect(found).toEqual(at.get(found.zxid))
      },
      { snapshotCompression },
    )
    expect(steps).toBeGreaterThan(4)
  })

  test.each(['', 'gz', 'snappy'] as const)('a snapshot in "%s", taken', async (snapshotCompression) => {
    const { dir, at } = await history()
    const whole = at.get(makeZxid(2, 8))
    for (let step = 0, isDone = false; !isDone; step++) {
      const copy = copyOf(dir)
      const disk = makeDisk()
      const storage = openStorage(copy, { snapshotCompression }, disk.files)
      const { database } = storage.recover()
      disk.crashAfter(step)
      await storage.takeSnapshot(database)
      disk.crashAfter(Number.POSITIVE_INFINITY)
      storage.close()
      disk.settle()
      const reopened = openStorage(copy, { snapshotCompression: '' })
      const { notes, database: found } = reopened.recover()
      expect(contents(found), `step ${step}`).toEqual(whole)
      expect(notes, `step ${step}`).toEqual([])
      const names = readdirSync(join(copy, 'version-2'))
      expect(names.filter((name) => name.startsWith('tmp-'))).toEqual([])
      isDone = names.includes(snapshotName(makeZxid(2, 8), snapshotCompression)) && step > 6
      reopened.close()
    }
  })

  test('saveEpoch: the old value or the new one', () => {
    const dir = temporaryDir()
    const storage = openStorage(dir)
    storage.recover()
    storage.saveEpoch('accepted', 6)
    storage.saveEpoch('current', 5)
    storage.close()
    const seen = new Set<number>()
    const steps = atEveryStep(
      makeDisk,
      dir,
      (saving) => saving.saveEpoch('current', 6),
      (_, __, reopened) => seen.add(reopened.recover().currentEpoch),
    )
    expect([...seen].sort()).toEqual([5, 6])
    expect(steps).toBeGreaterThanOrEqual(5)
  })

  test('the first start', () => {
    for (let step = 0; step < 12; step++) {
      const dir = temporaryDir()
      const disk = makeDisk()
      disk.crashAfter(step)
      let storage: Storage | null = null
      try {
        storage = openStorage(dir, {}, disk.files)
        storage.recover()
      } catch (error) {
        expect(error instanceof Crash || (error as Error).cause instanceof Crash).toBe(true)
      }
      disk.crashAfter(Number.POSITIVE_INFINITY)
      storage?.close()
      disk.settle()
      const copy = copyOf(dir)
      expect(openStorage(copy).recover().lastZxid).toBe(0)
      expect(readdirSync(join(copy, 'version-2'))).toEqual(['snapshot.0'])
    }
  })

  test('purge: at every step what is left recovers', async () => {
    const dir = temporaryDir()
    const storage = openStorage(dir)
    const { database } = storage.recover()
    for (const txn of creates(0, 1, 12)) {
      storage.append([txn])
      storage.sync()
      database.apply(decodeTransaction(txn.bytes))
      if (txn.zxid % 2 === 0) await storage.takeSnapshot(database)
    }
    storage.close()
    const steps = atEveryStep(
      makeDisk,
      dir,
      (purging) => purging.purge(3),
      (found, after) => expect(found).toEqual(after),
    )
    expect(steps).toBeGreaterThan(4)
    const purging = openStorage(dir)
    purging.purge(3)
    expect(readdirSync(join(dir, 'version-2')).sort()).toEqual([
      'log.7',
      'log.9',
      'log.b',
      'snapshot.8',
      'snapshot.a',
      'snapshot.c',
      'zk-pseudo.history',
    ])
    expect(() => purging.purge(2)).toThrow(/at least 3/)
    expect(purging.purge(3)).toEqual([])
    expect(readFileSync(join(dir, 'version-2', 'snapshot.8')).length).toBeGreaterThan(100)
  })
})
