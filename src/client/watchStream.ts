/** A persistent watch as a stream: `for await (const event of zk.watch('/app', { recursive: true }))`. */
import type { WatchEvent } from './watches.ts'

/** What a stream needs from its client. */
interface StreamSource {
  /** Sets the watch. Events may arrive before this settles. */
  arm(watcher: (event: WatchEvent) => void): Promise<void>
  disarm(watcher: (event: WatchEvent) => void): Promise<void>
  /** Calls the listener once the session is over. Returns a function that stops this. */
  onEnd(listener: () => void): () => void
}

/**
 * Yields events in the order in which they happened. None is lost while the connection lasts; after a
 * reconnect the watch is set again, and what happened in between is missing. The stream ends with the
 * session, with `removeWatches`, or when its reader stops reading, which removes the watch. Unread events are
 * kept in memory.
 */
export class WatchStream implements AsyncIterableIterator<WatchEvent, undefined, undefined> {
  /**
   * Settles when the watch is set: everything that happens from then on will be reported. Rejects when it
   * cannot be set.
   */
  readonly ready: Promise<void>
  private readonly events: WatchEvent[] = []
  private readonly readers: ((result: IteratorResult<WatchEvent, undefined>) => void)[] = []
  private readonly source: StreamSource
  private readonly forgetEnd: () => void
  private isOver = false

  constructor(source: StreamSource) {
    this.source = source
    this.forgetEnd = source.onEnd(() => this.end())
    this.ready = source.arm(this.take)
    // `next` rejects with the same error, so a caller that only reads must not cause an unhandled rejection.
    this.ready.catch(() => this.end())
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** @throws KeeperError when the watch could not be set */
  async next(): Promise<IteratorResult<WatchEvent, undefined>> {
    await this.ready
    const event = this.events.shift()
    if (event !== undefined) return { done: false, value: event }
    if (this.isOver) return { done: true, value: undefined }
    return new Promise((resolve) => this.readers.push(resolve))
  }

  /** Removes the watch, and drops unread events. */
  async return(): Promise<IteratorResult<WatchEvent, undefined>> {
    const wasOver = this.isOver
    this.events.length = 0
    this.end()
    if (!wasOver) await this.source.disarm(this.take)
    return { done: true, value: undefined }
  }

  private readonly take = (event: WatchEvent): void => {
    if (this.isOver) return
    if (event.type === 'removed') {
      this.end()
      return
    }
    const reader = this.readers.shift()
    if (reader === undefined) this.events.push(event)
    else reader({ done: false, value: event })
  }

  private end(): void {
    if (this.isOver) return
    this.isOver = true
    this.forgetEnd()
    for (const reader of this.readers.splice(0)) reader({ done: true, value: undefined })
  }
}
