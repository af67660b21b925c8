/**
 * A parsed config together with the server's own id makes a member: its role and client address come from its
 * own server line (QuorumPeerConfig.setupClientPort and setupPeerType). Pure.
 */

import { isIP } from 'node:net'
import { formatLocation, type Location, type Problem, problem } from '../problem.ts'
import { isDistributed, originOf, ownServer, type ServerConfig, type ServerSpec } from '../serverConfig.ts'
import { isWildcard, literally } from './ports.ts'
import { bracketed } from './servers.ts'

const MAX_SID_WITH_TTL = 254

/**
 * @param sid null when none is known; only a standalone server needs none
 * @param from where the id was read
 */
export function withSid(
  parsed: ServerConfig,
  sid: number | null,
  from: Location,
): { config: ServerConfig; problems: Problem[] } {
  const config = { ...parsed, sid }
  if (!isDistributed(config)) return { config, problems: [] }
  const own = ownServer(config)
  if (own === null) {
    if (sid === null) return { config, problems: [] }
    const ids = config.servers.map((server) => server.sid).join(', ')
    const message = `the id ${sid} is not in the server list of ${config.file}, which has ${ids}`
    const hint = `write one of these, or add a server.${sid} line`
    return { config, problems: [problem('error', from, message, hint)] }
  }
  const problems = idForTtl(config, from)
  if ('peerType' in config.origin && config.peerType !== own.role) {
    const message = `peerType ${config.peerType} is overruled by server.${sid}, a ${own.role}`
    const hint = config.peerType === 'observer' ? 'write :observer behind its server line too' : 'remove it'
    problems.push(problem('warning', originOf(config, 'peerType'), message, hint))
  }
  config.peerType = own.role
  problems.push(...adoptClientAddress(config, own))
  return { config, problems }
}

/**
 * Ephemeral nodes of a server with a larger id would look like TTL nodes (EphemeralType.validateServerId).
 */
function idForTtl({ sid, extendedTypesEnabled, file }: ServerConfig, from: Location): Problem[] {
  if (!extendedTypesEnabled || sid === null || sid <= MAX_SID_WITH_TTL) return []
  const message = `the id ${sid} is too large for extendedTypesEnabled=true in ${file}`
  return [problem('error', from, message, `the largest is ${MAX_SID_WITH_TTL}`)]
}

/** The server line's client part wins, and must not contradict clientPort and clientPortAddress. */
export function adoptClientAddress(config: ServerConfig, own: ServerSpec): Problem[] {
  if (own.clientPort === null) {
    // Where no line has a client part, parsing has reported that already.
    const elsewhere = config.servers.some((server) => server.clientPort !== null)
    const hasPort = config.clientPort !== 0 || 'clientPort' in config.origin
    if (hasPort || config.secureClientPort.port !== null || !elsewhere) return []
    const hint = 'add a line such as clientPort=2181'
    return [problem('error', { file: config.file, line: null }, 'clientPort is missing', hint)]
  }
  const line = originOf(config, `server.${own.sid}`)
  if (config.clientPort !== 0 && config.clientPort !== own.clientPort) {
    const message = `clientPort ${config.clientPort} differs from ${own.clientPort} in ${formatLocation(line)}`
    const hint = 'write the same port in both, or only one of them; or the id in myid is wrong'
    return [problem('error', originOf(config, 'clientPort'), message, hint)]
  }
  config.clientPort = own.clientPort
  const explicit = 'clientPortAddress' in config.origin
  if (explicit && !isWildcard(config.clientPortAddress) && own.clientAddress !== config.clientPortAddress) {
    const contradiction = addressContradiction(config, own)
    if (contradiction !== null) return [contradiction]
  }
  config.clientPortAddress = own.clientAddress ?? config.clientPortAddress
  return []
}

function addressContradiction(config: ServerConfig, own: ServerSpec): Problem | null {
  const { clientAddress: onLine } = own
  const written = config.clientPortAddress
  const where = originOf(config, 'clientPortAddress')
  const line = formatLocation(originOf(config, `server.${own.sid}`))
  if (onLine === null) {
    const message = `clientPortAddress ${written} is not in ${line}, and Apache ZooKeeper refuses that`
    const hint = `write ;${bracketed(written)}:${config.clientPort} there`
    return problem('warning', where, message, hint)
  }
  if (literally(onLine)[0] === literally(written)[0]) return null
  // Two names, or a name and a number, may stand for the same address, so this is only a warning.
  const certain = isIP(onLine) !== 0 && isIP(written) !== 0
  const message = `clientPortAddress ${written} differs from ${onLine} in ${line}`
  return problem(certain ? 'error' : 'warning', where, message, 'write the same in both, or only one of them')
}
