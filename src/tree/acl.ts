/**
 * Access control: ZooKeeperServer.checkACL and PrepRequestProcessor.fixupACL. Each scheme defines what its
 * ids mean; the schemes that a member knows are built in `core/auth`.
 */
import { ErrorCode, KeeperError } from '../protocol/errors.ts'
import type { Acl, Id } from '../protocol/records/data.ts'

/** What ACLs need to know of a scheme (the half of AuthenticationProvider that needs no connection). */
export interface AclScheme {
  readonly scheme: string
  /** Whether its ids identify a client, so that `auth` stands for them. */
  readonly isAuthenticated: boolean
  /** Whether an ACL may contain `id`. */
  isValid(id: string): boolean
  /** Whether `aclId` applies to the holder of `id`. */
  matches(id: string, aclId: string): boolean
  /** Whether an id matches only itself. A client may hold many ids of such a scheme alone. */
  readonly isExact: boolean
}

/** By name. `world`, `auth` and `super` are not among them: they have no provider in Apache either. */
export type AclSchemes = ReadonlyMap<string, AclScheme>

/** True when one entry grants `permission` to one of `ids`. */
export function permits(
  acl: readonly Acl[],
  permission: number,
  ids: readonly Id[],
  schemes: AclSchemes,
): boolean {
  if (acl.length === 0 || ids.some(({ scheme }) => scheme === 'super')) return true
  return acl.some(({ perms, id }) => {
    if ((perms & permission) === 0) return false
    if (id.scheme === 'world' && id.id === 'anyone') return true
    const provider = schemes.get(id.scheme)
    return provider !== undefined && isMeant(ids, id, provider)
  })
}

function isMeant(ids: readonly Id[], { scheme, id }: Id, provider: AclScheme): boolean {
  if (provider.isExact && ids.length > MANY_IDS) return heldOf(ids, scheme).has(id)
  return ids.some((held) => held.scheme === scheme && provider.matches(held.id, id))
}

/**
 * A client may prove tens of thousands of ids, and an ACL name as many: then comparing each with each takes
 * seconds.
 */
const MANY_IDS = 16
const heldByScheme = new WeakMap<readonly Id[], Map<string, ReadonlySet<string>>>()

/** The list of a client's ids is never changed, only replaced. */
function heldOf(ids: readonly Id[], scheme: string): ReadonlySet<string> {
  let held = heldByScheme.get(ids)
  if (held === undefined) {
    held = new Map()
    heldByScheme.set(ids, held)
  }
  let ofScheme = held.get(scheme)
  if (ofScheme === undefined) {
    ofScheme = new Set(ids.filter((id) => id.scheme === scheme).map(({ id }) => id))
    held.set(scheme, ofScheme)
  }
  return ofScheme
}

/**
 * The ACL as it is stored: duplicates removed, `auth` replaced by the caller's authenticated ids.
 * @param mostBytes the greatest size of the transaction: a short request can ask for all ids many times
 * @throws KeeperError InvalidAcl, MarshallingError for one that becomes too large
 */
export function fixupAcl(
  path: string,
  acl: readonly Acl[],
  ids: readonly Id[],
  schemes: AclSchemes,
  mostBytes: number,
): Acl[] {
  const fixed: Acl[] = []
  const seen = new Set<string>()
  let bytes = 0
  for (const entry of acl) {
    const key = JSON.stringify([entry.perms, entry.id.scheme, entry.id.id])
    if (seen.has(key)) continue
    seen.add(key)
    for (const stored of fixupEntry(path, entry, ids, schemes)) {
      fixed.push(stored)
      bytes += bytesOf(stored.id)
    }
    if (bytes > mostBytes) throw new KeeperError(ErrorCode.MarshallingError, path)
  }
  if (fixed.length === 0) throw new KeeperError(ErrorCode.InvalidAcl, path)
  return fixed
}

/** Size of an id with its permissions, as records contain them. */
export function bytesOf({ scheme, id }: Id): number {
  return 12 + Buffer.byteLength(scheme) + Buffer.byteLength(id)
}

function fixupEntry(path: string, entry: Acl, ids: readonly Id[], schemes: AclSchemes): Acl[] {
  const { scheme, id } = entry.id
  if (scheme === 'world' && id === 'anyone') return [entry]
  if (scheme === 'auth') {
    // An address identifies no client, and `super` has no provider.
    const authenticated = ids.filter((held) => schemes.get(held.scheme)?.isAuthenticated === true)
    if (authenticated.length === 0) throw new KeeperError(ErrorCode.InvalidAcl, path)
    return authenticated.map((held) => ({ perms: entry.perms, id: held }))
  }
  if (schemes.get(scheme)?.isValid(id) !== true) throw new KeeperError(ErrorCode.InvalidAcl, path)
  return [entry]
}

/** What getACL shows without ADMIN: the password's hash is hidden. */
export function maskDigests(acl: readonly Acl[]): Acl[] {
  return acl.map((entry) => {
    if (entry.id.scheme !== 'digest') return entry
    return { perms: entry.perms, id: { scheme: 'digest', id: `${entry.id.id.split(':')[0]}:x` } }
  })
}
