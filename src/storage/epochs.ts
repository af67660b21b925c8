/**
 * The epoch files: acceptedEpoch (the epoch of the last NEWEPOCH that this member promised to accept) and
 * currentEpoch (the epoch of the last leader that it followed). They lie beside the snapshots and hold a
 * decimal number without a newline (QuorumPeer.writeLongToFile). A file holds either the old or the new
 * value, whatever happens: it is written under another name, synced and renamed, and then the directory is
 * synced.
 */
import { join } from 'node:path'
import { type Epoch, epochOf, formatZxid, MAX_EPOCH, type Zxid } from '../protocol/zxid.ts'
import { RESYNC_HINT, StorageError } from './errors.ts'
import { EPOCH_FILES, UNFINISHED } from './fileNames.ts'
import type { FileSystem } from './fileSystem.ts'
import { type HistoryRecord, readHistoryRecord, requireReach } from './historyRecord.ts'
import { replaceFile } from './replaceFile.ts'

export interface Epochs {
  acceptedEpoch: Epoch
  currentEpoch: Epoch
  /** The epochs whose file does not hold the value yet. They must be saved before they are used. */
  unsaved: ('accepted' | 'current')[]
}

export function saveEpoch(files: FileSystem, dir: string, which: 'accepted' | 'current', epoch: Epoch): void {
  replaceFile(files, join(dir, EPOCH_FILES[which]), Buffer.from(String(epoch)))
  files.syncDirectory(dir)
}

/**
 * Reads both epochs of a member whose history ends at `lastZxid`. A missing file counts as the epoch of that
 * zxid: the data was written by a version without epoch files, or never in an ensemble. The record of the
 * history is written before the files. So where the record is ahead of a file, either a crash came in
 * between, or the file was replaced by an older copy.
 *
 * A currentEpoch older than the log is what a crash leaves between the transactions of a sync and the
 * currentEpoch that follows them on disk. acceptedEpoch, which was saved before that sync, shows that this is
 * what happened. The log's own epoch is then the right answer: nothing of epoch e is proposed before a quorum
 * holds everything that e starts from, so a member that has logged any transaction of e holds all of that,
 * too. (Apache saves in the other order, or finds currentEpoch.tmp, and otherwise refuses.)
 * @param record must have been read before the log where a member may be writing both
 * @throws StorageError when the epochs contradict each other or the log, or when the history has lost its end
 */
export function readEpochs(
  files: FileSystem,
  dir: string,
  lastZxid: Zxid,
  record: HistoryRecord | null = readHistoryRecord(files, dir),
): Epochs {
  const epochOfLog = lastZxid < 0 ? 0 : epochOf(lastZxid)
  const saved = {
    accepted: readEpoch(files, join(dir, EPOCH_FILES.accepted)),
    current: readEpoch(files, join(dir, EPOCH_FILES.current)),
  }
  requireReach(dir, record, saved.current, lastZxid)
  const accepted = Math.max(saved.accepted ?? epochOfLog, record?.acceptedEpoch ?? 0)
  const current = Math.max(saved.current ?? epochOfLog, record?.currentEpoch ?? 0)
  const promised = saved.accepted === null ? null : accepted
  const currentEpoch = current >= epochOfLog ? current : epochBeingSaved(files, dir, epochOfLog, promised)
  if (currentEpoch === null)
    throw new StorageError(
      'inconsistent',
      join(dir, EPOCH_FILES.current),
      `the current epoch, ${current}, is older than the last zxid, ${formatZxid(lastZxid)}`,
      {
        hint: `Log and epoch files come from different copies of this directory; restore them together. ${RESYNC_HINT}`,
      },
    )
  if (accepted < currentEpoch)
    throw new StorageError(
      'inconsistent',
      join(dir, EPOCH_FILES.accepted),
      `the accepted epoch, ${accepted}, is less than the current epoch, ${currentEpoch}`,
      { hint: `One of the two files was replaced or lost; restore both together. ${RESYNC_HINT}` },
    )
  const unsaved: Epochs['unsaved'] = []
  if (saved.accepted !== null && saved.accepted < accepted) unsaved.push('accepted')
  if (currentEpoch !== (saved.current ?? epochOfLog)) unsaved.push('current')
  return { acceptedEpoch: accepted, currentEpoch, unsaved }
}

/**
 * The log's epoch, when there is evidence that currentEpoch was about to be saved with it; otherwise null.
 */
function epochBeingSaved(
  files: FileSystem,
  dir: string,
  epochOfLog: Epoch,
  promised: Epoch | null,
): Epoch | null {
  if (promised !== null && promised >= epochOfLog) return epochOfLog
  const temporary = join(dir, EPOCH_FILES.current + UNFINISHED)
  const saving = files.exists(temporary) ? readEpoch(files, temporary) : null
  return saving !== null && saving >= epochOfLog ? saving : null
}

/** Null when there is no file. */
function readEpoch(files: FileSystem, path: string): Epoch | null {
  if (!files.exists(path)) return null
  const text = files.readAll(path).toString('latin1').trim()
  const epoch = Number(text)
  if (!/^\d{1,10}$/.test(text) || epoch > MAX_EPOCH)
    throw new StorageError('damaged', path, `"${text.slice(0, 40)}" is not an epoch`, {
      hint: `It holds one decimal number; write the epoch of the last zxid or of the other members there. ${RESYNC_HINT}`,
    })
  return epoch
}
