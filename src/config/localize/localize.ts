/**
 * Turns the configs of an ensemble on many hosts into one on this machine, with the same ids, timings, roles
 * and options, and with other addresses, ports and folders. Pure. Every change is reported, and everything
 * else stays as it was written.
 */
import { join } from 'node:path'
import { type Change, changesOf, type Rule, valuesFor } from '../change.ts'
import { checkEnsemble } from '../load/ensemble.ts'
import { parseConfig } from '../load/parse.ts'
import { isPathSlip } from '../load/paths.ts'
import { hasErrors, type Problem, problem, sortProblems } from '../problem.ts'
import type { Role, ServerConfig, ServerSpec } from '../serverConfig.ts'
import type { LocalizeSource } from '../servers/localServer.ts'
import {
  foldersOf,
  HERE,
  type LocalPorts,
  type LocalServer,
  localServer,
  portWishes,
} from '../servers/localServer.ts'
import { withSid } from '../servers/ownServer.ts'
import { isWildcard } from '../servers/ports.ts'
import { line } from '../text/line.ts'
import { MADE_BY, rewriteConfig, withHead } from '../text/rewrite.ts'
import { identify, type KnownFile } from './ids.ts'
import { spreadPorts } from './ports.ts'
import { localRules } from './rules.ts'

interface LocalizeOptions {
  /** The folder of the result, absolute, so that Apache finds the data from anywhere. */
  out: string
  /** Whether a path that a setting names is on this machine. */
  exists(path: string): boolean
  /** Replaces all ports. Without it, ports stay as close as possible to what they were. */
  ports?: GivenPorts
}

/** As many ports as the ensemble needs, ordered by kind and then by id; client ports come first. */
export interface GivenPorts {
  list: readonly number[]
  /** Where the ports come from, for people. */
  why: string
}

export interface LocalMember {
  sid: number
  role: Role
  /** The given file that the member was made from. */
  from: string
  /** `<out>/zoo-<sid>.cfg` and what to write into it. */
  file: string
  text: string
  dataDir: string
  /** Equal to `dataDir` unless the config keeps logs in a folder of their own. */
  dataLogDir: string
  /** Folders that must exist because the config does not let the member create them. */
  folders: string[]
  /** The file that lets a member begin without data despite `db.autocreate=false`; null if none is needed. */
  initializeFile: string | null
  ports: LocalPorts
}

export interface Localized {
  /** By ascending id; empty when there are errors. */
  members: LocalMember[]
  changes: Change[]
  /** Errors, or, where there are members, warnings about what `up` will refuse in the result. */
  problems: Problem[]
}

/** The beginning of a file that was made here and that may be overwritten. */
export const LOCAL_MARK = `${MADE_BY} localize`

/** The id of a standalone server that has none. */
const NO_ID = 0

export function localize(sources: readonly LocalizeSource[], options: LocalizeOptions): Localized {
  const files = sources.map((source) => ({ source, ...parse(source) }))
  const failed = (problems: readonly Problem[]): Localized => {
    return { members: [], changes: [], problems: sortProblems(problems) }
  }
  const problems = files.flatMap((file) => file.problems)
  if (hasErrors(problems)) return failed(problems)
  const isShared = files.length === 1
  const { known, problems: unknown } = isShared
    ? { known: new Map<string, KnownFile>(), problems: [] }
    : identify(files.map(({ config, source }) => ({ config, myid: source.myid })))
  if (unknown.length > 0) return failed(unknown)
  const disagreements = disagreementsOf(files, known)
  if (disagreements.length > 0) return failed(disagreements)
  const servers = serversOf(files, known)
  const whyPorts = placePorts(servers, options.ports)
  const rules = localRules(servers, options.out, whyPorts)
  const changes = [
    ...fileChanges(files, known),
    ...lineChanges(servers, whyPorts),
    ...changesOf(rules, servers, ({ written }, key) => written.get(key) ?? null),
    ...keptPaths(servers, options),
  ]
  const members = servers.map((server) => memberOf(server, servers, rules, options))
  return { members, changes, problems: checkResult(members) }
}

interface ParsedFile {
  source: LocalizeSource
  config: ServerConfig
}

function parse(source: LocalizeSource): { config: ServerConfig; problems: Problem[] } {
  const { config, problems } = parseConfig(source.text, source.file, source.dynamic)
  return { config, problems: problems.filter((each) => isFatal(each, config)) }
}

/**
 * Clashes of ports are about to be resolved, and a key store that only Apache can read is no fault of the
 * config.
 */
function isFatal(each: Problem, config: ServerConfig): boolean {
  if (each.severity !== 'error' || isClash(each) || isPathSlip(each)) return false
  const ofStores = Object.entries(config.origin).filter(([key]) => /^ssl\.|^secureClientPort$/.test(key))
  const isOfStores = ofStores.some(([, where]) => where.line === each.line && where.file === each.file)
  return !isOfStores || /secureClientPort: /.test(each.message)
}

function isClash({ message }: Problem): boolean {
  return / is taken by /.test(message)
}

function disagreementsOf(files: readonly ParsedFile[], known: ReadonlyMap<string, KnownFile>): Problem[] {
  const members = files.map(({ config }) => {
    // The same path on different hosts is a different folder.
    return { ...config, dataDir: '', dataLogDir: '', sid: known.get(config.file)?.sid ?? null }
  })
  return checkEnsemble(members).filter((each) => each.severity === 'error' && !isClash(each))
}

/** Servers without a file of their own are made from the first file. */
function serversOf(files: readonly ParsedFile[], known: ReadonlyMap<string, KnownFile>): LocalServer[] {
  const [first] = files as [ParsedFile]
  const { servers, origin } = first.config
  if (servers.length === 0) {
    // Only the id of its single server line counts, if there is one.
    const only = Object.keys(origin).find((key) => key.startsWith('server.'))
    const sid = first.source.myid?.sid ?? (only === undefined ? NO_ID : Number(only.slice('server.'.length)))
    return [localServer(sid, null, first.source, first.config)]
  }
  return servers.map(({ sid }) => {
    const own = files.find(({ config }) => known.get(config.file)?.sid === sid) ?? first
    return localServer(sid, lineOf(sid, own, files), own.source, own.config)
  })
}

/**
 * The server line as other files have it, because they name its host; its client port may be in its own file
 * only.
 */
function lineOf(sid: number, own: ParsedFile, files: readonly ParsedFile[]): ServerSpec {
  const lines = [own, ...files].flatMap(({ config }) => config.servers.filter((server) => server.sid === sid))
  const named = lines.find(({ host }) => !isWildcard(host)) ?? (lines[0] as ServerSpec)
  return { ...named, clientPort: lines[0]?.clientPort ?? named.clientPort }
}

/**
 * Places ports kind by kind, so that the first member with a port keeps it. @returns why ports had to move
 */
function placePorts(servers: readonly LocalServer[], given?: GivenPorts): string {
  const wishes = servers.flatMap(portWishes)
  const kinds = [...new Set(wishes.map(({ kind }) => kind))]
  const inOrder = kinds.flatMap((kind) => wishes.filter((wish) => wish.kind === kind))
  const { ports, step } = given === undefined ? spreadPorts(inOrder) : { ports: given.list, step: null }
  for (const server of servers) {
    const own = inOrder.flatMap(({ sid, kind }, i): [string, number][] =>
      sid === server.sid ? [[kind, ports[i] as number]] : [],
    )
    server.ports = Object.fromEntries(own)
  }
  return given?.why ?? `each port is there once here; a taken one is counted on by ${step ?? 1}`
}

function fileChanges(files: readonly ParsedFile[], known: ReadonlyMap<string, KnownFile>): Change[] {
  const told = [...known].map(([file, { sid, by }]) => note(`${file} is server.${sid}`, `by ${by}`))
  const [first] = files as [ParsedFile]
  const owned = new Set([...known.values()].map(({ sid }) => sid))
  const others = known.size === 0 ? [] : first.config.servers.filter(({ sid }) => !owned.has(sid))
  const from = `made from ${first.config.file}`
  return [...told, ...others.map(({ sid }) => note(`server.${sid} has no file of its own`, from))]
}

function note(what: string, why: string): Change {
  return { what, from: null, to: null, why }
}

/** Changes that only the server lines show. */
function lineChanges(servers: readonly LocalServer[], whyPorts: string): Change[] {
  const lines = servers.flatMap(({ line: spec }) => (spec === null ? [] : [spec]))
  const addresses = lines.flatMap((spec) => [spec, ...spec.extraAddresses])
  const hosts = [...new Set(addresses.map(({ host }) => host))]
  const changes: Change[] = []
  if (hosts.some((host) => host !== HERE)) {
    const why =
      addresses.length > lines.length
        ? 'all run on this machine, each at one address'
        : 'all run on this machine'
    changes.push({ what: 'hosts', from: hosts.join(', '), to: HERE, why })
  }
  const port = (what: string, before: (server: LocalServer) => number | null | undefined) => {
    const pairs = servers.map((server) => [before(server), server.ports[what]] as const)
    if (pairs.every(([from, to]) => from === to)) return
    const from = [...new Set(pairs.map(([port]) => port))].join(', ')
    changes.push({ what, from, to: pairs.map(([, port]) => port).join(', '), why: whyPorts })
  }
  const hasKey = servers.some(({ settings }) => settings.has('clientPort'))
  if (!hasKey) port('clientPort', (server) => server.line?.clientPort)
  port('quorum port', (server) => server.line?.quorumPort)
  port('election port', (server) => server.line?.electionPort)
  return changes
}

/** Keys whose values name files of another machine: key stores, passwords, login modules. */
export const FILE_KEY = /(\.location|\.passwordPath)$|^(java\.security\.auth\.login\.config|oraclePath)$/

function keptPaths(servers: readonly LocalServer[], { exists }: LocalizeOptions): Change[] {
  const kept = new Map<string, Change>()
  for (const { settings } of servers) {
    for (const [key, path] of settings) {
      if (!FILE_KEY.test(key)) continue
      const why = exists(path) ? 'it is here' : 'it is not on this machine: put it there, or change the path'
      kept.set(`${key} ${path}`, { what: key, from: path, to: path, why })
    }
  }
  return [...kept.values()]
}

function memberOf(
  server: LocalServer,
  servers: readonly LocalServer[],
  rules: readonly Rule<LocalServer>[],
  { out }: LocalizeOptions,
): LocalMember {
  const { sid, role, source, config, ports } = server
  const list = server.line === null ? [] : serverLines(servers, config)
  const [dataDir, dataLogDir] = foldersOf(server, out)
  const folders = [...new Set([dataDir, dataLogDir])].map((dir) => join(dir, 'version-2'))
  const text = rewriteConfig(source, { values: valuesFor(rules, server), list })
  return {
    sid,
    role,
    from: source.file,
    file: join(out, `zoo-${sid}.cfg`),
    text: withHead(text, `localize from ${source.file}`),
    dataDir,
    dataLogDir,
    folders: config.datadirAutocreate ? [] : folders,
    initializeFile: config.dbAutocreate ? null : join(dataLogDir, 'initialize'),
    ports,
  }
}

function serverLines(servers: readonly LocalServer[], { groups, weights }: ServerConfig): string[] {
  return [
    ...servers.map(({ sid, role, line: spec, ports }) => {
      const client = spec === null || spec.clientPort === null ? '' : `;${HERE}:${ports.clientPort}`
      const observer = role === 'observer' ? ':observer' : ''
      const value = `${HERE}:${ports['quorum port']}:${ports['election port']}${observer}${client}`
      return line(`server.${sid}`, value)
    }),
    ...Object.entries(groups).map(([gid, sids]) => line(`group.${gid}`, sids.join(':'))),
    ...Object.entries(weights).map(([sid, weight]) => line(`weight.${sid}`, weight)),
  ]
}

/** Checks the result like any other config: only Apache can act on what is still wrong. */
function checkResult(members: readonly LocalMember[]): Problem[] {
  const problems: Problem[] = []
  const configs = members.map(({ sid, file, text, dataDir }) => {
    const parsed = parseConfig(text, file)
    const settled = withSid(parsed.config, sid, { file: join(dataDir, 'myid'), line: 1 })
    problems.push(...parsed.problems, ...settled.problems)
    return settled.config
  })
  problems.push(...checkEnsemble(configs))
  const errors = problems.filter(({ severity }) => severity === 'error')
  return sortProblems(
    errors.map((each) =>
      problem('warning', each, `zk-pseudo up will refuse this: ${each.message}`, each.hint),
    ),
  )
}
