/** From a member's zoo.cfg to how much its clients may have under way. */
import type { ServerConfig } from '../config/serverConfig.ts'
import type { ConnectionThrottleOptions } from '../core/clients/connectionThrottle.ts'
import type { ThrottleOptions } from '../core/clients/throttleOptions.ts'

export function throttleOptions(config: ServerConfig): ThrottleOptions {
  const { throttle } = config
  const { largeRequestThreshold: threshold, largeRequestMaxBytes: most } = throttle
  return {
    globalOutstandingLimit: throttle.globalOutstandingLimit,
    maxRequests: Math.max(0, throttle.maxRequests),
    dropsStale: throttle.dropStale,
    checksStaleConnections: throttle.staleConnectionCheck,
    checksStaleLatency: throttle.staleLatencyCheck,
    throttledOpWaitMs: throttle.throttledOpWaitMs,
    // ZooKeeperServer.setLargeRequestThreshold, -MaxBytes: what makes no sense is not taken.
    largeRequestThreshold: threshold > 0 ? threshold : -1,
    largeRequestMaxBytes: most > 0 ? most : 100 * 1024 * 1024,
    connections: connectionOptions(config),
  }
}

/** BlueThrottle's static block: with weights, tokens are counted for global sessions. */
function connectionOptions(config: ServerConfig): ConnectionThrottleOptions {
  const { throttle } = config
  const { globalSessionWeight, localSessionWeight, renewSessionWeight } = throttle
  const local = localSessionWeight > 0 ? localSessionWeight : 1
  const atLeastLocal = (weight: number, usual: number) =>
    weight > 0 ? Math.max(weight, localSessionWeight) : usual
  const global = atLeastLocal(globalSessionWeight, 3)
  const weights = throttle.connectionWeights
  const scale = weights ? global : 1
  return {
    tokens: throttle.connectionTokens * scale,
    fillTimeMs: Math.max(1, throttle.connectionFillTimeMs),
    fillCount: throttle.connectionFillCount * scale,
    freezeTimeMs: throttle.connectionFreezeTimeMs,
    dropIncrease: throttle.connectionDropIncrease,
    dropDecrease: throttle.connectionDropDecrease,
    decreaseRatio: throttle.connectionDecreaseRatio,
    newSessionWeight: weights ? (config.localSessionsEnabled ? local : global) : 1,
    renewedSessionWeight: weights ? atLeastLocal(renewSessionWeight, 2) : 1,
  }
}
