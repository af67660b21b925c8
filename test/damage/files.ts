/**
 * What can happen to the files of a member that is down. All damage affects entries that the record of the
 * history covers: a loss of only what was logged after the record was noted looks like a torn write, which
 * may be cut.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ZERO_ZXID, type Zxid } from '../../src/protocol/zxid.ts'
import { StorageError } from '../../src/storage/errors.ts'
import { type LogName, listLogs, listSnapshots, VERSION_DIR } from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { readHistoryRecord } from '../../src/storage/historyRecord.ts'
import { LogFile } from '../../src/storage/log/logFile.ts'
import { purgeable } from '../../src/storage/purge.ts'

export const damageKinds = ['cut', 'repeat', 'flip', 'lose', 'exchange'] as const
export type DamageKind = (typeof damageKinds)[number]

/**
 * Returns the `n`-th choice of a round as a number below `below`; the choice does not depend on earlier ones.
 */
export type Choose = (n: number, below: number) => number

interface Entry {
  readonly offset: number
  readonly end: number
}

/** The log that is damaged, and those of its entries that the record of the history covers. */
interface Target {
  readonly path: string
  readonly entries: readonly Entry[]
}

const folderOf = (dataDir: string) => join(dataDir, VERSION_DIR)

/** Replaces the backup in `to` with the current logs and snapshots. */
export function backUp(dataDir: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  mkdirSync(to, { recursive: true })
  for (const path of historyFiles(folderOf(dataDir))) cpSync(path, join(to, basename(path)))
}

/** Removes what the newest `retain` snapshots do not need, as autopurge does. */
export function purge(dataDir: string, retain: number): void {
  const folder = folderOf(dataDir)
  for (const path of purgeable(nodeFileSystem, folder, folder, retain)) rmSync(path)
}

/** @returns a description of what was done, for people */
export function damage(dataDir: string, kind: DamageKind, backup: string, choose: Choose): string {
  const folder = folderOf(dataDir)
  if (kind === 'exchange') return exchange(folder, backup)
  const limit = readHistoryRecord(nodeFileSystem, folder)?.zxid ?? ZERO_ZXID
  const logs = listLogs(nodeFileSystem, folder).filter(({ zxid }) => zxid <= limit)
  if (kind === 'lose') return lose([...logs, ...listSnapshots(nodeFileSystem, folder)], choose)
  if (kind === 'flip' && choose(0, 3) === 0) return flipSnapshot(folder, choose)
  const target = newestTarget(logs, limit)
  if (target === null) return `no log to ${kind}`
  if (kind === 'cut') return cut(target, choose)
  return kind === 'repeat' ? repeat(target, choose) : flipLog(target, choose)
}

/** At least one covered entry is lost; the last remaining one may be followed by a part of the next. */
function cut({ path, entries }: Target, choose: Choose): string {
  const { offset, end } = entries[choose(1, entries.length)] as Entry
  const size = offset + choose(2, end - offset)
  truncateSync(path, size)
  return `${basename(path)} cut at ${size} of ${entries.at(-1)?.end}`
}

/**
 * Some consecutive entries are written again after themselves: either between the others, where nothing is
 * lost, or over what follows, where at least one covered entry is lost.
 */
function repeat({ path, entries }: Target, choose: Choose): string {
  const first = choose(1, entries.length)
  const last = first + choose(2, entries.length - first)
  const [from, to] = [entries[first]?.offset as number, entries[last]?.end as number]
  const isOver = last < entries.length - 1 && choose(3, 2) === 0
  const bytes = readFileSync(path)
  const again = bytes.subarray(from, to)
  const rest = bytes.subarray(isOver ? to + again.length : to)
  writeFileSync(path, Buffer.concat([bytes.subarray(0, to), again, rest]))
  const where = isOver ? 'over what follows' : 'between the others'
  return `${basename(path)} repeats ${from} to ${to} of ${entries.at(-1)?.end} ${where}`
}

function flipLog({ path, entries }: Target, choose: Choose): string {
  return flip(path, entries.at(-1)?.end as number, choose)
}

function flipSnapshot(folder: string, choose: Choose): string {
  const snapshots = listSnapshots(nodeFileSystem, folder)
  const { path } = snapshots[choose(1, snapshots.length)] as { path: string }
  return flip(path, readFileSync(path).length, choose)
}

function flip(path: string, below: number, choose: Choose): string {
  const bytes = readFileSync(path)
  const [at, bit] = [choose(2, below), choose(3, 8)]
  bytes[at] = (bytes[at] as number) ^ (1 << bit)
  writeFileSync(path, bytes)
  return `${basename(path)} bit ${bit} flipped at ${at} of ${below}`
}

function lose(files: readonly { path: string }[], choose: Choose): string {
  const { path } = files[choose(1, files.length)] as { path: string }
  rmSync(path)
  return `${basename(path)} lost`
}

/**
 * Puts back logs and snapshots of an earlier round; before any backup, the state before the first round,
 * which is empty.
 */
function exchange(folder: string, backup: string): string {
  for (const path of historyFiles(folder)) rmSync(path)
  if (!existsSync(backup)) return 'logs and snapshots are gone'
  cpSync(backup, folder, { recursive: true })
  const newest = historyFiles(backup)[0] as string
  return `logs and snapshots up to ${basename(newest)} put back`
}

/** The newest log and the newest snapshot come first. */
function historyFiles(folder: string): string[] {
  const logs = listLogs(nodeFileSystem, folder).reverse()
  return [...logs, ...listSnapshots(nodeFileSystem, folder)].map(({ path }) => path)
}

function newestTarget(logs: readonly LogName[], limit: Zxid): Target | null {
  const newest = logs.at(-1)
  if (newest === undefined) return null
  const log = new LogFile(nodeFileSystem, newest)
  const entries: Entry[] = []
  try {
    for (let entry = log.next(); entry !== null && entry.zxid <= limit; entry = log.next())
      entries.push({ offset: entry.offset, end: entry.end })
  } catch (error) {
    // A log that was damaged earlier: only the entries that can be read count.
    if (!(error instanceof StorageError)) throw error
  } finally {
    log.close()
  }
  return entries.length === 0 ? null : { path: newest.path, entries }
}
