/** Where clients on this machine reach a member. Pure. */

import { ownServer, type ServerConfig } from '../serverConfig.ts'
import { isWildcard } from './ports.ts'
import { bracketed } from './servers.ts'

export interface ClientEndpoint {
  /** Without brackets; never an address that means all. */
  host: string
  port: number
  /** It speaks TLS there: where there is a plain client port, that is it. */
  isSecure: boolean
}

export function clientEndpoint(config: ServerConfig): ClientEndpoint {
  const { clientPort, clientPortAddress, secureClientPort } = config
  const { port, address } = secureClientPort
  if (clientPort !== 0 || port === null)
    return { host: reachable(clientPortAddress, config), port: clientPort, isSecure: false }
  return { host: reachable(address ?? clientPortAddress, config), port, isSecure: true }
}

/** `host:port`, as it stands in a connect string. */
export function endpointText({ host, port }: Pick<ClientEndpoint, 'host' | 'port'>): string {
  return `${bracketed(host)}:${port}`
}

/** A member that listens on all addresses is reached at the host of its own server line, which may mean all, too. */
function reachable(host: string, config: ServerConfig): string {
  if (!isWildcard(host)) return host
  const own = ownServer(config)?.host
  return own === undefined || isWildcard(own) ? '127.0.0.1' : own
}
