/**
 * Turns the configs of an ensemble on this machine into those of real hosts for Apache ZooKeeper, with the
 * same ids, roles, timings and options, and with the hosts' own names, ports and folders. Pure. Every change
 * is reported.
 *
 * What this program accepts in a zoo.cfg and Apache does not (JVM options, comments after values, time units,
 * a secure port without Netty) is written as Apache takes it.
 */

import { type Change, changesOf, type Rule, valuesFor } from '../change.ts'
import { isJvmOnly, jvmFlag } from '../jvmFlags.ts'
import { FILE_KEY } from '../localize/localize.ts'
import { isDistributed, type ServerConfig, type ServerSpec } from '../serverConfig.ts'
import { clientEndpoint } from '../servers/clientEndpoint.ts'
import { bracketed } from '../servers/servers.ts'
import { line } from '../text/line.ts'
import { rewriteConfig, settingsIn, withHead } from '../text/rewrite.ts'
import {
  clientAddressOn,
  type ExportMember,
  type ExportSettings,
  type ExportSource,
  exportPorts,
} from './member.ts'
import type { ExportedHost } from './order.ts'
import { exportRules } from './rules.ts'

export type { ExportedHost, ExportSource }

export interface Exported {
  hosts: ExportedHost[]
  changes: Change[]
  /** What prevents the export, each with what to do about it; then there are no hosts. */
  faults: { fault: string; hint: string }[]
}

/** @param hosts by id, one for each of `sources` */
export function exportEnsemble(
  sources: readonly ExportSource[],
  hosts: ReadonlyMap<number, string>,
  settings: ExportSettings,
): Exported {
  const members = membersOf(sources, hosts, settings)
  const faults = portFaults(members)
  if (faults.length > 0) return { hosts: [], changes: [], faults }
  const rules = exportRules(members)
  const changes = [
    ...hostChanges(members),
    ...changesOf(rules, members, ({ settings: written }, key) => written.get(key) ?? null),
  ]
  return { hosts: members.map((member) => hostOf(member, members, rules)), changes, faults: [] }
}

export function sidOf({ config }: ExportSource): number {
  return config.sid ?? 0
}

function membersOf(
  sources: readonly ExportSource[],
  hosts: ReadonlyMap<number, string>,
  settings: ExportSettings,
): ExportMember[] {
  const [first] = sources as [ExportSource]
  return sources.map((source) => {
    const sid = sidOf(source)
    const host = hosts.get(sid) as string
    const spec = source.config.servers.find((server) => server.sid === sid) ?? null
    const folders = foldersAt(sid, host, source.config, settings)
    const ports = exportPorts(source.config, first.config, spec, settings.keepPorts)
    return {
      sid,
      host,
      spec,
      source,
      settings: settingsIn(source),
      ...folders,
      ports,
      clientAddress: clientAddressOn(host),
    }
  })
}

/** `{id}` and `{host}` in the name of a folder stand for those of the host. */
function foldersAt(sid: number, host: string, config: ServerConfig, { dataDir, dataLogDir }: ExportSettings) {
  const filled = (pattern: string) => pattern.replaceAll('{id}', String(sid)).replaceAll('{host}', host)
  const own = filled(dataDir)
  return { dataDir: own, dataLogDir: config.dataLogDir === config.dataDir ? own : filled(dataLogDir) }
}

/** A port can be used once on a host. Different names are taken for different hosts. */
function portFaults(members: readonly ExportMember[]): Exported['faults'] {
  const owners = new Map<string, { sid: number; what: string }>()
  for (const { sid, host, ports } of members) {
    for (const [what, port] of Object.entries(ports)) {
      if (port === null) continue
      const owner = owners.get(`${host.toLowerCase()} ${port}`)
      if (owner !== undefined) {
        const fault =
          owner.sid === sid
            ? `member ${sid} would have port ${port} for ${owner.what} and for ${what}`
            : `members ${owner.sid} and ${sid} would both have port ${port} (${what}) on ${host}`
        const hint = `${owner.sid === sid ? '' : 'name different hosts, or '}keep the ports that they have: --keep-ports`
        return [{ fault, hint }]
      }
      owners.set(`${host.toLowerCase()} ${port}`, { sid, what })
    }
  }
  return []
}

function hostChanges(members: readonly ExportMember[]): Change[] {
  const specs = members.flatMap(({ spec }) => (spec === null ? [] : [spec]))
  if (specs.length === 0) return []
  const changes: Change[] = [
    {
      what: 'hosts',
      from: distinct(specs, ({ host }) => host),
      to: members.map(({ host }) => host).join(', '),
      why: 'as asked for',
    },
  ]
  const port = (
    what: string,
    before: (spec: ServerSpec) => number,
    after: (member: ExportMember) => number | null,
  ) => {
    const [from, to] = [distinct(specs, before), distinct(members, after)]
    if (from !== to) changes.push({ what, from, to, why: 'as is usual; --keep-ports leaves it' })
  }
  port(
    'quorum port',
    ({ quorumPort }) => quorumPort,
    ({ ports }) => ports.quorum,
  )
  port(
    'election port',
    ({ electionPort }) => electionPort,
    ({ ports }) => ports.election,
  )
  return changes
}

function distinct<T>(items: readonly T[], of: (item: T) => unknown): string {
  return [...new Set(items.map(of))].join(', ')
}

function hostOf(
  member: ExportMember,
  members: readonly ExportMember[],
  rules: readonly Rule<ExportMember>[],
): ExportedHost {
  const { sid, host, spec, source, settings, dataDir, dataLogDir, ports } = member
  const { config } = source
  const list = isDistributed(config) ? serverLines(members, config) : []
  const text = rewriteConfig(source, { values: valuesFor(rules, member), list })
  const others = members.filter((other) => other.host.toLowerCase() === host.toLowerCase())
  const name = host.toLowerCase().replaceAll(':', '-').replaceAll('%', '-')
  return {
    sid,
    role: spec?.role ?? 'participant',
    host,
    folder: others.length > 1 ? `${name}-${sid}` : name,
    text: withHead(text, `export: server ${sid}, ${host}`),
    myid: isDistributed(config) ? `${sid}\n` : null,
    flags: [...settings].filter(([key]) => isJvmOnly(key)).map(([key, value]) => jvmFlag(key, value)),
    dataDir,
    dataLogDir,
    clientPort: config.clientPort === 0 && ports.secure !== null ? ports.secure : ports.client,
    quorumPort: ports.quorum,
    electionPort: ports.election,
    presentClientPort: clientEndpoint(config).port,
    files: [...new Set([...settings].flatMap(([key, value]) => (FILE_KEY.test(key) ? [value] : [])))],
  }
}

function serverLines(members: readonly ExportMember[], { groups, weights }: ServerConfig): string[] {
  return [
    ...members.map(({ sid, host, spec, ports, clientAddress }) => {
      const address = clientAddress === null ? '' : `${bracketed(clientAddress)}:`
      const client = spec === null || spec.clientPort === null ? '' : `;${address}${ports.client}`
      const role = spec?.role === 'observer' ? ':observer' : ''
      return line(`server.${sid}`, `${bracketed(host)}:${ports.quorum}:${ports.election}${role}${client}`)
    }),
    ...Object.entries(groups).map(([gid, sids]) => line(`group.${gid}`, sids.join(':'))),
    ...Object.entries(weights).map(([sid, weight]) => line(`weight.${sid}`, weight)),
  ]
}
