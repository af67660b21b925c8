/** Makes the report for the answers to four-letter words from the core, the sockets and the files. */
import { ownServer, type ServerConfig } from '../config/serverConfig.ts'
import type { Client } from '../core/clients/client.ts'
import type { PeerCore } from '../core/peer.ts'
import type { ClientListener, ConnectionView } from '../net/clientListener.ts'
import { answerWord, versionLine } from '../net/fourLetterWords.ts'
import type {
  ConfigReport,
  ConnectionReport,
  LeaderReport,
  MemberReport,
  SessionReport,
} from '../net/memberReport.ts'
import { operationName } from '../net/operationNames.ts'
import { formatSessionId } from '../protocol/ids.ts'
import type { Zxid } from '../protocol/zxid.ts'
import { VERSION_DIR } from '../storage/fileNames.ts'
import type { Storage } from '../storage/storage.ts'
import { fileDescriptors } from './fileDescriptors.ts'
import { configuredMembership } from './membership.ts'

// The bundler inserts the version and the time of this build (scripts/build.mjs).
declare const ZK_PSEUDO_VERSION: string | undefined
declare const ZK_PSEUDO_BUILT_AT: string | undefined
const PACKAGE_VERSION = typeof ZK_PSEUDO_VERSION === 'string' ? ZK_PSEUDO_VERSION : '0.0.0'
const BUILT_AT = new Date(typeof ZK_PSEUDO_BUILT_AT === 'string' ? ZK_PSEUDO_BUILT_AT : 0)

interface ReportSources {
  readonly config: ServerConfig
  /** Null until the data dir has been read. */
  readonly core: PeerCore | null
  readonly clients: ClientListener
  readonly storage: Storage | null
}

/** The answer to a four-letter word; null closes the connection without one. */
export function answerFourLetterWord(word: string, sources: ReportSources): string | null {
  const { config, core } = sources
  return answerWord(word, {
    allowed: config.fourLetterWords,
    version: versionLine(PACKAGE_VERSION, BUILT_AT),
    report: () => memberReport(sources),
    resetConnections: () => core?.pipeline.resetConnectionStatistics(),
    resetStatistics: () => core?.pipeline.statistics.reset(),
  })
}

function memberReport(sources: ReportSources): MemberReport {
  const { core } = sources
  const common = { config: configReport(sources), ...NOTHING }
  if (core === null) return common
  const { replica, pipeline, status, leader } = core
  const { database } = replica
  const { tree } = database
  const mode = status.readOnly ? 'read-only' : status.role === 'looking' ? 'follower' : status.role
  return {
    ...common,
    isServing: pipeline.isOpen,
    mode,
    peerState: mode === 'standalone' || mode === 'read-only' ? null : `${PEER_STATES[mode]} - broadcast`,
    // A leader shows its epoch's mark until the first transaction (Leader.startZkServer).
    zxid: Math.max(database.lastProcessedZxid, leader === null ? 0 : leader.epochMark) as Zxid,
    znodes: tree.nodeCount,
    ephemerals: tree.ephemeralsCount,
    approximateDataBytes: tree.approximateDataSize,
    watchCount: pipeline.watches.count,
    globalSessions: database.sessions.size,
    localSessions: core.sessions.local.size,
    received: pipeline.statistics.received,
    sent: pipeline.statistics.sent,
    outstanding: pipeline.outstanding,
    minLatencyMs: pipeline.statistics.minLatencyMs,
    averageLatencyMs: pipeline.statistics.averageLatencyMs,
    maxLatencyMs: pipeline.statistics.maxLatencyMs,
    uptimeMs: core.servingForMs(performance.now()),
    learnerMaster: mode === 'observer' ? status.leader : null,
    leader: leaderReport(core),
    connections: connectionReports(sources),
    watches: { byConnection: watchedPaths(core) },
  }
}

const PEER_STATES = {
  leader: 'leading',
  follower: 'following',
  observer: 'observing',
  standalone: '',
} as const
const NO_SIZES = { last: -1, min: -1, max: -1 }

const NOTHING: Omit<MemberReport, 'config'> = {
  isServing: false,
  mode: 'follower',
  peerState: null,
  zxid: 0 as Zxid,
  znodes: 0,
  ephemerals: 0,
  approximateDataBytes: 0,
  watchCount: 0,
  globalSessions: 0,
  localSessions: 0,
  received: 0,
  sent: 0,
  outstanding: 0,
  minLatencyMs: 0,
  averageLatencyMs: 0,
  maxLatencyMs: 0,
  responseSizes: NO_SIZES,
  uptimeMs: 0,
  learnerMaster: null,
  leader: null,
  connections: [],
  watches: { byConnection: new Map() },
  fileDescriptors,
}

function leaderReport(core: PeerCore): LeaderReport | null {
  const { committed } = core.membership
  const { leader } = core
  if (leader === null || !leader.isEstablished) return null
  const learners = [...leader.learnerViews]
  const synced = learners.filter((learner) => learner.isUpToDate)
  const isVoter = (sid: number) =>
    committed.servers.some((server) => server.sid === sid && server.role === 'participant')
  return {
    proposalSizes: leader.proposalSizes,
    learners: learners.length,
    syncedFollowers: synced.filter((learner) => !learner.isObserver).length,
    syncedNonVotingFollowers: synced.filter((learner) => !learner.isObserver && !isVoter(learner.sid)).length,
    syncedObservers: synced.filter((learner) => learner.isObserver).length,
    pendingSyncs: leader.pendingSyncs,
    uptimeMs: core.servingForMs(performance.now()),
    quorumSize: committed.servers.filter((server) => server.role === 'participant').length,
  }
}

function configReport({ config, storage, core }: ReportSources): ConfigReport {
  const own = ownServer(config)
  const sizes = storage?.sizes() ?? { dataDir: 0, dataLogDir: 0 }
  return {
    clientPort: config.clientPort || -1,
    secureClientPort: config.secureClientPort.port ?? -1,
    dataDir: `${config.dataDir}/${VERSION_DIR}`,
    dataDirBytes: sizes.dataDir,
    dataLogDir: `${config.dataLogDir}/${VERSION_DIR}`,
    dataLogBytes: sizes.dataLogDir,
    tickTimeMs: config.tickTimeMs,
    maxClientCnxns: config.maxClientCnxns,
    minSessionTimeoutMs: config.minSessionTimeoutMs,
    maxSessionTimeoutMs: config.maxSessionTimeoutMs,
    clientPortListenBacklog: config.clientPortListenBacklog,
    serverId: own?.sid ?? 0,
    ensemble:
      own === null
        ? null
        : {
            initLimit: config.initLimit,
            syncLimit: config.syncLimit,
            electionPort: own.electionPort,
            quorumPort: own.quorumPort,
            isObserver: (core?.membership.role ?? config.peerType) === 'observer',
            // A read-only server prints no membership (ReadOnlyZooKeeperServer.dumpConf).
            membership: core?.status.readOnly
              ? null
              : (core?.membership.committed ?? configuredMembership(config)).text,
          },
  }
}

function connectionReports({ core, clients }: ReportSources): ConnectionReport[] {
  const byConnection = new Map<number, Readonly<Client>>()
  for (const client of core?.pipeline.connections ?? []) byConnection.set(client.connection, client)
  return clients.views().map((view) => connectionReport(view, byConnection.get(view.connection) ?? null))
}

function connectionReport(view: ConnectionView, client: Readonly<Client> | null): ConnectionReport {
  return {
    remote: `/${view.remote.address}:${view.remote.port}`,
    isReading: client !== null && view.isReading,
    queued: client?.queue.length ?? 0,
    received: view.received,
    sent: view.sent,
    session: client === null || client.phase !== 'open' ? null : sessionReport(client),
  }
}

function sessionReport(client: Readonly<Client>): SessionReport {
  const { statistics } = client
  const answered = Math.max(1, statistics.sent)
  return {
    id: formatSessionId(client.sessionId),
    timeoutMs: client.timeoutMs,
    lastOperation: statistics.lastOperation === null ? 'NA' : operationName(statistics.lastOperation),
    establishedMs: statistics.establishedAtMs,
    lastCxid: statistics.lastCxid,
    lastZxid: client.lastZxid,
    lastResponseMs: statistics.lastResponseAtMs,
    lastLatencyMs: statistics.lastLatencyMs,
    minLatencyMs: statistics.minLatencyMs,
    averageLatencyMs: Math.floor(statistics.totalLatencyMs / answered),
    maxLatencyMs: statistics.maxLatencyMs,
  }
}

function watchedPaths(core: PeerCore): Map<string, readonly string[]> {
  const paths = new Map<string, readonly string[]>()
  for (const client of core.pipeline.connections) {
    const watched = core.pipeline.watches.dataWatchers.get(client.connection)
    if (watched !== undefined) paths.set(formatSessionId(client.sessionId), [...watched])
  }
  return paths
}
