/**
 * Four-letter words: which are allowed, and their answers in Apache 3.8's format (server/command/*.java),
 * because exporters, kazoo, zktop and people's scripts parse them. The answers are made from a report,
 * without side effects.
 */
import { formatZxid } from '../protocol/zxid.ts'
import type { ConnectionReport, MemberReport, SessionReport, SizesReport } from './memberReport.ts'

export interface CommandContext {
  /** 4lw.commands.whitelist; `*` means all. srvr is always allowed (FourLetterCommands.isEnabled). */
  readonly allowed: readonly string[]
  /** The text after `Zookeeper version: `, see `versionLine`. */
  readonly version: string
  readonly report: () => MemberReport
  readonly resetConnections: () => void
  readonly resetStatistics: () => void
}

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests\n'

const ANSWERS: Readonly<Record<string, (context: CommandContext, report: MemberReport) => string>> = {
  conf: (_, report) => conf(report),
  cons: (_, report) => `${connectionLines(report, 'full')}\n`,
  crst: (context) => {
    context.resetConnections()
    return 'Connection stats reset.\n'
  },
  dirs: (_, { config }) => `datadir_size: ${config.dataDirBytes}\nlogdir_size: ${config.dataLogBytes}\n`,
  isro: (_, report) => (report.mode === 'read-only' ? 'ro' : 'rw'),
  mntr: (context, report) => mntr(context.version, report),
  srst: (context) => {
    context.resetStatistics()
    return 'Server stats reset.\n'
  },
  srvr: (context, report) => serverStatistics(context.version, report, ''),
  stat: (context, report) =>
    serverStatistics(context.version, report, `Clients:\n${connectionLines(report, 'brief')}\n`),
  wchc: (_, report) => grouped(report.watches.byConnection),
  wchp: (_, report) => grouped(inverted(report.watches.byConnection)),
  wchs: (_, report) => watchSummary(report.watches.byConnection),
}

/** The answer; null for what is not a four-letter word of this version, which closes the connection. */
export function answerWord(word: string, context: CommandContext): string | null {
  const answer = Object.hasOwn(ANSWERS, word) ? ANSWERS[word] : undefined
  if (answer === undefined && word !== 'ruok') return null
  if (word !== 'srvr' && !context.allowed.includes(word) && !context.allowed.includes('*'))
    return `${word} is not executed because it is not in the whitelist.\n`
  if (answer === undefined) return 'imok'
  const report = context.report()
  if (report.isServing) return answer(context, report)
  return word === 'isro' ? 'null' : NOT_SERVING
}

/**
 * The version in answers, such as `3.8.0-zk-pseudo-0.1.0, built on 2026-11-21 08:00 UTC`. Clients take
 * `(\d+)\.(\d+)\.(\d+)` from its start (kazoo's server_version) and conclude from it what the server can do,
 * so it begins with the Apache release whose protocol is spoken. Exporters require the comma and `built on`.
 */
export function versionLine(packageVersion: string, built: Date): string {
  const minute = built.toISOString().slice(0, 16).replace('T', ' ')
  return `3.8.0-zk-pseudo-${packageVersion}, built on ${minute} UTC`
}

function conf({ config }: MemberReport): string {
  const lines = [
    `clientPort=${config.clientPort}`,
    `secureClientPort=${config.secureClientPort}`,
    `dataDir=${config.dataDir}`,
    `dataDirSize=${config.dataDirBytes}`,
    `dataLogDir=${config.dataLogDir}`,
    `dataLogSize=${config.dataLogBytes}`,
    `tickTime=${config.tickTimeMs}`,
    `maxClientCnxns=${config.maxClientCnxns}`,
    `minSessionTimeout=${config.minSessionTimeoutMs}`,
    `maxSessionTimeout=${config.maxSessionTimeoutMs}`,
    `clientPortListenBacklog=${config.clientPortListenBacklog}`,
    `serverId=${config.serverId}`,
  ]
  const { ensemble } = config
  if (ensemble === null) return `${lines.join('\n')}\n`
  lines.push(
    `initLimit=${ensemble.initLimit}`,
    `syncLimit=${ensemble.syncLimit}`,
    'electionAlg=3',
    `electionPort=${ensemble.electionPort}`,
    `quorumPort=${ensemble.quorumPort}`,
    `peerType=${ensemble.isObserver ? 1 : 0}`,
    ...(ensemble.membership === null ? [''] : ['membership: ', ensemble.membership]),
  )
  return lines.join('\n')
}

function connectionLines(report: MemberReport, detail: 'brief' | 'full'): string {
  return report.connections.map((connection) => ` ${connectionLine(connection, detail)}\n`).join('')
}

/** NIOServerCnxn.dumpConnectionInfo. */
function connectionLine(connection: ConnectionReport, detail: 'brief' | 'full'): string {
  const { remote, isReading, queued, received, sent, session } = connection
  const counts = `queued=${queued},recved=${received},sent=${sent}`
  const more = detail === 'full' && session !== null ? `,${sessionFields(session)}` : ''
  return `${remote}[${isReading ? 1 : 0}](${counts}${more})`
}

function sessionFields(session: SessionReport): string {
  const { lastCxid: cxid } = session
  return [
    `sid=${session.id}`,
    `lop=${session.lastOperation}`,
    `est=${session.establishedMs}`,
    `to=${session.timeoutMs}`,
    ...(cxid >= 0 ? [`lcxid=0x${cxid.toString(16)}`] : []),
    `lzxid=${formatZxid(session.lastZxid)}`,
    `lresp=${session.lastResponseMs}`,
    `llat=${session.lastLatencyMs}`,
    `minlat=${session.minLatencyMs}`,
    `avglat=${Math.floor(session.averageLatencyMs)}`,
    `maxlat=${session.maxLatencyMs}`,
  ].join(',')
}

/** StatCommand, ServerStats.toString. */
function serverStatistics(version: string, report: MemberReport, clients: string): string {
  const { minLatencyMs, averageLatencyMs, maxLatencyMs, leader } = report
  return [
    `Zookeeper version: ${version}\n`,
    report.mode === 'read-only' ? 'READ-ONLY mode; serving only read-only clients\n' : '',
    clients,
    `Latency min/avg/max: ${minLatencyMs}/${decimal(averageLatencyMs)}/${maxLatencyMs}\n`,
    `Received: ${report.received}\n`,
    `Sent: ${report.sent}\n`,
    `Connections: ${report.connections.length}\n`,
    `Outstanding: ${report.outstanding}\n`,
    `Zxid: ${formatZxid(report.zxid)}\n`,
    `Mode: ${report.mode}\n`,
    `Node count: ${report.znodes}\n`,
    leader === null ? '' : `Proposal sizes last/min/max: ${sizes(leader.proposalSizes)}\n`,
  ].join('')
}

const sizes = ({ last, min, max }: SizesReport) => `${last}/${min}/${max}`

/** A number as Java prints a double rounded to four digits: `0.0`, `1.7143` (AvgMinMaxCounter.getAvg). */
function decimal(value: number): string {
  const rounded = Math.round(value * 10_000) / 10_000
  return Number.isInteger(rounded) ? rounded.toFixed(1) : String(rounded)
}

/** The plain gauges of Apache's mntr. Nothing may rely on their order, which in Apache is a hash map's. */
function mntr(version: string, report: MemberReport): string {
  const { responseSizes, leader } = report
  const { open, max } = report.fileDescriptors()
  const values: [string, string | number | null][] = [
    ['version', version],
    ['server_state', report.mode],
    ['peer_state', report.peerState],
    ['avg_latency', decimal(report.averageLatencyMs)],
    ['max_latency', report.maxLatencyMs],
    ['min_latency', report.minLatencyMs],
    ['packets_received', report.received],
    ['packets_sent', report.sent],
    ['num_alive_connections', report.connections.length],
    ['outstanding_requests', report.outstanding],
    ['znode_count', report.znodes],
    ['watch_count', report.watchCount],
    ['ephemerals_count', report.ephemerals],
    ['approximate_data_size', report.approximateDataBytes],
    ['global_sessions', report.globalSessions],
    ['local_sessions', report.localSessions],
    ['uptime', Math.floor(report.uptimeMs)],
    ['last_client_response_size', responseSizes.last],
    ['max_client_response_size', responseSizes.max],
    ['min_client_response_size', responseSizes.min],
    ['observer_master_id', report.learnerMaster],
    ['open_file_descriptor_count', open],
    ['max_file_descriptor_count', max],
  ]
  if (leader !== null) {
    values.push(
      ['quorum_size', leader.quorumSize],
      ['learners', leader.learners],
      ['synced_followers', leader.syncedFollowers],
      ['synced_non_voting_followers', leader.syncedNonVotingFollowers],
      ['synced_observers', leader.syncedObservers],
      ['pending_syncs', leader.pendingSyncs],
      ['leader_uptime', Math.floor(leader.uptimeMs)],
      ['last_proposal_size', leader.proposalSizes.last],
      ['max_proposal_size', leader.proposalSizes.max],
      ['min_proposal_size', leader.proposalSizes.min],
    )
  }
  return values
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `zk_${key}\t${value}\n`)
    .join('')
}

type Groups = ReadonlyMap<string, readonly string[]>

/**
 * The format of WatchManager.dumpWatches: each key on a line of its own, what belongs to it indented below,
 * and an empty line at the end.
 */
function grouped(groups: Groups): string {
  return `${joined(groupLines(groups))}\n`
}

function* groupLines(groups: Groups): Generator<string, void, void> {
  for (const [key, members] of groups) {
    yield `${key}\n`
    for (const member of members) yield `\t${member}\n`
  }
}

/** Watches share their paths, but the text repeats them, so it could outgrow what a string can hold. */
const MOST_CHARACTERS = 64 * 1024 * 1024

function joined(lines: Iterable<string>): string {
  const shown: string[] = []
  let length = 0
  for (const line of lines) {
    length += line.length
    if (length > MOST_CHARACTERS) {
      shown.push('cut here: the whole would be more than 64 MiB\n')
      break
    }
    shown.push(line)
  }
  return shown.join('')
}

function inverted(groups: Groups): Groups {
  const result = new Map<string, string[]>()
  for (const [key, members] of groups) {
    for (const member of members) {
      const keys = result.get(member)
      if (keys === undefined) result.set(member, [key])
      else keys.push(key)
    }
  }
  return result
}

function watchSummary(byConnection: Groups): string {
  const paths = new Set<string>()
  let total = 0
  for (const watched of byConnection.values()) {
    total += watched.length
    for (const path of watched) paths.add(path)
  }
  return `${byConnection.size} connections watching ${paths.size} paths\nTotal watches:${total}\n`
}
