/** `digest`: `user:password` in an auth packet, `user:hash` in ACLs (DigestAuthenticationProvider). */
import { createHash } from 'node:crypto'
import type { AuthenticationOptions } from './options.ts'
import type { AuthenticationProvider } from './provider.ts'

/** The id that `user:password` proves: generateDigest. */
export function digestId(credentials: string, algorithm = 'sha1'): string {
  const user = credentials.split(':')[0] ?? ''
  return `${user}:${createHash(algorithm).update(credentials).digest('base64')}`
}

/**
 * No regular expression is used for the colons at the end, because it would take time quadratic in their
 * number.
 */
function isUserAndHash(id: string): boolean {
  let end = id.length
  while (end > 0 && id[end - 1] === ':') end--
  const colon = id.indexOf(':')
  return colon !== -1 && colon < end && id.lastIndexOf(':', end - 1) === colon
}

export function digestProvider(options: AuthenticationOptions): AuthenticationProvider {
  return {
    scheme: 'digest',
    isAuthenticated: true,
    isExact: true,
    // Exactly two parts, as Java's split gives, which drops empty parts at the end.
    isValid: isUserAndHash,
    matches: (id, aclId) => id === aclId,
    authenticate(auth) {
      if (auth === null) return null
      const id = digestId(auth.toString('utf8'), options.digestAlgorithm)
      const own = { scheme: 'digest', id }
      return id === options.superDigest ? [{ scheme: 'super', id: '' }, own] : [own]
    },
  }
}
