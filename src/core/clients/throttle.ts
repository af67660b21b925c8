/**
 * Slows clients down before a member drowns in their requests. Two means, as in Apache: a connection that has
 * outstanding requests is not read from (ServerCnxn.disableRecv), and requests wait in one line until those
 * before them are done (RequestThrottler).
 *
 * Invariants: whatever is slowed will be woken: a client that is not read from has a request outstanding or
 * in line, the line stops only while a request is outstanding, and an outstanding request is answered or ends
 * with its connection. The line keeps the order of all requests. Proofs of identity never wait in it.
 */

import { OpCode } from '../../protocol/opcodes.ts'
import type { Now, SendEffect } from '../effects.ts'
import { Fifo } from '../fifo.ts'
import type { Client } from './client.ts'
import { OutstandingRequests } from './outstandingRequests.ts'
import { DEFAULT_THROTTLE, type ThrottleOptions } from './throttleOptions.ts'

/** A request as it arrived. */
export interface Arrival {
  readonly xid: number
  readonly type: number
  /** The frame's bytes after the header. */
  readonly body: Buffer
  readonly atMs: number
}

/**
 * A request whose turn has come. `late`: it has waited too long, and is answered ThrottledOp at its place.
 * `stale`: it is not executed any more, and its connection is closed.
 */
interface Admitted {
  readonly client: Client
  readonly arrival: Arrival
  readonly verdict: 'process' | 'late' | 'stale'
}

/** Limit of the reads that wait for a write of the same client, because their replies leave all at once. */
const MOST_WAITING_READS = 64
/** Request.isThrottlable. */
const NEVER_LATE = new Set<number>([OpCode.ping, OpCode.closeSession, OpCode.createSession])

interface InLine {
  readonly client: Client
  readonly arrival: Arrival
}

export class Throttle {
  private readonly emit: (effect: SendEffect) => void
  private readonly options: ThrottleOptions
  private readonly member = { count: 0 }
  private readonly line = new Fifo<InLine>()
  /** Bytes of all large requests in line or outstanding. */
  private largeBytes = 0

  constructor(options: ThrottleOptions | undefined, emit: (effect: SendEffect) => void) {
    this.options = options ?? DEFAULT_THROTTLE
    this.emit = emit
  }

  /** A queue for a client, counted here. */
  underway(): OutstandingRequests {
    return new OutstandingRequests(this.member)
  }

  /** Requests that are not answered yet. */
  get outstanding(): number {
    return this.member.count + this.line.length
  }

  /**
   * Puts a request that is no authentication in line. @returns why its connection must end instead, or null
   */
  arrived(client: Client, arrival: Arrival): string | null {
    const refusal = this.refuseLarge(client, arrival)
    if (refusal !== null) return refusal
    if (arrival.xid > 0) client.unanswered += 1
    this.line.push({ client, arrival })
    return null
  }

  /**
   * The request whose turn it is; null while none is admitted. After it is processed, `holdIfBusy` is due.
   */
  next(now: Now): Admitted | null {
    const first = this.line.peek()
    if (first === undefined) return null
    const { maxRequests } = this.options
    const isLimited = maxRequests !== 0
    const isStale = isLimited && this.isStale(first, now)
    if (isLimited && !isStale && this.member.count >= maxRequests) {
      this.holdIfBusy(this.line.last()?.client)
      return null
    }
    this.line.shift()
    // What the client sent after it must not be executed either (ServerCnxn.setInvalid).
    if (isStale) first.client.isDropped = true
    const verdict = isStale ? 'stale' : isLimited && this.isLate(first, now) ? 'late' : 'process'
    return { ...first, verdict }
  }

  /** Nothing more is read from a client whose requests pile up. */
  holdIfBusy(client: Client | undefined): void {
    if (client !== undefined && !client.isGone && this.mustHold(client)) this.hold(client)
  }

  /** A reply is sent, so the next request may be allowed (ServerCnxn.decrOutstandingAndCheckThrottle). */
  answered(client: Client, xid: number): void {
    if (xid > 0 && client.unanswered > 0) client.unanswered -= 1
    if (client.unanswered === 0) this.releaseLarge(client)
    if (client.isHeld && !this.mustHold(client)) this.release(client)
  }

  /** Nothing is read from a connection whose session is being opened (processConnectRequest). */
  hold(client: Client): void {
    if (client.isHeld) return
    client.isHeld = true
    this.emit({ kind: 'throttleClient', connection: client.connection, isThrottled: true })
  }

  release(client: Client): void {
    if (!client.isHeld) return
    client.isHeld = false
    this.emit({ kind: 'throttleClient', connection: client.connection, isThrottled: false })
  }

  /** The connection of this client is gone. */
  forget(client: Client): void {
    this.releaseLarge(client)
  }

  clear(): void {
    this.line.clear()
  }

  private isLate({ arrival }: InLine, now: Now): boolean {
    const { throttledOpWaitMs } = this.options
    const waitedMs = now.monotonicMs - arrival.atMs
    return throttledOpWaitMs > 0 && waitedMs > throttledOpWaitMs && !NEVER_LATE.has(arrival.type)
  }

  /** Request.isStale: what ends a session outlives its connection. */
  private isStale({ client, arrival }: InLine, now: Now): boolean {
    const { dropsStale, checksStaleConnections, checksStaleLatency } = this.options
    if (client.isDropped) return true
    if (!dropsStale || arrival.type === OpCode.closeSession) return false
    if (checksStaleConnections && client.isGone) return true
    return checksStaleLatency && now.monotonicMs - arrival.atMs > client.timeoutMs
  }

  private get isOverloaded(): boolean {
    const { globalOutstandingLimit } = this.options
    return this.line.length > globalOutstandingLimit || this.member.count > globalOutstandingLimit
  }

  private mustHold(client: Client): boolean {
    if (client.phase !== 'open') return true
    if (client.queue.waitingReads > MOST_WAITING_READS) return true
    return client.unanswered > 0 && this.isOverloaded
  }

  /** ZooKeeperServer.checkRequestSizeWhenMessageReceived. */
  private refuseLarge(client: Client, { body }: Arrival): string | null {
    const { largeRequestThreshold: threshold, largeRequestMaxBytes: most } = this.options
    if (threshold === -1 || body.length <= threshold) return null
    if (this.largeBytes + body.length > most)
      return `a request of ${body.length} bytes, and ${this.largeBytes} of large ones are under way: largeRequestMaxBytes is ${most}`
    this.largeBytes += body.length
    client.largeBytes += body.length
    return null
  }

  private releaseLarge(client: Client): void {
    this.largeBytes -= client.largeBytes
    client.largeBytes = 0
  }
}
