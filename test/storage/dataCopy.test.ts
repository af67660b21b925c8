import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import { makeZxid } from '../../src/protocol/zxid.ts'
import { byHistory, copyData } from '../../src/storage/dataCopy.ts'
import { type FileSystem, nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { contents, openStorage } from './support.ts'
import { copyOf, creates, temporaryDir } from './transactions.ts'

const both = (dataDir: string, dataLogDir = dataDir) => ({ dataDir, dataLogDir })

/** A member that logs and applies. */
function member(dir: string, changes = {}) {
  const storage = openStorage(dir, changes)
  const { database } = storage.recover()
  const write = (epoch: number, from: number, to: number) => {
    const txns = creates(epoch, from, to)
    storage.append(txns)
    storage.sync()
    for (const { bytes } of txns) database.apply(decodeTransaction(bytes))
  }
  const enter = (epoch: number) => {
    storage.saveEpoch('accepted', epoch)
    storage.saveEpoch('current', epoch)
  }
  return { storage, database, write, enter }
}

describe('copyData', () => {
  it('takes a snapshot, the logs behind it and the epochs, without the space kept for more', async () => {
    const source = temporaryDir()
    const { storage, database, write, enter } = member(source)
    enter(1)
    write(1, 1, 20)
    await storage.takeSnapshot(database)
    write(1, 21, 30)
    const target = temporaryDir()
    const copy = await copyData(both(source), both(target))
    expect(copy).toMatchObject({ zxid: '0x10000001e', epoch: 1, znodes: 35, notes: [] })
    expect(readdirSync(join(target, 'version-2')).sort()).toEqual([
      'acceptedEpoch',
      'currentEpoch',
      'log.100000015',
      'snapshot.100000014',
    ])
    expect(contents(openStorage(target).recover().database)).toEqual(contents(database))
    // The log's file has room for more; its copy ends where the log does.
    const size = (dir: string) => readFileSync(join(dir, 'version-2', 'log.100000015')).length
    expect(size(source)).toBeGreaterThan(16_000)
    expect(size(target)).toBeLessThan(2000)
  })

  it('is a whole history whenever it is taken while the member writes, snapshots and purges', async () => {
    const source = temporaryDir()
    const { storage, database, write, enter } = member(source, { preAllocSizeKb: 1 })
    enter(1)
    write(1, 1, 1)
    let last = 1
    let round = 0
    // Between any two file operations of the copy the member goes on.
    const busy: FileSystem = new Proxy(nodeFileSystem, {
      get(files, name: keyof FileSystem) {
        return (...args: unknown[]) => {
          if (round < 400 && (name === 'read' || name === 'list' || name === 'open')) {
            round += 1
            write(1, last + 1, last + 3)
            last += 3
            if (round % 40 === 0) void storage.takeSnapshot(database)
          }
          return (files[name] as (...args: unknown[]) => unknown)(...args)
        }
      },
    })
    for (let i = 0; i < 8; i++) {
      const before = `0x${makeZxid(1, last).toString(16)}`
      const target = temporaryDir()
      const copy = await copyData(both(source), both(target), { atLeast: before, files: busy })
      expect(BigInt(copy?.zxid ?? 0)).toBeGreaterThanOrEqual(BigInt(before))
      expect(copy?.notes).toEqual([])
      const { database: copied, lastZxid } = openStorage(target).recover()
      const paths = new Set([...copied.tree.nodes()].map(([path]) => path))
      for (let zxid = makeZxid(1, 1); zxid <= lastZxid; zxid++) expect(paths).toContain(`/n${zxid}`)
      // Gives a snapshot that was begun the time to be published.
      await new Promise((done) => setTimeout(done, 5))
      if (i % 3 === 2) storage.purge(3)
    }
    expect(round).toBeGreaterThan(100)
  })

  it('leaves out a write that is not whole yet', async () => {
    const running = temporaryDir()
    const { write, enter } = member(running, { preAllocSizeKb: 0 })
    enter(1)
    write(1, 1, 5)
    // As it lies there in the middle of the last write: nothing is noted of that yet.
    const source = temporaryDir()
    cpSync(join(running, 'version-2'), join(source, 'version-2'), { recursive: true })
    const log = join(source, 'version-2', 'log.100000001')
    truncateSync(log, readFileSync(log).length - 10)
    const target = temporaryDir()
    expect(await copyData(both(source), both(target))).toMatchObject({ zxid: '0x100000004', notes: [] })
    expect(openStorage(target).recover().notes).toEqual([])
  })

  it('keeps logs and snapshots apart, or brings them together', async () => {
    const [source, logs] = [temporaryDir(), temporaryDir()]
    const { write, database } = member(source, { dataLogDir: logs })
    write(0, 1, 9)
    const together = temporaryDir()
    await copyData(both(source, logs), both(together))
    const [apart, apartLogs] = [temporaryDir(), temporaryDir()]
    await copyData(both(together), both(apart, apartLogs))
    expect(readdirSync(join(apartLogs, 'version-2'))).toEqual(['log.1'])
    expect(contents(openStorage(apart, { dataLogDir: apartLogs }).recover().database)).toEqual(
      contents(database),
    )
  })

  it('mends the epoch that a crash left behind the log, which Apache refuses', async () => {
    const source = temporaryDir()
    const { storage, write } = member(source)
    storage.saveEpoch('current', 1)
    storage.saveEpoch('accepted', 2)
    write(2, 1, 3)
    const target = temporaryDir()
    expect(await copyData(both(source), both(target))).toMatchObject({ epoch: 2 })
    expect(readFileSync(join(target, 'version-2', 'currentEpoch'), 'utf8')).toBe('2')
  })

  it('is null where there is nothing', async () => {
    expect(await copyData(both(temporaryDir()), both(temporaryDir()))).toBeNull()
  })

  it('refuses damage, says where, and leaves nothing behind', async () => {
    const source = temporaryDir()
    const { storage, write } = member(source)
    write(0, 1, 9)
    storage.close()
    const log = join(source, 'version-2', 'log.1')
    const bytes = readFileSync(log)
    bytes[100] = (bytes[100] ?? 0) ^ 1
    writeFileSync(log, bytes)
    const target = temporaryDir()
    await expect(copyData(both(source), both(target))).rejects.toThrow(`${log} at offset`)
    expect(readdirSync(join(target, 'version-2'))).toEqual([])
  })

  it('refuses a copy that does not reach what was acknowledged', async () => {
    const source = temporaryDir()
    const { write } = member(source)
    write(0, 1, 9)
    await expect(copyData(both(source), both(temporaryDir()), { atLeast: '0xa' })).rejects.toThrow(
      'ends at 0x9, but 0xa',
    )
  })
})

describe('byHistory', () => {
  it('puts the later epoch before the longer log, and names what cannot be read', async () => {
    const longer = temporaryDir()
    const first = member(longer)
    first.enter(1)
    first.write(1, 1, 3)
    const later = copyOf(longer)
    for (const name of readdirSync(later)) if (name.startsWith('zk-pseudo.lock')) rmSync(join(later, name))
    first.write(1, 4, 9)
    const second = member(later)
    second.enter(2)
    const damaged = copyOf(longer)
    writeFileSync(join(damaged, 'version-2', 'currentEpoch'), 'x')
    const sources = [longer, temporaryDir(), later, damaged].map((dir) => both(dir))
    const { best, faults } = await byHistory(sources)
    expect(best).toEqual([2, 0])
    expect([...faults.keys()]).toEqual([3])
    expect(faults.get(3)?.message).toContain('is not an epoch')
    expect(existsSync(join(sources[1]?.dataDir ?? '', 'version-2'))).toBe(false)
  })
})
