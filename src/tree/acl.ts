/**
 * Who may do what: ZooKeeperServer.checkACL and PrepRequestProcessor.fixupACL. What an id of a scheme means is
 * the scheme's own business; the schemes that a member knows are built in `core/auth`.
 */
import { ErrorCode, KeeperError } from '../protocol/errors.ts'
import type { Acl, Id } from '../protocol/records/data.ts'

/** What ACLs need to know of a scheme (the half of AuthenticationProvider that no connection takes part in). */
export interface AclScheme {
  readonly scheme: string
  /** Whether its ids prove who someone is, so that `auth` stands for them. */
  readonly isAuthenticated: boolean
  /** Whether `id` may stand in an ACL. */
  isValid(id: string): boolean
  /** Whether who holds `id` is meant by `aclId`. */
  matches(id: string, aclId: string): boolean
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
    return (
      provider !== undefined &&
      ids.some((held) => held.scheme === id.scheme && provider.matches(held.id, id.id))
    )
  })
}

/**
 * The ACL as it is stored: duplicates removed, `auth` replaced by the caller's authenticated ids.
 * @throws KeeperError InvalidAcl
 */
export function fixupAcl(path: string, acl: readonly Acl[], ids: readonly Id[], schemes: AclSchemes): Acl[] {
  const fixed: Acl[] = []
  const seen = new Set<string>()
  for (const entry of acl) {
    const key = JSON.stringify([entry.perms, entry.id.scheme, entry.id.id])
    if (seen.has(key)) continue
    seen.add(key)
    fixed.push(...fixupEntry(path, entry, ids, schemes))
  }
  if (fixed.length === 0) throw new KeeperError(ErrorCode.InvalidAcl, path)
  return fixed
}

function fixupEntry(path: string, entry: Acl, ids: readonly Id[], schemes: AclSchemes): Acl[] {
  const { scheme, id } = entry.id
  if (scheme === 'world' && id === 'anyone') return [entry]
  if (scheme === 'auth') {
    // An address proves nobody, and `super` has no provider to ask.
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
