/**
 * The watches of a session, as its client remembers them. Standard watches fire once, persistent watches
 * stay. Servers keep watches with the connection, so after a reconnect the remaining ones are sent to the
 * server (setWatches).
 */

import { frameOf } from '../protocol/frames.ts'
import { EventType, OpCode, WatcherType, WatchRequestMode, Xid } from '../protocol/opcodes.ts'
import { RequestHeader, SetWatches, SetWatches2 } from '../protocol/records/client.ts'
import type { Zxid } from '../protocol/zxid.ts'

/** `removed` comes from the client itself: `removeWatches` has removed the watch. */
export type WatchEventType = 'created' | 'deleted' | 'dataChanged' | 'childrenChanged' | 'removed'

export interface WatchEvent {
  readonly type: WatchEventType
  /** The path without the client's chroot. */
  readonly path: string
}

/**
 * A watcher is not called when the session ends; the client's state tells that. Registering the same function
 * twice for a path has the same effect as once.
 */
export type Watcher = (event: WatchEvent) => void

/**
 * What set the watch. data: getData, or exists on an existing znode; exist: exists on a missing znode; child:
 * getChildren; persistent and recursive: addWatch.
 */
export type WatchKind = 'data' | 'exist' | 'child' | 'persistent' | 'recursive'

/**
 * persistent: events of the znode and its list of children; recursive: events of the znode and all below it.
 */
export type WatchMode = 'persistent' | 'recursive'
export const WATCH_MODES: Record<WatchMode, number> = WatchRequestMode

/** Which watches `removeWatches` and `checkWatches` apply to. */
export type WatchSelection = 'children' | 'data' | 'any'
/** For each: Watcher.WatcherType, and the tables that ZKWatchManager.removeWatcher searches. */
export const SELECTIONS: Record<WatchSelection, { type: number; kinds: readonly WatchKind[] }> = {
  children: { type: WatcherType.children, kinds: ['child'] },
  data: { type: WatcherType.data, kinds: ['data', 'exist'] },
  any: { type: WatcherType.any, kinds: ['data', 'exist', 'child', 'persistent', 'recursive'] },
}

export function selectionType(selection: WatchSelection): number {
  return SELECTIONS[selection].type
}

const EVENTS = new Map<number, { type: WatchEventType; fires: readonly WatchKind[] }>([
  [EventType.created, { type: 'created', fires: ['data', 'exist'] }],
  [EventType.deleted, { type: 'deleted', fires: ['data', 'exist', 'child'] }],
  [EventType.dataChanged, { type: 'dataChanged', fires: ['data', 'exist'] }],
  [EventType.childrenChanged, { type: 'childrenChanged', fires: ['child'] }],
])

/** ClientCnxn.SET_WATCHES_MAX_LENGTH, which keeps every batch well below jute.maxbuffer. */
const BATCH_BYTES = 128 * 1024

type PathsByKind = Record<WatchKind, string[]>
const noPaths = (): PathsByKind => ({ data: [], exist: [], child: [], persistent: [], recursive: [] })

export class Watches {
  private readonly tables: Record<WatchKind, Map<string, Set<Watcher>>> = {
    data: new Map(),
    exist: new Map(),
    child: new Map(),
    persistent: new Map(),
    recursive: new Map(),
  }

  /** @param path as the server knows it */
  add(kind: WatchKind, path: string, watcher: Watcher): void {
    const table = this.tables[kind]
    const watchers = table.get(path)
    if (watchers === undefined) table.set(path, new Set([watcher]))
    else watchers.add(watcher)
  }

  /**
   * The watchers that an event from the wire fires, of which the standard ones are removed. Null for an
   * unknown event.
   */
  fire(type: number, path: string): { type: WatchEventType; watchers: Watcher[] } | null {
    const event = EVENTS.get(type)
    if (event === undefined) return null
    const watchers = new Set<Watcher>()
    for (const kind of event.fires) {
      for (const watcher of this.tables[kind].get(path) ?? []) watchers.add(watcher)
      this.tables[kind].delete(path)
    }
    for (const watcher of this.tables.persistent.get(path) ?? []) watchers.add(watcher)
    // A recursive watch is notified of each child itself, so it needs no event for a list of children.
    if (event.type !== 'childrenChanged' && this.tables.recursive.size > 0)
      for (const above of withAncestors(path))
        for (const watcher of this.tables.recursive.get(above) ?? []) watchers.add(watcher)
    return { type: event.type, watchers: [...watchers] }
  }

  /**
   * Whether there is a watch of another watcher where `watcher` is to be removed. The server must then keep
   * its watch.
   */
  isShared(path: string, selection: WatchSelection, watcher: Watcher): boolean {
    return SELECTIONS[selection].kinds.some((kind) =>
      [...(this.tables[kind].get(path) ?? [])].some((other) => other !== watcher),
    )
  }

  /** Removes and returns the selected watchers of a path, or only the given one. */
  remove(path: string, selection: WatchSelection, only?: Watcher): Watcher[] {
    const removed = new Set<Watcher>()
    for (const kind of SELECTIONS[selection].kinds) {
      const watchers = this.tables[kind].get(path)
      for (const watcher of watchers ?? []) {
        if (only !== undefined && watcher !== only) continue
        removed.add(watcher)
        watchers?.delete(watcher)
      }
      if (watchers?.size === 0) this.tables[kind].delete(path)
    }
    return [...removed]
  }

  clear(): void {
    for (const table of Object.values(this.tables)) table.clear()
  }

  /**
   * The frames that set the remaining watches on a new connection and ask for the events that were missed
   * since `lastZxid`. Events that a persistent watch missed are not sent later: ZooKeeper only sets it again.
   */
  *setWatchesFrames(lastZxid: Zxid): Generator<Buffer, void, void> {
    let batch = noPaths()
    let bytes = 0
    for (const [kind, table] of Object.entries(this.tables)) {
      for (const path of table.keys()) {
        batch[kind as WatchKind].push(path)
        bytes += 4 + Buffer.byteLength(path)
        if (bytes < BATCH_BYTES) continue
        yield setWatchesFrame(lastZxid, batch)
        batch = noPaths()
        bytes = 0
      }
    }
    if (bytes > 0) yield setWatchesFrame(lastZxid, batch)
  }
}

function* withAncestors(path: string): Generator<string, void, void> {
  for (let at = path; at.length > 1; at = at.slice(0, at.lastIndexOf('/'))) yield at
  yield '/'
}

/** Servers before 3.6 know only setWatches, so the newer request is used only where it is needed. */
function setWatchesFrame(relativeZxid: Zxid, batch: PathsByKind): Buffer {
  const { data: dataWatches, exist: existWatches, child: childWatches } = batch
  const { persistent: persistentWatches, recursive: persistentRecursiveWatches } = batch
  const standard = { relativeZxid, dataWatches, existWatches, childWatches }
  return frameOf((writer) => {
    if (persistentWatches.length + persistentRecursiveWatches.length === 0) {
      RequestHeader.write(writer, { xid: Xid.setWatches, type: OpCode.setWatches })
      SetWatches.write(writer, standard)
    } else {
      RequestHeader.write(writer, { xid: Xid.setWatches, type: OpCode.setWatches2 })
      SetWatches2.write(writer, { ...standard, persistentWatches, persistentRecursiveWatches })
    }
  })
}
