/** The providers that a member has: ProviderRegistry. A further provider is added here. */
import { digestProvider } from './digest.ts'
import { ipProvider } from './ip.ts'
import type { AuthenticationOptions, ProviderName } from './options.ts'
import type { AuthenticationProvider } from './provider.ts'
import { saslProvider } from './sasl.ts'
import { x509Provider } from './x509.ts'

export type Providers = ReadonlyMap<string, AuthenticationProvider>

const MAKERS: Readonly<Record<ProviderName, (options: AuthenticationOptions) => AuthenticationProvider>> = {
  digest: digestProvider,
  ip: () => ipProvider,
  sasl: saslProvider,
  x509: x509Provider,
}

/** @throws Error when a scheme is enforced that the member does not have: it must not start */
export function providersOf(options: AuthenticationOptions): Providers {
  const names: ProviderName[] = ['ip', ...(options.isDigestEnabled ? (['digest'] as const) : [])]
  for (const name of options.extraProviders) if (!names.includes(name)) names.push(name)
  const providers = new Map(names.map((name) => [name as string, MAKERS[name](options)]))
  for (const scheme of options.enforcedSchemes) {
    if (!providers.has(scheme))
      throw new Error(
        `authentication scheme ${scheme} is enforced but not available; add an authProvider line for it, or change enforce.auth.schemes`,
      )
  }
  return providers
}
