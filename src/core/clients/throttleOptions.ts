/**
 * How many requests clients may have outstanding. The defaults are Apache's: only globalOutstandingLimit
 * slows a client.
 */
import type { ConnectionThrottleOptions } from './connectionThrottle.ts'

export interface ThrottleOptions {
  /** Above it, a connection with an outstanding request is not read from. */
  readonly globalOutstandingLimit: number
  /**
   * request_throttle_max_requests: while this many are outstanding, further ones wait in line; 0 is no limit.
   */
  readonly maxRequests: number
  /** request_throttle_drop_stale: a stale request in line is dropped, and its connection is closed. */
  readonly dropsStale: boolean
  /**
   * What is stale: request_stale_connection_check, a closed connection; -latency_check, a wait beyond its
   * timeout.
   */
  readonly checksStaleConnections: boolean
  readonly checksStaleLatency: boolean
  /** throttled_op_wait_time: a request that waited longer is answered ThrottledOp; 0 disables this. */
  readonly throttledOpWaitMs: number
  /**
   * The bytes above which a request is large, -1 for none; and how many bytes of large requests may be
   * outstanding.
   */
  readonly largeRequestThreshold: number
  readonly largeRequestMaxBytes: number
  readonly connections: ConnectionThrottleOptions
}

export const DEFAULT_THROTTLE: ThrottleOptions = {
  globalOutstandingLimit: 1000,
  maxRequests: 0,
  dropsStale: true,
  checksStaleConnections: true,
  checksStaleLatency: false,
  throttledOpWaitMs: 0,
  largeRequestThreshold: -1,
  largeRequestMaxBytes: 100 * 1024 * 1024,
  connections: {
    tokens: 0,
    fillTimeMs: 1,
    fillCount: 1,
    freezeTimeMs: -1,
    dropIncrease: 0.02,
    dropDecrease: 0.002,
    decreaseRatio: 0,
    newSessionWeight: 1,
    renewedSessionWeight: 1,
  },
}
