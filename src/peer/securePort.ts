/** From a member's zoo.cfg to its client port with TLS. */
import type { TlsOptions } from 'node:tls'
import { storeType } from '../config/load/secureClientPort.ts'
import type { ServerConfig } from '../config/serverConfig.ts'
import { tlsOptions } from '../net/tls/secureContext.ts'

/**
 * Null where there is none.
 * @throws TlsSettingsError for files that cannot be used
 */
export function securePort(config: ServerConfig): { host: string; port: number; tls: TlsOptions } | null {
  const { port, address, ...settings } = config.secureClientPort
  if (port === null) return null
  const tls = tlsOptions({
    ...settings,
    keyStoreKind: storeType(settings.keyStoreLocation ?? '', settings.keyStoreType) ?? '',
    trustStoreKind: storeType(settings.trustStoreLocation ?? '', settings.trustStoreType) ?? '',
  })
  return { host: address ?? config.clientPortAddress, port, tls }
}
