/** Who may do what: ZooKeeperServer.checkACL and PrepRequestProcessor.fixupACL. */
import { createHash } from 'node:crypto'
import { ErrorCode, KeeperError } from '../protocol/errors.ts'
import type { Acl, Id } from '../protocol/records/data.ts'

/** True when one entry grants `permission` to one of `ids`. */
export function permits(acl: readonly Acl[], permission: number, ids: readonly Id[]): boolean {
  if (acl.length === 0 || ids.some(({ scheme }) => scheme === 'super')) return true
  return acl.some(({ perms, id }) => {
    if ((perms & permission) === 0) return false
    if (id.scheme === 'world' && id.id === 'anyone') return true
    return ids.some((held) => held.scheme === id.scheme && matches(id.scheme, held.id, id.id))
  })
}

function matches(scheme: string, held: string, wanted: string): boolean {
  if (scheme === 'ip') return ipMatches(held, wanted)
  return scheme === 'digest' && held === wanted
}

function parseIp(text: string): number[] | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  const bytes = parts.map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256))
  return bytes.every((byte) => byte <= 255) ? bytes : null
}

/** `wanted` is an address, or an address/bits. */
function parseIpExpression(wanted: string): { bytes: number[]; bits: number } | null {
  const [address = '', bitsText, ...more] = wanted.split('/')
  const bytes = parseIp(address)
  if (bytes === null || more.length > 0) return null
  if (bitsText === undefined) return { bytes, bits: 32 }
  const bits = /^\d{1,2}$/.test(bitsText) ? Number(bitsText) : 33
  return bits <= 32 ? { bytes, bits } : null
}

function ipMatches(held: string, wanted: string): boolean {
  const expression = parseIpExpression(wanted)
  const address = parseIp(held)
  if (expression === null || address === null) return false
  const word = (bytes: number[]) => bytes.reduce((value, byte) => value * 256 + byte, 0)
  const shift = 2 ** (32 - expression.bits)
  return Math.floor(word(address) / shift) === Math.floor(word(expression.bytes) / shift)
}

function isValidId(scheme: string, id: string): boolean {
  // IPv4 only, as in Apache 3.8.
  if (scheme === 'ip') return parseIpExpression(id) !== null
  // DigestAuthenticationProvider.isValid: exactly two parts, as Java splits, which forgets empty ones at the end.
  return scheme === 'digest' && id.replace(/:+$/, '').split(':').length === 2
}

/**
 * The ACL as it is stored: duplicates removed, `auth` replaced by the caller's authenticated ids.
 * @throws KeeperError InvalidAcl
 */
export function fixupAcl(path: string, acl: readonly Acl[], ids: readonly Id[]): Acl[] {
  const fixed: Acl[] = []
  const seen = new Set<string>()
  for (const entry of acl) {
    const key = JSON.stringify([entry.perms, entry.id.scheme, entry.id.id])
    if (seen.has(key)) continue
    seen.add(key)
    fixed.push(...fixupEntry(path, entry, ids))
  }
  if (fixed.length === 0) throw new KeeperError(ErrorCode.InvalidAcl, path)
  return fixed
}

function fixupEntry(path: string, entry: Acl, ids: readonly Id[]): Acl[] {
  const { scheme, id } = entry.id
  if (scheme === 'world' && id === 'anyone') return [entry]
  if (scheme === 'auth') {
    // An address proves nobody (AuthenticationProvider.isAuthenticated), and `super` has no provider to ask.
    const authenticated = ids.filter((held) => held.scheme === 'digest')
    if (authenticated.length === 0) throw new KeeperError(ErrorCode.InvalidAcl, path)
    return authenticated.map((held) => ({ perms: entry.perms, id: held }))
  }
  if (!isValidId(scheme, id)) throw new KeeperError(ErrorCode.InvalidAcl, path)
  return [entry]
}

/** The id that `user:password` proves: DigestAuthenticationProvider.generateDigest. */
export function digestId(credentials: string): string {
  const user = credentials.split(':')[0] ?? ''
  return `${user}:${createHash('sha1').update(credentials).digest('base64')}`
}

/** What getACL shows without ADMIN: the password's hash is hidden. */
export function maskDigests(acl: readonly Acl[]): Acl[] {
  return acl.map((entry) => {
    if (entry.id.scheme !== 'digest') return entry
    return { perms: entry.perms, id: { scheme: 'digest', id: `${entry.id.id.split(':')[0]}:x` } }
  })
}
