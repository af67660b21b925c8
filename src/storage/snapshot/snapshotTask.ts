/**
 * Writes snapshots, which appear whole or not at all: the file is written under a temporary name that no
 * ZooKeeper takes for a snapshot, synced and renamed, and then the directory is synced. (Apache writes in
 * place and recognizes an incomplete snapshot by its end.)
 *
 * `SnapshotTask` writes one in slices while the member continues to serve; `writeSnapshotNow` stalls the
 * member, for cases in which nothing may continue without the snapshot.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createGzip, gzipSync } from 'node:zlib'
import type { Zxid } from '../../protocol/zxid.ts'
import type { Database } from '../../tree/database.ts'
import { type Compression, snapshotName, temporarySnapshotName } from '../fileNames.ts'
import type { FileDescriptor, FileSystem } from '../fileSystem.ts'
import { snappyFrames } from './snappyStream.ts'
import { writeSnapshot } from './snapshotFile.ts'

/** About a millisecond of work, which is how long a request may have to wait for a slice. */
const SLICE = 128 * 1024
/**
 * The file is synced outside this thread whenever so many bytes were written, so that the log's fdatasync
 * never finds the disk busy with a whole snapshot.
 */
const SYNC_EVERY = 8 * 1024 * 1024

interface SnapshotOptions {
  snapDir: string
  compression: Compression
  digestEnabled: boolean
}

interface Target {
  fd: FileDescriptor
  temporary: string
  path: string
}

function begin(files: FileSystem, zxid: Zxid, options: SnapshotOptions): Target {
  const name = snapshotName(zxid, options.compression)
  const unique = randomBytes(4).toString('hex')
  const temporary = join(options.snapDir, temporarySnapshotName(zxid, options.compression, unique))
  return { fd: files.open(temporary, 'replace'), temporary, path: join(options.snapDir, name) }
}

function discard(files: FileSystem, target: Target): void {
  files.close(target.fd)
  // Whatever is left here is removed when the directory is next opened (removeTemporaries).
  if (files.exists(target.temporary)) files.remove(target.temporary)
}

/** A durable snapshot that still has its temporary name; `publishSnapshot` gives it its own. */
interface UnpublishedSnapshot {
  temporary: string
  path: string
}

/**
 * The slices as they are written, except for gzip, which is compressed in another thread where time allows.
 */
function slicesOf(database: Database, options: SnapshotOptions): Iterable<Buffer> {
  const slices = writeSnapshot(database, SLICE, options.digestEnabled)
  return options.compression === 'snappy' ? snappyFrames(slices) : slices
}

export function writeSnapshotNow(
  files: FileSystem,
  database: Database,
  options: SnapshotOptions,
): UnpublishedSnapshot {
  const target = begin(files, database.tree.lastProcessedZxid, options)
  try {
    let position = 0
    const write = (bytes: Buffer) => {
      files.write(target.fd, bytes, position)
      position += bytes.length
    }
    // Each slice becomes a gzip member of its own, so that none has to be held. Readers of gzip read all
    // members in sequence.
    const isGzip = options.compression === 'gz'
    for (const slice of slicesOf(database, options)) write(isGzip ? gzipSync(slice) : slice)
    files.sync(target.fd)
  } catch (error) {
    discard(files, target)
    throw error
  }
  files.close(target.fd)
  return target
}

/** Gives a snapshot its name. From then on, recovery may start from it. */
export function publishSnapshot(files: FileSystem, snapDir: string, snapshot: UnpublishedSnapshot): void {
  files.rename(snapshot.temporary, snapshot.path)
  files.syncDirectory(snapDir)
}

export class SnapshotTask {
  readonly label: Zxid
  private readonly files: FileSystem
  private readonly options: SnapshotOptions
  private readonly database: Database
  /** Asserts that what the body may contain by now is durable in the log. Called after every slice. */
  private readonly checkReach: (reach: Zxid) => void
  private readonly target: Target
  private position = 0
  private state: 'writing' | 'cancelled' | 'done' = 'writing'

  constructor(
    files: FileSystem,
    database: Database,
    options: SnapshotOptions,
    checkReach: (reach: Zxid) => void,
  ) {
    this.files = files
    this.options = options
    this.database = database
    this.checkReach = checkReach
    this.label = database.tree.lastProcessedZxid
    this.target = begin(files, this.label, options)
  }

  /** Takes effect at once: nothing is published afterwards. The file is removed when the task next runs. */
  cancel(): void {
    if (this.state === 'writing') this.state = 'cancelled'
  }

  /** Returns true when the snapshot is in place, false when it was cancelled. */
  async run(): Promise<boolean> {
    try {
      const slices = slicesOf(this.database, this.options)
      if (this.options.compression === 'gz') await this.writeCompressed(slices)
      else await this.writePlain(slices)
      if (this.isCancelled()) return this.abandon()
      await this.files.syncLater(this.target.fd)
    } catch (error) {
      this.abandon()
      throw error
    }
    if (this.isCancelled()) return this.abandon()
    this.files.close(this.target.fd)
    this.state = 'done'
    publishSnapshot(this.files, this.options.snapDir, this.target)
    return true
  }

  private async writePlain(slices: Iterable<Buffer>): Promise<void> {
    for (const slice of slices) {
      this.checkReach(this.database.tree.lastProcessedZxid)
      await this.write(slice)
      await nextTurn()
      if (this.isCancelled()) return
    }
  }

  /** zlib works in the thread pool. Each slice is handed over when the previous one has been compressed. */
  private async writeCompressed(slices: Iterable<Buffer>): Promise<void> {
    const gzip = createGzip()
    const output: Buffer[] = []
    gzip.on('data', (bytes: Buffer) => output.push(bytes))
    const ended = new Promise<void>((resolve, reject) => {
      gzip.once('end', resolve)
      gzip.once('error', reject)
    })
    for (const slice of slices) {
      this.checkReach(this.database.tree.lastProcessedZxid)
      await new Promise<void>((resolve) => gzip.write(slice, () => resolve()))
      for (const bytes of output.splice(0)) await this.write(bytes)
      if (this.isCancelled()) return
    }
    gzip.end()
    await ended
    for (const bytes of output.splice(0)) await this.write(bytes)
  }

  private async write(bytes: Buffer): Promise<void> {
    if (this.isCancelled()) return
    const before = Math.floor(this.position / SYNC_EVERY)
    this.files.write(this.target.fd, bytes, this.position)
    this.position += bytes.length
    if (Math.floor(this.position / SYNC_EVERY) > before) await this.files.syncLater(this.target.fd)
  }

  private isCancelled(): boolean {
    return this.state === 'cancelled'
  }

  private abandon(): false {
    discard(this.files, this.target)
    return false
  }
}
