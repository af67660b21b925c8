/**
 * The watches of all connections: a table for data, filled by getData and exists, and one for children.
 * Watches belong to a connection. A standard watch fires once; a persistent one stays, in both tables; a
 * recursive one stays in the data table and is notified of all changes below its path, but never of a change
 * of children as such (DataTree, WatchManager; the tables' use is that of 3.9, see docs/divergence.md). No
 * watcher is notified twice of one change.
 *
 * Every event names the ACL of the node that it is about: a client that may not read the node is not notified
 * (CVE-2024-23944).
 */
import { ErrorCode, KeeperError } from '../protocol/errors.ts'
import { EventType, WatcherType, WatchRequestMode } from '../protocol/opcodes.ts'
import type { SetWatches, SetWatches2 } from '../protocol/records/client.ts'
import { OPEN_ACL_ID } from './aclTable.ts'
import type { ChangeSink, DataTree } from './dataTree.ts'
import { type Watcher, WatchMode, WatchTable } from './watchTable.ts'

/** `aclId`: the ACL that decides whether the watcher may know. */
type WatchListener = (watcher: Watcher, type: EventType, path: string, aclId: number) => void

export class Watches implements ChangeSink {
  private readonly data = new WatchTable()
  private readonly child = new WatchTable()
  private readonly listener: WatchListener

  constructor(listener: WatchListener) {
    this.listener = listener
  }

  watchData(path: string, watcher: Watcher): void {
    this.data.add(path, watcher, WatchMode.standard)
  }

  watchChildren(path: string, watcher: Watcher): void {
    this.child.add(path, watcher, WatchMode.standard)
  }

  /**
   * addWatch: the node need not exist.
   * @throws KeeperError MarshallingError for a mode that does not exist, as Apache answers
   */
  watch(path: string, watcher: Watcher, mode: number): void {
    if (mode === WatchRequestMode.persistent) this.watchPersistently(path, watcher)
    else if (mode === WatchRequestMode.recursive) this.data.add(path, watcher, WatchMode.recursive)
    else throw new KeeperError(ErrorCode.MarshallingError, path)
  }

  private watchPersistently(path: string, watcher: Watcher): void {
    this.data.add(path, watcher, WatchMode.persistent)
    this.child.add(path, watcher, WatchMode.persistent)
  }

  /**
   * checkWatches: whether this connection has a watch of the kind `type`, a WatcherType, on the path.
   * @throws KeeperError MarshallingError
   */
  has(path: string, watcher: Watcher, type: number): boolean {
    const { data, child } = modesOfType(type, path)
    return (
      (this.data.modesOf(path, watcher) & data) !== 0 || (this.child.modesOf(path, watcher) & child) !== 0
    )
  }

  /**
   * removeWatches. False when there was nothing to remove.
   * @throws KeeperError MarshallingError
   */
  unwatch(path: string, watcher: Watcher, type: number): boolean {
    const { data, child } = modesOfType(type, path)
    const removed = [
      data !== 0 && this.data.remove(path, watcher, data),
      child !== 0 && this.child.remove(path, watcher, child),
    ]
    return removed.includes(true)
  }

  /** The connection is gone. */
  remove(watcher: Watcher): void {
    this.data.removeWatcher(watcher)
    this.child.removeWatcher(watcher)
  }

  created(path: string, aclId: number): void {
    this.tell(this.data.fire(path), EventType.created, path, aclId)
  }

  dataChanged(path: string, aclId: number): void {
    this.tell(this.data.fire(path), EventType.dataChanged, path, aclId)
  }

  childrenChanged(path: string, aclId: number): void {
    this.tell(this.child.fire(path), EventType.childrenChanged, path, aclId)
  }

  deleted(path: string, aclId: number): void {
    const told = this.data.fire(path)
    this.tell(told, EventType.deleted, path, aclId)
    for (const watcher of this.child.fire(path)) {
      if (!told.has(watcher)) this.listener(watcher, EventType.deleted, path, aclId)
    }
  }

  private tell(watchers: ReadonlySet<Watcher>, type: EventType, path: string, aclId: number): void {
    for (const watcher of watchers) this.listener(watcher, type, path, aclId)
  }

  /**
   * A client came back: it is notified of what happened while it was away, and the other watches are armed
   * (DataTree.setWatches). Persistent watches are only armed: events that they missed are not sent. ACLs are
   * not checked, as in Apache.
   */
  restore(tree: DataTree, watcher: Watcher, request: SetWatches | SetWatches2): void {
    const tell = (type: EventType, path: string) => this.listener(watcher, type, path, OPEN_ACL_ID)
    const { relativeZxid } = request
    for (const path of request.dataWatches) {
      const node = tree.node(path)
      if (node === undefined) tell(EventType.deleted, path)
      else if (node.mzxid > relativeZxid) tell(EventType.dataChanged, path)
      else this.watchData(path, watcher)
    }
    for (const path of request.existWatches) {
      if (tree.node(path) !== undefined) tell(EventType.created, path)
      else this.watchData(path, watcher)
    }
    for (const path of request.childWatches) {
      const node = tree.node(path)
      if (node === undefined) tell(EventType.deleted, path)
      else if (node.pzxid > relativeZxid) tell(EventType.childrenChanged, path)
      else this.watchChildren(path, watcher)
    }
    if (!('persistentWatches' in request)) return
    for (const path of request.persistentWatches) this.watchPersistently(path, watcher)
    for (const path of request.persistentRecursiveWatches) this.data.add(path, watcher, WatchMode.recursive)
  }

  /** Watches in both tables. */
  get count(): number {
    return this.data.size + this.child.size
  }

  /** The data table, as `wchs`, `wchc` and `wchp` show it. */
  get dataWatchers(): ReadonlyMap<Watcher, ReadonlySet<string>> {
    return this.data.watchers
  }
}

/**
 * Which modes of which table a WatcherType means (DataTree.removeWatch of 3.9; `any` is all that 3.8 has).
 */
function modesOfType(type: number, path: string): { data: 0 | WatchMode; child: 0 | WatchMode } {
  switch (type) {
    case WatcherType.children:
      return { data: 0, child: WatchMode.standard }
    case WatcherType.data:
      return { data: WatchMode.standard, child: 0 }
    case WatcherType.any:
      return { data: WatchMode.any, child: WatchMode.any }
    case WatcherType.persistent:
      return { data: WatchMode.persistent, child: WatchMode.persistent }
    case WatcherType.recursive:
      return { data: WatchMode.recursive, child: 0 }
    default:
      throw new KeeperError(ErrorCode.MarshallingError, path)
  }
}
