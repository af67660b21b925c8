/**
 * The number and size of the nodes below each limited path, kept in its statistics node. Neither version nor
 * times of that node change, because this is no transaction (DataTree.updateQuotaStat). Only the nearest
 * limited path counts a change; statistics above it are updated when a snapshot is read (verified against
 * Apache 3.8.0).
 */
import { limitedPath, measuredPath, QUOTA_ROOT, QuotaPaths, QuotaText, statsPath } from './quota.ts'
import type { Znode } from './znode.ts'

export class QuotaStatistics {
  private readonly paths = new QuotaPaths()
  private readonly node: (path: string) => Znode | undefined

  /** The tree, by path; the root is ''. */
  constructor(node: (path: string) => Znode | undefined) {
    this.node = node
  }

  /** The nearest limited path at or above this one. */
  limitedAbove(path: string): string | null {
    return this.paths.above(path)
  }

  /** A node was created. A new limits or statistics node is registered, and filled in. */
  created(path: string, bytes: number): void {
    const limited = limitedPath(path)
    if (limited !== null) this.paths.add(limited)
    const measured = measuredPath(path)
    if (measured !== null) this.measure(measured)
    this.changed(path, 1, bytes)
  }

  deleted(path: string, bytes: number): void {
    const limited = limitedPath(path)
    if (limited !== null) this.paths.delete(limited)
    this.changed(path, -1, -bytes)
  }

  /** Adds this many nodes and bytes, which may be negative, at this path. */
  changed(path: string, count: number, bytes: number): void {
    const limited = this.paths.above(path)
    const node = limited === null ? undefined : this.node(statsPath(limited))
    if (node !== undefined) node.data = QuotaText.parseLeniently(node.data).plus(count, bytes).toBuffer()
  }

  /**
   * A snapshot was read: which paths have limits, and what is below them (setupQuota, which takes leaves
   * only).
   */
  setUp(): void {
    for (const path of this.limitedLeaves()) {
      this.paths.add(path)
      this.measure(path)
    }
  }

  private limitedLeaves(): string[] {
    const limited: string[] = []
    const root = this.node(QUOTA_ROOT)
    const waiting: [string, Znode][] = root === undefined ? [] : [[QUOTA_ROOT, root]]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [path, { children }] = next
      for (const [name, child] of children ?? []) waiting.push([`${path}/${name}`, child])
      const leaf = children === null ? limitedPath(path) : null
      if (leaf !== null) limited.push(leaf)
    }
    return limited
  }

  private measure(limited: string): void {
    const { count, bytes } = this.node(limited)?.usage ?? NO_USAGE
    const node = this.node(statsPath(limited))
    if (node !== undefined) node.data = QuotaText.of(count, bytes).toBuffer()
  }
}

const NO_USAGE = { count: 0, bytes: 0 }
