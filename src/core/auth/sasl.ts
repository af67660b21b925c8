/**
 * `sasl`: ids that a SASL exchange has proven (SASLAuthenticationProvider); see saslExchange.ts for the
 * exchange.
 */

import { kerberosName } from './kerberosName.ts'
import type { AuthenticationOptions } from './options.ts'
import type { AuthenticationProvider } from './provider.ts'

export function saslProvider(options: AuthenticationOptions): AuthenticationProvider {
  return {
    scheme: 'sasl',
    isAuthenticated: true,
    isExact: false,
    isValid: (id) => kerberosName(id) !== null,
    matches: (id, aclId) =>
      id === 'super' || id === aclId || (aclId === options.letAnySaslUserDoX && aclId !== null),
    // SASL has its own request; an auth packet proves nothing here.
    authenticate: () => null,
  }
}
