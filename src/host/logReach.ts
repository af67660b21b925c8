/**
 * Finds how far a member's history reaches on disk, by reading its files, whichever engine writes them. A
 * transaction that was acknowledged may for a moment be only on other members' disks, and a member does not
 * tell what is on its own disk. Data that was handed to the system counts, because it outlives the member's
 * process.
 *
 * The history reaches to the last transaction that the log leads up to, without a gap, from the newest
 * snapshot. An Apache follower that loses its leader may drop what it has applied but not logged, and
 * continue in memory (ZOOKEEPER-4409 and related issues, seen in 3.8.0). Its log then has a hole, and what
 * follows does not count.
 *
 * Entries are found by their lengths. Checksums are not verified here, but when a member recovers from the
 * log.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { counterOf, epochOf, type Zxid } from '../protocol/zxid.ts'
import { listLogs, listSnapshots, VERSION_DIR } from '../storage/fileNames.ts'
import { nodeFileSystem } from '../storage/fileSystem.ts'
import {
  ENTRY_HEAD,
  ENTRY_MARKER,
  ENTRY_OVERHEAD,
  LOG_HEADER_SIZE,
  TXN_HEADER_SIZE,
  zxidOfPayload,
} from '../storage/log/logFormat.ts'

const CHUNK = 1024 * 1024

export class LogReach {
  /** The last zxid; 0 when there is no transaction. */
  zxid = 0
  /** The first missing transaction that is followed by others. */
  hole: number | null = null
  /**
   * By the first transaction of each epoch: the transaction before it. A hole at an epoch's end can be
   * recognized only by this.
   */
  readonly seams = new Map<number, number>()
  private readonly logDir: string
  private readonly snapDir: string
  private path: string | null = null
  private offset = LOG_HEADER_SIZE

  constructor({ dataDir, dataLogDir }: { dataDir: string; dataLogDir: string }) {
    this.logDir = join(dataLogDir, VERSION_DIR)
    this.snapDir = join(dataDir, VERSION_DIR)
  }

  /**
   * Reads what was added since the last call.
   * @throws the system's error; ENOENT when a file was purged meanwhile
   */
  async look(): Promise<void> {
    if (!nodeFileSystem.exists(this.logDir) || !nodeFileSystem.exists(this.snapDir)) return
    const logs = listLogs(nodeFileSystem, this.logDir)
    if (this.path === null) this.zxid = listSnapshots(nodeFileSystem, this.snapDir)[0]?.zxid ?? 0
    const known = logs.findIndex(({ path }) => path === this.path)
    const first = logs.findLastIndex(({ zxid }) => zxid <= this.zxid + 1)
    for (const { path } of logs.slice(known >= 0 ? known : Math.max(0, first))) await this.follow(path)
  }

  private async follow(path: string): Promise<void> {
    if (path !== this.path) this.offset = LOG_HEADER_SIZE
    this.path = path
    const file = await open(path, 'r')
    try {
      while (await this.next(file)) {}
    } finally {
      await file.close()
    }
  }

  /** Reads the whole entries of one chunk. Returns false at the end. */
  private async next(file: FileHandle): Promise<boolean> {
    const head = await bytesAt(file, this.offset, ENTRY_HEAD)
    if (head.length < ENTRY_HEAD) return false
    const entry = ENTRY_OVERHEAD + head.readInt32BE(8)
    const { size } = await file.stat()
    if (entry < ENTRY_OVERHEAD + TXN_HEADER_SIZE || this.offset + entry > size) return false
    const chunk = await bytesAt(file, this.offset, Math.max(CHUNK, entry))
    const before = this.offset
    let at = 0
    while (at + ENTRY_HEAD <= chunk.length) {
      const length = chunk.readInt32BE(at + 8)
      const end = at + ENTRY_OVERHEAD + length
      if (length < TXN_HEADER_SIZE || end > chunk.length || chunk[end - 1] !== ENTRY_MARKER) break
      this.take(zxidOfPayload(chunk.subarray(at + ENTRY_HEAD, end)))
      at = end
    }
    this.offset += at
    return this.offset > before
  }

  private take(zxid: Zxid): void {
    const before = this.zxid as Zxid
    // Apache logs some transactions twice when a sync is started again.
    if (this.hole !== null || zxid <= before) return
    const isNewEpoch = epochOf(zxid) > epochOf(before)
    const expected = isNewEpoch ? zxid - counterOf(zxid) + 1 : before + 1
    if (before > 0 && zxid > expected) {
      this.hole = expected
      return
    }
    // Counter 0 marks the beginning of an epoch, and does not belong to a transaction.
    if (isNewEpoch && counterOf(before) !== 0) this.seams.set(zxid, before)
    this.zxid = zxid
  }
}

/**
 * The first transaction after the member's newest snapshot that the member lacks and others have; null when
 * none is found.
 */
export function lackOf(one: LogReach, others: readonly LogReach[]): number | null {
  if (one.hole !== null) return one.hole
  for (const [first, before] of one.seams) {
    if (others.some(({ seams }) => (seams.get(first) ?? 0) > before)) return before + 1
  }
  return null
}

async function bytesAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, offset)
  return buffer.subarray(0, bytesRead)
}
