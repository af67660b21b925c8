/** The ephemeral nodes of each session, and how much room their names take in the transaction that ends it. */
const NONE: ReadonlySet<string> = new Set()

/** Of a path in a record. */
export function ephemeralBytes(path: string): number {
  return 4 + Buffer.byteLength(path)
}

export class Ephemerals {
  private readonly byOwner = new Map<bigint, { readonly paths: Set<string>; bytes: number }>()

  add(owner: bigint, path: string): void {
    const owned = this.byOwner.get(owner)
    if (owned === undefined) this.byOwner.set(owner, { paths: new Set([path]), bytes: ephemeralBytes(path) })
    else if (!owned.paths.has(path)) {
      owned.paths.add(path)
      owned.bytes += ephemeralBytes(path)
    }
  }

  delete(owner: bigint, path: string): void {
    const owned = this.byOwner.get(owner)
    if (!owned?.paths.delete(path)) return
    owned.bytes -= ephemeralBytes(path)
    if (owned.paths.size === 0) this.byOwner.delete(owner)
  }

  clear(): void {
    this.byOwner.clear()
  }

  of(owner: bigint): ReadonlySet<string> {
    return this.byOwner.get(owner)?.paths ?? NONE
  }

  bytesOf(owner: bigint): number {
    return this.byOwner.get(owner)?.bytes ?? 0
  }

  get count(): number {
    let count = 0
    for (const { paths } of this.byOwner.values()) count += paths.size
    return count
  }

  *entries(): Generator<[bigint, ReadonlySet<string>], void, void> {
    for (const [owner, { paths }] of this.byOwner) yield [owner, paths]
  }
}
