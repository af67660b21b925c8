/**
 * Checks whether the hosts of the members are this machine, which is the most common problem with ensembles.
 *
 * Numbers and `localhost` need no lookup, so this costs nothing for the usual pseudo-cluster.
 */

import { lookup as dnsLookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type Problem, problem } from '../problem.ts'
import { originOf, type ServerConfig } from '../serverConfig.ts'
import { type AddressesOf, isWildcard, literally } from './ports.ts'

/** @returns all addresses of a name. @throws an error with a `code` such as ENOTFOUND when it has none. */
export type Lookup = (host: string) => Promise<string[]>

const systemLookup: Lookup = async (host) =>
  (await dnsLookup(host, { all: true })).map(({ address }) => address)

interface ResolvedHosts {
  addressesOf: AddressesOf
  problems: Problem[]
}

type Resolution = { addresses: string[] } | { code: string }

/**
 * @param members with their ids where known
 * @param own addresses of this machine besides the loopback ones
 */
export async function resolveHosts(
  members: readonly ServerConfig[],
  lookup: Lookup = systemLookup,
  own: readonly string[] = interfaceAddresses(),
): Promise<ResolvedHosts> {
  const hosts = new Set(members.flatMap(hostsOf))
  const resolved = new Map<string, Resolution>(
    await Promise.all([...hosts].map(async (host) => [host, await resolve(host, lookup)] as const)),
  )
  const problems = members.flatMap((member) => checkHosts(member, members, resolved, own))
  const addressesOf: AddressesOf = (host) => {
    const resolution = resolved.get(host)
    return resolution !== undefined && 'addresses' in resolution ? resolution.addresses : literally(host)
  }
  return { addressesOf, problems }
}

/** The addresses of this machine, besides 127.0.0.0/8 and ::1, which every machine has. */
function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ address }) => address),
  )
}

function hostsOf(config: ServerConfig): string[] {
  const lines = config.servers.flatMap((server) => [server, ...server.extraAddresses].map(({ host }) => host))
  const { address } = config.secureClientPort
  return [...lines, config.clientPortAddress, ...(address === null ? [] : [address])]
}

async function resolve(host: string, lookup: Lookup): Promise<Resolution> {
  if (isIP(host) !== 0 || isWildcard(host) || host.toLowerCase() === 'localhost') {
    return { addresses: [...literally(host)] }
  }
  try {
    return { addresses: await lookup(host) }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return { code }
  }
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

function isHere(address: string, own: readonly string[]): boolean {
  if (isWildcard(address) || own.includes(address)) return true
  const family = isIP(address)
  return family !== 0 && LOOPBACK.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/**
 * A member's own hosts must be this machine; the hosts of servers that run elsewhere must at least resolve.
 */
function checkHosts(
  member: ServerConfig,
  members: readonly ServerConfig[],
  resolved: ReadonlyMap<string, Resolution>,
  own: readonly string[],
): Problem[] {
  const problems: Problem[] = []
  const check = (host: string, key: string, mustBeHere: boolean) => {
    const resolution = resolved.get(host)
    if (resolution === undefined) return
    const where = originOf(member, key)
    if ('code' in resolution) {
      const severity = mustBeHere ? 'error' : 'warning'
      const hint = 'add it to the hosts file, or write 127.0.0.1'
      problems.push(problem(severity, where, `${key}: "${host}" does not resolve (${resolution.code})`, hint))
    } else if (mustBeHere && !resolution.addresses.some((address) => isHere(address, own))) {
      const to = resolution.addresses.join(', ')
      const message = isIP(host) === 0 ? `"${host}" resolves to ${to}, which` : host
      const hint = 'all members run here: correct the hosts file, or write 127.0.0.1'
      problems.push(problem('error', where, `${key}: ${message} is not an address of this machine`, hint))
    }
  }
  const { port, address } = member.secureClientPort
  const bindsIt = member.clientPort !== 0 || (port !== null && address === null)
  if (bindsIt) check(member.clientPortAddress, clientKeyOf(member), true)
  if (port !== null && address !== null) check(address, 'secureClientPortAddress', true)
  const first = members[0] === member
  for (const server of member.servers) {
    const isOwn = server.sid === member.sid
    const isElsewhere = members.every(({ sid }) => sid !== server.sid)
    for (const { host } of [server, ...server.extraAddresses]) {
      if (isOwn) check(host, `server.${server.sid}`, true)
      else if (isElsewhere && first) check(host, `server.${server.sid}`, false)
    }
  }
  return problems
}

function clientKeyOf(member: ServerConfig): string {
  return 'clientPortAddress' in member.origin ? 'clientPortAddress' : `server.${member.sid}`
}
