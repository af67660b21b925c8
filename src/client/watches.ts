/**
 * The watches of a session, as its client remembers them: the standard ones fire once, the persistent ones
 * stay. After a reconnect the server is sent those that are left (setWatches), because servers keep
 * watches with the connection.
 */
import { EventType, OpCode, WatcherType, WatchRequestMode, Xid } from '../protocol/opcodes.ts'
import { RequestHeader, SetWatches, SetWatches2 } from '../protocol/records/client.ts'
import type { Zxid } from '../protocol/zxid.ts'
import { frameOf } from './serverConnection.ts'

/** `removed` is the client's own: the watch was taken away by `removeWatches`. */
export type WatchEventType = 'created' | 'deleted' | 'dataChanged' | 'childrenChanged' | 'removed'

export interface WatchEvent {
  readonly type: WatchEventType
  /** Without the client's chroot. */
  readonly path: string
}

/**
 * Never called because the session ends: the client's state says that. Registering the same function
 * twice for a path counts as once.
 */
export type Watcher = (event: WatchEvent) => void

/**
 * data: getData, or exists on a znode that is there; exist: exists on one that is not; child: getChildren;
 * persistent and recursive: addWatch.
 */
export type WatchKind = 'data' | 'exist' | 'child' | 'persistent' | 'recursive'

/** persistent: what happens to the znode and its list of children; recursive: to it and all below it. */
export type WatchMode = 'persistent' | 'recursive'
export const WATCH_MODES: Record<WatchMode, number> = WatchRequestMode

/** Whom `removeWatches` and `checkWatches` speak of. */
export type WatchSelection = 'children' | 'data' | 'any'
/** Watcher.WatcherType, and the tables that ZKWatchManager.removeWatcher looks through for each. */
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

/** ClientCnxn.SET_WATCHES_MAX_LENGTH: so that no batch comes near jute.maxbuffer. */
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

  /** `path` as the server knows it. */
  add(kind: WatchKind, path: string, watcher: Watcher): void {
    const table = this.tables[kind]
    const watchers = table.get(path)
    if (watchers === undefined) table.set(path, new Set([watcher]))
    else watchers.add(watcher)
  }

  /**
   * Those that an event of the wire fires, the standard ones of them removed; null for an event that is none.
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
    // A recursive watch hears of each child itself, so changes of a list of children are no news to it.
    if (event.type !== 'childrenChanged' && this.tables.recursive.size > 0)
      for (const above of withAncestors(path))
        for (const watcher of this.tables.recursive.get(above) ?? []) watchers.add(watcher)
    return { type: event.type, watchers: [...watchers] }
  }

  /**
   * Whether anybody else's watch stands where `watcher` is to be removed: then the server must keep its own.
   */
  isShared(path: string, selection: WatchSelection, watcher: Watcher): boolean {
    return SELECTIONS[selection].kinds.some((kind) =>
      [...(this.tables[kind].get(path) ?? [])].some((other) => other !== watcher),
    )
  }

  /** Removes and returns the selected watchers of a path, or the one that is given. */
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
   * The frames that arm on a new connection what is left, and ask for what was missed since `lastZxid`. What
   * a persistent watch missed is not made up for: ZooKeeper only arms it again.
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

/** Servers before 3.6 know setWatches alone, so the newer request is left to where it is needed. */
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
