/** A member that moves to a real host. Pure. */
import type { SourceText } from '../load/parse.ts'
import type { ServerConfig, ServerSpec } from '../serverConfig.ts'
import { isLoopback } from './hosts.ts'

export interface ExportSource extends SourceText {
  /** With the member's id, and with the server list that its files have now. */
  config: ServerConfig
}

export interface ExportSettings {
  /** Whether the members keep their ports, instead of getting the usual ones. */
  keepPorts: boolean
  /** The folder on every host; `{id}` and `{host}` in it stand for those of the host. */
  dataDir: string
  /** The same for logs that have a folder of their own. */
  dataLogDir: string
}

/** Null stands for a port that the member does not have. */
interface ExportPorts {
  client: number
  secure: number | null
  quorum: number | null
  election: number | null
  admin: number | null
  metrics: number | null
  secureMetrics: number | null
}

export interface ExportMember {
  sid: number
  host: string
  /** Null for a standalone server. */
  spec: ServerSpec | null
  source: ExportSource
  /** The settings of its file by key. */
  settings: ReadonlyMap<string, string>
  dataDir: string
  dataLogDir: string
  ports: ExportPorts
  /** The address at which clients reach it; null for every address of the host. */
  clientAddress: string | null
}

const USUAL = { client: 2181, quorum: 2888, election: 3888 }

/**
 * The usual ports are those of Apache's guide. For other kinds of ports, all hosts get those of the first
 * member.
 */
export function exportPorts(
  own: ServerConfig,
  first: ServerConfig,
  spec: ServerSpec | null,
  keepPorts: boolean,
): ExportPorts {
  const from = keepPorts ? own : first
  const other = (key: string): number | null =>
    key in own.other ? Number(from.other[key] ?? own.other[key]) : null
  return {
    client: keepPorts ? own.clientPort : USUAL.client,
    secure:
      own.secureClientPort.port === null ? null : (from.secureClientPort.port ?? own.secureClientPort.port),
    quorum: spec === null ? null : keepPorts ? spec.quorumPort : USUAL.quorum,
    election: spec === null ? null : keepPorts ? spec.electionPort : USUAL.election,
    admin: other('admin.serverPort'),
    metrics: other('metricsProvider.httpPort'),
    secureMetrics: other('metricsProvider.httpsPort'),
  }
}

/** A host that only this machine reaches must not become reachable by its other addresses. */
export function clientAddressOn(host: string): string | null {
  return isLoopback(host) ? host : null
}
