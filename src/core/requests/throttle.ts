/**
 * Slows clients down before a member drowns in their requests. Two means, as in Apache: a connection that has
 * something under way is not read from (ServerCnxn.disableRecv), and requests wait in one line until those
 * before them are done (RequestThrottler).
 *
 * Invariants: nothing is slowed that nothing will wake: who is not read from has a request under way or in
 * line, the line stands only while something is under way, and what is under way is answered or ends with its
 * connection. The line keeps the order of all requests. Proofs of identity never wait in it.
 */

import { OpCode } from '../../protocol/opcodes.ts'
import type { Now, SendEffect } from '../effects.ts'
import { Fifo } from '../fifo.ts'
import type { Client, Queued } from './client.ts'
import { DEFAULT_THROTTLE, type ThrottleOptions } from './throttleOptions.ts'

/** A request as it arrived. */
export interface Arrival {
  readonly xid: number
  readonly type: number
  /** The frame's bytes behind the header. */
  readonly body: Buffer
  readonly atMs: number
}

/** What a client has under way, counted for itself and for the member. */
export class Underway extends Fifo<Queued> {
  /** Reads that wait here for a write or sync before them. */
  waitingReads = 0
  private readonly member: { count: number }

  constructor(member: { count: number }) {
    super()
    this.member = member
  }

  override push(queued: Queued): void {
    super.push(queued)
    this.member.count += 1
    if (queued.waitsFor === 'nothing') this.waitingReads += 1
  }

  override shift(): Queued | undefined {
    const queued = super.shift()
    if (queued === undefined) return undefined
    this.member.count -= 1
    if (queued.waitsFor === 'nothing') this.waitingReads -= 1
    return queued
  }

  override clear(): void {
    this.member.count -= this.length
    this.waitingReads = 0
    super.clear()
  }
}

export interface ThrottleParts {
  readonly options: ThrottleOptions | undefined
  readonly emit: (effect: SendEffect) => void
  /** Its turn has come. `isLate`: it is to be answered ThrottledOp, at its place. */
  readonly process: (client: Client, arrival: Arrival, isLate: boolean, now: Now) => void
  /** Ends a connection whose requests must not go on. */
  readonly close: (client: Client, reason: string) => void
}

/** The replies to reads that wait behind a write leave all at once: this bounds how much that can be. */
const MOST_WAITING_READS = 64
/** Request.isThrottlable. */
const NEVER_LATE = new Set<number>([OpCode.ping, OpCode.closeSession, OpCode.createSession])

interface InLine {
  readonly client: Client
  readonly arrival: Arrival
}

export class Throttle {
  private readonly parts: ThrottleParts
  private readonly options: ThrottleOptions
  private readonly member = { count: 0 }
  private readonly line = new Fifo<InLine>()
  /** Bytes of large requests in line or under way, by what is counted for each connection. */
  private largeBytes = 0
  private isPumping = false

  constructor(parts: ThrottleParts) {
    this.parts = parts
    this.options = parts.options ?? DEFAULT_THROTTLE
  }

  /** A queue for a client, counted here. */
  underway(): Underway {
    return new Underway(this.member)
  }

  /** Requests that are not answered yet. */
  get outstanding(): number {
    return this.member.count + this.line.length
  }

  /** A request that is no proof of identity. It is processed now or when its turn comes. */
  arrived(client: Client, arrival: Arrival, now: Now): void {
    if (!this.admitsLarge(client, arrival)) return
    if (arrival.xid > 0) client.unanswered += 1
    if (this.options.maxRequests === 0) this.parts.process(client, arrival, false, now)
    else {
      this.line.push({ client, arrival })
      this.pump(now)
    }
    if (this.mustHold(client)) this.hold(client)
  }

  /** A reply leaves: perhaps the next request may come (ServerCnxn.decrOutstandingAndCheckThrottle). */
  answered(client: Client, xid: number): void {
    if (xid > 0 && client.unanswered > 0) client.unanswered -= 1
    if (client.unanswered === 0) this.releaseLarge(client)
    if (client.isHeld && !this.mustHold(client)) this.release(client)
  }

  /** Nothing is read from a connection whose session is being opened (processConnectRequest). */
  hold(client: Client): void {
    if (client.isHeld) return
    client.isHeld = true
    this.parts.emit({ kind: 'throttleClient', connection: client.connection, isThrottled: true })
  }

  release(client: Client): void {
    if (!client.isHeld) return
    client.isHeld = false
    this.parts.emit({ kind: 'throttleClient', connection: client.connection, isThrottled: false })
  }

  /** Its connection is closed. */
  forget(client: Client): void {
    client.isGone = true
    this.releaseLarge(client)
  }

  clear(): void {
    this.line.clear()
  }

  /** Lets in whoever may go on now. */
  pump(now: Now): void {
    if (this.isPumping || this.line.length === 0) return
    this.isPumping = true
    try {
      for (let first = this.line.peek(); first !== undefined; first = this.line.peek()) {
        if (this.isStale(first, now)) this.drop(first)
        else if (this.member.count >= this.options.maxRequests) return
        else this.letIn(first, now)
      }
    } finally {
      this.isPumping = false
    }
  }

  private letIn({ client, arrival }: InLine, now: Now): void {
    this.line.shift()
    const { throttledOpWaitMs } = this.options
    const waitedMs = now.monotonicMs - arrival.atMs
    const isLate = throttledOpWaitMs > 0 && waitedMs > throttledOpWaitMs && !NEVER_LATE.has(arrival.type)
    this.parts.process(client, arrival, isLate, now)
  }

  /** Request.isStale: what ends a session outlives its connection. */
  private isStale({ client, arrival }: InLine, now: Now): boolean {
    const { dropsStale, checksStaleConnections, checksStaleLatency } = this.options
    if (client.isDropped) return true
    if (!dropsStale || arrival.type === OpCode.closeSession) return false
    if (checksStaleConnections && client.isGone) return true
    return checksStaleLatency && now.monotonicMs - arrival.atMs > client.timeoutMs
  }

  /** What the client sent behind it must not be done either (ServerCnxn.setInvalid). */
  private drop({ client, arrival }: InLine): void {
    this.line.shift()
    client.isDropped = true
    this.parts.close(client, `its request ${arrival.xid} has waited too long`)
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
  private admitsLarge(client: Client, { body }: Arrival): boolean {
    const { largeRequestThreshold: threshold, largeRequestMaxBytes: most } = this.options
    if (threshold === -1 || body.length <= threshold) return true
    if (this.largeBytes + body.length > most) {
      const reason = `a request of ${body.length} bytes, and ${this.largeBytes} of large ones are under way: largeRequestMaxBytes is ${most}`
      this.parts.close(client, reason)
      return false
    }
    this.largeBytes += body.length
    client.largeBytes += body.length
    return true
  }

  private releaseLarge(client: Client): void {
    this.largeBytes -= client.largeBytes
    client.largeBytes = 0
  }
}
