/**
 * The record of how far this member's history has reached: a file of our own beside the epoch files, which
 * Apache ZooKeeper neither reads nor writes.
 *
 * A vote claims (currentEpoch, last zxid), and elections rest on it: a member that took an epoch holds
 * everything that the epoch starts from. The epoch files alone cannot show that a log has lost its end since
 * then, and a member with a great epoch and a shortened log would win over members that hold what it lost. So
 * the record is made durable before currentEpoch is saved, and holds the zxid at which the history ended at
 * that moment. From time to time a later zxid is recorded. A history that ends before that zxid was damaged
 * (`requireReach`).
 *
 * When the record can be trusted, and when not:
 * - Before the history may legally become shorter (TRUNC, SNAP), the record is lowered.
 * - The record is written before the epoch file of which it speaks. After a crash in between, the record
 *   completes that file: its content was durable when it was written. So neither epoch of the record is ever
 *   too great.
 * - Apache leaves the file as it is. While currentEpoch stays the same, Apache only adds to the history, so
 *   the record still binds. When currentEpoch is greater than the record's, another engine has since taken
 *   over a leader's history, which may be shorter; the record's zxid then means nothing. (An Apache member
 *   that is killed between TRUNC and currentEpoch looks damaged here. That errs on the safe side: its leader
 *   can give it everything.)
 *
 * The file has two lines of the same form, 512 bytes apart, so that they share no sector. The first line is
 * written atomically with the whole file. The second line is overwritten in place without a sync, which costs
 * microseconds; it outlives the process, and usually a power failure. When the second line is torn, the first
 * one counts.
 */
import { join } from 'node:path'
import { type Epoch, formatZxid, parseZxidHex, ZERO_ZXID, type Zxid } from '../protocol/zxid.ts'
import { HISTORY_LOST_HINT, StorageError } from './errors.ts'
import { HISTORY_RECORD } from './fileNames.ts'
import type { FileSystem } from './fileSystem.ts'
import { replaceFile } from './replaceFile.ts'
import { adler32 } from './snapshot/adler32.ts'

export interface HistoryRecord {
  readonly acceptedEpoch: Epoch
  readonly currentEpoch: Epoch
  /** The history reached at least this zxid while currentEpoch was the one above. */
  readonly zxid: Zxid
}

type Epochs = Pick<HistoryRecord, 'acceptedEpoch' | 'currentEpoch'>

const SECOND_LINE = 512
const LINE_LENGTH = 96

/**
 * Null when there is no record: no epoch was taken here yet, or only by another engine.
 * @throws StorageError `damaged`
 */
export function readHistoryRecord(files: FileSystem, dir: string): HistoryRecord | null {
  const path = join(dir, HISTORY_RECORD)
  if (!files.exists(path)) return null
  const bytes = files.readAll(path)
  const first = parseLine(bytes.subarray(0, LINE_LENGTH))
  if (first === null)
    throw new StorageError('damaged', path, 'does not hold what was written there', {
      offset: 0,
      hint: HISTORY_LOST_HINT,
    })
  const second = parseLine(bytes.subarray(SECOND_LINE, SECOND_LINE + LINE_LENGTH))
  return second?.currentEpoch === first.currentEpoch ? second : first
}

/** Whether a history that ends at `lastZxid` has lost transactions that it held according to the record. */
export function isHistoryLost(
  record: HistoryRecord | null,
  savedCurrentEpoch: Epoch | null,
  lastZxid: Zxid,
): record is HistoryRecord {
  if (record === null || (savedCurrentEpoch ?? 0) > record.currentEpoch) return false
  return lastZxid < record.zxid
}

/** @throws StorageError `history-lost` */
export function requireReach(
  dir: string,
  record: HistoryRecord | null,
  savedCurrentEpoch: Epoch | null,
  lastZxid: Zxid,
): void {
  if (!isHistoryLost(record, savedCurrentEpoch, lastZxid)) return
  const { zxid, currentEpoch } = record
  const end = lastZxid <= 0 ? 'there is no history' : `the history ends at ${formatZxid(lastZxid)}`
  const what = `${end}, but it reached ${formatZxid(zxid)} in epoch ${currentEpoch}: what came after is lost`
  throw new StorageError('history-lost', dir, what, { hint: HISTORY_LOST_HINT })
}

/** Keeps the record of one member while it runs. */
export class HistoryRecorder {
  private readonly files: FileSystem
  private readonly dir: string
  /** False without forceSync: nothing is then known to be durable, and only the epochs are recorded. */
  private readonly knowsReach: boolean
  /** What the file says; null when there is no file. */
  private saved: HistoryRecord | null = null
  /** True while the history is being cut or replaced: its end is not known until `begin` or `changed`. */
  private isChanging = false
  private epochs: Epochs = { acceptedEpoch: 0, currentEpoch: 0 }

  constructor(files: FileSystem, dir: string, knowsReach: boolean) {
    this.files = files
    this.dir = dir
    this.knowsReach = knowsReach
  }

  /** Starts recording with the epochs that recovery found. */
  begin(acceptedEpoch: Epoch, currentEpoch: Epoch): void {
    this.epochs = { acceptedEpoch, currentEpoch }
    this.saved = readHistoryRecord(this.files, this.dir)
    this.isChanging = false
  }

  /**
   * Records an epoch. Must be called before the epoch file is written; the directory sync of that file makes
   * the record durable, too.
   */
  epoch(which: 'accepted' | 'current', epoch: Epoch, durable: Zxid): void {
    const { epochs } = this
    if (which === 'accepted') {
      this.note(durable, { ...epochs, acceptedEpoch: epoch })
      return
    }
    this.save(this.reach(durable), { ...epochs, currentEpoch: epoch })
  }

  /** Must be called before the history becomes shorter and may end at `zxid`. Durable when it returns. */
  lower(zxid: Zxid): void {
    this.isChanging = true
    if (this.saved === null || this.saved.zxid <= zxid) return
    this.save(zxid)
    this.files.syncDirectory(this.dir)
  }

  /** The history that was being cut or replaced is whole again. */
  changed(): void {
    this.isChanging = false
  }

  /** Records that the history is durable up to this zxid. Cheap: once the file exists, nothing is synced. */
  note(durable: Zxid, epochs = this.epochs): void {
    if (this.isChanging) return
    const zxid = this.reach(durable)
    const { saved } = this
    if (saved === null && zxid === ZERO_ZXID && epochs.acceptedEpoch === 0) return
    if (saved?.currentEpoch !== epochs.currentEpoch) {
      this.save(zxid, epochs)
      return
    }
    if (zxid === saved.zxid && epochs.acceptedEpoch === saved.acceptedEpoch) return
    const record = { ...epochs, zxid }
    const fd = this.files.open(join(this.dir, HISTORY_RECORD), 'edit')
    try {
      this.files.write(fd, lineOf(record), SECOND_LINE)
    } finally {
      this.files.close(fd)
    }
    this.keep(record)
  }

  /** Records how far the history reaches, in both lines. Durable when it returns. */
  checkpoint(durable: Zxid): void {
    this.save(this.reach(durable))
    this.files.syncDirectory(this.dir)
  }

  private reach(durable: Zxid): Zxid {
    return this.knowsReach && durable > 0 ? durable : ZERO_ZXID
  }

  private save(zxid: Zxid, epochs = this.epochs): void {
    const record = { ...epochs, zxid }
    const content = Buffer.alloc(SECOND_LINE + LINE_LENGTH)
    lineOf(record).copy(content, 0)
    lineOf(record).copy(content, SECOND_LINE)
    replaceFile(this.files, join(this.dir, HISTORY_RECORD), content)
    this.keep(record)
  }

  private keep(record: HistoryRecord): void {
    const { acceptedEpoch, currentEpoch } = record
    this.saved = record
    this.epochs = { acceptedEpoch, currentEpoch }
  }
}

function lineOf({ acceptedEpoch, currentEpoch, zxid }: HistoryRecord): Buffer {
  const text = `acceptedEpoch=${acceptedEpoch} currentEpoch=${currentEpoch} zxid=${formatZxid(zxid)}`
  const sum = adler32(Buffer.from(text)).toString(16).padStart(8, '0')
  return Buffer.from(`${`${text} sum=${sum}`.padEnd(LINE_LENGTH - 1)}\n`)
}

function parseLine(bytes: Buffer): HistoryRecord | null {
  const line = bytes.toString('latin1')
  const found =
    /^(acceptedEpoch=(\d{1,10}) currentEpoch=(\d{1,10}) zxid=0x([0-9a-f]{1,16})) sum=([0-9a-f]{8}) *\n$/.exec(
      line,
    )
  if (found === null) return null
  const [, text = '', accepted, current, hex = '', sum = ''] = found
  const zxid = parseZxidHex(hex)
  if (zxid === null || adler32(Buffer.from(text)) !== Number.parseInt(sum, 16)) return null
  return { acceptedEpoch: Number(accepted), currentEpoch: Number(current), zxid }
}
