/** Connections to a client port with TLS, as a supervisor makes them to ask and to probe its members. */
import type { Socket } from 'node:net'
import { connect, createSecureContext } from 'node:tls'
import type { ServerConfig } from '../config/serverConfig.ts'
import { securePort } from '../peer/securePort.ts'

export type Dial = (address: { host: string; port: number }) => Socket

/**
 * The member is on this machine, and its certificate need not name the host. Where clients have to show a
 * certificate (`ssl.clientAuth=need`), the member's own is shown: whoever signed it mostly signs those of
 * clients, too.
 * @throws TlsSettingsError for files that cannot be used
 */
export function secureDial(config: ServerConfig): Dial {
  const tls = securePort(config)?.tls ?? {}
  const { minVersion, maxVersion, ciphers, key, cert, pfx, passphrase } = tls
  const identity = tls.rejectUnauthorized === true ? { key, cert, pfx, passphrase } : {}
  const options = { minVersion, maxVersion, ciphers, ...identity }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const secureContext = createSecureContext(given)
  return ({ host, port }) => connect({ host, port, secureContext, rejectUnauthorized: false })
}
