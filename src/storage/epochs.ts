/**
 * acceptedEpoch (the last NEWEPOCH promised to) and currentEpoch (of the last leader followed), one file each
 * beside the snapshots: decimal, no newline (QuorumPeer.writeLongToFile). A file holds the old or the new
 * value whatever happens: it is written under another name, synced, renamed, and the directory synced.
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
  /** Of these the file does not say it yet: to be saved before they are used. */
  unsaved: ('accepted' | 'current')[]
}

export function saveEpoch(files: FileSystem, dir: string, which: 'accepted' | 'current', epoch: Epoch): void {
  replaceFile(files, join(dir, EPOCH_FILES[which]), Buffer.from(String(epoch)))
  files.syncDirectory(dir)
}

/**
 * Both epochs of a member whose history ends at `lastZxid`; a missing file counts as the epoch of that zxid
 * (written by a version that had none, or never in an ensemble). The record of the history is written first,
 * so where it says more than a file, a crash came in between, or the file was replaced by an older copy.
 *
 * A currentEpoch older than the log is what a crash leaves between the transactions of a sync and the
 * currentEpoch that follows them on disk. acceptedEpoch, saved before that sync, shows that it was one. The
 * log's own epoch then is the right answer: nothing of epoch e is proposed before a quorum holds all that e
 * starts from, so who has logged any of e holds all of it too. (Apache saves in the other order or finds
 * currentEpoch.tmp, and refuses otherwise.)
 * @param record read before the log is, where a member may be writing both
 * @throws StorageError when they contradict each other or the log, or the history has lost its end
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
  const currentEpoch = current >= epochOfLog ? current : epochOnItsWay(files, dir, epochOfLog, promised)
  if (currentEpoch === null)
    throw new StorageError(
      'inconsistent',
      join(dir, EPOCH_FILES.current),
      `the current epoch, ${current}, is older than the last zxid, ${formatZxid(lastZxid)}`,
      {
        hint: `Log and epoch files are of different copies of this directory; restore them together. ${RESYNC_HINT}`,
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

function epochOnItsWay(
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

/** null when there is no file. */
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
