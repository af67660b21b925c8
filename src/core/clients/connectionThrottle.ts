/**
 * How fast sessions may be opened: a bucket of tokens and, if configured, a share of connections that is
 * refused at random and grows while the bucket is empty (BlueThrottle).
 */
import { NO_SESSION } from '../../protocol/ids.ts'
import type { Now } from '../effects.ts'

export interface ConnectionThrottleOptions {
  /** The bucket's size; 0 turns the throttle off. */
  readonly tokens: number
  readonly fillTimeMs: number
  readonly fillCount: number
  /** How long the random share remains unchanged; -1 disables it. */
  readonly freezeTimeMs: number
  readonly dropIncrease: number
  readonly dropDecrease: number
  /** The share decreases when this part of the bucket or less is in use. */
  readonly decreaseRatio: number
  /** The tokens that a new session costs, and a returning one; both 1 without weights. */
  readonly newSessionWeight: number
  readonly renewedSessionWeight: number
}

/** ConnectRequest: protocolVersion, lastZxidSeen and timeOut come before the session's id. */
const SESSION_ID_AT = 16

export class ConnectionThrottle {
  private readonly options: ConnectionThrottleOptions
  /** 0 to 1, exclusive. */
  private readonly random: () => number
  private tokens: number
  private filledAtMs = 0
  private frozenAtMs = 0
  /** The share of connections that is refused, 0 to 1. */
  private drop = 0

  constructor(options: ConnectionThrottleOptions, random: () => number) {
    this.options = options
    this.random = random
    this.tokens = options.tokens
  }

  get dropChance(): number {
    return this.drop
  }

  /** Whether a connection whose first frame this is may have a session. */
  admits(connectRequest: Buffer, now: Now): boolean {
    const { tokens: size, freezeTimeMs } = this.options
    if (size === 0) return true
    this.fill(now.monotonicMs)
    if (freezeTimeMs !== -1 && !this.escapesDrop(now.monotonicMs)) return false
    const need = this.weightOf(connectRequest)
    if (this.tokens < need) return false
    this.tokens -= need
    return true
  }

  private fill(nowMs: number): void {
    const { fillTimeMs, fillCount, tokens: size } = this.options
    const passedMs = nowMs - this.filledAtMs
    if (passedMs <= fillTimeMs) return
    this.tokens = Math.min(this.tokens + Math.floor((passedMs * fillCount) / fillTimeMs), size)
    this.filledAtMs = nowMs
  }

  private escapesDrop(nowMs: number): boolean {
    const { tokens: size, freezeTimeMs, dropIncrease, dropDecrease, decreaseRatio } = this.options
    if (nowMs - this.frozenAtMs > freezeTimeMs) {
      const used = size - this.tokens
      if (used === size) this.drop = Math.min(this.drop + dropIncrease, 1)
      else if (used <= Math.round(size * decreaseRatio)) this.drop = Math.max(this.drop - dropDecrease, 0)
      this.frozenAtMs = nowMs
    }
    return this.random() >= this.drop
  }

  private weightOf(frame: Buffer): number {
    const { newSessionWeight, renewedSessionWeight } = this.options
    const isNew = frame.length < SESSION_ID_AT + 8 || frame.readBigInt64BE(SESSION_ID_AT) === NO_SESSION
    return isNew ? newSessionWeight : renewedSessionWeight
  }
}
