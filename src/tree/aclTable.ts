/**
 * Nodes share ACLs by number. Numbers are given in the order of first use and never again to another list, so
 * that replaying the same transactions gives the same numbers as before (ReferenceCountedACLCache).
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
  private highest = 0

  entries(): IterableIterator<[number, Acl[]]> {
    return this.byId.entries()
  }

  restore(id: number, acl: Acl[]): void {
    this.byId.set(id, acl)
    this.byKey.set(keyOf(acl), id)
    this.highest = Math.max(this.highest, id)
  }

  idFor(acl: readonly Acl[]): number {
    const key = keyOf(acl)
    if (key === OPEN_KEY) return OPEN_ACL_ID
    const known = this.byKey.get(key)
    if (known !== undefined) return known
    this.highest += 1
    this.restore(this.highest, [...acl])
    return this.highest
  }

  /** A number that is not there lets nobody in: only a fuzzy snapshot of Apache could name one, and replay sets it. */
  get(id: number): readonly Acl[] {
    return id === OPEN_ACL_ID ? OPEN_ACL : (this.byId.get(id) ?? CLOSED_ACL)
  }
}
