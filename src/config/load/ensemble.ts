/**
 * Checks for problems that only show when the configs of one ensemble are compared. Pure.
 *
 * A clash names both places. When neither has precedence, the later file is at fault.
 */

import { formatLocation, type Location, type Problem, problem } from '../problem.ts'
import { isDistributed, originOf, type ServerConfig, type ServerSpec } from '../serverConfig.ts'
import { type AddressesOf, clashes, isWildcard, literally, memberClaims } from '../servers/ports.ts'
import { formatServer } from '../servers/servers.ts'

/**
 * @param members in the order of their files, with their ids where known
 * @param addressesOf what hosts resolve to
 */
export function checkEnsemble(
  members: readonly ServerConfig[],
  addressesOf: AddressesOf = literally,
): Problem[] {
  return [
    ...checkIds(members),
    ...checkDirectories(members),
    ...clashes(members.flatMap(memberClaims), addressesOf),
    ...checkAgreement(members),
    ...checkCompleteness(members),
  ]
}

function checkIds(members: readonly ServerConfig[]): Problem[] {
  const owners = new Map<number, ServerConfig>()
  const problems: Problem[] = []
  for (const member of members) {
    if (member.sid === null || !isDistributed(member)) continue
    const owner = owners.get(member.sid)
    if (owner === undefined) {
      owners.set(member.sid, member)
    } else if (owner.dataDir !== member.dataDir) {
      const message = `${member.dataDir}/myid says ${member.sid}, and so does ${owner.dataDir}/myid of ${owner.file}`
      problems.push(problem('error', originOf(member, 'dataDir'), message, 'give each member its own id'))
    }
  }
  return problems
}

function checkDirectories(members: readonly ServerConfig[]): Problem[] {
  const users = new Map<string, Location>()
  const problems: Problem[] = []
  for (const member of members) {
    const keys =
      member.dataLogDir === member.dataDir ? (['dataDir'] as const) : (['dataDir', 'dataLogDir'] as const)
    for (const key of keys) {
      const directory = member[key]
      const where = originOf(member, key)
      const user = users.get(directory)
      if (directory === '') continue
      if (user === undefined) users.set(directory, where)
      else {
        const message = `${key} ${directory} is used by ${formatLocation(user)}`
        problems.push(problem('error', where, message, 'give each member its own'))
      }
    }
  }
  return problems
}

/**
 * All members must have the same list, but each may write its own host as 0.0.0.0, as is common in
 * containers.
 */
function checkAgreement(members: readonly ServerConfig[]): Problem[] {
  const distributed = members.filter(isDistributed)
  const [first] = distributed
  const alone = members.filter((member) => !isDistributed(member))
  if (members.length > 1 && alone.length > 0) {
    return alone.map((member) => {
      const hint = 'write the same server.N lines into every file, or start it by itself'
      return problem('error', { file: member.file, line: null }, 'has no server list, so it runs alone', hint)
    })
  }
  if (first === undefined) return []
  // A member that was down during a reconfiguration has a stale list, and learns the later one from others.
  const newest = distributed.reduce((one, other) => (isLater(other, one) ? other : one), first)
  return distributed
    .filter((member) => member !== newest && !isLater(newest, member))
    .flatMap((other) => disagreements(newest, other))
}

function isLater(one: ServerConfig, other: ServerConfig): boolean {
  return Number.parseInt(one.configVersion, 16) > Number.parseInt(other.configVersion, 16)
}

function disagreements(first: ServerConfig, other: ServerConfig): Problem[] {
  const problems: Problem[] = []
  const sids = new Set([...first.servers, ...other.servers].map(({ sid }) => sid))
  for (const sid of [...sids].sort((a, b) => a - b)) {
    const [here, there] = [serverIn(other, sid), serverIn(first, sid)]
    if (here === null || there === null) {
      const [lacks, has] = here === null ? [other, first] : [first, other]
      if (isJoiner(has, lacks, sid)) {
        const message = `server.${sid} is not in the list of ${lacks.file}: it is to join by a reconfiguration`
        const hint = `once it runs: reconfig -add ${formatServer(serverIn(has, sid) as ServerSpec)}`
        problems.push(problem('warning', originOf(has, `server.${sid}`), message, hint))
        continue
      }
      const message = `server.${sid} is missing, but ${formatLocation(originOf(has, `server.${sid}`))} has it`
      const hint = 'all members need the same server list'
      problems.push(problem('error', { file: lacks.file, line: null }, message, hint))
    } else if (!sameServer(here, there, other.sid === sid || first.sid === sid)) {
      const where = originOf(other, `server.${sid}`)
      const message = `server.${sid} is ${formatServer(here)}, but ${formatServer(there)} in ${formatLocation(originOf(first, `server.${sid}`))}`
      problems.push(problem('error', where, message, 'all members need the same server list'))
    } else if (here.group !== there.group || here.weight !== there.weight) {
      const where = originOf(other, here.group === null ? `weight.${sid}` : `group.${here.group}`)
      const message = `group or weight of server.${sid} is not as in ${first.file}`
      problems.push(problem('error', where, message, 'all members need the same groups and weights'))
    }
  }
  return problems
}

/** A server that only its own file lists waits to be added by a reconfiguration, as is usual with Apache. */
function isJoiner(has: ServerConfig, lacks: ServerConfig, sid: number): boolean {
  return has.sid === sid && has.reconfigEnabled && lacks.reconfigEnabled
}

function serverIn(config: ServerConfig, sid: number): ServerSpec | null {
  return config.servers.find((server) => server.sid === sid) ?? null
}

function sameServer(a: ServerSpec, b: ServerSpec, ownLine: boolean): boolean {
  // A member may write 0.0.0.0 for itself, and nobody else needs to know its client address.
  const anyHost = ownLine && (isWildcard(a.host) || isWildcard(b.host))
  const comparable = (server: ServerSpec) =>
    formatServer({
      ...server,
      host: anyHost ? '' : (literally(server.host)[0] ?? server.host),
      clientAddress: null,
      clientPort: a.clientPort === null || b.clientPort === null ? null : server.clientPort,
    })
  return comparable(a) === comparable(b)
}

/** A server without a file here may run elsewhere on purpose, so this is only a warning. */
function checkCompleteness(members: readonly ServerConfig[]): Problem[] {
  const distributed = members.filter(isDistributed)
  const first = distributed.find((member) => !distributed.some((other) => isLater(other, member)))
  if (first === undefined || members.some(({ sid }) => sid === null)) return []
  const here = new Set(members.map(({ sid }) => sid))
  return first.servers
    .filter(({ sid }) => !here.has(sid))
    .map(({ sid }) => {
      const hint = 'the others will count it as down unless it runs elsewhere'
      const message = `no config file was given for server.${sid}`
      return problem('warning', originOf(first, `server.${sid}`), message, hint)
    })
}
