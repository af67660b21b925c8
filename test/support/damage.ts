/** What can happen to the files of a member that does not run. */
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ZERO_ZXID, type Zxid } from '../../src/protocol/zxid.ts'
import { listLogs, listSnapshots, VERSION_DIR } from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { readHistoryRecord } from '../../src/storage/historyRecord.ts'
import { LogFile } from '../../src/storage/logFile.ts'
import type { RandomBelow } from './randomFrom.ts'

export const damages = ['cut', 'flip', 'lose', 'exchange'] as const
export type DamageKind = (typeof damages)[number]

/** A copy of the data as it is now, for `exchange`. */
export function backup(dataDir: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'zk-backup-'))
  cpSync(join(dataDir, VERSION_DIR), copy, { recursive: true })
  return copy
}

/** @returns what was done, for a message; null when there is nothing to do it to */
export function damage(
  dataDir: string,
  kind: DamageKind,
  old: string | null,
  random: RandomBelow,
): string | null {
  const dir = join(dataDir, VERSION_DIR)
  const logs = listLogs(nodeFileSystem, dir)
  const newest = logs.at(-1)
  if (newest === undefined) return null
  switch (kind) {
    case 'cut': {
      // What was logged after the record was noted cannot be told from a torn write.
      const limit = readHistoryRecord(nodeFileSystem, dir)?.zxid ?? ZERO_ZXID
      const ends = offsetsUpTo(newest.path, newest.zxid, limit)
      if (ends.length === 0) return null
      const size = (ends[random(ends.length)] as number) + random(40)
      truncateSync(newest.path, size)
      return `${newest.path} cut at ${size}`
    }
    case 'flip': {
      const bytes = readFileSync(newest.path)
      const end = bytes.lastIndexOf(0x42)
      const at = random(Math.max(1, end))
      bytes[at] = (bytes[at] as number) ^ (1 << random(8))
      writeFileSync(newest.path, bytes)
      return `${newest.path} has a bit flipped at ${at}`
    }
    case 'lose': {
      const files = [...logs, ...listSnapshots(nodeFileSystem, dir)]
      const { path } = files[random(files.length)] as { path: string }
      rmSync(path)
      return `${path} lost`
    }
    case 'exchange': {
      if (old === null) return null
      for (const { path } of [...logs, ...listSnapshots(nodeFileSystem, dir)]) rmSync(path)
      const isHistory = (name: string) => /^(log|snapshot)\./.test(name.slice(old.length + 1))
      cpSync(old, dir, { recursive: true, filter: (name) => name === old || isHistory(name) })
      return `${dir} has logs and snapshots of former times`
    }
  }
}

/** Where each entry up to `limit` begins, so that a cut there loses at least one of them. */
function offsetsUpTo(path: string, zxid: Zxid, limit: Zxid): number[] {
  const log = new LogFile(nodeFileSystem, { path, zxid })
  const offsets: number[] = []
  try {
    for (let entry = log.next(); entry !== null && entry.zxid <= limit; entry = log.next())
      offsets.push(entry.offset)
  } catch {
    // Damaged before: what was read counts.
  } finally {
    log.close()
  }
  return offsets
}
