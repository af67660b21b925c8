/**
 * The shell's turn. Inputs step the core as they arrive. When the event loop has delivered all that was
 * ready, the effects are carried out together, in this order: what may leave at once is sent, so that
 * followers work while this member's own disk does; everything that the turn logged is made durable by one
 * sync; what waited for the disk is sent.
 *
 * Invariant: a `releases` entry is carried out only after the sync that covers its ticket.
 */
import type { DiskEffect, Effect, Now, PeerInput, Recovered, SendEffect, Ticket } from '../core/effects.ts'
import type { EnsembleConfig } from '../core/membership/ensembleConfig.ts'
import type { PeerCore } from '../core/peer.ts'

/** The disk as a turn sees it. The effect of every call is durable when it returns. */
export interface Disk {
  /** Appends a batch with one sync. */
  append(txns: readonly Extract<DiskEffect, { kind: 'append' }>['txn'][]): void
  saveEpoch(which: 'accepted' | 'current', epoch: number): void
  /** Null when the history cannot be cut at this zxid; nothing was changed. */
  truncate(zxid: number): Recovered | null
  reload(): Recovered
  installSnapshot(zxid: number): void
  /** Saves a configuration beside zoo.cfg. */
  saveConfig(which: 'next' | 'current', config: EnsembleConfig): void
}

/** The sockets as a turn sees them: `send` queues, and `flush` writes what was queued. */
export interface Wire {
  send(effect: SendEffect): void
  flush(): void
}

interface TurnParts {
  readonly wire: Wire
  readonly clock: () => Now
  readonly onFailure: (error: unknown) => void
}

export class Turn {
  /** Null until the member runs. */
  core: PeerCore | null = null
  private disk: Disk | null = null
  private readonly parts: TurnParts
  private effects: Effect[] = []
  private isScheduled = false
  private isUrgent = false
  private isEnded = false
  private timer: NodeJS.Timeout | null = null
  private timerAtMs = Number.POSITIVE_INFINITY

  constructor(parts: TurnParts) {
    this.parts = parts
  }

  readonly emit = (effect: Effect): void => {
    this.effects.push(effect)
    // These effects refer to the database as it is now, and the next input may change it.
    if (effect.kind === 'installSnapshot' || effect.kind === 'snapshotToLearner') this.isUrgent = true
  }

  /** Steps the core. The effects are carried out at the end of the turn. */
  readonly input = (input: PeerInput): void => {
    if (this.isEnded || this.core === null) return
    try {
      this.core.step(input, this.parts.clock())
    } catch (error) {
      this.fail(error)
      return
    }
    if (this.isUrgent) this.finish()
    else this.schedule()
  }

  /** Starts the core, which must have been constructed with `emit`. */
  start(core: PeerCore, disk: Disk): void {
    this.core = core
    this.disk = disk
    core.start(this.parts.clock())
    this.schedule()
  }

  end(): void {
    this.isEnded = true
    if (this.timer !== null) clearTimeout(this.timer)
  }

  private fail(error: unknown): void {
    this.end()
    this.parts.onFailure(error)
  }

  private schedule(): void {
    if (this.isScheduled) return
    this.isScheduled = true
    setImmediate(this.finish)
  }

  private readonly finish = (): void => {
    this.isScheduled = false
    this.isUrgent = false
    if (this.isEnded) return
    try {
      while (this.effects.length > 0 && !this.isEnded) this.carryOut()
      this.arm()
    } catch (error) {
      this.fail(error)
    }
  }

  private carryOut(): void {
    const effects = this.effects
    this.effects = []
    const disk: DiskEffect[] = []
    for (const effect of effects) {
      if ('ticket' in effect) disk.push(effect)
      else this.parts.wire.send(effect)
    }
    this.parts.wire.flush()
    if (disk.length > 0) this.makeDurable(disk)
    this.parts.wire.flush()
  }

  private makeDurable(effects: readonly DiskEffect[]): void {
    for (let i = 0; i < effects.length; ) {
      const effect = effects[i] as DiskEffect
      if (effect.kind === 'append') {
        i = this.append(effects, i)
        continue
      }
      i += 1
      this.carryOutOnDisk(effect)
    }
  }

  /** Carries out consecutive appends with one sync. Returns the index after them. */
  private append(effects: readonly DiskEffect[], from: number): number {
    const batch: Extract<DiskEffect, { kind: 'append' }>[] = []
    let next = from
    for (let effect = effects[next]; effect?.kind === 'append'; effect = effects[next]) {
      batch.push(effect)
      next += 1
    }
    this.disk?.append(batch.map((effect) => effect.txn))
    for (const effect of batch) this.release(effect.releases)
    this.durable((batch[batch.length - 1] as DiskEffect).ticket)
    return next
  }

  private carryOutOnDisk(effect: Exclude<DiskEffect, { kind: 'append' }>): void {
    const { disk } = this
    if (disk === null) return
    switch (effect.kind) {
      case 'saveEpoch':
        disk.saveEpoch(effect.which, effect.epoch)
        this.release(effect.releases)
        this.durable(effect.ticket)
        break
      case 'installSnapshot':
        disk.installSnapshot(effect.zxid)
        this.release(effect.releases)
        this.durable(effect.ticket)
        break
      case 'saveConfig':
        disk.saveConfig(effect.which, effect.config)
        this.durable(effect.ticket)
        break
      case 'truncate':
        this.restored(effect.ticket, disk.truncate(effect.zxid))
        break
      case 'reload':
        this.restored(effect.ticket, disk.reload())
        break
    }
  }

  private release(releases: readonly SendEffect[]): void {
    for (const effect of releases) this.parts.wire.send(effect)
  }

  private durable(ticket: Ticket): void {
    this.core?.step({ kind: 'durable', ticket }, this.parts.clock())
  }

  private restored(ticket: Ticket, recovered: Recovered | null): void {
    const input: PeerInput =
      recovered === null ? { kind: 'notTruncated', ticket } : { kind: 'restored', ticket, recovered }
    this.core?.step(input, this.parts.clock())
  }

  /** Sets the one timer, but only when the core wants to be woken earlier than it is set for. */
  private arm(): void {
    const at = this.core?.wakeAtMs ?? Number.POSITIVE_INFINITY
    if (at >= this.timerAtMs) return
    if (this.timer !== null) clearTimeout(this.timer)
    this.timerAtMs = at
    const delayMs = Math.max(0, Math.ceil(at - this.parts.clock().monotonicMs))
    this.timer = setTimeout(this.wake, Math.min(delayMs, 0x7fffffff))
  }

  private readonly wake = (): void => {
    this.timer = null
    this.timerAtMs = Number.POSITIVE_INFINITY
    this.input({ kind: 'tick' })
  }
}
