/**
 * What the core and the storage take from zoo.cfg. Most of their options are its fields, by the same names.
 */
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
  const sid = sidOf(config)
  const { tickTimeMs, initLimit, syncLimit, containers } = config
  const { minNotificationIntervalMs, maxNotificationIntervalMs } = config
  return {
    isStandalone: !isDistributed(config),
    membership: membershipSettings(config),
    commitLogCount: config.commitLogCount,
    readOnlyMode: config.readOnlyModeEnabled,
    leaderServes: config.leaderServes,
    zab: { sid, tickTimeMs, initLimit, syncLimit, containers },
    election: { minNotificationIntervalMs, maxNotificationIntervalMs, finalizeWaitMs: FINALIZE_WAIT_MS },
    requests: {
      ...config,
      sid,
      superDigest: config.authentication.superDigest,
      ...clientOptions(config),
      throttle: throttleOptions(config),
      localSessions: {
        enabled: config.localSessionsEnabled,
        upgrading: config.localSessionsUpgradingEnabled,
      },
    },
  }
}

export function storageOptions(config: ServerConfig): StorageOptions {
  return { ...config, ttlRule: ttlRuleOf(config) }
}
