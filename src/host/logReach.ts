/**
 * How far a member's history reaches on disk, read from its files, whichever engine writes them: what has
 * been acknowledged may for a moment be on other members' disks alone, and no member tells from outside what
 * is on its own. What has been handed to the system counts: it outlives the member's process.
 *
 * It reaches to the last transaction that all others lead up to from the newest snapshot. An Apache follower
 * that loses its leader may drop what it has applied and not logged, and go on in memory (ZOOKEEPER-4409 and
 * its kin, seen in 3.8.0): then its log has a hole, and what stands behind it does not count.
 *
 * Frames are followed by their lengths; checksums are for who recovers from the log.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
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
const COUNTERS = 2 ** 32

export class LogReach {
  /** The last zxid; 0 without any. */
  zxid = 0
  /** The first transaction that is missing, with others behind it. */
  hole: number | null = null
  /**
   * What stands before the first transaction of each epoch, by that one. A hole at an epoch's end shows here
   * alone.
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
   * Reads what is new since the last time. @throws the system's error; ENOENT when a file was purged
   * meanwhile
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

  /** The whole entries of one chunk; false at the end. */
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

  /** Apache logs some transactions twice when a sync begins anew. */
  private take(zxid: number): void {
    const before = this.zxid
    if (this.hole !== null || zxid <= before) return
    const isNewEpoch = Math.floor(zxid / COUNTERS) > Math.floor(before / COUNTERS)
    const expected = isNewEpoch ? zxid - (zxid % COUNTERS) + 1 : before + 1
    if (before > 0 && zxid > expected) {
      this.hole = expected
      return
    }
    // Counter 0 is the beginning of an epoch, and no transaction's.
    if (isNewEpoch && before % COUNTERS !== 0) this.seams.set(zxid, before)
    this.zxid = zxid
  }
}

/**
 * The first transaction that this one lacks and the others do not, of what is above its newest snapshot; null
 * when none is seen.
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
