/** The facts about a member that four-letter words report, as plain data. */
import type { Zxid } from '../protocol/zxid.ts'

export interface ConnectionReport {
  /** The client's end, such as `/127.0.0.1:41254`. */
  readonly remote: string
  /** Whether the connection is being read (SelectionKey's OP_READ, 1). The connection that asks is not. */
  readonly isReading: boolean
  readonly queued: number
  readonly received: number
  readonly sent: number
  /** Null before the session is established, and for connections that only send a four-letter word. */
  readonly session: SessionReport | null
}

export interface SessionReport {
  /** The session id, such as `0x1000012694e0007`. */
  readonly id: string
  readonly timeoutMs: number
  /** `NA` before the first request, then as `operationName` names it. */
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

/** The sizes in bytes of the last, the smallest and the largest one; -1 when there was none. */
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

/** What `conf` prints about a member of an ensemble. */
interface EnsembleReport {
  readonly initLimit: number
  readonly syncLimit: number
  readonly electionPort: number
  readonly quorumPort: number
  readonly isObserver: boolean
  /**
   * The lines `server.N=…` and `version=…`, without a final newline (membershipText); null while read-only.
   */
  readonly membership: string | null
}

export interface ConfigReport {
  readonly clientPort: number
  /** -1 without a port with TLS. */
  readonly secureClientPort: number
  /** The directory including `version-2`. */
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
  /** Null for a standalone server. */
  readonly ensemble: EnsembleReport | null
}

interface WatchesReport {
  /** By session id: the paths that the session watches in the data table. */
  readonly byConnection: ReadonlyMap<string, readonly string[]>
}

/** The file descriptors of the whole process; null where the system does not tell. */
export interface FileDescriptorsReport {
  readonly open: number | null
  readonly max: number | null
}

export interface MemberReport {
  /** False while there is no leader to follow: most words are then answered with the not-serving sentence. */
  readonly isServing: boolean
  readonly mode: 'leader' | 'follower' | 'observer' | 'standalone' | 'read-only'
  /** Such as `following - broadcast` (QuorumPeer.getDetailedPeerState); null for a standalone server. */
  readonly peerState: string | null
  readonly zxid: Zxid
  readonly znodes: number
  readonly ephemerals: number
  readonly approximateDataBytes: number
  /** Number of watches in both tables. */
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
  /** For an observer: the sid of the server that it follows. */
  readonly learnerMaster: number | null
  readonly leader: LeaderReport | null
  readonly config: ConfigReport
  /** All connections, including those that send four-letter words. */
  readonly connections: readonly ConnectionReport[]
  readonly watches: WatchesReport
  /** Looked up only when it is needed. */
  readonly fileDescriptors: () => FileDescriptorsReport
}
