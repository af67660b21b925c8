/**
 * The configuration of one server, as every other part of the program reads it.
 *
 * Plain data only (it crosses threads by structured clone and sockets as JSON). Every value is the one in
 * force: defaults are filled in, units are in the names. Keys without a field of their own are in `other`.
 */

import type { ClientPortConfig } from './clientPort.ts'
import type { Location } from './problem.ts'

export type Role = 'participant' | 'observer'

/** One more address of the same server: the parts of a `server.N` value between `|`. */
export interface ServerAddress {
  host: string
  quorumPort: number
  electionPort: number
}

/** A `server.N=host:quorumPort:electionPort[:role][;[clientAddress:]clientPort]` line with its group and weight. */
export interface ServerSpec extends ServerAddress {
  sid: number
  role: Role
  /** As written behind `;`. Null when the line gives none (Apache then prints and binds 0.0.0.0). */
  clientAddress: string | null
  /** Null when the line has no client part: then the port is in that server's own file. */
  clientPort: number | null
  extraAddresses: ServerAddress[]
  /** The `group.N` this server is in; null with majority quorums. */
  group: number | null
  /** Its voting weight in a hierarchical quorum; 1 unless a `weight.N` line says otherwise. */
  weight: number
}

export interface ServerConfig extends ClientPortConfig {
  /** The file this was read from, as it was named by whoever asked. */
  file: string
  tickTimeMs: number
  /** Ticks a learner may take to connect and sync. 0 only in a standalone config that leaves it out. */
  initLimit: number
  /** Ticks a learner may lag. 0 as for `initLimit`. */
  syncLimit: number
  connectToLearnerMasterLimit: number
  dataDir: string
  /** Where transaction logs go; equal to `dataDir` unless configured. */
  dataLogDir: string
  /** 0 only where no port is configured, which is an error once the server's id is known. */
  clientPort: number
  /** 127.0.0.1 unless configured (Apache: all addresses). */
  clientPortAddress: string
  /** −1: the system's own. */
  clientPortListenBacklog: number
  minSessionTimeoutMs: number
  maxSessionTimeoutMs: number
  /** Connections per client address; 0 means no limit. */
  maxClientCnxns: number
  /** Connections in all; 0 means no limit. */
  maxCnxns: number
  sessionlessCnxnTimeoutMs: number
  /** What this server is: the server list decides, `peerType` only where the list says nothing. */
  peerType: Role
  /** All members by ascending sid; empty for a standalone server. */
  servers: ServerSpec[]
  /** This server's own id, from `myid`; null where none is known (allowed only standalone). */
  sid: number | null
  /** `group.N` lines: sids by group id. Empty with majority quorums. */
  groups: Record<string, number[]>
  /** `weight.N` lines by sid. */
  weights: Record<string, number>
  /** Version of the server list, hexadecimal: the suffix of the dynamic file's name, else '0'. */
  configVersion: string
  dynamicConfigFile: string | null
  electionAlg: 3
  snapCount: number
  snapSizeLimitKb: number
  snapshotSizeFactor: number
  preAllocSizeKb: number
  forceSync: boolean
  /** −1: logs roll only with snapshots. */
  txnLogSizeLimitKb: number
  commitLogCount: number
  /** `purgeIntervalHours` 0 turns purging off; fractions come from values such as `30m`. */
  autopurge: { snapRetainCount: number; purgeIntervalHours: number }
  /** Words that are answered; `['*']` for all. `srvr` always is. */
  fourLetterWords: string[]
  globalOutstandingLimit: number
  cnxTimeoutMs: number
  /** −1: tickTime × syncLimit. */
  quorumCnxnTimeoutMs: number
  electionPortBindRetry: number
  minNotificationIntervalMs: number
  maxNotificationIntervalMs: number
  /** −1: initLimit ticks. */
  maxTimeToWaitForEpochMs: number
  leaderConnectDelayDuringRetryMs: number
  observerElectionDelayMs: number
  observerReconnectDelayMs: number
  skipAcl: boolean
  leaderServes: boolean
  localSessionsEnabled: boolean
  localSessionsUpgradingEnabled: boolean
  /** `readonlymode.enabled`. */
  readOnlyModeEnabled: boolean
  syncEnabled: boolean
  snapshotTrustEmpty: boolean
  dbAutocreate: boolean
  datadirAutocreate: boolean
  digestEnabled: boolean
  closeSessionTxnEnabled: boolean
  /** Bytes of the largest frame. */
  juteMaxBuffer: number
  /** Bytes a string or buffer inside a record may be larger than `juteMaxBuffer`. */
  juteMaxBufferExtraSize: number
  standaloneEnabled: boolean
  reconfigEnabled: boolean
  extendedTypesEnabled: boolean
  /** `emulate353TTLNodes`. */
  emulate353TtlNodes: boolean
  enforceQuota: boolean
  /** `znode.container.*`: how often, how fast, and when a container that never had children goes (0: never). */
  containers: { checkIntervalMs: number; maxPerMinute: number; maxNeverUsedMs: number }
  snapshotCompression: '' | 'gz' | 'snappy'
  /** `super:<base64 of SHA1>`; null when there is no super user. */
  superDigest: string | null
  digestAlg: string
  fsyncWarningThresholdMs: number
  quorumListenOnAllIps: boolean
  /** Every other setting of the file as written, known or not, by key. */
  other: Record<string, string>
  /** Where each setting was read, by key as in the file (`clientPort`, `server.2`, …), for messages. */
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

/** Where a setting was written; the file as a whole where it was not. */
export function originOf(config: ServerConfig, key: string): Location {
  return Object.hasOwn(config.origin, key)
    ? (config.origin[key] as Location)
    : { file: config.file, line: null }
}
