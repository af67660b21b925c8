/**
 * Reads and writes the server list as servers exchange it: the text of notifications, NEWLEADER,
 * `/zookeeper/config` and reconfig transactions (QuorumVerifier.toString,
 * QuorumPeerConfig.parseDynamicConfig). Pure.
 */

import { hasErrors, type Problem } from '../problem.ts'
import type { ServerSpec } from '../serverConfig.ts'
import { lastOfEach } from '../text/entries.ts'
import { type Entry, lex } from '../text/lexer.ts'
import { line } from '../text/line.ts'
import { formatServer, parseServerValue, readServerList, type ServerList } from './servers.ts'

/** A server list that is only read. */
type ServerLines = Pick<ServerList, 'groups' | 'weights'> & { readonly servers: readonly ServerSpec[] }

/** A server list with the zxid of the change that made it; 0 for the list that the ensemble began with. */
interface VersionedList {
  readonly version: number
  readonly servers: readonly ServerSpec[]
  /** With the version as its last line, and without a newline at the end. */
  readonly text: string
}

export function versionedList(list: ServerLines, version: number): VersionedList {
  return { version, servers: list.servers, text: membershipText(list, BigInt(version)) }
}

/**
 * The server list as notifications and NEWLEADER carry it (QuorumVerifier.toString), without a newline at the
 * end.
 * @param version the zxid of the last change of the list; 0 for the list that the ensemble began with
 */
export function membershipText(list: ServerLines, version: bigint): string {
  const isHierarchical = Object.keys(list.groups).length > 0
  const weights = isHierarchical ? weightsOfVoters(list) : Object.entries(list.weights)
  return [
    ...list.servers.map((server) => line(`server.${server.sid}`, formatServer(server))),
    ...Object.entries(list.groups).map(([gid, sids]) => `group.${gid}=${sids.join(':')}`),
    ...weights.map(([sid, weight]) => `weight.${sid}=${weight}`),
    `version=${BigInt.asUintN(64, version).toString(16)}`,
  ].join('\n')
}

/** Every voter's weight is spelled out: QuorumHierarchical.toString after its defaults. */
function weightsOfVoters({ servers, weights }: ServerLines): [sid: string, weight: number][] {
  return servers
    .filter(({ sid, role }) => role === 'participant' || String(sid) in weights)
    .map(({ sid, weight }) => [String(sid), weight])
}

/**
 * Reads the configuration that another server has sent. The text is kept as it is.
 * @returns null for a text that is no server list, and for versions beyond 2^53
 */
export function readVersionedList(text: string): VersionedList | null {
  const entries = entriesOf(text)
  const written = entries.find(({ key }) => key === 'version')?.value ?? '0'
  const version = /^[0-9a-f]{1,16}$/i.test(written) ? Number.parseInt(written, 16) : Number.NaN
  if (!Number.isSafeInteger(version)) return null
  const problems: Problem[] = []
  const { servers } = readServerList(entries.filter(isMembership), problems)
  return hasErrors(problems) || servers.length === 0 ? null : { version, servers, text }
}

/**
 * Why a reconfig is refused: `bad` stands for BadArguments, `unreadable` for MarshallingError, where Apache's
 * parser fails.
 */
type ReconfigFault = 'bad' | 'unreadable'

/** Reads the whole new list (reconfig -members); commas or newlines separate its lines. */
export function readNewMembers(text: string, standaloneEnabled: boolean): ServerLines | ReconfigFault {
  const entries = entriesOf(text.replaceAll(',', '\n'))
  if (!entries.every((entry) => isMembership(entry) || entry.key === 'version')) return 'bad'
  const membership = entries.filter(isMembership)
  if (membership.some(({ key }) => !/\.[+-]?\d+$/.test(key))) return 'unreadable'
  if (membership.some(isNotNumeric)) return 'unreadable'
  if (membership.some((entry) => entry.key.startsWith('server.') && hasImpossiblePort(entry.value)))
    return 'unreadable'
  const problems: Problem[] = []
  const list = readServerList(membership, problems)
  if (hasErrors(problems)) return 'bad'
  const voters = list.servers.filter(({ role }) => role === 'participant').length
  const observers = list.servers.length - voters
  // Apache detects observers without a quorum at a place where it does not answer BadArguments.
  if (observers > 0 && (voters === 0 || (voters === 1 && standaloneEnabled))) return 'unreadable'
  if (voters === 0 && !standaloneEnabled) return 'unreadable'
  return list
}

/** Reads `server.N=…` of reconfig -add, which must have a quorum, an election and a client port. */
export function readJoiner(text: string): ServerSpec | ReconfigFault {
  const parts = split(text, '=')
  if (parts.length !== 2) return 'bad'
  const [key = '', value = ''] = parts
  const id = key.slice(key.lastIndexOf('.') + 1)
  if (!/^[+-]?\d+$/.test(id)) return 'unreadable'
  if (hasImpossiblePort(value)) return 'unreadable'
  const server = parseServerValue(Number(id), value)
  return 'fault' in server || server.clientPort === null ? 'bad' : server
}

/** Drops blanks around the parts, and empty parts (StringUtils.split). */
function split(text: string, separator: string): string[] {
  return text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/**
 * An address that both servers would bind, or null. Wildcards and loopback addresses do not count, so that
 * ensembles on one machine can use them (QuorumServer.checkAddressDuplicate).
 */
export function sharedAddress(one: ServerSpec, other: ServerSpec): string | null {
  const theirs = new Set(addressesOf(other))
  return addressesOf(one).find((address) => theirs.has(address)) ?? null
}

function addressesOf(server: ServerSpec): string[] {
  const quorum = [server, ...server.extraAddresses].flatMap(({ host, quorumPort, electionPort }) => [
    { host, port: quorumPort },
    { host, port: electionPort },
  ])
  const client =
    server.clientPort === null ? [] : [{ host: server.clientAddress ?? '0.0.0.0', port: server.clientPort }]
  return [...quorum, ...client]
    .filter(({ host }) => !SPECIAL.test(host))
    .map(({ host, port }) => `${host}:${port}`)
}

/** Names are not resolved here, so the usual names of the loopback are listed. */
const SPECIAL = /^(0\.0\.0\.0|[0:]+|::1|127\.\d+\.\d+\.\d+|localhost|ip6-localhost)$/i

function entriesOf(text: string): Entry[] {
  return [...lastOfEach(lex(text, 'the configuration').entries, []).values()]
}

function isMembership({ key }: Entry): boolean {
  return key.startsWith('server.') || key.startsWith('group') || key.startsWith('weight')
}

function isNotNumeric({ key, value }: Entry): boolean {
  if (key.startsWith('weight')) return !/^[+-]?\d+$/.test(value)
  if (key.startsWith('group')) return !value.split(':').every((sid) => /^[+-]?\d+$/.test(sid))
  return false
}

/** A port number that InetSocketAddress refuses with an exception of its own. */
function hasImpossiblePort(value: string): boolean {
  return value
    .split(/[:;|]/)
    .some((part) => /^\s*-?\d+\s*$/.test(part) && (Number(part) > 65535 || Number(part) < 0))
}
