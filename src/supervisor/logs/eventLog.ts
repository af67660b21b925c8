/**
 * The events of a cluster since it came up: numbered, stamped, the newest in memory and all of them as JSON
 * lines on disk. Earlier events, of this `up` or of the last one, are kept in one file beside it.
 */
import { existsSync, renameSync } from 'node:fs'
import type { ClusterEvent, SupervisorEvent } from '../../api/api.ts'
import type { MemberEvent } from '../../core/events.ts'
import { LineFile, previousOf, recordIn } from './lineFile.ts'

const IN_MEMORY = 10_000
/** How much is kept on disk, and as much again of earlier events: each log line is an event, too. */
const LIMIT_BYTES = 32 * 1024 * 1024

type EventListener = (event: ClusterEvent) => void

export class EventLog {
  private readonly path: string
  private readonly limitBytes: number
  /** Null until it is opened. */
  private file: LineFile | null = null
  private recent: ClusterEvent[] = []
  private lastSeq = 0
  private readonly listeners = new Set<EventListener>()

  constructor(path: string, limitBytes?: number) {
    this.path = path
    this.limitBytes = limitBytes ?? LIMIT_BYTES
  }

  /** From now on events are on disk, too. Until then the file still holds those of the last `up`. */
  open(): void {
    const { path, limitBytes } = this
    if (existsSync(path)) renameSync(path, previousOf(path))
    this.file = new LineFile(path, { limitBytes, continues: false })
    for (const event of this.recent) this.file.write(JSON.stringify(event))
  }

  /** The number of the last event. */
  get seq(): number {
    return this.lastSeq
  }

  /** @param at ms since 1970 */
  add(
    at: number,
    member: number | null,
    event: MemberEvent | SupervisorEvent,
    { probe = false } = {},
  ): ClusterEvent {
    // Events of the probe have no number of their own, so that the numbers of the others have no gaps.
    if (!probe) this.lastSeq += 1
    const stamped: ClusterEvent = { seq: this.lastSeq, at, member, event, ...(probe ? { probe } : {}) }
    this.recent.push(stamped)
    // The list is cut in large steps, because shifting it would cost with every event.
    if (this.recent.length > IN_MEMORY * 2) this.recent = this.recent.slice(-IN_MEMORY)
    this.file?.write(JSON.stringify(stamped))
    for (const listener of [...this.listeners]) listener(stamped)
    return stamped
  }

  /** Everything after `seq` that is still kept, oldest first. */
  since(seq: number): ClusterEvent[] {
    const first = this.recent[0]
    const isBeyond = first !== undefined && (first.seq > seq + 1 || (first.probe && first.seq > seq))
    if (this.file !== null && isBeyond) {
      const events = this.file.lines().flatMap(recordIn<ClusterEvent>)
      return events.filter((event) => event.seq > seq)
    }
    return this.recent.filter((event) => event.seq > seq)
  }

  /** @returns a function that ends this */
  listen(listener: EventListener): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  close(): void {
    this.listeners.clear()
    this.file?.close()
  }
}
