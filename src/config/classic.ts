/**
 * The well-known pseudo-cluster: ids from 0, client ports 2180+i, quorum ports 8000+i, election ports 8100+i.
 * Pure.
 *
 * With another base port, n servers use the 3n ports that begin there: first the client ports, then the
 * quorum ports, then the election ports. So an ensemble stays out of other ranges, above all the system's
 * ephemeral one, from which any outgoing connection may take a port, and two ensembles do not clash when
 * their bases are 3n apart.
 */

import { join } from 'node:path'
import { parseConfig } from './load/parse.ts'
import { type Problem, problem, sortProblems } from './problem.ts'
import type { ServerConfig } from './serverConfig.ts'
import { withSid } from './servers/ownServer.ts'
import { MEMBERSHIP_KEY } from './settings/keys.ts'
import { line } from './text/line.ts'

export interface MemberPorts {
  clientPort: number
  quorumPort: number
  electionPort: number
}

export interface ClassicLayout {
  /** Voting members. */
  members: number
  /** Observers, with the ids after the members'. */
  observers?: number
  basePort?: number
  /** The folder of `conf/` and `data/`; absolute, so that Apache finds it from anywhere. */
  dir: string
  /** Settings for the file of every member, by key as in zoo.cfg; they replace those of the layout. */
  set?: Readonly<Record<string, string>>
  /** The ports of each member, observers last, instead of `basePort`. */
  ports?: readonly MemberPorts[]
  /** The range from which the system takes ports for outgoing connections, to warn about `basePort`. */
  ephemeral?: PortRange
}

export interface PortRange {
  readonly first: number
  readonly last: number
}

interface ClassicMember {
  sid: number
  /** `<dir>/conf/zoo-<sid>.cfg` and what to write into it. */
  file: string
  text: string
  /** `<dir>/data/<sid>/myid` and what to write into it. */
  myidFile: string
  myidText: string
  /** The config that reading those files will give. */
  config: ServerConfig
}

export const CLASSIC_BASE_PORT = 2180
const CLASSIC_QUORUM_PORT = 8000
const CLASSIC_ELECTION_PORT = 8100
/** With more members, the classic quorum ports would reach the election ports. */
const MOST = CLASSIC_ELECTION_PORT - CLASSIC_QUORUM_PORT

const SETTINGS: Readonly<Record<string, string>> = {
  tickTime: '2000',
  initLimit: '10',
  syncLimit: '5',
}

/**
 * With these, Apache's members on one host do not compete for port 8080, and answer the same words as ours.
 */
const FOR_ONE_HOST: Readonly<Record<string, string>> = {
  '4lw.commands.whitelist': '*',
  'admin.enableServer': 'false',
}

/** Keys that the layout sets for each member; the same value in every file would be wrong. */
const PER_MEMBER = new Set(['dataDir', 'dataLogDir', 'clientPort', 'peerType', 'dynamicConfigFile'])

/** @returns no members when there are errors, which name `--set` if they come from a setting */
export function classicEnsemble(layout: ClassicLayout): { members: ClassicMember[]; problems: Problem[] } {
  const set = layout.set ?? {}
  const problems = [...checkLayout(layout), ...checkSettings(set)]
  if (problems.some(({ severity }) => severity === 'error')) return { members: [], problems }
  const count = layout.members + (layout.observers ?? 0)
  const ports = layout.ports ?? classicPorts(layout.basePort ?? CLASSIC_BASE_PORT, count)
  if (layout.ports === undefined) problems.push(...ephemeralWarning(ports, layout.ephemeral))
  const members = ports.map((_, sid) => memberOf(layout, set, ports, sid))
  // A problem of every file is reported once.
  const found = [...problems, ...members.flatMap(({ problems }) => problems)]
  const all = sortProblems([...new Map(found.reverse().map((p) => [p.message, p])).values()])
  const failed = all.some(({ severity }) => severity === 'error')
  return { members: failed ? [] : members.map(({ member }) => member), problems: all }
}

export function classicFile(dir: string, sid: number): string {
  return join(dir, 'conf', `zoo-${sid}.cfg`)
}

export function classicPorts(basePort: number, count: number): MemberPorts[] {
  const isClassic = basePort === CLASSIC_BASE_PORT
  const quorumBase = isClassic ? CLASSIC_QUORUM_PORT : basePort + count
  const electionBase = isClassic ? CLASSIC_ELECTION_PORT : basePort + 2 * count
  return Array.from({ length: count }, (_, i) => ({
    clientPort: basePort + i,
    quorumPort: quorumBase + i,
    electionPort: electionBase + i,
  }))
}

function checkLayout({
  members,
  observers = 0,
  basePort = CLASSIC_BASE_PORT,
  ports,
}: ClassicLayout): Problem[] {
  const count = members + observers
  const error = (message: string, hint: string) => [
    problem('error', { file: 'layout', line: null }, message, hint),
  ]
  if (!Number.isInteger(members) || members < 1 || !Number.isInteger(observers) || observers < 0) {
    return error(
      `${members} members with ${observers} observers make no ensemble`,
      'ask for at least one member',
    )
  }
  if (ports !== undefined) {
    return ports.length === count
      ? []
      : error(`there are ports for ${ports.length} servers of ${count}`, 'give three ports for each')
  }
  if (count > MOST) return error(`${count} servers are too many`, `use at most ${MOST}, or give the ports`)
  if (!Number.isInteger(basePort) || basePort < 1 || basePort + 3 * count - 1 > 65535) {
    const message = `base port ${basePort} puts the ports of ${count} servers out of range`
    return error(message, `use 1 to ${65535 - 3 * count + 1}, or automatic ports`)
  }
  return []
}

/** A base port in the ephemeral range may be intended, but any connection may take such a port. */
function ephemeralWarning(ports: readonly MemberPorts[], range: PortRange | undefined): Problem[] {
  if (range === undefined) return []
  const all = ports.flatMap((member) => Object.values(member) as number[])
  const inside = all.filter((port) => port >= range.first && port <= range.last).length
  if (inside === 0) return []
  const message = `${inside} of ${all.length} ports lie between ${range.first} and ${range.last}, where outgoing connections get theirs`
  const hint = `any connection may take one; a base port up to ${range.first - all.length} avoids that`
  return [problem('warning', { file: 'layout', line: null }, message, hint)]
}

/** Checks the settings alone, so that their problems are reported once and not for each file. */
function checkSettings(set: Readonly<Record<string, string>>): Problem[] {
  const isOwn = (key: string) => PER_MEMBER.has(key) || MEMBERSHIP_KEY.test(key)
  const own = Object.keys(set).filter(isOwn)
  const where = { file: '--set', line: null }
  const layoutOwns = own.map((key) =>
    problem(
      'error',
      where,
      `${key} differs from member to member`,
      'write config files of your own for that',
    ),
  )
  // The settings need not have the keys that every config must have.
  const settings = Object.entries(set).filter(([key]) => !isOwn(key))
  const text = ['dataDir=data', 'clientPort=1', ...settings.map(([key, value]) => line(key, value))]
  const { problems } = parseConfig(text.join('\n'), '--set')
  return [...layoutOwns, ...problems.map((p) => ({ ...p, line: null }))]
}

function memberOf(
  layout: ClassicLayout,
  set: Readonly<Record<string, string>>,
  ports: readonly MemberPorts[],
  sid: number,
): { member: ClassicMember; problems: Problem[] } {
  const file = classicFile(layout.dir, sid)
  const dataDir = join(layout.dir, 'data', String(sid))
  const text = textOf(layout, set, ports, sid, dataDir)
  const parsed = parseConfig(text, file)
  const settled = withSid(parsed.config, sid, { file: join(dataDir, 'myid'), line: 1 })
  const member: ClassicMember = {
    sid,
    file,
    text,
    myidFile: join(dataDir, 'myid'),
    myidText: `${sid}\n`,
    config: settled.config,
  }
  return { member, problems: [...parsed.problems, ...settled.problems] }
}

function textOf(
  layout: ClassicLayout,
  set: Readonly<Record<string, string>>,
  ports: readonly MemberPorts[],
  sid: number,
  dataDir: string,
): string {
  const observer = sid >= layout.members
  const own = ports[sid]
  if (own === undefined) throw new Error(`invariant: member ${sid} has no ports`)
  // One voter with observers is an ensemble only if it may not run standalone.
  const distributed = ports.length > 1 || set.standaloneEnabled?.toLowerCase() === 'false'
  const settings = {
    ...SETTINGS,
    dataDir,
    clientPort: String(own.clientPort),
    clientPortAddress: '127.0.0.1',
    ...(observer ? { peerType: 'observer' } : {}),
    ...(layout.members === 1 && distributed ? { standaloneEnabled: 'false' } : {}),
    ...FOR_ONE_HOST,
    ...set,
  }
  const servers = ports.map(({ quorumPort, electionPort }, i) => {
    const role = i >= layout.members ? ':observer' : ''
    return `server.${i}=127.0.0.1:${quorumPort}:${electionPort}${role}`
  })
  const lines = Object.entries(settings).map(([key, value]) => line(key, value))
  return `${[...lines, ...(distributed ? servers : [])].join('\n')}\n`
}
