/** The ephemeral nodes of each session. */
const NONE: ReadonlySet<string> = new Set()

export class Ephemerals {
  private readonly byOwner = new Map<bigint, Set<string>>()

  add(owner: bigint, path: string): void {
    const owned = this.byOwner.get(owner)
    if (owned === undefined) this.byOwner.set(owner, new Set([path]))
    else owned.add(path)
  }

  delete(owner: bigint, path: string): void {
    const owned = this.byOwner.get(owner)
    if (owned?.delete(path) && owned.size === 0) this.byOwner.delete(owner)
  }

  clear(): void {
    this.byOwner.clear()
  }

  of(owner: bigint): ReadonlySet<string> {
    return this.byOwner.get(owner) ?? NONE
  }

  get count(): number {
    let count = 0
    for (const owned of this.byOwner.values()) count += owned.size
    return count
  }

  entries(): IterableIterator<[bigint, ReadonlySet<string>]> {
    return this.byOwner.entries()
  }
}
