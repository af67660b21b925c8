/**
 * Reads and writes the server list: `server.N`, `group.N` and `weight.N` lines.
 *
 * Accepts what QuorumPeer.QuorumServer.initializeWithAddressString accepts. Hosts are kept as written,
 * without the brackets of IPv6, and are not resolved here.
 */

import { type Problem, problem } from '../problem.ts'
import type { Role, ServerAddress, ServerConfig, ServerSpec } from '../serverConfig.ts'
import { readPort } from '../settings/values.ts'
import type { Entry } from '../text/lexer.ts'

export type ServerList = Pick<ServerConfig, 'servers' | 'groups' | 'weights'>

const FORM = 'write host:quorumPort:electionPort[:observer][;[clientAddress:]clientPort]'

const IPV6_FORM = 'write IPv6 addresses in brackets, [::1]:2888:3888'

/** The top byte of a session id is the id of its server, so larger ids work but are not distinct there. */
const GREATEST_DISTINCT_SID = 255

/** Reads all lines of the server list. Faulty lines are reported and left out. */
export function readServerList(entries: readonly Entry[], problems: Problem[]): ServerList {
  const servers = new Map<number, ServerSpec>()
  const lines = new Map<number, Entry>()
  for (const entry of entries.filter(({ key }) => key.startsWith('server.'))) {
    const spec = readServer(entry, problems)
    if (spec === null) continue
    const earlier = lines.get(spec.sid)
    if (earlier !== undefined) {
      const message = `server.${spec.sid} is defined in line ${earlier.line} already`
      problems.push(problem('error', entry, message, 'give each server its own id'))
      continue
    }
    lines.set(spec.sid, entry)
    servers.set(spec.sid, spec)
  }
  const groups = readGroups(entries, servers, problems)
  const weights = readWeights(entries, servers, problems)
  if (Object.keys(groups).length > 0 || Object.keys(weights).length > 0) {
    for (const server of servers.values()) {
      if (server.role !== 'participant' || server.group !== null) continue
      const entry = lines.get(server.sid)
      if (entry === undefined) continue
      const hint = 'with groups or weights every voting server needs a group: add it to a group.N line'
      problems.push(problem('error', entry, `server.${server.sid} is in no group`, hint))
    }
  }
  const sorted = [...servers.values()].sort((a, b) => a.sid - b.sid)
  return { servers: sorted, groups, weights }
}

/** The number after the dot of `server.N`, `group.N`, `weight.N`; null when there is none. */
function idOf(entry: Entry, problems: Problem[]): number | null {
  const text = entry.key.slice(entry.key.indexOf('.') + 1)
  const id = /^\+?\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(id)) return id
  const hint = 'write a whole number, for instance server.1'
  problems.push(problem('error', entry, `${entry.key} does not end in an id`, hint))
  return null
}

function readServer(entry: Entry, problems: Problem[]): ServerSpec | null {
  const sid = idOf(entry, problems)
  if (sid === null) return null
  if (sid > GREATEST_DISTINCT_SID) {
    const message = `the id ${sid} does not fit the one byte that session ids have for it`
    problems.push(problem('warning', entry, message, `prefer ids up to ${GREATEST_DISTINCT_SID}`))
  }
  const result = parseServerValue(sid, entry.value)
  if ('fault' in result) {
    problems.push(problem('error', entry, `${entry.key}: ${result.fault}`, result.hint))
    return null
  }
  if (result.extraAddresses.length > 0) {
    const message = `${entry.key} has several addresses, and this version uses the first`
    const hint = 'Apache ZooKeeper refuses them without -Dzookeeper.multiAddress.enabled=true'
    problems.push(problem('warning', entry, message, hint))
  }
  return result
}

/** Reads the value of `server.N`. @returns the fault and what to write instead when it cannot be read. */
export function parseServerValue(
  sid: number,
  value: string,
): ServerSpec | { fault: string; hint: string | null } {
  const [serverPart = '', clientPart, ...rest] = value.split(';')
  if (rest.length > 0) return { fault: 'there is more than one ;', hint: FORM }
  const addresses: ServerAddress[] = []
  let role: Role | null = null
  for (const text of serverPart.split('|')) {
    const address = parseAddress(text.trim())
    if ('fault' in address) return address
    if (role !== null && address.role !== null && role !== address.role) {
      return { fault: `its addresses disagree about the role (${role}, ${address.role})`, hint: null }
    }
    role ??= address.role
    addresses.push({ host: address.host, quorumPort: address.quorumPort, electionPort: address.electionPort })
  }
  const [first, ...extraAddresses] = addresses
  if (first === undefined) return { fault: 'it has no address', hint: FORM }
  const client = parseClient(clientPart?.trim() ?? '')
  if ('fault' in client) return client
  return { sid, ...first, role: role ?? 'participant', ...client, extraAddresses, group: null, weight: 1 }
}

function parseAddress(
  text: string,
): (ServerAddress & { role: Role | null }) | { fault: string; hint: string | null } {
  const split = splitHost(text)
  if ('fault' in split) return split
  const { host, parts } = split
  const [quorum, election, role] = parts
  if (host !== '' && !HOST.test(host)) return notAHost(host)
  const form = text.includes('::') && !text.startsWith('[') ? IPV6_FORM : FORM
  if (host === '' || quorum === undefined) return { fault: `"${text}" is not host:port:port`, hint: form }
  if (election === undefined) {
    return { fault: `"${text}" has no election port`, hint: `write ${text}:3888 with a port of your choice` }
  }
  if (parts.length > 3) {
    return { fault: `"${text}" has too many parts`, hint: form }
  }
  const quorumPort = readPort(quorum)
  if (quorumPort.value === null) return { fault: `quorum port "${quorum}" ${quorumPort.fault}`, hint: FORM }
  const electionPort = readPort(election)
  if (electionPort.value === null)
    return { fault: `election port "${election}" ${electionPort.fault}`, hint: FORM }
  if (quorumPort.value === electionPort.value) {
    return { fault: `${quorumPort.value} is both quorum port and election port`, hint: 'give each its own' }
  }
  const named = role?.trim().toLowerCase() ?? null
  if (named !== null && named !== 'observer' && named !== 'participant') {
    return { fault: `"${role}" is not a role`, hint: 'write participant or observer' }
  }
  return { host, quorumPort: quorumPort.value, electionPort: electionPort.value, role: named }
}

function parseClient(
  text: string,
): { clientAddress: string | null; clientPort: number | null } | { fault: string; hint: string | null } {
  if (text === '') return { clientAddress: null, clientPort: null }
  const split = text.includes(':') ? splitHost(text) : { host: null, parts: [text] }
  if ('fault' in split) return split
  const [port = '', ...rest] = split.parts
  if (split.host && !HOST.test(split.host)) return notAHost(split.host)
  if (rest.length > 0 || split.host === '') {
    return { fault: `"${text}" is not a client port or address:port`, hint: FORM }
  }
  const clientPort = readPort(port)
  if (clientPort.value === null) return { fault: `client port "${port}" ${clientPort.fault}`, hint: FORM }
  return { clientAddress: split.host, clientPort: clientPort.value }
}

/** A name or an address; other characters come from placeholders and mistakes (`<host1>`, `${HOST}`). */
const HOST = /^[\p{L}\p{N}._:%-]+$/u

function notAHost(host: string): { fault: string; hint: string } {
  return { fault: `"${host}" is not a host name or address`, hint: 'write for instance 127.0.0.1' }
}

/** Splits `host:a:b` or `[v6]:a:b` into the host and what follows it (ConfigUtils.getHostAndPort). */
function splitHost(text: string): { host: string; parts: string[] } | { fault: string; hint: string | null } {
  if (!text.startsWith('[')) {
    const [host = '', ...parts] = text.split(':')
    return { host: host.trim(), parts }
  }
  const close = text.indexOf(']')
  if (close < 0) return { fault: `"${text}" has no ] for its [`, hint: FORM }
  const rest = text.slice(close + 1)
  if (rest !== '' && !rest.startsWith(':')) return { fault: `":" must follow ] in "${text}"`, hint: FORM }
  return { host: text.slice(1, close), parts: rest === '' ? [] : rest.slice(1).split(':') }
}

function readGroups(
  entries: readonly Entry[],
  servers: Map<number, ServerSpec>,
  problems: Problem[],
): Record<string, number[]> {
  const groups = new Map<string, number[]>()
  for (const entry of entries.filter(({ key }) => key.startsWith('group.'))) {
    const gid = idOf(entry, problems)
    if (gid === null) continue
    const sids: number[] = []
    for (const text of entry.value.split(':')) {
      const sid = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN
      const server = servers.get(sid)
      if (server === undefined) {
        const hint = 'a group is a list of ids such as 1:2:3'
        problems.push(problem('error', entry, `${entry.key}: there is no server.${text.trim()}`, hint))
      } else if (server.group !== null) {
        const hint = 'each server votes in one group'
        problems.push(
          problem('error', entry, `${entry.key}: server.${sid} is in group.${server.group} already`, hint),
        )
      } else {
        server.group = gid
        sids.push(sid)
      }
    }
    groups.set(String(gid), [...(groups.get(String(gid)) ?? []), ...sids])
  }
  return Object.fromEntries(groups)
}

function readWeights(
  entries: readonly Entry[],
  servers: Map<number, ServerSpec>,
  problems: Problem[],
): Record<string, number> {
  const weights = new Map<string, number>()
  for (const entry of entries.filter(({ key }) => key.startsWith('weight.'))) {
    const sid = idOf(entry, problems)
    if (sid === null) continue
    const weight = /^\+?\d+$/.test(entry.value) ? Number(entry.value) : Number.NaN
    const server = servers.get(sid)
    if (!Number.isSafeInteger(weight)) {
      problems.push(
        problem('error', entry, `${entry.key}: "${entry.value}" is not a weight`, 'write 0, 1, 2, …'),
      )
    } else if (server === undefined) {
      problems.push(problem('warning', entry, `${entry.key}: there is no server.${sid}`, 'remove the line'))
    } else {
      server.weight = weight
      weights.set(String(sid), weight)
    }
  }
  return Object.fromEntries(weights)
}

/** Puts IPv6 addresses in brackets and leaves other hosts as they are (QuorumServer.delimitedHostString). */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** The value of a `server.N` line as Apache prints it (QuorumServer.toString). */
export function formatServer(server: ServerSpec): string {
  const addresses = [server, ...server.extraAddresses]
    .map(({ host, quorumPort, electionPort }) => `${bracketed(host)}:${quorumPort}:${electionPort}`)
    .join('|')
  const client =
    server.clientPort === null ? '' : `;${bracketed(server.clientAddress ?? '0.0.0.0')}:${server.clientPort}`
  return `${addresses}:${server.role}${client}`
}
