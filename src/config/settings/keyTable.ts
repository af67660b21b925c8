/**
 * Every key of zoo.cfg that Apache ZooKeeper 3.8 knows, and those of 3.9.
 *
 * Read from QuorumPeerConfig.parseProperties (`file`) and from the system properties that the server reads
 * (`property`, `jvm`). Columns: source, name, kind, default, unit, effect, and for keys this version does not act
 * on the value it behaves as where that is not the default.
 */

/**
 * How the text of a value is read.
 * - `int`, `long`, `port`, `ratio`: numbers; `interval`: hours, or a number with ms, s, m, h or d
 * - `boolean`: `true` or `false` in any case, anything else is refused
 * - `onlyTrue`, `onlyYes`, `unlessNo`, `unlessFalse`: a switch that knows one word, all others mean the opposite
 * - `role`: participant or observer; `words`: a comma-separated list; `path`, `host`, `text`: as it stands
 */
export type Kind =
  | 'int'
  | 'long'
  | 'port'
  | 'ratio'
  | 'interval'
  | 'boolean'
  | 'onlyTrue'
  | 'onlyYes'
  | 'unlessNo'
  | 'unlessFalse'
  | 'role'
  | 'words'
  | 'path'
  | 'host'
  | 'text'

/**
 * - `acted`: it has a field in ServerConfig
 * - `tuning`: it tunes machinery (threads, pools, JVM) that has no counterpart here; nothing to act on
 * - `later`: it changes what a server does, and this version does not do it
 */
export type Effect = 'acted' | 'tuning' | 'later'

/**
 * Where Apache reads the key:
 * - `file`: QuorumPeerConfig.parseProperties; a bad value stops the start
 * - `property`: unknown there, hence made the system property `zookeeper.<key>`; a bad value gives the default
 * - `jvm`: a system property without that prefix, so that in the file it has no effect at all
 */
export type Source = 'file' | 'property' | 'jvm'

export type KeyRow = readonly [
  source: Source,
  name: string,
  kind: Kind,
  fallback: string,
  unit: string,
  effect: Effect,
  behavesAs?: string,
]

// biome-ignore format: a table is read by its columns
export const KEY_ROWS: readonly KeyRow[] = [
  // Time, place, clients
  ['file', 'tickTime', 'int', '3000', 'ms', 'acted'],
  ['file', 'initLimit', 'int', '0', 'ticks', 'acted'],
  ['file', 'syncLimit', 'int', '0', 'ticks', 'acted'],
  ['file', 'connectToLearnerMasterLimit', 'int', '0', 'ticks', 'acted'],
  ['file', 'dataDir', 'path', '', '', 'acted'],
  ['file', 'dataLogDir', 'path', '', '', 'acted'],
  ['file', 'clientPort', 'port', '', '', 'acted'],
  ['file', 'clientPortAddress', 'host', '127.0.0.1', '', 'acted'],
  ['file', 'clientPortListenBacklog', 'int', '-1', 'connections', 'acted'],
  ['file', 'secureClientPort', 'port', '', '', 'acted'],
  ['file', 'secureClientPortAddress', 'host', '', '', 'acted'],
  ['file', 'minSessionTimeout', 'int', '-1', 'ms', 'acted'],
  ['file', 'maxSessionTimeout', 'int', '-1', 'ms', 'acted'],
  ['file', 'maxClientCnxns', 'int', '60', 'connections', 'acted'],
  ['property', 'maxCnxns', 'int', '0', 'connections', 'acted'],
  ['property', 'nio.sessionlessCnxnTimeout', 'int', '10000', 'ms', 'acted'],
  ['property', 'globalOutstandingLimit', 'int', '1000', 'requests', 'acted'],
  ['jvm', 'jute.maxbuffer', 'int', '1048575', 'bytes', 'acted'],
  ['property', 'jute.maxbuffer.extrasize', 'int', '', 'bytes', 'acted'],
  ['property', '4lw.commands.whitelist', 'words', 'srvr', '', 'acted'],

  // Membership and election
  ['file', 'peerType', 'role', 'participant', '', 'acted'],
  ['file', 'electionAlg', 'int', '3', '', 'acted'],
  ['file', 'dynamicConfigFile', 'path', '', '', 'acted'],
  ['file', 'oraclePath', 'path', '', '', 'later'],
  ['file', 'standaloneEnabled', 'boolean', 'true', '', 'acted'],
  ['file', 'reconfigEnabled', 'boolean', 'false', '', 'acted'],
  ['file', 'quorumListenOnAllIPs', 'boolean', 'false', '', 'acted'],
  ['property', 'electionPortBindRetry', 'int', '3', 'times', 'acted'],
  ['property', 'cnxTimeout', 'int', '5000', 'ms', 'acted'],
  ['property', 'quorumCnxnTimeoutMs', 'int', '-1', 'ms', 'acted'],
  ['property', 'fastleader.minNotificationInterval', 'int', '200', 'ms', 'acted'],
  ['property', 'fastleader.maxNotificationInterval', 'int', '60000', 'ms', 'acted'],
  ['property', 'leader.maxTimeToWaitForEpoch', 'int', '-1', 'ms', 'acted'],
  ['property', 'leaderConnectDelayDuringRetryMs', 'int', '100', 'ms', 'acted'],
  ['property', 'leaderServes', 'unlessNo', 'yes', '', 'acted'],
  ['file', 'syncEnabled', 'boolean', 'true', '', 'acted'],
  ['property', 'observer.syncEnabled', 'onlyTrue', '', '', 'acted'],
  ['property', 'observer.election.DelayMs', 'long', '200', 'ms', 'acted'],
  ['property', 'observer.reconnectDelayMs', 'long', '0', 'ms', 'acted'],
  ['file', 'observerMasterPort', 'int', '0', '', 'later'],
  ['property', 'observerMaster.sizeLimit', 'int', '33554432', 'bytes', 'later'],
  ['property', 'forceSnapshotSync', 'onlyTrue', 'false', '', 'later'],
  ['property', 'leader.maxConcurrentSnapSyncs', 'int', '10', 'learners', 'tuning'],
  ['property', 'leader.maxConcurrentDiffSyncs', 'int', '100', 'learners', 'tuning'],
  ['property', 'leader.closeSocketAsync', 'onlyTrue', 'false', '', 'tuning'],
  ['property', 'leader.ackLoggingFrequency', 'int', '1000', 'packets', 'tuning'],
  ['property', 'learner.closeSocketAsync', 'onlyTrue', 'false', '', 'tuning'],
  ['property', 'learner.asyncSending', 'onlyTrue', 'false', '', 'tuning'],
  ['property', 'follower.skipLearnerRequestToNextProcessor', 'onlyTrue', 'false', '', 'tuning'],
  ['jvm', 'follower.nodelay', 'onlyTrue', 'true', '', 'tuning'],
  ['jvm', 'leader.nodelay', 'onlyTrue', 'true', '', 'tuning'],
  ['property', 'messageTracker.BufferSize', 'int', '10', 'messages', 'tuning'],
  ['property', 'messageTracker.Enabled', 'onlyTrue', 'false', '', 'tuning'],
  ['file', 'quorum.cnxn.threads.size', 'int', '20', 'threads', 'tuning'],
  ['file', 'multiAddress.enabled', 'onlyTrue', 'false', '', 'later'],
  ['file', 'multiAddress.reachabilityCheckEnabled', 'onlyTrue', 'true', '', 'tuning'],
  ['file', 'multiAddress.reachabilityCheckTimeoutMs', 'int', '1000', 'ms', 'tuning'],
  ['property', 'tcpKeepAlive', 'onlyTrue', 'false', '', 'tuning'],
  ['property', 'clientTcpKeepAlive', 'onlyTrue', 'false', '', 'tuning'],

  // Storage
  ['property', 'snapCount', 'int', '100000', 'transactions', 'acted'],
  ['property', 'snapSizeLimitInKb', 'long', '4194304', 'KiB', 'acted'],
  ['property', 'snapshotSizeFactor', 'ratio', '0.33', 'of the snapshot', 'acted'],
  ['property', 'preAllocSize', 'long', '65536', 'KiB', 'acted'],
  ['property', 'forceSync', 'unlessNo', 'yes', '', 'acted'],
  ['property', 'txnLogSizeLimitInKb', 'long', '-1', 'KiB', 'acted'],
  ['property', 'commitLogCount', 'int', '500', 'transactions', 'acted'],
  ['property', 'fsync.warningthresholdms', 'long', '1000', 'ms', 'acted'],
  ['file', 'autopurge.snapRetainCount', 'int', '3', 'snapshots', 'acted'],
  ['file', 'autopurge.purgeInterval', 'interval', '0', 'hours', 'acted'],
  ['property', 'snapshot.trust.empty', 'onlyTrue', 'false', '', 'acted'],
  ['property', 'snapshot.compression.method', 'text', '', '', 'acted'],
  ['property', 'datadir.autocreate', 'onlyTrue', 'true', '', 'acted'],
  ['property', 'db.autocreate', 'onlyTrue', 'true', '', 'acted'],
  ['property', 'digest.enabled', 'onlyTrue', 'true', '', 'acted'],
  ['property', 'closeSessionTxn.enabled', 'onlyTrue', 'true', '', 'acted'],

  // Nodes, sessions, limits
  ['property', 'skipACL', 'onlyYes', 'no', '', 'acted'],
  ['property', 'extendedTypesEnabled', 'onlyTrue', 'false', '', 'acted'],
  ['property', 'emulate353TTLNodes', 'onlyTrue', 'false', '', 'acted'],
  ['property', 'enforceQuota', 'onlyTrue', 'false', '', 'acted'],
  ['file', 'localSessionsEnabled', 'boolean', 'false', '', 'acted'],
  ['file', 'localSessionsUpgradingEnabled', 'boolean', 'false', '', 'acted'],
  ['jvm', 'readonlymode.enabled', 'onlyTrue', 'false', '', 'acted'],
  ['jvm', 'znode.container.checkIntervalMs', 'int', '60000', 'ms', 'acted'],
  ['jvm', 'znode.container.maxPerMinute', 'int', '10000', 'nodes', 'acted'],
  ['jvm', 'znode.container.maxNeverUsedIntervalMs', 'long', '0', 'ms', 'acted'],
  ['property', 'request.timeout', 'long', '0', 'ms', 'later'],
  ['property', 'request_throttle_max_requests', 'int', '0', 'requests', 'acted'],
  ['property', 'request_throttle_stall_time', 'int', '100', 'ms', 'tuning'],
  ['property', 'request_throttle_drop_stale', 'onlyTrue', 'true', '', 'acted'],
  ['property', 'request_stale_connection_check', 'onlyTrue', 'true', '', 'acted'],
  ['property', 'request_stale_latency_check', 'onlyTrue', 'false', '', 'acted'],
  ['property', 'request_throttler.shutdownTimeout', 'int', '10000', 'ms', 'tuning'],
  ['property', 'throttled_op_wait_time', 'int', '0', 'ms', 'acted'],
  ['property', 'connection_throttle_tokens', 'int', '0', 'connections', 'acted'],
  ['property', 'connection_throttle_fill_time', 'int', '1', 'ms', 'acted'],
  ['property', 'connection_throttle_fill_count', 'int', '1', 'connections', 'acted'],
  ['property', 'connection_throttle_freeze_time', 'int', '-1', 'ms', 'acted'],
  ['property', 'connection_throttle_drop_increase', 'ratio', '0.02', '', 'acted'],
  ['property', 'connection_throttle_drop_decrease', 'ratio', '0.002', '', 'acted'],
  ['property', 'connection_throttle_decrease_ratio', 'ratio', '0', '', 'acted'],
  ['property', 'connection_throttle_weight_enabled', 'onlyTrue', 'false', '', 'acted'],
  ['property', 'connection_throttle_global_session_weight', 'int', '3', '', 'acted'],
  ['property', 'connection_throttle_local_session_weight', 'int', '1', '', 'acted'],
  ['property', 'connection_throttle_renew_session_weight', 'int', '2', '', 'acted'],
  ['property', 'largeRequestThreshold', 'int', '-1', 'bytes', 'acted'],
  ['property', 'largeRequestMaxBytes', 'int', '104857600', 'bytes', 'acted'],

  // Who may do what
  ['property', 'DigestAuthenticationProvider.superDigest', 'text', '', '', 'acted'],
  ['property', 'DigestAuthenticationProvider.digestAlg', 'text', 'SHA1', '', 'acted'],
  ['property', 'DigestAuthenticationProvider.enabled', 'onlyTrue', 'true', '', 'acted'],
  ['property', 'X509AuthenticationProvider.superUser', 'text', '', '', 'acted'],
  ['property', 'SASLAuthenticationProvider.superPassword', 'text', '', '', 'acted'],
  ['property', 'IPAuthenticationProvider.usexforwardedfor', 'onlyTrue', 'false', '', 'later'],
  ['property', 'enableEagerACLCheck', 'onlyTrue', 'false', '', 'acted'],
  ['property', 'enforce.auth.enabled', 'onlyTrue', 'false', '', 'acted'],
  ['property', 'enforce.auth.schemes', 'words', '', '', 'acted'],
  ['property', 'sessionRequireClientSASLAuth', 'onlyTrue', 'false', '', 'acted'],
  ['property', 'allowSaslFailedClients', 'onlyTrue', 'false', '', 'acted'],
  ['property', 'superUser', 'text', '', '', 'acted'],
  ['property', 'letAnySaslUserDoX', 'text', '', '', 'acted'],
  ['property', 'ensembleAuthName', 'words', '', '', 'later'],
  ['file', 'quorum.auth.enableSasl', 'boolean', 'false', '', 'later'],
  ['file', 'quorum.auth.serverRequireSasl', 'boolean', 'false', '', 'later'],
  ['file', 'quorum.auth.learnerRequireSasl', 'boolean', 'false', '', 'later'],
  ['file', 'quorum.auth.learner.saslLoginContext', 'text', 'QuorumLearner', '', 'later'],
  ['file', 'quorum.auth.server.saslLoginContext', 'text', 'QuorumServer', '', 'later'],
  ['file', 'quorum.auth.kerberos.servicePrincipal', 'text', 'zkquorum/localhost', '', 'later'],
  ['property', 'kerberos.canonicalizeHostNames', 'onlyTrue', 'false', '', 'later'],
  ['property', 'kerberos.removeHostFromPrincipal', 'onlyTrue', 'false', '', 'acted'],
  ['property', 'kerberos.removeRealmFromPrincipal', 'onlyTrue', 'false', '', 'acted'],
  ['property', 'security.auth_to_local', 'text', 'DEFAULT', '', 'later'],
  ['property', 'sasl.serverconfig', 'text', 'Server', '', 'acted'],
  ['jvm', 'java.security.auth.login.config', 'path', '', '', 'acted'],

  // TLS
  ['file', 'sslQuorum', 'boolean', 'false', '', 'later'],
  ['file', 'portUnification', 'boolean', 'false', '', 'later'],
  ['file', 'sslQuorumReloadCertFiles', 'boolean', 'false', '', 'later'],
  ['property', 'client.portUnification', 'onlyTrue', 'false', '', 'later'],
  ['property', 'client.certReload', 'onlyTrue', 'false', '', 'later'],
  ['property', 'fips-mode', 'onlyTrue', 'false', '', 'later'],
  ...tlsRows('ssl.'),
  ...tlsRows('ssl.quorum.'),

  // Views from outside
  ['property', 'admin.enableServer', 'unlessFalse', 'true', '', 'later', 'false'],
  ['property', 'admin.serverPort', 'int', '8080', '', 'later'],
  ['property', 'admin.serverAddress', 'host', '0.0.0.0', '', 'later'],
  ['property', 'admin.commandURL', 'text', '/commands', '', 'later'],
  ['property', 'admin.idleTimeout', 'int', '30000', 'ms', 'later'],
  ['property', 'admin.httpVersion', 'int', '11', '', 'later'],
  ['property', 'admin.portUnification', 'onlyTrue', 'false', '', 'later'],
  ['property', 'admin.forceHttps', 'onlyTrue', 'false', '', 'later'],
  ['property', 'admin.needClientAuth', 'onlyTrue', 'true', '', 'later'],
  ['property', 'admin.snapshot.enabled', 'onlyTrue', 'true', '', 'later', 'false'],
  ['property', 'admin.restore.enabled', 'onlyTrue', 'true', '', 'later', 'false'],
  ['property', 'admin.rateLimiterIntervalInMS', 'int', '300000', 'ms', 'later'],
  ['property', 'audit.enable', 'onlyTrue', 'false', '', 'later'],
  ['property', 'audit.impl.class', 'text', '', '', 'later'],
  ['property', 'serializeLastProcessedZxid.enabled', 'onlyTrue', 'true', '', 'later', 'false'],

  // Machinery of the JVM server
  ['property', 'serverCnxnFactory', 'text', '', '', 'tuning'],
  ['property', 'netty.advancedFlowControl.enabled', 'onlyTrue', 'false', '', 'tuning'],
  ['property', 'netty.server.earlyDropSecureConnectionHandshakes', 'onlyTrue', 'false', '', 'tuning'],
  ['property', 'netty.server.outstandingHandshake.limit', 'int', '-1', 'connections', 'tuning'],
  ['property', 'nio.numSelectorThreads', 'int', '', 'threads', 'tuning'],
  ['property', 'nio.numWorkerThreads', 'int', '', 'threads', 'tuning'],
  ['property', 'nio.directBufferBytes', 'int', '65536', 'bytes', 'tuning'],
  ['property', 'nio.shutdownTimeout', 'long', '5000', 'ms', 'tuning'],
  ['property', 'commitProcessor.numWorkerThreads', 'int', '', 'threads', 'tuning'],
  ['property', 'commitProcessor.shutdownTimeout', 'long', '5000', 'ms', 'tuning'],
  ['property', 'commitProcessor.maxReadBatchSize', 'int', '-1', 'requests', 'tuning'],
  ['property', 'commitProcessor.maxCommitBatchSize', 'int', '1', 'requests', 'tuning'],
  ['property', 'flushDelay', 'long', '0', 'ms', 'tuning'],
  ['property', 'maxWriteQueuePollTime', 'long', '', 'ms', 'tuning'],
  ['property', 'maxBatchSize', 'int', '1000', 'transactions', 'tuning'],
  ['property', 'intBufferStartingSizeBytes', 'int', '1024', 'bytes', 'tuning'],
  ['property', 'maxResponseCacheSize', 'int', '400', 'responses', 'tuning'],
  ['property', 'maxGetChildrenResponseCacheSize', 'int', '400', 'responses', 'tuning'],
  ['property', 'watchManagerName', 'text', '', '', 'tuning'],
  ['property', 'watcherCleanThreadsNum', 'int', '2', 'threads', 'tuning'],
  ['property', 'watcherCleanThreshold', 'int', '1000', 'watchers', 'tuning'],
  ['property', 'watcherCleanIntervalInSeconds', 'int', '600', 's', 'tuning'],
  ['property', 'maxInProcessingDeadWatchers', 'int', '-1', 'watchers', 'tuning'],
  ['property', 'bitHashCacheSize', 'int', '10', 'entries', 'tuning'],
  ['property', 'pathStats.enabled', 'onlyTrue', 'false', '', 'tuning'],
  ['property', 'pathStats.slotCapacity', 'int', '60', 'slots', 'tuning'],
  ['property', 'pathStats.slotDuration', 'int', '15', 's', 'tuning'],
  ['property', 'pathStats.maxDepth', 'int', '6', 'levels', 'tuning'],
  ['property', 'pathStats.sampleRate', 'ratio', '0.1', '', 'tuning'],
  ['property', 'pathStats.initialDelay', 'int', '5', 's', 'tuning'],
  ['property', 'pathStats.delay', 'int', '5', 's', 'tuning'],
  ['property', 'pathStats.topPathMax', 'int', '20', 'paths', 'tuning'],
  ['file', 'jvm.pause.monitor', 'boolean', 'false', '', 'tuning'],
  ['file', 'jvm.pause.warn-threshold.ms', 'long', '10000', 'ms', 'tuning'],
  ['file', 'jvm.pause.info-threshold.ms', 'long', '1000', 'ms', 'tuning'],
  ['file', 'jvm.pause.sleep.time.ms', 'long', '500', 'ms', 'tuning'],
]

/** X509Util: the same keys for clients (`ssl.`) and between servers (`ssl.quorum.`). */
function tlsRows(prefix: 'ssl.' | 'ssl.quorum.'): KeyRow[] {
  const names = [
    ...['keyStore', 'trustStore'].flatMap((store) =>
      ['location', 'password', 'passwordPath', 'type'].map((what) => `${store}.${what}`),
    ),
    ...['protocol', 'enabledProtocols', 'ciphersuites', 'clientAuth', 'hostnameVerification', 'context'],
    ...['context.supplier.class', 'crl', 'ocsp', 'handshakeDetectionTimeoutMillis', 'authProvider'],
    ...['sslProvider', 'clientHostnameVerification', 'allowReverseDnsLookup'],
  ]
  const isActed = (name: string) =>
    prefix === 'ssl.' && /Store\.|^(protocol|enabledProtocols|ciphersuites|clientAuth)$/.test(name)
  const kindOf = (name: string) => (/\.(location|passwordPath)$/.test(name) ? 'path' : 'text')
  return names.map((name) => {
    return ['property', prefix + name, kindOf(name), '', '', isActed(name) ? 'acted' : 'later']
  })
}
