/** The facts about a member that four-letter words report, as plain data. */
import type { Zxid } from '../protocol/zxid.ts'

export interface ConnectionReport {
  /** `/127.0.0.1:41254` */
  readonly remote: string
  /** Whether the connection is being read (SelectionKey's OP_READ, 1). The one that asks is not. */
  readonly isReading: boolean
  readonly queued: number
  readonly received: number
  readonly sent: number
  /** Null before the session is there, and for connections that only ask. */
  readonly session: SessionReport | null
}

export interface SessionReport {
  /** `0x1000012694e0007` */
  readonly id: string
  readonly timeoutMs: number
  /** `NA` before the first request, else as `operationName` names it. */
  readonly lastOperation: string
  readonly establishedMs: number
  readonly lastCxid: number
  readonly lastZxid: Zxid
  readonly lastResponseMs: number
  readonly lastLatencyMs: number
  readonly minLatencyMs: number
  readonly averageLatencyMs: number
  readonly maxLatencyMs: number
}

/** Sizes in bytes of the last, smallest and largest one; -1 when there was none. */
export interface SizesReport {
  readonly last: number
  readonly min: number
  readonly max: number
}

export interface LeaderReport {
  readonly proposalSizes: SizesReport
  readonly learners: number
  readonly syncedFollowers: number
  readonly syncedNonVotingFollowers: number
  readonly syncedObservers: number
  readonly pendingSyncs: number
  readonly uptimeMs: number
  readonly quorumSize: number
}

/** What `conf` prints of an ensemble's member; null standalone. */
export interface EnsembleReport {
  readonly initLimit: number
  readonly syncLimit: number
  readonly electionPort: number
  readonly quorumPort: number
  readonly isObserver: boolean
  /** `server.N=…` lines and `version=…`, without an end of line (membershipText); null while read-only. */
  readonly membership: string | null
}

export interface ConfigReport {
  readonly clientPort: number
  /** -1 without one. */
  readonly secureClientPort: number
  /** With `version-2`. */
  readonly dataDir: string
  readonly dataDirBytes: number
  readonly dataLogDir: string
  readonly dataLogBytes: number
  readonly tickTimeMs: number
  readonly maxClientCnxns: number
  readonly minSessionTimeoutMs: number
  readonly maxSessionTimeoutMs: number
  readonly clientPortListenBacklog: number
  readonly serverId: number
  readonly ensemble: EnsembleReport | null
}

export interface WatchesReport {
  /** Session id to the paths it watches, of the data table only. */
  readonly byConnection: ReadonlyMap<string, readonly string[]>
}

/** Of the whole process; null where the system does not tell. */
export interface FileDescriptorsReport {
  readonly open: number | null
  readonly max: number | null
}

export interface MemberReport {
  /** False while there is no leader to follow: then most words get the not-serving sentence. */
  readonly isServing: boolean
  readonly mode: 'leader' | 'follower' | 'observer' | 'standalone' | 'read-only'
  /** `following - broadcast`; null standalone. QuorumPeer.getDetailedPeerState. */
  readonly peerState: string | null
  readonly zxid: Zxid
  readonly znodes: number
  readonly ephemerals: number
  readonly approximateDataBytes: number
  /** Watches of both tables. */
  readonly watchCount: number
  readonly globalSessions: number
  readonly localSessions: number
  readonly received: number
  readonly sent: number
  readonly outstanding: number
  readonly minLatencyMs: number
  readonly averageLatencyMs: number
  readonly maxLatencyMs: number
  readonly responseSizes: SizesReport
  readonly uptimeMs: number
  /** The sid it follows, for an observer. */
  readonly learnerMaster: number | null
  readonly leader: LeaderReport | null
  readonly config: ConfigReport
  /** Those that ask with four-letter words included. */
  readonly connections: readonly ConnectionReport[]
  readonly watches: WatchesReport
  /** Looked up when it is asked for. */
  readonly fileDescriptors: () => FileDescriptorsReport
}
