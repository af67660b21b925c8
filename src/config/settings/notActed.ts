/**
 * Keys that Apache ZooKeeper 3.8 or 3.9 knows and that have no field here. Their values are checked all the
 * same, and a value of a `later` key that asks for what this version does not do is warned about.
 */
import type { Kind, Row, Source } from './row.ts'

type Brief = readonly [
  source: Source,
  key: string,
  kind: Kind,
  fallback: string,
  unit?: string,
  behavesAs?: string,
]

// biome-ignore format: a table is read by its columns
const LATER: readonly Brief[] = [
  ['file', 'oraclePath', 'path', ''],
  ['file', 'observerMasterPort', 'int', '0'],
  ['property', 'observerMaster.sizeLimit', 'int', '33554432', 'bytes'],
  ['property', 'forceSnapshotSync', 'onlyTrue', 'false'],
  ['file', 'multiAddress.enabled', 'onlyTrue', 'false'],
  ['property', 'request.timeout', 'long', '0', 'ms'],
  ['property', 'IPAuthenticationProvider.usexforwardedfor', 'onlyTrue', 'false'],
  ['property', 'ensembleAuthName', 'words', ''],
  ['file', 'quorum.auth.enableSasl', 'boolean', 'false'],
  ['file', 'quorum.auth.serverRequireSasl', 'boolean', 'false'],
  ['file', 'quorum.auth.learnerRequireSasl', 'boolean', 'false'],
  ['file', 'quorum.auth.learner.saslLoginContext', 'text', 'QuorumLearner'],
  ['file', 'quorum.auth.server.saslLoginContext', 'text', 'QuorumServer'],
  ['file', 'quorum.auth.kerberos.servicePrincipal', 'text', 'zkquorum/localhost'],
  ['property', 'kerberos.canonicalizeHostNames', 'onlyTrue', 'false'],
  ['property', 'security.auth_to_local', 'text', 'DEFAULT'],
  ['file', 'sslQuorum', 'boolean', 'false'],
  ['file', 'portUnification', 'boolean', 'false'],
  ['file', 'sslQuorumReloadCertFiles', 'boolean', 'false'],
  ['property', 'client.portUnification', 'onlyTrue', 'false'],
  ['property', 'client.certReload', 'onlyTrue', 'false'],
  ['property', 'fips-mode', 'onlyTrue', 'false'],
  ['property', 'admin.enableServer', 'unlessFalse', 'true', '', 'false'],
  ['property', 'admin.serverPort', 'int', '8080'],
  ['property', 'admin.serverAddress', 'host', '0.0.0.0'],
  ['property', 'admin.commandURL', 'text', '/commands'],
  ['property', 'admin.idleTimeout', 'int', '30000', 'ms'],
  ['property', 'admin.httpVersion', 'int', '11'],
  ['property', 'admin.portUnification', 'onlyTrue', 'false'],
  ['property', 'admin.forceHttps', 'onlyTrue', 'false'],
  ['property', 'admin.needClientAuth', 'onlyTrue', 'true'],
  ['property', 'admin.snapshot.enabled', 'onlyTrue', 'true', '', 'false'],
  ['property', 'admin.restore.enabled', 'onlyTrue', 'true', '', 'false'],
  ['property', 'admin.rateLimiterIntervalInMS', 'int', '300000', 'ms'],
  ['property', 'audit.enable', 'onlyTrue', 'false'],
  ['property', 'audit.impl.class', 'text', ''],
  ['property', 'serializeLastProcessedZxid.enabled', 'onlyTrue', 'true', '', 'false'],
  ['file', 'metricsProvider.*', 'family', ''],
  ...['hostnameVerification', 'context', 'context.supplier.class', 'crl', 'ocsp', 'authProvider',
    'sslProvider', 'handshakeDetectionTimeoutMillis', 'clientHostnameVerification', 'allowReverseDnsLookup',
  ].flatMap((name) => [tls(`ssl.${name}`), tls(`ssl.quorum.${name}`)]),
  ...['keyStore', 'trustStore'].flatMap((store) => [
    tls(`ssl.quorum.${store}.location`, 'path'), tls(`ssl.quorum.${store}.password`),
    tls(`ssl.quorum.${store}.passwordPath`, 'path'), tls(`ssl.quorum.${store}.type`),
  ]),
  ...['protocol', 'enabledProtocols', 'ciphersuites', 'clientAuth'].map((name) => tls(`ssl.quorum.${name}`)),
]

// biome-ignore format: a table is read by its columns
const TUNING: readonly Brief[] = [
  ['property', 'leader.maxConcurrentSnapSyncs', 'int', '10', 'learners'],
  ['property', 'leader.maxConcurrentDiffSyncs', 'int', '100', 'learners'],
  ['property', 'leader.closeSocketAsync', 'onlyTrue', 'false'],
  ['property', 'leader.ackLoggingFrequency', 'int', '1000', 'packets'],
  ['property', 'learner.closeSocketAsync', 'onlyTrue', 'false'],
  ['property', 'learner.asyncSending', 'onlyTrue', 'false'],
  ['property', 'follower.skipLearnerRequestToNextProcessor', 'onlyTrue', 'false'],
  ['jvm', 'follower.nodelay', 'onlyTrue', 'true'],
  ['jvm', 'leader.nodelay', 'onlyTrue', 'true'],
  ['property', 'messageTracker.BufferSize', 'int', '10', 'messages'],
  ['property', 'messageTracker.Enabled', 'onlyTrue', 'false'],
  ['file', 'quorum.cnxn.threads.size', 'int', '20', 'threads'],
  ['file', 'multiAddress.reachabilityCheckEnabled', 'onlyTrue', 'true'],
  ['file', 'multiAddress.reachabilityCheckTimeoutMs', 'int', '1000', 'ms'],
  ['property', 'tcpKeepAlive', 'onlyTrue', 'false'],
  ['property', 'clientTcpKeepAlive', 'onlyTrue', 'false'],
  ['property', 'request_throttle_stall_time', 'int', '100', 'ms'],
  ['property', 'request_throttler.shutdownTimeout', 'int', '10000', 'ms'],
  ['property', 'serverCnxnFactory', 'text', ''],
  ['property', 'netty.advancedFlowControl.enabled', 'onlyTrue', 'false'],
  ['property', 'netty.server.earlyDropSecureConnectionHandshakes', 'onlyTrue', 'false'],
  ['property', 'netty.server.outstandingHandshake.limit', 'int', '-1', 'connections'],
  ['property', 'nio.numSelectorThreads', 'int', '', 'threads'],
  ['property', 'nio.numWorkerThreads', 'int', '', 'threads'],
  ['property', 'nio.directBufferBytes', 'int', '65536', 'bytes'],
  ['property', 'nio.shutdownTimeout', 'long', '5000', 'ms'],
  ['property', 'commitProcessor.numWorkerThreads', 'int', '', 'threads'],
  ['property', 'commitProcessor.shutdownTimeout', 'long', '5000', 'ms'],
  ['property', 'commitProcessor.maxReadBatchSize', 'int', '-1', 'requests'],
  ['property', 'commitProcessor.maxCommitBatchSize', 'int', '1', 'requests'],
  ['property', 'flushDelay', 'long', '0', 'ms'],
  ['property', 'maxWriteQueuePollTime', 'long', '', 'ms'],
  ['property', 'maxBatchSize', 'int', '1000', 'transactions'],
  ['property', 'intBufferStartingSizeBytes', 'int', '1024', 'bytes'],
  ['property', 'maxResponseCacheSize', 'int', '400', 'responses'],
  ['property', 'maxGetChildrenResponseCacheSize', 'int', '400', 'responses'],
  ['property', 'watchManagerName', 'text', ''],
  ['property', 'watcherCleanThreadsNum', 'int', '2', 'threads'],
  ['property', 'watcherCleanThreshold', 'int', '1000', 'watchers'],
  ['property', 'watcherCleanIntervalInSeconds', 'int', '600', 's'],
  ['property', 'maxInProcessingDeadWatchers', 'int', '-1', 'watchers'],
  ['property', 'bitHashCacheSize', 'int', '10', 'entries'],
  ['property', 'pathStats.enabled', 'onlyTrue', 'false'],
  ['property', 'pathStats.slotCapacity', 'int', '60', 'slots'],
  ['property', 'pathStats.slotDuration', 'int', '15', 's'],
  ['property', 'pathStats.maxDepth', 'int', '6', 'levels'],
  ['property', 'pathStats.sampleRate', 'ratio', '0.1'],
  ['property', 'pathStats.initialDelay', 'int', '5', 's'],
  ['property', 'pathStats.delay', 'int', '5', 's'],
  ['property', 'pathStats.topPathMax', 'int', '20', 'paths'],
  ['file', 'jvm.pause.monitor', 'boolean', 'false'],
  ['file', 'jvm.pause.warn-threshold.ms', 'long', '10000', 'ms'],
  ['file', 'jvm.pause.info-threshold.ms', 'long', '1000', 'ms'],
  ['file', 'jvm.pause.sleep.time.ms', 'long', '500', 'ms'],
]

export const NOT_ACTED: readonly Row[] = [
  ...LATER.map((brief) => rowOf(brief, 'later')),
  ...TUNING.map((brief) => rowOf(brief, 'tuning')),
]

/** X509Util has the same keys for clients (`ssl.`) and between servers (`ssl.quorum.`). */
function tls(key: string, kind: Kind = 'text'): Brief {
  return ['property', key, kind, '']
}

function rowOf(brief: Brief, notActed: 'later' | 'tuning'): Row {
  const [source, key, kind, fallback, unit = '', behavesAs = fallback] = brief
  return { source, key, kind, default: fallback, unit, does: '', notActed, behavesAs }
}
