/**
 * A disk that takes time and forgets, at a crash, what was not synced: of the operations under way a prefix
 * survives, as after a torn write whose tail recovery cut off.
 */
import type { DiskEffect, LoggedTxn, Recovered } from '../../src/core/effects.ts'
import type { EnsembleConfig } from '../../src/core/ensembleConfig.ts'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import { type Epoch, epochOf, type Zxid } from '../../src/protocol/zxid.ts'
import { Database } from '../../src/tree/database.ts'
import { DatabaseReader, writeDatabase } from '../../src/tree/snapshotFormat.ts'
import { forgetConfig, type PlantedFault } from './faults.ts'
import type { Random } from './random.ts'
import type { Schedule } from './schedule.ts'

interface Snapshot {
  readonly zxid: Zxid
  readonly bytes: Buffer
}

/** What survives any crash. */
interface Durable {
  log: LoggedTxn[]
  snapshot: Snapshot | null
  /** What a SNAP has replaced, the latest last. */
  older: { readonly log: LoggedTxn[]; readonly snapshot: Snapshot | null }[]
  acceptedEpoch: Epoch
  currentEpoch: Epoch
  /** The configuration in force, as beside zoo.cfg; null while none was ever saved. */
  config: EnsembleConfig | null
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
  private readonly durable: Durable = {
    log: [],
    snapshot: null,
    older: [],
    acceptedEpoch: 0,
    currentEpoch: 0,
    config: null,
  }
  private queue: Operation[] = []
  private isBusy = false
  private life = 0
  /** A member with a slow disk takes so many times longer. */
  slowness = 1

  constructor(schedule: Schedule, random: Random, fault: PlantedFault | null) {
    this.schedule = schedule
    this.random = random
    this.fault = fault
  }

  /** `finished` is called when the effect is durable, with what was read again for `truncate` and `reload`. */
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
    found: (recovered: Recovered) => void,
  ): () => void {
    const { durable } = this
    switch (effect.kind) {
      case 'append':
        return () => durable.log.push(effect.txn)
      case 'saveEpoch':
        return () => this.saveEpoch(effect.which, effect.epoch)
      case 'saveConfig':
        return () => {
          if (effect.which === 'current' && this.fault !== 'keep-stale-config') durable.config = effect.config
        }
      case 'truncate':
        return () => {
          if (this.fault !== 'skip-trunc') this.cut(effect.zxid)
          found(this.recover())
        }
      case 'reload':
        return () => found(this.recover())
      case 'installSnapshot': {
        const bytes = Buffer.concat([...writeDatabase(database, 1 << 20)])
        return () => {
          durable.older.push({ log: durable.log, snapshot: durable.snapshot })
          durable.snapshot = { zxid: effect.zxid, bytes }
          durable.log = []
        }
      }
    }
  }

  private saveEpoch(which: 'accepted' | 'current', epoch: Epoch): void {
    if (which === 'current') this.durable.currentEpoch = epoch
    else this.durable.acceptedEpoch = epoch
  }

  /** A snapshot that reaches beyond the cut goes, too: what was there before counts again. */
  private cut(zxid: Zxid): void {
    const { durable } = this
    while (durable.snapshot !== null && durable.snapshot.zxid > zxid)
      Object.assign(durable, durable.older.pop() ?? { log: [], snapshot: null })
    durable.log = durable.log.filter((txn) => txn.zxid <= zxid)
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

  recover(): Recovered {
    const { snapshot, log, acceptedEpoch, currentEpoch } = this.durable
    const database = snapshot === null ? Database.initial() : this.read(snapshot)
    const recentTxns = log.filter((txn) => txn.zxid > database.lastProcessedZxid)
    for (const txn of recentTxns) database.replay(decodeTransaction(txn.bytes))
    if (this.fault === 'keep-stale-config' || this.fault === 'forget-pending-config') forgetConfig(database)
    // A log that holds an epoch's transaction holds that epoch's whole initial history: see storage.
    const lastEpoch = epochOf(database.lastProcessedZxid)
    const current = Math.max(currentEpoch, lastEpoch)
    if (this.fault === 'forget-accepted-epoch')
      return { database, recentTxns, acceptedEpoch: 0, currentEpoch: current }
    return { database, recentTxns, acceptedEpoch: Math.max(acceptedEpoch, current), currentEpoch: current }
  }

  private read(snapshot: Snapshot): Database {
    const reader = new DatabaseReader()
    reader.push(snapshot.bytes)
    if (reader.database === null) throw new Error('an unfinished snapshot')
    reader.database.tree.lastProcessedZxid = snapshot.zxid
    return reader.database
  }
}
