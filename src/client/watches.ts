/**
 * The watches of a session, as its client remembers them: each fires once, and after a reconnect the server is
 * told of those that are left (setWatches), because servers keep watches with the connection.
 */
import { EventType, OpCode, Xid } from '../protocol/opcodes.ts'
import { RequestHeader, SetWatches } from '../protocol/records/client.ts'
import type { Zxid } from '../protocol/zxid.ts'
import { frameOf } from './serverConnection.ts'

export type WatchEventType = 'created' | 'deleted' | 'dataChanged' | 'childrenChanged'

export interface WatchEvent {
  readonly type: WatchEventType
  /** Without the client's chroot. */
  readonly path: string
}

/**
 * Called once, and never when the session ends first: that is told by the client's state. Registering the same
 * function twice for a path counts as once.
 */
export type Watcher = (event: WatchEvent) => void

/** data: getData, or exists on a znode that is there; exist: exists on one that is not; child: getChildren. */
export type WatchKind = 'data' | 'exist' | 'child'

const EVENTS = new Map<number, { type: WatchEventType; fires: readonly WatchKind[] }>([
  [EventType.created, { type: 'created', fires: ['data', 'exist'] }],
  [EventType.deleted, { type: 'deleted', fires: ['data', 'exist', 'child'] }],
  [EventType.dataChanged, { type: 'dataChanged', fires: ['data', 'exist'] }],
  [EventType.childrenChanged, { type: 'childrenChanged', fires: ['child'] }],
])

/** ClientCnxn.SET_WATCHES_MAX_LENGTH: so that no batch comes near jute.maxbuffer. */
const BATCH_BYTES = 128 * 1024

export class Watches {
  private readonly tables: Record<WatchKind, Map<string, Set<Watcher>>> = {
    data: new Map(),
    exist: new Map(),
    child: new Map(),
  }

  /** `path` as the server knows it. */
  add(kind: WatchKind, path: string, watcher: Watcher): void {
    const table = this.tables[kind]
    const watchers = table.get(path)
    if (watchers === undefined) table.set(path, new Set([watcher]))
    else watchers.add(watcher)
  }

  /** Removes and returns those that an event of the wire fires; null for an event that is none. */
  fire(type: number, path: string): { type: WatchEventType; watchers: Watcher[] } | null {
    const event = EVENTS.get(type)
    if (event === undefined) return null
    const watchers = new Set<Watcher>()
    for (const kind of event.fires) {
      for (const watcher of this.tables[kind].get(path) ?? []) watchers.add(watcher)
      this.tables[kind].delete(path)
    }
    return { type: event.type, watchers: [...watchers] }
  }

  clear(): void {
    for (const table of Object.values(this.tables)) table.clear()
  }

  /** The frames that arm on a new connection what is left, and ask for what was missed since `lastZxid`. */
  *setWatchesFrames(lastZxid: Zxid): Generator<Buffer, void, void> {
    const empty = () => ({ data: [] as string[], exist: [] as string[], child: [] as string[] })
    let batch = empty()
    let bytes = 0
    for (const kind of ['data', 'exist', 'child'] as const) {
      for (const path of this.tables[kind].keys()) {
        batch[kind].push(path)
        bytes += 4 + Buffer.byteLength(path)
        if (bytes < BATCH_BYTES) continue
        yield setWatchesFrame(lastZxid, batch)
        batch = empty()
        bytes = 0
      }
    }
    if (bytes > 0) yield setWatchesFrame(lastZxid, batch)
  }
}

function setWatchesFrame(relativeZxid: Zxid, batch: Record<WatchKind, string[]>): Buffer {
  const { data: dataWatches, exist: existWatches, child: childWatches } = batch
  return frameOf((writer) => {
    RequestHeader.write(writer, { xid: Xid.setWatches, type: OpCode.setWatches })
    SetWatches.write(writer, { relativeZxid, dataWatches, existWatches, childWatches })
  })
}
