/** `x509`: the subject of a client's TLS certificate (X509AuthenticationProvider). TLS itself verified it. */
import type { Id } from '../../protocol/records/data.ts'
import { isDistinguishedName } from './distinguishedName.ts'
import type { AuthenticationOptions } from './options.ts'
import type { AuthenticationProvider } from './provider.ts'

export function x509Provider({ x509SuperUser }: AuthenticationOptions): AuthenticationProvider {
  return {
    scheme: 'x509',
    isAuthenticated: true,
    isExact: false,
    isValid: isDistinguishedName,
    matches: (id, aclId) => id === aclId || id === x509SuperUser,
    authenticate(_, { certificateSubject: subject }) {
      if (subject === null) return null
      const ids: Id[] = [{ scheme: 'x509', id: subject }]
      return subject === x509SuperUser ? [{ scheme: 'super', id: subject }, ...ids] : ids
    },
  }
}
