/** A member on its way to a real host. Pure. */

import type { ServerConfig, ServerSpec } from '../serverConfig.ts'
import type { ExportSource } from './export.ts'
import { isLoopback } from './hosts.ts'

export interface ExportSettings {
  /** The ports that the members have here, instead of the usual ones. */
  keepPorts: boolean
  /** On every host; `{id}` and `{host}` in it stand for the host's own. */
  dataDir: string
  /** The same for logs, where they are kept apart. */
  dataLogDir: string
}

/** null: it has no such port. */
export interface ExportPorts {
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
  /** By key, as its file says. */
  settings: ReadonlyMap<string, string>
  dataDir: string
  dataLogDir: string
  ports: ExportPorts
  /** Where clients reach it; null: at every address of the host. */
  clientAddress: string | null
}

const USUAL = { client: 2181, quorum: 2888, election: 3888 }

/** The usual ports are those of the guide; of the others, which have none, all hosts get the first member's. */
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

/** A host that only this machine reaches is not to be reached by its other addresses either. */
export function clientAddressOn(host: string): string | null {
  return isLoopback(host) ? host : null
}
