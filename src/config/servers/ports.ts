/**
 * Which ports the servers claim, and where two of them claim the same one. Pure.
 *
 * Two claims clash when their ports are equal and their addresses overlap, which means that they are equal or
 * that one of them stands for all addresses.
 */

import { isIPv6 } from 'node:net'
import { compareFiles, formatLocation, type Location, type Problem, problem } from '../problem.ts'
import { originOf, ownServer, type ServerConfig, type ServerSpec } from '../serverConfig.ts'

interface PortClaim extends Location {
  /** `clientPort`, `quorum port of server.2`, … */
  what: string
  host: string
  port: number
}

/** The addresses that a host stands for; a name that is not resolved stands for itself. */
export type AddressesOf = (host: string) => readonly string[]

export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || /^[0:]+$/.test(host)
}

/** Resolves nothing: case is ignored, `localhost` is 127.0.0.1, and IPv6 addresses get one form. */
export const literally: AddressesOf = (host) => {
  const lower = host.toLowerCase()
  if (lower === 'localhost') return ['127.0.0.1']
  // The colon comes first: the first call of isIPv6 compiles its expression, which takes milliseconds.
  if (!lower.includes(':') || lower.includes('%') || !isIPv6(lower)) return [lower]
  return [new URL(`http://[${lower}]`).hostname.slice(1, -1)]
}

/** The claims of all lines of one server list, each on its own host. */
export function serverLineClaims(config: ServerConfig): PortClaim[] {
  return config.servers.flatMap((server) => linePorts(config, server))
}

/**
 * The ports that a member binds: its client ports and the ports of its own server line.
 * @param config with its sid known
 */
export function memberClaims(config: ServerConfig): PortClaim[] {
  const own = ownServer(config)
  const fromLine = own?.clientPort === config.clientPort && !('clientPort' in config.origin)
  const where = originOf(config, fromLine && own !== null ? `server.${own.sid}` : 'clientPort')
  const client = { ...where, what: 'clientPort', host: config.clientPortAddress, port: config.clientPort }
  const { port, address } = config.secureClientPort
  const secure =
    port === null
      ? []
      : [
          {
            ...originOf(config, 'secureClientPort'),
            what: 'secureClientPort',
            host: address ?? config.clientPortAddress,
            port,
          },
        ]
  const claims = config.clientPort === 0 ? secure : [client, ...secure]
  if (own === null) return claims
  const listen = config.quorumListenOnAllIps ? { host: '0.0.0.0' } : {}
  return [
    ...claims,
    ...linePorts(config, { ...own, clientPort: null }).map((claim) => ({ ...claim, ...listen })),
  ]
}

function linePorts(config: ServerConfig, server: ServerSpec): PortClaim[] {
  const where = originOf(config, `server.${server.sid}`)
  const of = `of server.${server.sid}`
  const claims = [server, ...server.extraAddresses].flatMap(({ host, quorumPort, electionPort }) => [
    { ...where, what: `quorum port ${of}`, host, port: quorumPort },
    { ...where, what: `election port ${of}`, host, port: electionPort },
  ])
  if (server.clientPort === null) return claims
  // A client port without an address is at whatever address the server itself has.
  const host = server.clientAddress ?? server.host
  return [...claims, { ...where, what: `client port ${of}`, host, port: server.clientPort }]
}

/** One problem for each claim that clashes with an earlier one (by file and line). */
export function clashes(claims: readonly PortClaim[], addressesOf: AddressesOf = literally): Problem[] {
  const byPort = new Map<number, PortClaim[]>()
  const problems: Problem[] = []
  const inOrder = [...claims].sort((a, b) => compareFiles(a.file, b.file) || (a.line ?? 0) - (b.line ?? 0))
  for (const claim of inOrder) {
    const rivals = byPort.get(claim.port) ?? []
    const taken = rivals.find((rival) => overlap(rival.host, claim.host, addressesOf))
    if (taken !== undefined) {
      const by = taken.what === claim.what ? '' : ` (${taken.what})`
      const message = `${named(claim)} is taken by ${formatLocation(taken)}${by}`
      problems.push(problem('error', claim, message, 'give each member its own'))
    }
    byPort.set(claim.port, [...rivals, claim])
  }
  return problems
}

/** `clientPort 2180`, `quorum port 2888 of server.2`. */
function named({ what, port }: PortClaim): string {
  const [kind, server] = what.split(' of ')
  return server === undefined ? `${kind} ${port}` : `${kind} ${port} of ${server}`
}

function overlap(a: string, b: string, addressesOf: AddressesOf): boolean {
  if (isWildcard(a) || isWildcard(b)) return true
  const ofB = new Set(addressesOf(b))
  return addressesOf(a).some((address) => ofB.has(address))
}
