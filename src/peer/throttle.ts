/** From a member's zoo.cfg to how much its clients may have under way. */
import type { ServerConfig } from '../config/serverConfig.ts'
import { THROTTLE } from '../config/settings/throttle.ts'
import type { ConnectionThrottleOptions } from '../core/clients/connectionThrottle.ts'
import type { ThrottleOptions } from '../core/clients/throttleOptions.ts'

export function throttleOptions(config: ServerConfig): ThrottleOptions {
  const { throttle } = config
  return {
    globalOutstandingLimit: throttle.globalOutstandingLimit,
    maxRequests: Math.max(0, throttle.maxRequests),
    dropsStale: throttle.dropStale,
    checksStaleConnections: throttle.staleConnectionCheck,
    checksStaleLatency: throttle.staleLatencyCheck,
    throttledOpWaitMs: throttle.throttledOpWaitMs,
    largeRequestThreshold: positive(config, 'largeRequestThreshold'),
    largeRequestMaxBytes: positive(config, 'largeRequestMaxBytes'),
    connections: connectionOptions(config),
  }
}

/** BlueThrottle's static block: with weights, tokens are counted for global sessions. */
function connectionOptions(config: ServerConfig): ConnectionThrottleOptions {
  const { throttle } = config
  const atLeastLocal = (field: 'globalSessionWeight' | 'renewSessionWeight') =>
    throttle[field] > 0
      ? Math.max(throttle[field], throttle.localSessionWeight)
      : Number(THROTTLE[field].default)
  const global = atLeastLocal('globalSessionWeight')
  const ofNew = config.localSessionsEnabled ? positive(config, 'localSessionWeight') : global
  const scale = throttle.connectionWeights ? global : 1
  return {
    tokens: throttle.connectionTokens * scale,
    fillTimeMs: Math.max(1, throttle.connectionFillTimeMs),
    fillCount: throttle.connectionFillCount * scale,
    freezeTimeMs: throttle.connectionFreezeTimeMs,
    dropIncrease: throttle.connectionDropIncrease,
    dropDecrease: throttle.connectionDropDecrease,
    decreaseRatio: throttle.connectionDecreaseRatio,
    newSessionWeight: throttle.connectionWeights ? ofNew : 1,
    renewedSessionWeight: throttle.connectionWeights ? atLeastLocal('renewSessionWeight') : 1,
  }
}

/**
 * The default takes the place of values that make no sense (ZooKeeperServer.setLargeRequestThreshold,
 * -MaxBytes).
 */
function positive(
  { throttle }: ServerConfig,
  field: 'largeRequestThreshold' | 'largeRequestMaxBytes' | 'localSessionWeight',
): number {
  return throttle[field] > 0 ? throttle[field] : Number(THROTTLE[field].default)
}
