/**
 * Nodes share ACLs by number, and a list that no node has any more is forgotten (ReferenceCountedACLCache):
 * otherwise any client that may set an ACL could make every member grow without bound.
 *
 * Invariants: numbers are given in the order of first use and never again to another list, neither the number
 * of a forgotten list nor one that a node of a fuzzy snapshot names while the table lacks it. Such a number
 * is counted like any other and grants nothing; the setACL or create that brought it follows in the log and
 * gives the node its list under a number of its own. (Apache does not count it, and may give it to another
 * list: then the first node that leaves it takes the list away from the second, ZOOKEEPER-4846.)
 */
import type { Acl } from '../protocol/records/data.ts'

/** "Open to all" needs no entry. */
export const OPEN_ACL_ID = -1
export const OPEN_ACL: readonly Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

function keyOf(acl: readonly Acl[]): string {
  return JSON.stringify(acl.map(({ perms, id }) => [perms, id.scheme, id.id]))
}

const CLOSED_ACL: readonly Acl[] = [{ perms: 0, id: { scheme: 'world', id: 'anyone' } }]
const OPEN_KEY = keyOf(OPEN_ACL)

export class AclTable {
  private readonly byId = new Map<number, Acl[]>()
  private readonly byKey = new Map<string, number>()
  /** How many nodes have each number. */
  private readonly uses = new Map<number, number>()
  private highest = 0

  /** Number of lists that are held, without "open to all". */
  get size(): number {
    return this.byId.size
  }

  entries(): IterableIterator<[number, Acl[]]> {
    return this.byId.entries()
  }

  /** An entry of a snapshot, before its nodes; see `dropUnused`. */
  restore(id: number, acl: Acl[]): void {
    this.byId.set(id, acl)
    this.byKey.set(keyOf(acl), id)
    this.highest = Math.max(this.highest, id)
  }

  /** The number of this list, a new one if need be. It is kept from `use` to `release`. */
  idFor(acl: readonly Acl[]): number {
    const key = keyOf(acl)
    if (key === OPEN_KEY) return OPEN_ACL_ID
    const known = this.byKey.get(key)
    if (known !== undefined) return known
    this.highest += 1
    this.restore(this.highest, [...acl])
    return this.highest
  }

  /** A node has this number now. */
  use(id: number): void {
    if (id === OPEN_ACL_ID) return
    this.uses.set(id, (this.uses.get(id) ?? 0) + 1)
    this.highest = Math.max(this.highest, id)
  }

  /**
   * A node that had this number is gone, or has another. To be called after everything that still needs the
   * list.
   */
  release(id: number): void {
    if (id === OPEN_ACL_ID) return
    const left = (this.uses.get(id) ?? 0) - 1
    if (left > 0) this.uses.set(id, left)
    else this.drop(id)
  }

  /** A snapshot was read: lists that none of its nodes has are removed (purgeUnused). */
  dropUnused(): void {
    for (const id of [...this.byId.keys()]) if (!this.uses.has(id)) this.drop(id)
  }

  private drop(id: number): void {
    this.uses.delete(id)
    const acl = this.byId.get(id)
    if (acl === undefined) return
    this.byId.delete(id)
    const key = keyOf(acl)
    // A snapshot may name one list by two numbers.
    if (this.byKey.get(key) === id) this.byKey.delete(key)
  }

  /**
   * A number without a list grants nothing: only a fuzzy snapshot of Apache's can name one, and replay sets
   * it.
   */
  get(id: number): readonly Acl[] {
    return id === OPEN_ACL_ID ? OPEN_ACL : (this.byId.get(id) ?? CLOSED_ACL)
  }
}
