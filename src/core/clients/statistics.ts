/** Counts and latencies of this member's clients, for the four-letter words (ServerStats). */
import type { Now } from '../effects.ts'
import type { Client } from './client.ts'

export class ServerStatistics {
  received = 0
  sent = 0
  private answeredCount = 0
  private totalMs = 0
  private min = Number.POSITIVE_INFINITY
  maxLatencyMs = 0

  get minLatencyMs(): number {
    return this.answeredCount === 0 ? 0 : this.min
  }

  get averageLatencyMs(): number {
    return this.answeredCount === 0 ? 0 : this.totalMs / this.answeredCount
  }

  answered(client: Client, type: number, cxid: number, receivedAtMs: number, now: Now): void {
    const latencyMs = Math.max(0, Math.floor(now.monotonicMs - receivedAtMs))
    this.answeredCount += 1
    this.totalMs += latencyMs
    if (latencyMs < this.min) this.min = latencyMs
    if (latencyMs > this.maxLatencyMs) this.maxLatencyMs = latencyMs
    const own = client.statistics
    own.minLatencyMs = own.lastOperation === null ? latencyMs : Math.min(own.minLatencyMs, latencyMs)
    own.maxLatencyMs = Math.max(own.maxLatencyMs, latencyMs)
    own.totalLatencyMs += latencyMs
    own.lastLatencyMs = latencyMs
    own.lastOperation = type
    own.lastCxid = cxid
    own.lastResponseAtMs = now.wallMs
  }

  reset(): void {
    this.received = 0
    this.sent = 0
    this.answeredCount = 0
    this.totalMs = 0
    this.min = Number.POSITIVE_INFINITY
    this.maxLatencyMs = 0
  }
}
