/**
 * One table of watches, by path and by watcher, so that a change costs only its watchers, and closing a
 * connection only its watches (WatchManager). One watcher may watch one path in several ways at once: a
 * one-shot watch neither ends nor replaces a persistent one (ZOOKEEPER-4466).
 *
 * Invariant: a path is in `byPath` with a watcher exactly when the watcher is in `byWatcher` with the path,
 * and then its modes are not empty.
 */
import { PathTrie } from './pathTrie.ts'

/** A connection's number. */
export type Watcher = number

/** Ways to watch a path, as bits: a watcher has a set of them on each path. */
export const WatchMode = { standard: 1, persistent: 2, recursive: 4, any: 7 } as const
export type WatchMode = (typeof WatchMode)[keyof typeof WatchMode]

const NOBODY: ReadonlySet<Watcher> = new Set()

/** The path as a key: the root is ''. Null for an invalid path, which a client may watch without effect. */
function recursiveKey(path: string): string | null {
  if (path === '/') return ''
  return path.startsWith('/') ? path : null
}

export class WatchTable {
  private readonly byPath = new Map<string, Map<Watcher, number>>()
  private readonly byWatcher = new Map<Watcher, Set<string>>()
  /** The recursive watchers by path; the root is ''. */
  private readonly recursive = new PathTrie<Set<Watcher>>()

  add(path: string, watcher: Watcher, mode: WatchMode): void {
    const watchers = this.byPath.get(path)
    const modes = watchers?.get(watcher) ?? 0
    if (watchers === undefined) this.byPath.set(path, new Map([[watcher, mode]]))
    else watchers.set(watcher, modes | mode)
    const paths = this.byWatcher.get(watcher)
    if (paths === undefined) this.byWatcher.set(watcher, new Set([path]))
    else paths.add(path)
    if ((mode & ~modes & WatchMode.recursive) !== 0) this.addRecursive(path, watcher)
  }

  private addRecursive(path: string, watcher: Watcher): void {
    const key = recursiveKey(path)
    if (key === null) return
    const watchers = this.recursive.get(key)
    if (watchers === undefined) this.recursive.set(key, new Set([watcher]))
    else watchers.add(watcher)
  }

  private removeRecursive(path: string, watcher: Watcher): void {
    const key = recursiveKey(path)
    if (key === null) return
    const watchers = this.recursive.get(key)
    if (watchers?.delete(watcher) && watchers.size === 0) this.recursive.delete(key)
  }

  /** The watcher's modes on this very path, 0 when it has none. */
  modesOf(path: string, watcher: Watcher): number {
    return this.byPath.get(path)?.get(watcher) ?? 0
  }

  /** Takes modes away. False when the watcher had none of them. */
  remove(path: string, watcher: Watcher, mode: WatchMode): boolean {
    const modes = this.modesOf(path, watcher)
    if ((modes & mode) === 0) return false
    this.keep(path, watcher, modes, modes & ~mode)
    return true
  }

  private keep(path: string, watcher: Watcher, before: number, after: number): void {
    if ((before & ~after & WatchMode.recursive) !== 0) this.removeRecursive(path, watcher)
    const watchers = this.byPath.get(path)
    if (after !== 0) {
      watchers?.set(watcher, after)
      return
    }
    if (watchers?.delete(watcher) && watchers.size === 0) this.byPath.delete(path)
    const paths = this.byWatcher.get(watcher)
    if (paths?.delete(path) && paths.size === 0) this.byWatcher.delete(watcher)
  }

  /** The connection is gone. */
  removeWatcher(watcher: Watcher): void {
    for (const path of [...(this.byWatcher.get(watcher) ?? [])]) this.remove(path, watcher, WatchMode.any)
  }

  /** The watchers of a change at this path, each once: those of the path, and the recursive ones above it. */
  fire(path: string): ReadonlySet<Watcher> {
    const own = this.byPath.get(path)
    if (this.recursive.size === 0) return own === undefined ? NOBODY : this.fireOwn(path, own)
    const told = own === undefined ? new Set<Watcher>() : this.fireOwn(path, own)
    for (const watchers of this.recursive.above(recursiveKey(path) ?? '')) {
      for (const watcher of watchers) told.add(watcher)
    }
    return told
  }

  /** Standard watches are removed. */
  private fireOwn(path: string, own: Map<Watcher, number>): Set<Watcher> {
    const told = new Set(own.keys())
    for (const watcher of told) this.remove(path, watcher, WatchMode.standard)
    return told
  }

  get size(): number {
    let size = 0
    for (const paths of this.byWatcher.values()) size += paths.size
    return size
  }

  get paths(): ReadonlyMap<string, ReadonlyMap<Watcher, number>> {
    return this.byPath
  }

  get watchers(): ReadonlyMap<Watcher, ReadonlySet<string>> {
    return this.byWatcher
  }
}
