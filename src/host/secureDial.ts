/** Connections to a client port with TLS, which a supervisor makes to query and to probe its members. */
import type { Socket } from 'node:net'
import { connect, createSecureContext } from 'node:tls'
import type { ServerConfig } from '../config/serverConfig.ts'
import { securePort } from '../peer/securePort.ts'

export type Dial = (address: { host: string; port: number }) => Socket

/**
 * How to dial a member. The member is on this machine, so its certificate need not name the host. Where
 * clients have to present a certificate (`ssl.clientAuth=need`), the member's own is presented, because
 * usually the same authority has signed those of clients, too.
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
