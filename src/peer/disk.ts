/**
 * The turn's disk on real files, and the snapshots that keep recovery short. A snapshot is begun when enough
 * was logged, and taken in slices between turns.
 */
import type { LoggedTxn, Recovered } from '../core/effects.ts'
import type { MemberEvent } from '../core/events.ts'
import type { EnsembleConfig } from '../core/membership/ensembleConfig.ts'
import type { Zxid } from '../protocol/zxid.ts'
import { StorageError } from '../storage/errors.ts'
import type { Storage } from '../storage/storage.ts'
import type { Database } from '../tree/database.ts'
import type { ConfigFiles } from './configFiles.ts'
import type { Disk } from './turn.ts'

/** How many ms after a batch its zxid is recorded as durable: rare enough to cost nothing under load. */
const NOTE_AFTER_MS = 10

export class FileDisk implements Disk {
  private readonly storage: Storage
  private readonly configs: ConfigFiles
  private readonly database: () => Database
  private readonly onEvent: (event: MemberEvent) => void
  private readonly onFailure: (error: unknown) => void
  private isNoteDue = false

  constructor(
    storage: Storage,
    configs: ConfigFiles,
    database: () => Database,
    onEvent: (event: MemberEvent) => void,
    onFailure: (error: unknown) => void,
  ) {
    this.storage = storage
    this.configs = configs
    this.database = database
    this.onEvent = onEvent
    this.onFailure = onFailure
  }

  append(txns: readonly LoggedTxn[]): void {
    this.storage.append(txns)
    this.storage.sync()
    // The snapshot is begun later, so that the turn's acknowledgements leave first.
    if (this.storage.snapshotDue) setImmediate(() => this.takeSnapshot())
    this.noteReachSoon()
  }

  private noteReachSoon(): void {
    if (this.isNoteDue) return
    this.isNoteDue = true
    const note = () => {
      this.isNoteDue = false
      this.storage.noteReach()
    }
    setTimeout(note, NOTE_AFTER_MS).unref()
  }

  saveEpoch(which: 'accepted' | 'current', epoch: number): void {
    this.storage.saveEpoch(which, epoch)
  }

  truncate(zxid: number): Recovered | null {
    try {
      return this.storage.truncate(zxid as Zxid)
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'damaged') throw error
      this.onEvent({ type: 'log', level: 'warn', message: error.message })
      return null
    }
  }

  reload(): Recovered {
    return this.storage.recover()
  }

  installSnapshot(zxid: number): void {
    this.storage.installSnapshot(this.database(), zxid as Zxid)
  }

  saveConfig(which: 'next' | 'current', config: EnsembleConfig): void {
    this.configs.save(which, config)
  }

  private takeSnapshot(): void {
    if (!this.storage.snapshotDue) return
    const started = performance.now()
    const database = this.database()
    const zxid = database.lastProcessedZxid
    this.storage.takeSnapshot(database).then(
      () => this.onEvent({ type: 'snapshot', zxid, ms: Math.round(performance.now() - started) }),
      (error: unknown) => this.onFailure(error),
    )
  }
}
