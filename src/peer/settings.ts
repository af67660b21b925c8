/** From a member's zoo.cfg to what the core and the storage want to know. */
import { isDistributed, type ServerConfig } from '../config/serverConfig.ts'
import type { PeerSettings } from '../core/settings.ts'
import type { Sid } from '../protocol/ids.ts'
import type { StorageOptions } from '../storage/storage.ts'
import { clientOptions } from './authentication.ts'
import { membershipSettings } from './membership.ts'
import { ttlRuleOf } from './nodeOptions.ts'
import { throttleOptions } from './throttle.ts'

/** FastLeaderElection.finalizeWait. */
const FINALIZE_WAIT_MS = 200
/**
 * Standalone servers make session ids with 1, whatever `conf` prints (ZooKeeperServer.createSessionTracker).
 */
const STANDALONE_SID = 1

export function sidOf(config: ServerConfig): Sid {
  return (config.sid ?? STANDALONE_SID) as Sid
}

export function coreSettings(config: ServerConfig): PeerSettings {
  const isStandalone = !isDistributed(config)
  const sid = sidOf(config)
  return {
    isStandalone,
    membership: membershipSettings(config),
    commitLogCount: config.commitLogCount,
    readOnlyMode: config.readOnlyModeEnabled,
    leaderServes: config.leaderServes,
    zab: {
      sid,
      tickTimeMs: config.tickTimeMs,
      initLimit: config.initLimit,
      syncLimit: config.syncLimit,
      containers: config.containers,
    },
    election: {
      minNotificationIntervalMs: config.minNotificationIntervalMs,
      maxNotificationIntervalMs: config.maxNotificationIntervalMs,
      finalizeWaitMs: FINALIZE_WAIT_MS,
    },
    requests: {
      sid,
      minSessionTimeoutMs: config.minSessionTimeoutMs,
      maxSessionTimeoutMs: config.maxSessionTimeoutMs,
      skipAcl: config.skipAcl,
      juteMaxBuffer: config.juteMaxBuffer,
      juteMaxBufferExtraSize: config.juteMaxBufferExtraSize,
      digestEnabled: config.digestEnabled,
      superDigest: config.authentication.superDigest,
      ...clientOptions(config),
      throttle: throttleOptions(config),
      enforceQuota: config.enforceQuota,
      closeSessionTxnEnabled: config.closeSessionTxnEnabled,
      localSessions: {
        enabled: config.localSessionsEnabled,
        upgrading: config.localSessionsUpgradingEnabled,
      },
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
    ttlRule: ttlRuleOf(config),
  }
}
