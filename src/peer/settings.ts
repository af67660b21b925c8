/** From a member's zoo.cfg to what the core and the storage want to know. */
import { isDistributed, type ServerConfig } from '../config/serverConfig.ts'
import { membershipText } from '../config/write.ts'
import { quorumVerifier } from '../core/quorum.ts'
import type { PeerSettings } from '../core/settings.ts'
import type { Sid } from '../protocol/ids.ts'
import type { StorageOptions } from '../storage/storage.ts'

/** FastLeaderElection.finalizeWait. */
const FINALIZE_WAIT_MS = 200
/** Standalone servers make session ids with 1, whatever `conf` prints (ZooKeeperServer.createSessionTracker). */
const STANDALONE_SID = 1

export function sidOf(config: ServerConfig): Sid {
  return (config.sid ?? STANDALONE_SID) as Sid
}

export function coreSettings(config: ServerConfig): PeerSettings {
  const isStandalone = !isDistributed(config)
  const sid = sidOf(config)
  const verifier = quorumVerifier(config.servers)
  const text = isStandalone ? '' : membershipText(config, 0n)
  const isObserver = config.peerType === 'observer'
  return {
    isStandalone,
    isObserver,
    commitLogCount: config.commitLogCount,
    zab: {
      sid,
      verifier,
      tickTimeMs: config.tickTimeMs,
      initLimit: config.initLimit,
      syncLimit: config.syncLimit,
      membershipText: text,
    },
    election: {
      sid,
      verifier,
      learnerType: config.peerType,
      minNotificationIntervalMs: config.minNotificationIntervalMs,
      maxNotificationIntervalMs: config.maxNotificationIntervalMs,
      finalizeWaitMs: FINALIZE_WAIT_MS,
      configText: () => text,
    },
    requests: {
      sid,
      minSessionTimeoutMs: config.minSessionTimeoutMs,
      maxSessionTimeoutMs: config.maxSessionTimeoutMs,
      skipAcl: config.skipAcl,
      digestEnabled: config.digestEnabled,
      superDigest: config.superDigest,
    },
  }
}

export function storageOptions(config: ServerConfig): StorageOptions {
  return {
    dataDir: config.dataDir,
    dataLogDir: config.dataLogDir,
    snapCount: config.snapCount,
    snapSizeLimitKb: config.snapSizeLimitKb,
    preAllocSizeKb: config.preAllocSizeKb,
    forceSync: config.forceSync,
    txnLogSizeLimitKb: config.txnLogSizeLimitKb,
    commitLogCount: config.commitLogCount,
    snapshotTrustEmpty: config.snapshotTrustEmpty,
    dbAutocreate: config.dbAutocreate,
    datadirAutocreate: config.datadirAutocreate,
    snapshotCompression: config.snapshotCompression,
    digestEnabled: config.digestEnabled,
    fsyncWarningThresholdMs: config.fsyncWarningThresholdMs,
  }
}
