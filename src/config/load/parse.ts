/**
 * The text of a zoo.cfg into a ServerConfig and everything that is wrong with it. Pure.
 *
 * Follows QuorumPeerConfig.parseProperties and parseDynamicConfig, except that it goes on after the first problem.
 * What needs the server's own id comes later (member.ts), what needs the other members in ensemble.ts.
 */

import { readClientPort } from '../clientPort.ts'
import { hasErrors, type Location, type Problem, problem, sortProblems } from '../problem.ts'
import type { ServerConfig } from '../serverConfig.ts'
import { adoptClientAddress } from '../servers/ownServer.ts'
import { checkServerList, runsStandalone } from '../servers/serverListChecks.ts'
import { readServerList, type ServerList } from '../servers/servers.ts'
import { keySpec, MEMBERSHIP_KEY, nearestKey } from '../settings/keys.ts'
import { KEY_ROWS } from '../settings/keyTable.ts'
import { faultProblem, type Settings, settingsOf } from '../settings/settings.ts'
import { faultOf } from '../settings/values.ts'
import { lastOfEach, reportBlankBehind, withoutComment } from '../text/entries.ts'
import { type Entry, lex } from '../text/lexer.ts'
import { checkPaths } from './paths.ts'

export interface SourceText {
  file: string
  text: string
}

export interface ParsedConfig {
  /** Complete even when there are errors (defaults fill the gaps); not to be run then. */
  config: ServerConfig
  /** By file and line. */
  problems: Problem[]
}

/**
 * @param file how to name the file in messages
 * @param dynamic the file that `dynamicConfigFile` names, read by the caller
 */
export function parseConfig(text: string, file: string, dynamic: SourceText | null = null): ParsedConfig {
  const problems: Problem[] = []
  const lexed = lex(text, file)
  problems.push(...lexed.problems)
  const entries = lexed.entries.map((entry) => withoutComment(entry, problems))
  const isMembership = (entry: Entry) => MEMBERSHIP_KEY.test(entry.key)
  const byKey = lastOfEach(
    entries.filter((entry) => !isMembership(entry)),
    problems,
  )
  const settings = settingsOf(byKey, file, problems)
  const dynamicFile = settings.text('dynamicConfigFile')
  let membership = entries.filter(isMembership)
  if (dynamicFile !== null) {
    for (const entry of membership) {
      const hint = `move it to ${dynamicFile}`
      problems.push(problem('error', entry, `${entry.key} must be in the dynamic config file`, hint))
    }
    membership = dynamicEntries(dynamicFile, dynamic, settings.at('dynamicConfigFile'), problems)
  }
  const listProblems: Problem[] = []
  const list = readServerList(membership, listProblems)
  problems.push(...listProblems)
  for (const entry of membership) reportBlankBehind(entry, problems)
  const config = configOf(file, settings, list, problems)
  problems.push(...checkPaths(settings))
  config.configVersion = versionOf(dynamicFile)
  config.origin = Object.fromEntries(
    [...byKey.values(), ...membership.toReversed()].map(({ key, file, line }) => [
      plainId(key),
      { file, line },
    ]),
  )
  reportOthers(settings, problems)
  config.other = Object.fromEntries(settings.unread().map(({ key, value }) => [key, value]))
  // Of a list with faulty lines nothing more can be said.
  if (!hasErrors(listProblems)) problems.push(...checkServerList(config))
  if (!runsStandalone(config)) return { config, problems: sortProblems(problems) }
  const alone = standalone(config)
  return { config: alone.config, problems: sortProblems([...problems, ...alone.problems]) }
}

/** `server.01` and `server.+1` are the lines of server 1. */
function plainId(key: string): string {
  return key.replace(/^(server|group|weight)\.\+?(\d+)$/, (_, kind, id) => `${kind}.${Number(id)}`)
}

/** A single server line counts for nothing but its client part: QuorumPeerMain then starts a standalone server. */
function standalone(parsed: ServerConfig): { config: ServerConfig; problems: Problem[] } {
  const config = { ...parsed }
  const [only] = config.servers
  const problems = only === undefined || only.clientPort === null ? [] : adoptClientAddress(config, only)
  return { config: { ...config, servers: [], groups: {}, weights: {} }, problems }
}

/** A dynamic file holds the server list and nothing else: QuorumPeerConfig.parseDynamicConfig. */
function dynamicEntries(
  name: string,
  dynamic: SourceText | null,
  where: Location,
  problems: Problem[],
): Entry[] {
  if (dynamic === null) {
    const hint = 'put the server list there, or into this file without dynamicConfigFile'
    problems.push(problem('error', where, `dynamicConfigFile ${name} was not read`, hint))
    return []
  }
  const lexed = lex(dynamic.text, dynamic.file)
  problems.push(...lexed.problems)
  const membership: Entry[] = []
  for (const raw of lexed.entries) {
    const entry = withoutComment(raw, problems)
    if (MEMBERSHIP_KEY.test(entry.key)) {
      membership.push(entry)
    } else if (entry.key === 'version') {
      const hint = "remove it: the version is the suffix of the file's name"
      problems.push(problem('error', entry, 'the dynamic config file must not have a version inside', hint))
    } else {
      const hint = 'only server, group and weight lines belong here'
      problems.push(problem('error', entry, `${entry.key} in the dynamic config file`, hint))
    }
  }
  return membership
}

/** `zoo.cfg.dynamic.100000000` has version 100000000: QuorumPeerConfig.getVersionFromFilename. */
function versionOf(dynamicFile: string | null): string {
  const suffix = /\.([0-9a-fA-F]{1,16})$/.exec(dynamicFile ?? '')?.[1]
  return suffix === undefined ? '0' : BigInt(`0x${suffix}`).toString(16)
}

function configOf(file: string, s: Settings, list: ServerList, problems: Problem[]): ServerConfig {
  const tickTimeMs = s.number('tickTime', 1)
  const dataDir = s.text('dataDir') ?? ''
  const juteMaxBuffer = s.number('jute.maxbuffer', 1)
  if (dataDir === '') {
    const hint = 'add a line such as dataDir=/tmp/zookeeper'
    problems.push(problem('error', s.at('dataDir'), 'dataDir is missing', hint))
  }
  if (s.number('electionAlg') !== 3) {
    const hint = 'only 3, fast leader election, exists; remove the line'
    problems.push(problem('error', s.at('electionAlg'), 'electionAlg must be 3', hint))
  }
  return {
    file,
    tickTimeMs,
    initLimit: s.number('initLimit', 0),
    syncLimit: s.number('syncLimit', 0),
    connectToLearnerMasterLimit: s.number('connectToLearnerMasterLimit', 0),
    dataDir,
    dataLogDir: s.text('dataLogDir') ?? dataDir,
    ...clientSettings(s, tickTimeMs, list, problems),
    peerType: s.role('peerType'),
    ...list,
    sid: null,
    configVersion: '0',
    dynamicConfigFile: s.text('dynamicConfigFile'),
    electionAlg: 3,
    ...storageSettings(s, problems),
    ...electionSettings(s),
    ...readClientPort(s, problems),
    fourLetterWords: fourLetterWords(s),
    globalOutstandingLimit: s.number('globalOutstandingLimit', 1),
    skipAcl: s.boolean('skipACL'),
    leaderServes: s.boolean('leaderServes'),
    localSessionsEnabled: s.boolean('localSessionsEnabled'),
    localSessionsUpgradingEnabled: s.boolean('localSessionsUpgradingEnabled'),
    readOnlyModeEnabled: s.boolean('readonlymode.enabled'),
    syncEnabled: s.has('observer.syncEnabled') ? s.boolean('observer.syncEnabled') : s.boolean('syncEnabled'),
    digestEnabled: s.boolean('digest.enabled'),
    closeSessionTxnEnabled: s.boolean('closeSessionTxn.enabled'),
    juteMaxBuffer,
    // BinaryInputArchive: the frame's limit again, at least 1024.
    juteMaxBufferExtraSize: Math.max(s.optionalNumber('jute.maxbuffer.extrasize') ?? juteMaxBuffer, 1024),
    standaloneEnabled: s.boolean('standaloneEnabled'),
    reconfigEnabled: s.boolean('reconfigEnabled'),
    extendedTypesEnabled: s.boolean('extendedTypesEnabled'),
    emulate353TtlNodes: s.boolean('emulate353TTLNodes'),
    enforceQuota: s.boolean('enforceQuota'),
    containers: {
      checkIntervalMs: s.number('znode.container.checkIntervalMs', 1),
      maxPerMinute: s.number('znode.container.maxPerMinute', 1),
      maxNeverUsedMs: s.number('znode.container.maxNeverUsedIntervalMs', 0),
    },
    superDigest: s.text('DigestAuthenticationProvider.superDigest'),
    digestAlg: s.text('DigestAuthenticationProvider.digestAlg') ?? 'SHA1',
    quorumListenOnAllIps: s.boolean('quorumListenOnAllIPs'),
    other: {},
    origin: {},
  }
}

function clientSettings(s: Settings, tickTimeMs: number, list: ServerList, problems: Problem[]) {
  const clientPort = s.optionalNumber('clientPort')
  const onServerLine = list.servers.some((server) => server.clientPort !== null)
  for (const [port, address] of [
    ['clientPort', 'clientPortAddress'],
    ['secureClientPort', 'secureClientPortAddress'],
  ] as const) {
    if (s.has(port) || s.written(address) === null) continue
    const message = `${address} is set, but ${port} is not, and Apache ZooKeeper refuses that`
    problems.push(problem('warning', s.at(address), message, `add a ${port} line, or remove this one`))
  }
  if (!s.has('clientPort') && !s.has('secureClientPort') && !onServerLine) {
    const hint = 'add a line such as clientPort=2181'
    problems.push(problem('error', s.at('clientPort'), 'clientPort is missing', hint))
  }
  const min = s.number('minSessionTimeout', 1)
  const max = s.number('maxSessionTimeout', 1)
  const minSessionTimeoutMs = min === -1 ? tickTimeMs * 2 : min
  const maxSessionTimeoutMs = max === -1 ? tickTimeMs * 20 : max
  if (minSessionTimeoutMs > maxSessionTimeoutMs) {
    const where = s.at(min === -1 ? 'maxSessionTimeout' : 'minSessionTimeout')
    const message = `minSessionTimeout ${minSessionTimeoutMs} ms is larger than maxSessionTimeout ${maxSessionTimeoutMs} ms`
    const hint = 'the defaults are 2 and 20 times tickTime'
    problems.push(problem('error', where, message, hint))
  }
  return {
    clientPort: clientPort ?? 0,
    clientPortAddress: s.host('clientPortAddress') ?? '127.0.0.1',
    clientPortListenBacklog: s.number('clientPortListenBacklog', -1),
    minSessionTimeoutMs,
    maxSessionTimeoutMs,
    maxClientCnxns: s.number('maxClientCnxns'),
    maxCnxns: s.number('maxCnxns'),
    sessionlessCnxnTimeoutMs: s.number('nio.sessionlessCnxnTimeout', 1),
  }
}

function electionSettings(s: Settings) {
  return {
    cnxTimeoutMs: s.number('cnxTimeout', 1),
    quorumCnxnTimeoutMs: s.number('quorumCnxnTimeoutMs', 1),
    electionPortBindRetry: s.number('electionPortBindRetry', 0),
    minNotificationIntervalMs: s.number('fastleader.minNotificationInterval', 1),
    maxNotificationIntervalMs: s.number('fastleader.maxNotificationInterval', 1),
    maxTimeToWaitForEpochMs: s.number('leader.maxTimeToWaitForEpoch', -1),
    leaderConnectDelayDuringRetryMs: s.number('leaderConnectDelayDuringRetryMs', 0),
    observerElectionDelayMs: s.number('observer.election.DelayMs', 0),
    observerReconnectDelayMs: s.number('observer.reconnectDelayMs', 0),
  }
}

const COMPRESSIONS = ['', 'gz', 'snappy'] as const

function storageSettings(s: Settings, problems: Problem[]) {
  /** Apache raises these instead of refusing them, with a line in its log. */
  const atLeast = (key: string, least: number) => {
    const value = s.number(key)
    if (value >= least) return value
    problems.push(problem('warning', s.at(key), `${key} ${value} is too small`, `${least} is used`))
    return least
  }
  const written = s.text('snapshot.compression.method') ?? ''
  const snapshotCompression = COMPRESSIONS.find((method) => method === written.toLowerCase())
  if (snapshotCompression === undefined) {
    const message = `snapshot.compression.method: "${written}" is neither gz nor snappy`
    const hint = 'snapshots are not compressed'
    problems.push(problem('warning', s.at('snapshot.compression.method'), message, hint))
  }
  const factor = s.number('snapshotSizeFactor')
  if (factor > 1) {
    const message = `snapshotSizeFactor ${factor} is larger than 1`
    problems.push(problem('warning', s.at('snapshotSizeFactor'), message, '0.33 is used'))
  }
  return {
    snapCount: atLeast('snapCount', 2),
    snapSizeLimitKb: s.number('snapSizeLimitInKb'),
    // ZKDatabase: a factor above 1 is not taken.
    snapshotSizeFactor: factor > 1 ? 0.33 : factor,
    preAllocSizeKb: s.number('preAllocSize', 0),
    forceSync: s.boolean('forceSync'),
    txnLogSizeLimitKb: s.number('txnLogSizeLimitInKb', -1),
    // ZKDatabase: fewer than the default are not taken.
    commitLogCount: atLeast('commitLogCount', 500),
    autopurge: {
      snapRetainCount: atLeast('autopurge.snapRetainCount', 3),
      purgeIntervalHours: s.number('autopurge.purgeInterval'),
    },
    snapshotTrustEmpty: s.boolean('snapshot.trust.empty'),
    snapshotCompression: snapshotCompression ?? '',
    dbAutocreate: s.boolean('db.autocreate'),
    datadirAutocreate: s.boolean('datadir.autocreate'),
    fsyncWarningThresholdMs: s.number('fsync.warningthresholdms', 0),
  } as const
}

/** FourLetterCommands.isEnabled: `*` anywhere means all, and srvr is always there. */
function fourLetterWords(s: Settings): string[] {
  const words = s.words('4lw.commands.whitelist')
  return words.includes('*') ? ['*'] : [...new Set([...words, 'srvr'])]
}

/** Keys without a field: unknown ones, those this version does not act on, and faulty values. */
function reportOthers(settings: Settings, problems: Problem[]): void {
  for (const entry of settings.unread()) {
    const spec = keySpec(entry.key)
    if (spec === null) {
      const nearest = nearestKey(entry.key)
      const hint = nearest === null ? 'it has no effect' : `did you mean ${nearest}?`
      problems.push(problem('warning', entry, `unknown key ${entry.key || '""'}`, hint))
      continue
    }
    const fault = faultOf(spec, entry.value)
    if (fault !== null) problems.push(faultProblem(spec, entry.value, fault, entry, true))
    else if (spec.effect === 'later' && entry.value.toLowerCase() !== spec.behavesAs.toLowerCase()) {
      const hint = spec.behavesAs === '' ? 'remove it to be sure' : `it works as with ${spec.behavesAs}`
      problems.push(problem('warning', entry, `${entry.key} has no effect in this version`, hint))
    }
  }
  for (const [source, key, , , , effect] of KEY_ROWS) {
    if (source !== 'jvm' || effect !== 'acted' || !settings.has(key)) continue
    const hint = `there it takes the JVM option -D${key}`
    const message = `${key} works here, but Apache ZooKeeper ignores it in this file`
    problems.push(problem('warning', settings.at(key), message, hint))
  }
}
