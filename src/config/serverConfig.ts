/**
 * The configuration of one server, as every other part of the program reads it.
 *
 * Plain data only, because it crosses threads by structured clone and sockets as JSON. Every value is the one
 * in force: defaults are filled in, and units are in the names. Keys without a field of their own are in
 * `other`.
 */

import type { Location } from './problem.ts'
import type { Role } from './settings/row.ts'
import type { TableFields } from './settings/table.ts'

export type { Role }

/** One of the addresses of a server, which `|` separates in the value of `server.N`. */
export interface ServerAddress {
  host: string
  quorumPort: number
  electionPort: number
}

/** `server.N=host:quorumPort:electionPort[:role][;[clientAddress:]clientPort]` with its group and weight. */
export interface ServerSpec extends ServerAddress {
  sid: number
  role: Role
  /** The address after `;`; null when the line has none (Apache then prints and binds 0.0.0.0). */
  clientAddress: string | null
  /** Null when the line has no client part: then the port is in that server's own file. */
  clientPort: number | null
  extraAddresses: ServerAddress[]
  /** The id of the `group.N` of this server; null with majority quorums. */
  group: number | null
  /** Its voting weight in a hierarchical quorum; 1 unless a `weight.N` line says otherwise. */
  weight: number
}

/** These have the type that their row gives them. */
type OfTheirRow =
  | 'minSessionTimeoutMs'
  | 'maxSessionTimeoutMs'
  | 'fourLetterWords'
  | 'syncEnabled'
  | 'snapshotSizeFactor'

/** Fields that follow from the keys of a file by rules of their own (load/dependent.ts). */
export interface DependentFields extends Pick<TableFields, OfTheirRow> {
  dataDir: string
  /** The folder of the transaction logs; equal to `dataDir` unless configured. */
  dataLogDir: string
  /** 0 only where no port is configured, which is an error once the server's id is known. */
  clientPort: number
  juteMaxBufferExtraSize: number
  snapshotCompression: '' | 'gz' | 'snappy'
}

/** The fields without a declaration here are rows of the tables in settings/. */
export interface ServerConfig extends Omit<TableFields, keyof DependentFields>, DependentFields {
  /** The file that this was read from, by the name that the caller gave. */
  file: string
  /** All members by ascending sid; empty for a standalone server. */
  servers: ServerSpec[]
  /** This server's own id, from `myid`; null where none is known (allowed only standalone). */
  sid: number | null
  /** `group.N` lines: sids by group id. Empty with majority quorums. */
  groups: Record<string, number[]>
  /** `weight.N` lines by sid. */
  weights: Record<string, number>
  /** The version of the server list, hexadecimal: the suffix of the dynamic file's name, else '0'. */
  configVersion: string
  /** Every other setting of the file as written, known or not, by key. */
  other: Record<string, string>
  /** The location of each setting for messages, by key as in the file (`clientPort`, `server.2`, …). */
  origin: Record<string, Location>
}

/** Whether this config runs as a member of an ensemble: QuorumPeerConfig.isDistributed. */
export function isDistributed(config: ServerConfig): boolean {
  return config.servers.length > 0
}

/** This server's own line of the server list; null standalone, without an id, or when the list lacks it. */
export function ownServer(config: ServerConfig): ServerSpec | null {
  return config.servers.find((server) => server.sid === config.sid) ?? null
}

/** The location of a setting; the whole file for a setting that was not written. */
export function originOf(config: ServerConfig, key: string): Location {
  return Object.hasOwn(config.origin, key)
    ? (config.origin[key] as Location)
    : { file: config.file, line: null }
}
