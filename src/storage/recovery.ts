/** How a database comes back from disk: the newest readable snapshot, with the log replayed on top of it. */
import { formatZxid, NO_ZXID, ZERO_ZXID, type Zxid } from '../protocol/zxid.ts'
import { Database } from '../tree/database.ts'
import { labelDatabase } from '../tree/snapshotFormat.ts'
import { DAMAGE_HINT, LATER_VERSION_HINT, RESYNC_HINT, StorageError } from './errors.ts'
import { listForeign, listLogs, listSnapshots } from './fileNames.ts'
import type { FileSystem } from './fileSystem.ts'
import { type RecoveryOptions, Replay, type Replayed } from './log/replay.ts'
import { type LoadedSnapshot, readSnapshot } from './snapshot/snapshotFile.ts'

/** How many snapshots are tried, as many as Apache tries (FileSnap.deserialize). */
const MOST_SNAPSHOTS = 100

export interface RecoveredDatabase extends Replayed {
  /** The zxid of the snapshot at which the replay began; 0 without a snapshot. */
  base: Zxid
}

/**
 * Reads snapshot and log. Null when there is nothing to read: no history was ever written here.
 * @throws StorageError when the whole history cannot be recovered; nothing was changed
 */
export function recoverDatabase(files: FileSystem, options: RecoveryOptions): RecoveredDatabase | null {
  const recovered = recoverKnown(files, options)
  if (options.upTo === null) refuseForeign(files, options, recovered?.lastZxid ?? NO_ZXID)
  return recovered
}

/** Refuses files that begin after the end of the known history: they may hold its newest part. */
function refuseForeign(files: FileSystem, { snapDir, logDir }: RecoveryOptions, lastZxid: Zxid): void {
  const known =
    lastZxid < 0 ? 'there is nothing that it does know' : `what it does know ends at ${formatZxid(lastZxid)}`
  for (const dir of new Set([snapDir, logDir])) {
    const beyond = listForeign(files, dir).find(({ zxid }) => zxid > lastZxid)
    if (beyond === undefined) continue
    const what = `has a name that this version does not know, and ${known}`
    const hint = `${LATER_VERSION_HINT}; or, if it is a copy that you made, move it away`
    throw new StorageError('not-understood', beyond.path, what, { hint })
  }
}

/** @param before only snapshots older than this one are considered; null: all are */
function recoverKnown(
  files: FileSystem,
  options: RecoveryOptions,
  before: Zxid | null = null,
): RecoveredDatabase | null {
  const { snapshot, damaged, passedOver } = loadNewestSnapshot(files, options, before)
  if (snapshot === null) return recoverWithoutSnapshot(files, options, damaged)
  const { database, name } = snapshot
  const notes = damaged.map((error) => `${error.message} (passed over for an older snapshot)`)
  const replayed = new Replay(files, database, options, passedOver, notes).run()
  const { lastZxid, lastDigest } = replayed
  if (holdsMore(snapshot, lastZxid)) {
    // This happens without forceSync, or with data of Apache, whose snapshots may hold more than its log.
    const older = olderSnapshot(files, options, name.zxid, lastZxid)
    if (older !== null) return older
    notes.push(
      `${name.path} holds effects of transactions after ${formatZxid(lastZxid)}, where the log ends: ` +
        "compare this member's data with another's",
    )
  } else if (lastDigest?.version === 2) noteDigest(notes, options.logDir, lastDigest.treeDigest, database)
  return { ...replayed, base: name.zxid }
}

/**
 * Whether the snapshot's fuzzy body holds more than the replayed log. The body may hold one transaction more
 * than `reach` says: Apache writes a snapshot while another thread applies transactions, and writes the
 * digest section last. A transaction that is half applied at that moment is in the body, but not in the
 * digest (DataTree.processTxn sets lastProcessedZxidDigest last). So the snapshot's digest is of no use where
 * the log continues; the log's transactions carry digests of their own.
 */
function holdsMore({ database, reach, digest }: LoadedSnapshot, lastZxid: Zxid): boolean {
  if (reach === null) return false
  return lastZxid < reach || (lastZxid === reach && digest !== null && digest !== database.tree.digest)
}

/** The same history recovered from an older snapshot; null if none leads to the same end. */
function olderSnapshot(
  files: FileSystem,
  options: RecoveryOptions,
  before: Zxid,
  lastZxid: Zxid,
): RecoveredDatabase | null {
  try {
    const older = recoverKnown(files, { ...options, trustEmpty: false, upTo: lastZxid }, before)
    return older?.lastZxid === lastZxid ? older : null
  } catch (error) {
    if (error instanceof StorageError) return null
    throw error
  }
}

function recoverWithoutSnapshot(
  files: FileSystem,
  options: RecoveryOptions,
  damaged: StorageError[],
): RecoveredDatabase | null {
  const [log] = listLogs(files, options.logDir)
  const [error] = damaged
  // True when Apache crashed while it wrote its very first snapshot, that of the empty database.
  const isFirstStart =
    log === undefined && listSnapshots(files, options.snapDir).every(({ zxid }) => zxid === 0)
  if (error !== undefined && !isFirstStart) throw error.withHint(DAMAGE_HINT)
  if (log === undefined) return null
  if (!options.trustEmpty)
    throw new StorageError(
      'damaged',
      options.snapDir,
      'has no snapshot, but there are logs: their beginning is missing',
      {
        hint:
          'Restore the snapshots; or, if this comes from ZooKeeper before 3.5.3 and the logs are complete, ' +
          `set snapshot.trust.empty=true in its zoo.cfg for one start. ${RESYNC_HINT}`,
      },
    )
  const database = Database.initial(options.ttlRule)
  labelDatabase(database, ZERO_ZXID)
  return { ...new Replay(files, database, options, [], []).run(), base: ZERO_ZXID }
}

/**
 * Reports a tree whose digest is not the one that was recorded. Digests compare trees cheaply. Apache, too,
 * only reports a difference (DataTree.compareDigest).
 */
function noteDigest(notes: string[], path: string, expected: bigint, { tree }: Database): void {
  if (expected !== tree.digest)
    notes.push(
      `${path}: the tree's digest at ${formatZxid(tree.lastProcessedZxid)} is ${tree.digest}, but ` +
        `${expected} was recorded: compare this member's data with another's`,
    )
}

/**
 * Loads the newest snapshot that is whole, is older than `before` and reaches no further than `upTo`, and
 * collects the damaged snapshots that were passed over.
 * @throws StorageError `not-understood` for a later version's snapshot: to continue from an older one would
 * lose what the newer one holds
 */
function loadNewestSnapshot(
  files: FileSystem,
  { snapDir, upTo, ttlRule }: RecoveryOptions,
  before: Zxid | null,
): { snapshot: LoadedSnapshot | null; damaged: StorageError[]; passedOver: Zxid[] } {
  const damaged: StorageError[] = []
  const passedOver: Zxid[] = []
  const names = listSnapshots(files, snapDir).filter(
    ({ zxid }) => (upTo === null || zxid <= upTo) && (before === null || zxid < before),
  )
  for (const name of names.slice(0, MOST_SNAPSHOTS)) {
    try {
      const snapshot = readSnapshot(files, name, ttlRule)
      if (upTo === null || (snapshot.reach ?? name.zxid) <= upTo) return { snapshot, damaged, passedOver }
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'damaged') throw error
      damaged.push(error)
      passedOver.push(name.zxid)
    }
  }
  return { snapshot: null, damaged, passedOver }
}
