/**
 * Who watches what (WatchManager): a table for data, filled by getData and exists, and one for children. Watches
 * belong to a connection and fire once. Nobody is told twice of one change.
 */
import { EventType } from '../protocol/opcodes.ts'
import type { SetWatches } from '../protocol/records/client.ts'
import type { ChangeSink, DataTree } from './dataTree.ts'

type Watcher = number

export type WatchListener = (watcher: Watcher, type: EventType, path: string) => void

/** One table; keeps both directions, so that a connection's end costs only what it watched. */
class WatchTable {
  private readonly byPath = new Map<string, Set<Watcher>>()
  private readonly byWatcher = new Map<Watcher, Set<string>>()

  add(path: string, watcher: Watcher): void {
    const watchers = this.byPath.get(path)
    if (watchers === undefined) this.byPath.set(path, new Set([watcher]))
    else watchers.add(watcher)
    const paths = this.byWatcher.get(watcher)
    if (paths === undefined) this.byWatcher.set(watcher, new Set([path]))
    else paths.add(path)
  }

  /** Takes the watchers of a path out: they are told once. */
  take(path: string): ReadonlySet<Watcher> {
    const watchers = this.byPath.get(path)
    if (watchers === undefined) return NOBODY
    this.byPath.delete(path)
    for (const watcher of watchers) this.forgetPath(watcher, path)
    return watchers
  }

  private forgetPath(watcher: Watcher, path: string): void {
    const paths = this.byWatcher.get(watcher)
    if (paths?.delete(path) && paths.size === 0) this.byWatcher.delete(watcher)
  }

  remove(watcher: Watcher): void {
    for (const path of this.byWatcher.get(watcher) ?? []) {
      const watchers = this.byPath.get(path)
      if (watchers?.delete(watcher) && watchers.size === 0) this.byPath.delete(path)
    }
    this.byWatcher.delete(watcher)
  }

  get size(): number {
    let size = 0
    for (const paths of this.byWatcher.values()) size += paths.size
    return size
  }

  get paths(): ReadonlyMap<string, ReadonlySet<Watcher>> {
    return this.byPath
  }

  get watchers(): ReadonlyMap<Watcher, ReadonlySet<string>> {
    return this.byWatcher
  }
}

const NOBODY: ReadonlySet<Watcher> = new Set()

export class Watches implements ChangeSink {
  private readonly data = new WatchTable()
  private readonly child = new WatchTable()
  private readonly listener: WatchListener

  constructor(listener: WatchListener) {
    this.listener = listener
  }

  watchData(path: string, watcher: Watcher): void {
    this.data.add(path, watcher)
  }

  watchChildren(path: string, watcher: Watcher): void {
    this.child.add(path, watcher)
  }

  /** The connection is gone. */
  remove(watcher: Watcher): void {
    this.data.remove(watcher)
    this.child.remove(watcher)
  }

  created(path: string): void {
    this.tell(this.data.take(path), EventType.created, path)
  }

  dataChanged(path: string): void {
    this.tell(this.data.take(path), EventType.dataChanged, path)
  }

  childrenChanged(path: string): void {
    this.tell(this.child.take(path), EventType.childrenChanged, path)
  }

  deleted(path: string): void {
    const told = this.data.take(path)
    this.tell(told, EventType.deleted, path)
    for (const watcher of this.child.take(path)) {
      if (!told.has(watcher)) this.listener(watcher, EventType.deleted, path)
    }
  }

  private tell(watchers: ReadonlySet<Watcher>, type: EventType, path: string): void {
    for (const watcher of watchers) this.listener(watcher, type, path)
  }

  /** A client came back: what happened while it was away is told now, the rest is armed (DataTree.setWatches). */
  restore(tree: DataTree, watcher: Watcher, request: SetWatches): void {
    const { relativeZxid } = request
    for (const path of request.dataWatches) {
      const node = tree.node(path)
      if (node === undefined) this.listener(watcher, EventType.deleted, path)
      else if (node.mzxid > relativeZxid) this.listener(watcher, EventType.dataChanged, path)
      else this.data.add(path, watcher)
    }
    for (const path of request.existWatches) {
      if (tree.node(path) !== undefined) this.listener(watcher, EventType.created, path)
      else this.data.add(path, watcher)
    }
    for (const path of request.childWatches) {
      const node = tree.node(path)
      if (node === undefined) this.listener(watcher, EventType.deleted, path)
      else if (node.pzxid > relativeZxid) this.listener(watcher, EventType.childrenChanged, path)
      else this.child.add(path, watcher)
    }
  }

  /** Watches in both tables. */
  get count(): number {
    return this.data.size + this.child.size
  }

  /** The data table, as `wchs`, `wchc` and `wchp` show it. */
  get dataPaths(): ReadonlyMap<string, ReadonlySet<Watcher>> {
    return this.data.paths
  }

  get dataWatchers(): ReadonlyMap<Watcher, ReadonlySet<string>> {
    return this.data.watchers
  }
}
