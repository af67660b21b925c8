/**
 * The turns of actions: they are done one after another, so that each verdict is about its own action only. A
 * handover takes minutes, so nothing queues up after it. During a handover, faults are let through (it
 * notices them and stops), and starts are refused.
 */
import type { Verb } from '../api/api.ts'
import { OperationError } from '../api/operationError.ts'

const FAULTS: readonly Verb[] = ['kill', 'stop', 'pause', 'resume']

export class Turns {
  private last: Promise<unknown> = Promise.resolve()
  private handover: string | null = null

  /** Settles when the actions that were begun are over. */
  get over(): Promise<unknown> {
    return this.last
  }

  /** @throws OperationError `BUSY` */
  take<T>(verb: Verb, work: () => Promise<T>): Promise<T> {
    if (this.handover === null) return this.queued(work)
    if (!FAULTS.includes(verb)) throw this.busy()
    return work()
  }

  /** @param what names the handover to requests that arrive during it @throws OperationError `BUSY` */
  async handOver<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.handover !== null) throw this.busy()
    this.handover = what
    try {
      return await this.queued(work)
    } finally {
      this.handover = null
    }
  }

  private queued<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work)
    this.last = done.catch(() => {})
    return done
  }

  private busy(): OperationError {
    const hint =
      'wait for it (zk-pseudo events -f shows it), or stop it behind the member under way: Ctrl-C where it was begun'
    return new OperationError('BUSY', `a ${this.handover} is under way`, hint)
  }
}
