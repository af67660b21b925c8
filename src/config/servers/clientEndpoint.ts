/** Where clients on this machine reach a member. Pure. */

import { ownServer, type ServerConfig } from '../serverConfig.ts'
import { isWildcard } from './ports.ts'
import { bracketed } from './servers.ts'

interface ClientEndpoint {
  /** Without brackets, and never an address that stands for all addresses. */
  host: string
  port: number
  /** Whether the port speaks TLS. Where there is a plain client port, the endpoint is that one. */
  isSecure: boolean
}

export function clientEndpoint(config: ServerConfig): ClientEndpoint {
  const { clientPort, clientPortAddress, secureClientPort } = config
  const { port, address } = secureClientPort
  if (clientPort !== 0 || port === null)
    return { host: reachable(clientPortAddress, config), port: clientPort, isSecure: false }
  return { host: reachable(address ?? clientPortAddress, config), port, isSecure: true }
}

/** `host:port`, as in a connect string. */
export function endpointText({ host, port }: Pick<ClientEndpoint, 'host' | 'port'>): string {
  return `${bracketed(host)}:${port}`
}

/**
 * A member that listens on all addresses is reached at the host of its server line, unless that means all,
 * too.
 */
function reachable(host: string, config: ServerConfig): string {
  if (!isWildcard(host)) return host
  const own = ownServer(config)?.host
  return own === undefined || isWildcard(own) ? '127.0.0.1' : own
}
