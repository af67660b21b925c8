/**
 * A disk that takes time and forgets, at a crash, what was not synced: of the operations under way a prefix
 * survives, as after a torn write whose tail recovery cut off.
 */
import type { DiskEffect, LoggedTxn, Recovered } from '../../src/core/effects.ts'
import type { EnsembleConfig } from '../../src/core/membership/ensembleConfig.ts'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import { counterOf, type Epoch, epochOf, formatZxid, ZERO_ZXID, type Zxid } from '../../src/protocol/zxid.ts'
import { type HistoryRecord, isHistoryLost } from '../../src/storage/historyRecord.ts'
import { Database } from '../../src/tree/database.ts'
import { DatabaseReader, writeDatabase } from '../../src/tree/snapshotFormat.ts'
import { forgetConfig, type PlantedFault } from './faults.ts'
import type { Random } from './random.ts'
import type { Schedule } from './schedule.ts'

/** Storage would refuse to start from what is there. */
export class RefusedDisk extends Error {}

interface Snapshot {
  readonly zxid: Zxid
  readonly bytes: Buffer
}

/** What survives any crash. */
interface Durable {
  log: LoggedTxn[]
  snapshot: Snapshot | null
  /** What SNAPs have replaced and purging has left, the latest last. */
  older: { readonly log: LoggedTxn[]; readonly snapshot: Snapshot | null }[]
  acceptedEpoch: Epoch
  currentEpoch: Epoch
  /** The configuration in force, as beside zoo.cfg; null while none was ever saved. */
  config: EnsembleConfig | null
  /** How far the history has reached, as storage keeps it. */
  record: HistoryRecord | null
  /** Bytes were changed, or a file is missing, where storage would notice. */
  isDamaged: boolean
}

function emptyDisk(): Durable {
  return {
    log: [],
    snapshot: null,
    older: [],
    acceptedEpoch: 0,
    currentEpoch: 0,
    config: null,
    record: null,
    isDamaged: false,
  }
}

interface Operation {
  readonly effect: DiskEffect
  /** Makes it durable. */
  readonly apply: () => void
  readonly done: () => void
}

export class SimulatedDisk {
  private readonly schedule: Schedule
  private readonly random: Random
  private readonly fault: PlantedFault | null
  private durable = emptyDisk()
  /** Copies of the history and the epochs of former times, for damage by exchange. */
  private readonly copies: Pick<Durable, 'log' | 'snapshot' | 'acceptedEpoch' | 'currentEpoch'>[] = []
  private queue: Operation[] = []
  private isBusy = false
  private life = 0
  /**
   * For what storage does now and then: a generator of its own, so that the rest of the world stays as it
   * was.
   */
  private readonly habits: Random
  /** A member with a slow disk takes so many times longer. */
  slowness = 1

  constructor(schedule: Schedule, random: Random, habits: Random, fault: PlantedFault | null) {
    this.habits = habits
    this.schedule = schedule
    this.random = random
    this.fault = fault
  }

  /**
   * `finished` is called when the effect is durable, with what was read again for `truncate` and `reload`.
   */
  submit(effect: DiskEffect, database: Database, finished: (recovered: Recovered | null) => void): void {
    let recovered: Recovered | null = null
    const apply = this.application(effect, database, (found) => {
      recovered = found
    })
    this.queue.push({ effect, apply, done: () => finished(recovered) })
    this.work()
  }

  private application(
    effect: DiskEffect,
    database: Database,
    found: (recovered: Recovered | null) => void,
  ): () => void {
    const { durable } = this
    switch (effect.kind) {
      case 'append':
        return () => this.append(effect.txn)
      case 'saveEpoch':
        return () => this.saveEpoch(effect.which, effect.epoch)
      case 'saveConfig':
        return () => {
          if (effect.which === 'current' && this.fault !== 'keep-stale-config') durable.config = effect.config
        }
      case 'truncate':
        return () => {
          if (this.fault === 'skip-trunc' || this.cut(effect.zxid)) found(this.recover())
          else found(null)
        }
      case 'reload':
        return () => found(this.recover())
      case 'installSnapshot': {
        const bytes = Buffer.concat([...writeDatabase(database, 1 << 20)])
        return () => {
          durable.older.push({ log: durable.log, snapshot: durable.snapshot })
          if (this.habits.chance(0.5)) durable.older = []
          this.lower(effect.zxid)
          durable.snapshot = { zxid: effect.zxid, bytes }
          durable.log = []
        }
      }
    }
  }

  private append(txn: LoggedTxn): void {
    this.durable.log.push(txn)
    // Storage notes it now and then.
    if (this.habits.chance(0.2)) this.keep(txn.zxid)
  }

  private keep(zxid: Zxid): void {
    const { acceptedEpoch, currentEpoch } = this.durable
    this.durable.record = { acceptedEpoch, currentEpoch, zxid }
  }

  private lower(zxid: Zxid): void {
    const { record } = this.durable
    if (record !== null && record.zxid > zxid) this.durable.record = { ...record, zxid }
  }

  private saveEpoch(which: 'accepted' | 'current', epoch: Epoch): void {
    if (which === 'current') this.durable.currentEpoch = epoch
    else this.durable.acceptedEpoch = epoch
    this.keep(this.lastZxid)
  }

  private get lastZxid(): Zxid {
    const { log, snapshot } = this.durable
    return log.at(-1)?.zxid ?? snapshot?.zxid ?? ZERO_ZXID
  }

  /**
   * A snapshot that reaches beyond the cut goes, too: what was there before counts again.
   * @returns false when nothing on disk leads there; nothing is changed then
   */
  private cut(zxid: Zxid): boolean {
    const { durable } = this
    const older = [...durable.older]
    let { log, snapshot } = durable
    while (snapshot !== null && snapshot.zxid > zxid) {
      const before = older.pop()
      if (before === undefined) {
        if (this.fault !== 'cut-to-nothing') return false
        Object.assign(durable, { log: [], snapshot: null, older: [], record: null })
        return true
      }
      log = before.log
      snapshot = before.snapshot
    }
    log = log.filter((txn) => txn.zxid <= zxid)
    const end = log.at(-1)?.zxid ?? snapshot?.zxid ?? ZERO_ZXID
    if (end !== zxid && counterOf(zxid) !== 0) return false
    Object.assign(durable, { log, snapshot, older })
    this.lower(end)
    return true
  }

  /** For `exchange`: what a backup of now would hold. */
  private copy(): void {
    const { log, snapshot, acceptedEpoch, currentEpoch } = this.durable
    this.copies.push({ log: [...log], snapshot, acceptedEpoch, currentEpoch })
  }

  /** To be called while the member is dead. @returns what was done, null when there was nothing to damage */
  damage(random: Random): string | null {
    const { durable } = this
    const kind = random.pick(['cut', 'cut', 'lose', 'flip', 'exchange', 'exchange epochs'] as const)
    const copy = this.copies.length === 0 ? null : random.pick(this.copies)
    switch (kind) {
      case 'cut': {
        // Behind the record it would be what a torn write leaves.
        const last = durable.log.findLastIndex(({ zxid }) => zxid <= (durable.record?.zxid ?? ZERO_ZXID))
        if (last < 0) return null
        durable.log = durable.log.slice(0, random.between(0, last))
        return `cut at ${formatZxid(this.lastZxid)}`
      }
      case 'lose':
        if (durable.log.length === 0) return null
        durable.log = []
        return 'lost its logs'
      case 'flip':
        durable.isDamaged = true
        return 'has a flipped byte'
      default:
        if (copy === null) return null
        if (kind === 'exchange') Object.assign(durable, { ...copy, log: [...copy.log], older: [] })
        else {
          const { acceptedEpoch, currentEpoch } = copy
          Object.assign(durable, { acceptedEpoch, currentEpoch })
        }
        return `${kind} with an older copy`
    }
  }

  /** Its data is set aside, as with --resync. */
  reset(): void {
    this.durable = emptyDisk()
  }

  /** One operation at a time; appends that wait together are synced together. */
  private work(): void {
    if (this.isBusy || this.queue.length === 0) return
    this.isBusy = true
    const { life } = this
    const latencyMs =
      (this.random.chance(0.95) ? this.random.next() : this.random.next() * 20) * this.slowness
    this.schedule.after(latencyMs, () => {
      if (life !== this.life) return
      const batch = this.takeBatch()
      for (const operation of batch) operation.apply()
      this.isBusy = false
      for (const operation of batch) {
        if (life !== this.life) return
        operation.done()
      }
      this.work()
    })
  }

  private takeBatch(): Operation[] {
    const appends = this.queue.findIndex((operation) => operation.effect.kind !== 'append')
    const count = appends === 0 ? 1 : appends === -1 ? this.queue.length : appends
    return this.queue.splice(0, count)
  }

  crash(): void {
    if (this.habits.chance(0.3)) this.copy()
    const surviving = this.random.between(0, this.queue.length)
    for (const operation of this.queue.slice(0, surviving)) {
      const { kind } = operation.effect
      // Reading again changes nothing on disk.
      if (kind !== 'reload') operation.apply()
    }
    this.queue = []
    this.isBusy = false
    this.life += 1
  }

  get config(): EnsembleConfig | null {
    return this.durable.config
  }

  /** @throws RefusedDisk */
  recover(): Recovered {
    const { snapshot, log, record, isDamaged } = this.durable
    if (isDamaged) throw new RefusedDisk('damaged')
    const ignoresRecord = this.fault === 'ignore-record'
    if (!ignoresRecord && isHistoryLost(record, this.durable.currentEpoch, this.lastZxid))
      throw new RefusedDisk(`ends at ${formatZxid(this.lastZxid)}, reached ${formatZxid(record.zxid)}`)
    const [acceptedEpoch, currentEpoch] = (['acceptedEpoch', 'currentEpoch'] as const).map((which) =>
      Math.max(this.durable[which], ignoresRecord ? 0 : (record?.[which] ?? 0)),
    ) as [Epoch, Epoch]
    if (acceptedEpoch < currentEpoch) throw new RefusedDisk('acceptedEpoch is below currentEpoch')
    Object.assign(this.durable, { acceptedEpoch, currentEpoch })
    const database = snapshot === null ? Database.initial() : this.read(snapshot)
    const recentTxns = log.filter((txn) => txn.zxid > database.lastProcessedZxid)
    for (const txn of recentTxns) database.replay(decodeTransaction(txn.bytes))
    if (log.length > 0 && this.habits.chance(0.15)) this.takeSnapshot(database)
    if (this.fault === 'keep-stale-config' || this.fault === 'forget-pending-config') forgetConfig(database)
    // A log that holds an epoch's transaction holds that epoch's whole initial history: see storage.
    const lastEpoch = epochOf(database.lastProcessedZxid)
    const current = Math.max(currentEpoch, lastEpoch)
    if (this.fault === 'forget-accepted-epoch')
      return { database, recentTxns, acceptedEpoch: 0, currentEpoch: current }
    return { database, recentTxns, acceptedEpoch: Math.max(acceptedEpoch, current), currentEpoch: current }
  }

  /** And purges what came before, so that nothing leads back to there. */
  private takeSnapshot(database: Database): void {
    const bytes = Buffer.concat([...writeDatabase(database, 1 << 20)])
    const snapshot = { zxid: database.lastProcessedZxid, bytes }
    Object.assign(this.durable, { snapshot, log: [], older: [] })
  }

  private read(snapshot: Snapshot): Database {
    const reader = new DatabaseReader()
    reader.push(snapshot.bytes)
    if (reader.database === null) throw new Error('an unfinished snapshot')
    reader.database.tree.lastProcessedZxid = snapshot.zxid
    return reader.database
  }
}
