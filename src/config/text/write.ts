/**
 * A ServerConfig into the text of a zoo.cfg that Apache ZooKeeper accepts unchanged. Pure.
 *
 * Invariant: parsing the text gives the same config again (all but `file`, `sid` and the lines of `origin`).
 * Keys at their default are left out, except those that everybody expects to see.
 */

import { clientPortTexts } from '../clientPort.ts'
import { isDistributed, ownServer, type ServerConfig, type ServerSpec } from '../serverConfig.ts'
import { formatServer } from '../servers/servers.ts'
import { keySpec } from '../settings/keys.ts'

export function writeConfig(config: ServerConfig): string {
  const lines = [
    ...basics(config),
    ...section('clients', clientLines(config)),
    ...section('election', electionLines(config)),
    ...section('storage', storageLines(config)),
    ...section('nodes and who may touch them', nodeLines(config)),
    ...section(
      'who clients are, and how much of them',
      clientPortTexts(config).map(([key, value]) => line(key, value)),
    ),
    ...section(
      'other settings',
      Object.entries(config.other).map(([key, value]) => line(key, value)),
    ),
    ...section('the ensemble', membershipLines(config)),
  ]
  return `${lines.join('\n')}\n`
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `# ${title}`, ...lines]
}

/** One `key=value` line that java.util.Properties and the lexer beside this read back as it was. */
export function line(key: string, value: string | number | boolean): string {
  return `${escaped(key, /[\\ \t\f=:#!]/g)}=${escaped(String(value), /[\\#]|^[ \t\f]|\/(?=\/)/g)}`
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\f': '\\f' }

function escaped(text: string, special: RegExp): string {
  return (
    text
      .replace(special, (c) => NAMED_ESCAPES[c] ?? `\\${c}`)
      .replace(/[\n\r]/g, (c) => NAMED_ESCAPES[c] ?? c)
      // Code unit by code unit, as Properties reads \uXXXX.
      .replace(/[^\x20-\x7e\t\f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  )
}

/** A line, or none when the value is the key table's default. */
function unlessDefault(key: string, value: number | boolean | string): string[] {
  const spec = keySpec(key)
  const yesNo = spec?.kind === 'onlyYes' || spec?.kind === 'unlessNo'
  const text = typeof value === 'boolean' && yesNo ? (value ? 'yes' : 'no') : String(value)
  return text === spec?.default ? [] : [line(key, text)]
}

function basics(config: ServerConfig): string[] {
  return [
    line('tickTime', config.tickTimeMs),
    ...unlessDefault('initLimit', config.initLimit),
    ...unlessDefault('syncLimit', config.syncLimit),
    line('dataDir', config.dataDir),
    ...(config.dataLogDir === config.dataDir ? [] : [line('dataLogDir', config.dataLogDir)]),
    ...(config.clientPort === 0 ? [] : [line('clientPort', config.clientPort)]),
    ...(writesClientAddress(config) ? [line('clientPortAddress', config.clientPortAddress)] : []),
  ]
}

/**
 * Apache listens everywhere unless told, so the address is written; but it refuses one beside a server line of this
 * member's that has only a client port, which to Apache is 0.0.0.0 (QuorumPeerConfig.setupClientPort).
 */
function writesClientAddress(config: ServerConfig): boolean {
  if (config.clientPort === 0) return 'clientPortAddress' in config.origin
  const own = ownServer(config)
  const candidates = own === null ? config.servers : [own]
  const bare = candidates.some((server) => server.clientPort !== null && server.clientAddress === null)
  return !bare || config.clientPortAddress !== '127.0.0.1'
}

function clientLines(config: ServerConfig): string[] {
  const { tickTimeMs, minSessionTimeoutMs, maxSessionTimeoutMs } = config
  const words = config.fourLetterWords.join(',')
  return [
    ...(minSessionTimeoutMs === tickTimeMs * 2 ? [] : [line('minSessionTimeout', minSessionTimeoutMs)]),
    ...(maxSessionTimeoutMs === tickTimeMs * 20 ? [] : [line('maxSessionTimeout', maxSessionTimeoutMs)]),
    ...unlessDefault('maxClientCnxns', config.maxClientCnxns),
    ...unlessDefault('maxCnxns', config.maxCnxns),
    ...unlessDefault('clientPortListenBacklog', config.clientPortListenBacklog),
    ...unlessDefault('nio.sessionlessCnxnTimeout', config.sessionlessCnxnTimeoutMs),
    ...unlessDefault('globalOutstandingLimit', config.globalOutstandingLimit),
    ...unlessDefault('jute.maxbuffer', config.juteMaxBuffer),
    ...(config.juteMaxBufferExtraSize === Math.max(config.juteMaxBuffer, 1024)
      ? []
      : [line('jute.maxbuffer.extrasize', config.juteMaxBufferExtraSize)]),
    ...unlessDefault('4lw.commands.whitelist', words),
  ]
}

function electionLines(config: ServerConfig): string[] {
  return [
    ...unlessDefault('peerType', config.peerType),
    ...unlessDefault('standaloneEnabled', config.standaloneEnabled),
    ...unlessDefault('reconfigEnabled', config.reconfigEnabled),
    ...unlessDefault('quorumListenOnAllIPs', config.quorumListenOnAllIps),
    ...unlessDefault('connectToLearnerMasterLimit', config.connectToLearnerMasterLimit),
    ...unlessDefault('electionPortBindRetry', config.electionPortBindRetry),
    ...unlessDefault('cnxTimeout', config.cnxTimeoutMs),
    ...unlessDefault('quorumCnxnTimeoutMs', config.quorumCnxnTimeoutMs),
    ...unlessDefault('fastleader.minNotificationInterval', config.minNotificationIntervalMs),
    ...unlessDefault('fastleader.maxNotificationInterval', config.maxNotificationIntervalMs),
    ...unlessDefault('leader.maxTimeToWaitForEpoch', config.maxTimeToWaitForEpochMs),
    ...unlessDefault('leaderConnectDelayDuringRetryMs', config.leaderConnectDelayDuringRetryMs),
    ...unlessDefault('leaderServes', config.leaderServes),
    ...unlessDefault('syncEnabled', config.syncEnabled),
    ...unlessDefault('observer.election.DelayMs', config.observerElectionDelayMs),
    ...unlessDefault('observer.reconnectDelayMs', config.observerReconnectDelayMs),
  ]
}

function storageLines(config: ServerConfig): string[] {
  return [
    ...unlessDefault('snapCount', config.snapCount),
    ...unlessDefault('snapSizeLimitInKb', config.snapSizeLimitKb),
    ...unlessDefault('snapshotSizeFactor', config.snapshotSizeFactor),
    ...unlessDefault('preAllocSize', config.preAllocSizeKb),
    ...unlessDefault('forceSync', config.forceSync),
    ...unlessDefault('txnLogSizeLimitInKb', config.txnLogSizeLimitKb),
    ...unlessDefault('commitLogCount', config.commitLogCount),
    ...unlessDefault('fsync.warningthresholdms', config.fsyncWarningThresholdMs),
    ...unlessDefault('autopurge.snapRetainCount', config.autopurge.snapRetainCount),
    ...unlessDefault('autopurge.purgeInterval', interval(config.autopurge.purgeIntervalHours)),
    ...unlessDefault('snapshot.trust.empty', config.snapshotTrustEmpty),
    ...unlessDefault('snapshot.compression.method', config.snapshotCompression),
    ...unlessDefault('datadir.autocreate', config.datadirAutocreate),
    ...unlessDefault('db.autocreate', config.dbAutocreate),
    ...unlessDefault('digest.enabled', config.digestEnabled),
    ...unlessDefault('closeSessionTxn.enabled', config.closeSessionTxnEnabled),
  ]
}

/** Whole hours as Apache 3.8 reads them; only what was given in smaller units needs those again. */
function interval(hours: number): string {
  return Number.isInteger(hours) ? String(hours) : `${Math.round(hours * 3_600_000)}ms`
}

function nodeLines(config: ServerConfig): string[] {
  return [
    ...unlessDefault('skipACL', config.skipAcl),
    ...unlessDefault('localSessionsEnabled', config.localSessionsEnabled),
    ...unlessDefault('localSessionsUpgradingEnabled', config.localSessionsUpgradingEnabled),
    ...unlessDefault('readonlymode.enabled', config.readOnlyModeEnabled),
    ...unlessDefault('extendedTypesEnabled', config.extendedTypesEnabled),
    ...unlessDefault('emulate353TTLNodes', config.emulate353TtlNodes),
    ...unlessDefault('enforceQuota', config.enforceQuota),
    ...unlessDefault('znode.container.checkIntervalMs', config.containers.checkIntervalMs),
    ...unlessDefault('znode.container.maxPerMinute', config.containers.maxPerMinute),
    ...unlessDefault('znode.container.maxNeverUsedIntervalMs', config.containers.maxNeverUsedMs),
    ...unlessDefault('DigestAuthenticationProvider.superDigest', config.superDigest ?? ''),
    ...unlessDefault('DigestAuthenticationProvider.digestAlg', config.digestAlg),
  ]
}

/** A dynamic file stays where it is: its lines must not be in this file as well. */
function membershipLines(config: ServerConfig): string[] {
  if (config.dynamicConfigFile !== null) return [line('dynamicConfigFile', config.dynamicConfigFile)]
  return isDistributed(config) ? serverLines(config, false) : []
}

/** What of a config is its server list. */
export type ServerLines = Pick<ServerConfig, 'groups' | 'weights'> & {
  readonly servers: readonly ServerSpec[]
}

function serverLines(config: ServerLines, onWire: boolean): string[] {
  const hierarchical = Object.keys(config.groups).length > 0
  const weights = onWire && hierarchical ? wireWeights(config) : Object.entries(config.weights)
  return [
    ...config.servers.map((server) => {
      // In a file, a client port without an address stays so: it means 127.0.0.1 here and 0.0.0.0 to Apache.
      const bare = !onWire && server.clientPort !== null && server.clientAddress === null
      const value = formatServer(bare ? { ...server, clientPort: null } : server)
      return line(`server.${server.sid}`, `${value}${bare ? `;${server.clientPort}` : ''}`)
    }),
    ...Object.entries(config.groups).map(([gid, sids]) => `group.${gid}=${sids.join(':')}`),
    ...weights.map(([sid, weight]) => `weight.${sid}=${weight}`),
  ]
}

/** On the wire every voter's weight is spelled out: QuorumHierarchical.toString after its defaults. */
function wireWeights(config: ServerLines): [string, number][] {
  const weights = new Map(config.servers.map(({ sid, weight }) => [String(sid), weight]))
  const listed = config.servers.filter(
    ({ sid, role }) => role === 'participant' || String(sid) in config.weights,
  )
  return listed.map(({ sid }) => [String(sid), weights.get(String(sid)) ?? 1])
}

/**
 * The server list as notifications and NEWLEADER carry it: QuorumVerifier.toString. No newline at the end.
 * @param version the zxid of the list's last change; 0 for the list that the ensemble began with
 */
export function membershipText(config: ServerLines, version: bigint): string {
  return [...serverLines(config, true), `version=${BigInt.asUintN(64, version).toString(16)}`].join('\n')
}
