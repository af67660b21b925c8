/**
 * What zk-pseudo made goes, whatever it is called by now; nothing else does; what stays is named with its
 * reason.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { backupFile, dynamicFile, nextFile } from '../../src/config/load/fileNames.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import {
  asideName,
  EPOCH_FILES,
  logName,
  snapshotName,
  temporaryLogName,
  temporarySnapshotName,
  UNFINISHED,
} from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { lockDirectory } from '../../src/storage/lock.ts'
import type { ClusterRequest } from '../../src/supervisor/clusterRequest.ts'
import { ClusterDir } from '../../src/supervisor/folder/clusterDir.ts'
import { previousOf } from '../../src/supervisor/logs/lineFile.ts'

const request: ClusterRequest = {
  members: 1,
  files: [],
  dir: '',
  name: null,
  basePort: null,
  autoPorts: true,
  observers: 0,
  settings: {},
  isolation: 'thread',
}

describe('what zk-pseudo made', () => {
  let root: string
  let home: string

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'zkp-volumes-')))
    home = join(root, 'project', '.zk-pseudo')
  })

  afterEach(() => rmSync(root, { recursive: true, force: true }))

  function laidOut(files: string[] = []): ClusterDir {
    mkdirSync(dirname(home), { recursive: true })
    const dir = new ClusterDir(home)
    dir.begin({ name: 'it', request: { ...request, files }, ports: null })
    dir.make(dir.logsPath)
    dir.settle()
    return dir
  }

  const put = (path: string) => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, 'mine')
    return path
  }

  it('goes under every name that a member gives', () => {
    const dir = laidOut()
    const config = join(home, 'conf', 'zoo-0.cfg')
    dir.write(config, 'dataDir=x')
    for (const file of [backupFile(config), nextFile(config), dynamicFile(config, 0x100000005)]) {
      for (const name of [file, file + UNFINISHED]) writeFileSync(name, '')
    }
    writeFileSync(config + UNFINISHED, '')
    dir.write(join(home, 'data', '0', 'myid'), '0\n')
    dir.makeData(join(home, 'data', '0'))
    dir.willWrite(dir.logPath(0))
    for (const file of [dir.logPath(0), previousOf(dir.logPath(0))]) writeFileSync(file, '')
    dir.save()
    const first = 0x100000001 as Zxid
    const data = [
      logName(first),
      snapshotName(first, 'gz'),
      snapshotName(first, ''),
      temporaryLogName(first),
      temporarySnapshotName(first, 'snappy', 'abcd'),
      EPOCH_FILES.accepted,
      EPOCH_FILES.current + UNFINISHED,
    ]
    const folders = ['version-2', asideName('lacks', '100000004'), asideName('unreadable', '1764556800000')]
    for (const folder of folders) for (const name of data) put(join(home, 'data', '0', folder, name))
    put(join(home, 'data', '0', 'zk-pseudo.lock.999999.1.abc'))
    const { removed, kept, failed } = new ClusterDir(home).removeVolumes()
    expect({ kept, failed }).toEqual({ kept: [], failed: [] })
    expect(readdirSync(join(root, 'project'))).toEqual([])
    expect(removed).toContain(join(home, 'data', '0', asideName('unreadable', '1764556800000')))
    expect(removed.at(-1)).toBe(home)
  })

  it('does not take along what looks alike', () => {
    const dir = laidOut()
    dir.write(join(home, 'conf', 'zoo-0.cfg'), 'x')
    dir.makeData(join(home, 'data', '0'))
    dir.save()
    const mine = [
      'conf/zoo-1.cfg.bak',
      'conf/zoo-0.cfg.orig',
      'data/0/version-2.backup/log.1',
      'data/0/version-2/log.1.bak',
      'data/0/version-2/snapshot.txt',
      'data/notes',
    ].map((path) => put(join(home, path)))
    const { kept } = new ClusterDir(home).removeVolumes()
    expect(mine.filter((path) => !existsSync(path))).toEqual([])
    expect(kept.map(({ path }) => path.slice(home.length + 1)).sort()).toEqual([
      'conf/zoo-0.cfg.orig',
      'conf/zoo-1.cfg.bak',
      'data/0/version-2.backup',
      'data/0/version-2/log.1.bak',
      'data/0/version-2/snapshot.txt',
      'data/notes',
    ])
    expect(new Set(kept.map(({ reason }) => reason))).toEqual(new Set(['not made by zk-pseudo']))
  })

  it('goes from a data folder of the user, too, and what was there stays, also when it was set aside', () => {
    const [fresh, used] = [join(root, 'fresh', 'deep'), join(root, 'used')]
    const theirs = put(join(used, 'version-2', 'log.1'))
    const dir = laidOut()
    for (const folder of [fresh, used]) dir.makeData(folder)
    dir.save()
    put(join(fresh, 'version-2', 'log.1'))
    for (const folder of [fresh, used]) {
      const name = join(folder, asideName('unreadable', '17'))
      renameSync(join(folder, 'version-2'), name)
      dir.wasSetAside(name)
      dir.save()
      put(join(folder, 'version-2', 'snapshot.2'))
    }
    const { kept } = new ClusterDir(home).removeVolumes()
    expect(existsSync(theirs)).toBe(false)
    expect(existsSync(join(root, 'fresh'))).toBe(false)
    expect(readdirSync(used)).toEqual(['version-2.unreadable-17'])
    expect(readdirSync(join(used, 'version-2.unreadable-17'))).toEqual(['log.1'])
    expect(kept).toEqual([
      { path: join(used, 'version-2.unreadable-17'), reason: 'it was there before zk-pseudo used it' },
    ])
  })

  it('is told from the files beside a zoo.cfg of the user', () => {
    const config = put(join(root, 'zoo.cfg'))
    laidOut([config])
    const beside = put(dynamicFile(config, 0x100000005))
    const { kept } = new ClusterDir(home).removeVolumes()
    expect(existsSync(beside)).toBe(true)
    expect(kept.map(({ path }) => path)).toEqual([beside])
  })

  it('is not sought behind a link that the user has put in its place', () => {
    const dir = laidOut()
    dir.write(join(home, 'data', '0', 'myid'), '0\n')
    dir.makeData(join(home, 'data', '0'))
    dir.save()
    const elsewhere = join(root, 'elsewhere')
    renameSync(join(home, 'data'), elsewhere)
    symlinkSync(elsewhere, join(home, 'data'))
    const log = put(join(elsewhere, '0', 'version-2', 'log.1'))
    const { kept } = new ClusterDir(home).removeVolumes()
    expect([log, join(elsewhere, '0', 'myid')].filter((path) => !existsSync(path))).toEqual([])
    expect(kept).toEqual([{ path: join(home, 'data'), reason: 'a link, which zk-pseudo did not make' }])
  })

  it('belongs to the folder that made it, and not to a copy of that', () => {
    const dir = laidOut()
    const outside = join(root, 'outside')
    dir.makeData(outside)
    dir.write(join(home, 'data', '0', 'myid'), '0\n')
    dir.save()
    const copy = join(root, 'copy', '.zk-pseudo')
    cpSync(home, copy, { recursive: true })
    const { kept } = new ClusterDir(copy).removeVolumes()
    expect(readdirSync(join(root, 'copy'))).toEqual([])
    expect(existsSync(join(home, 'data', '0', 'myid'))).toBe(true)
    expect(existsSync(join(outside, 'version-2'))).toBe(true)
    expect(kept.map(({ path }) => path)).toContain(outside)
    new ClusterDir(home).removeVolumes()
    expect(existsSync(outside)).toBe(false)
  })

  it('stays altogether while a member uses some of it', () => {
    const dir = laidOut()
    const data = join(home, 'data', '0')
    dir.makeData(data)
    dir.save()
    const log = put(join(data, 'version-2', 'log.1'))
    const lock = lockDirectory(nodeFileSystem, data)
    try {
      expect(() => new ClusterDir(home).removeVolumes()).toThrow(
        /process \d+ uses the data in .*nothing was removed/,
      )
      expect(existsSync(log)).toBe(true)
    } finally {
      lock.release()
    }
    new ClusterDir(home).removeVolumes()
    expect(readdirSync(join(root, 'project'))).toEqual([])
  })
})

describe('a folder that is being laid out', () => {
  let root: string
  let home: string

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'zkp-undo-')))
    home = join(root, '.zk-pseudo')
  })

  afterEach(() => rmSync(root, { recursive: true, force: true }))

  const config = () => join(home, 'conf', 'zoo-0.cfg')

  function begun(members: number): ClusterDir {
    const dir = new ClusterDir(home)
    dir.begin({ name: 'it', request: { ...request, members }, ports: null })
    return dir
  }

  it('that did not exist leaves nothing when it comes to nothing', () => {
    const dir = begun(3)
    dir.write(config(), 'x')
    dir.makeData(join(home, 'data', '0'))
    dir.undo()
    expect(readdirSync(root)).toEqual([])
  })

  it('is what it was when it comes to nothing', () => {
    const first = begun(3)
    first.write(config(), 'as before')
    first.write(join(home, 'conf', 'zoo-1.cfg'), 'as before')
    first.settle()
    const manifest = readFileSync(join(home, 'cluster.json'), 'utf8')
    writeFileSync(join(home, 'conf', 'notes.txt'), 'mine')
    const dir = begun(1)
    dir.removeMade(join(home, 'conf'), new Set([config()]))
    dir.write(config(), 'as asked')
    dir.write(join(home, 'conf', 'zoo-2.cfg'), 'as asked')
    dir.undo()
    expect(readdirSync(join(home, 'conf')).sort()).toEqual(['notes.txt', 'zoo-0.cfg', 'zoo-1.cfg'])
    expect(readFileSync(config(), 'utf8')).toBe('as before')
    expect(readFileSync(join(home, 'cluster.json'), 'utf8')).toBe(manifest)
  })

  it('says so on disk, where nothing can undo it any more, and owns what it has', () => {
    const first = begun(3)
    first.settle()
    const dir = begun(5)
    dir.write(config(), 'x')
    dir.save()
    const { manifest } = new ClusterDir(home)
    expect(manifest).toMatchObject({ unfinished: true, request: { members: 3 } })
    expect(manifest?.created).toContain(config())
    new ClusterDir(home).removeVolumes()
    expect(readdirSync(root)).toEqual([])
  })
})
