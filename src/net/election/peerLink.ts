/**
 * The conversation with one peer's election port (QuorumCnxManager's SendWorker and RecvWorker). The greater sid
 * dials; a smaller one dials only to be dialled back. One message waits at most, the newest; the last that was
 * sent is sent again on a new connection, as it may have died with the old one.
 *
 * Invariant: a peer is reported unreachable only after its port refused, or let us wait in vain. A broken
 * connection alone says nothing (both may have dialled at once, and one connection gave way): it is probed by
 * dialling again at once, which a dead process's port answers within a millisecond.
 */
import { connect, type Socket } from 'node:net'
import {
  type Address,
  decodeNotification,
  encodeGreeting,
  encodeNotification,
} from '../../core/election/codec.ts'
import type { Notification } from '../../core/election/notification.ts'
import type { Sid } from '../../protocol/ids.ts'
import { DecodeError } from '../../protocol/reader.ts'
import { Frames } from './frames.ts'

export interface PeerLinkParts {
  readonly own: Sid
  readonly peer: Sid
  readonly addresses: readonly Address[]
  /** Where this server is dialled back; asked at each dial, as the port may be given only by listening. */
  readonly advertised: () => Address
  readonly cnxTimeoutMs: number
  readonly onNotification: (notification: Notification) => void
  readonly onReachability: (reachable: boolean, reason: string) => void
  readonly log: (level: 'debug' | 'info' | 'warn', message: string) => void
}

const FIRST_RETRY_MS = 20
const LAST_RETRY_MS = 1000
/** A greater peer that was greeted dials back; greeting it again meanwhile would make it start over. */
const GREETED_RETRY_MS = 100
/** How long a message is worth dialling for; an election that goes on sends again. */
const MESSAGE_WORTH_MS = 10_000
/** A connection this young was dialled while the peer dialled us: its greeting is no sign that ours is dead. */
const CROSSING_MS = 1000

export class PeerLink {
  private readonly parts: PeerLinkParts
  private live: Socket | null = null
  private liveSinceMs = 0
  private dialling: Socket | null = null
  /** Addresses to try, those that the peer named itself first. */
  private addresses: readonly Address[]
  private configured: readonly Address[]
  private nextAddress = 0
  private pending: Buffer | null = null
  private lastSent: Buffer | null = null
  private isWriting = false
  private dialUntilMs = 0
  /** The connection broke and no dial has been answered or refused since. */
  private isInDoubt = false
  private retry: NodeJS.Timeout | null = null
  private retryMs = FIRST_RETRY_MS
  private reported: boolean | null = null
  private isClosed = false

  constructor(parts: PeerLinkParts) {
    this.parts = parts
    this.addresses = parts.addresses
    this.configured = parts.addresses
  }

  /** Where the peer is from now on; a conversation that is under way goes on. */
  moved(addresses: readonly Address[]): void {
    this.configured = addresses
    this.addresses = addresses
    this.nextAddress = 0
  }

  /** There is a connection, or one is on its way. */
  get isInUse(): boolean {
    return this.live !== null || this.dialling !== null || this.retry !== null
  }

  get isConnected(): boolean {
    return this.live !== null
  }

  send(notification: Notification): void {
    this.pending = encodeNotification(notification)
    this.dialUntilMs = performance.now() + MESSAGE_WORTH_MS
    this.retryMs = FIRST_RETRY_MS
    if (this.live === null) this.dial()
    else this.flush()
  }

  /** A smaller peer greeted us: it wants a connection, and has none that it knows of. */
  dialBack(named: readonly Address[]): void {
    if (this.live !== null && performance.now() - this.liveSinceMs < CROSSING_MS) return
    const isNamed = (known: Address) =>
      named.some(({ host, port }) => host === known.host && port === known.port)
    this.addresses = [...named, ...this.configured.filter((address) => !isNamed(address))]
    this.nextAddress = 0
    this.dropLive()
    this.isInDoubt = true
    this.dial()
  }

  /** Talks over a connection on which the greeting is done; `received` followed the greeting. */
  adopt(socket: Socket, received: Buffer): void {
    if (this.isClosed) {
      socket.destroy()
      return
    }
    this.stopRetrying()
    this.dropLive()
    const { dialling } = this
    this.dialling = null
    if (dialling !== socket) dialling?.destroy()
    socket.setTimeout(0)
    this.live = socket
    this.liveSinceMs = performance.now()
    this.isInDoubt = false
    const frames = new Frames()
    socket.on('data', (chunk) => this.receive(socket, frames, chunk))
    socket.on('error', (error) =>
      this.parts.log('debug', `connection to ${this.parts.peer}: ${error.message}`),
    )
    socket.on('close', () => this.broken(socket))
    this.report(true, 'connected')
    this.pending ??= this.lastSent
    this.flush()
    if (received.length > 0) this.receive(socket, frames, received)
    socket.resume()
  }

  close(): void {
    this.isClosed = true
    this.stopRetrying()
    this.dropLive()
    this.dialling?.destroy()
    this.dialling = null
  }

  private flush(): void {
    const { live, pending } = this
    if (live === null || pending === null || this.isWriting) return
    this.pending = null
    this.lastSent = pending
    this.isWriting = true
    live.write(pending, () => {
      if (this.live !== live) return
      this.isWriting = false
      this.flush()
    })
  }

  private receive(socket: Socket, frames: Frames, chunk: Buffer): void {
    try {
      for (const message of frames.push(chunk)) {
        if (this.live !== socket) return
        this.notify(message)
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.parts.log('warn', `closing the connection of ${this.parts.peer}: ${error.message}`)
      socket.destroy()
    }
  }

  private notify(message: Buffer): void {
    let notification: Notification
    try {
      notification = decodeNotification(message)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.parts.log('warn', `dropping a message of ${this.parts.peer}: ${error.message}`)
      return
    }
    this.parts.onNotification(notification)
  }

  private dropLive(): void {
    const { live } = this
    this.live = null
    this.isWriting = false
    live?.destroy()
  }

  private broken(socket: Socket): void {
    if (this.live !== socket) return
    this.dropLive()
    this.isInDoubt = true
    this.parts.log('info', `Connection broken for id ${this.parts.peer}, my id = ${this.parts.own}`)
    // One that broke right away would break again: a port may accept for a moment after its process has died.
    const isProbedAtOnce = performance.now() - this.liveSinceMs > FIRST_RETRY_MS
    if (isProbedAtOnce) this.retryMs = FIRST_RETRY_MS
    if (isProbedAtOnce) this.dial()
    else this.retryLater()
  }

  private dial(): void {
    if (this.isClosed || this.live !== null || this.dialling !== null) return
    this.stopRetrying()
    const address = this.addresses[this.nextAddress % this.addresses.length]
    if (address === undefined) return
    const socket = connect({ host: address.host, port: address.port, noDelay: true })
    this.dialling = socket
    let failure: string | null = 'closed'
    // Runs on after the greeting: a peer that neither closes nor dials back is greeted anew.
    socket.setTimeout(this.parts.cnxTimeoutMs, () => {
      if (failure !== null) failure = `no answer within ${this.parts.cnxTimeoutMs} ms`
      socket.destroy()
    })
    socket.once('connect', () => {
      failure = null
      this.greet(socket)
    })
    socket.on('error', (error) => {
      failure = error.message
    })
    socket.once('close', () => {
      if (this.dialling !== socket) return
      this.dialling = null
      if (failure === null) this.retryLater(this.isInDoubt ? FIRST_RETRY_MS : GREETED_RETRY_MS)
      else this.dialFailed(address, failure)
    })
  }

  private greet(socket: Socket): void {
    const { own, peer, advertised } = this.parts
    const greeting = encodeGreeting(own, advertised())
    if (peer < own) {
      socket.write(greeting)
      this.adopt(socket, Buffer.alloc(0))
      return
    }
    this.parts.log(
      'debug',
      `Have smaller server identifier, so dropping the connection: (myId:${own} --> sid:${peer})`,
    )
    socket.end(greeting)
    socket.resume()
  }

  private dialFailed({ host, port }: Address, reason: string): void {
    this.nextAddress = (this.nextAddress + 1) % this.addresses.length
    if (this.nextAddress !== 0) {
      this.dial()
      return
    }
    this.isInDoubt = false
    const { peer } = this.parts
    this.report(false, `Cannot open channel to ${peer} at election address ${host}:${port}: ${reason}`)
    this.retryLater()
  }

  /** Dials again after a while, as long as somebody wants to know or to be told. */
  private retryLater(atLeastMs = 0): void {
    const isWanted = this.isInDoubt || (this.pending !== null && performance.now() < this.dialUntilMs)
    if (this.isClosed || !isWanted || this.retry !== null) return
    this.retry = setTimeout(
      () => {
        this.retry = null
        this.dial()
      },
      Math.max(this.retryMs, atLeastMs),
    )
    this.retryMs = Math.min(this.retryMs * 2, LAST_RETRY_MS)
  }

  private stopRetrying(): void {
    if (this.retry !== null) clearTimeout(this.retry)
    this.retry = null
  }

  private report(reachable: boolean, reason: string): void {
    if (this.isClosed || this.reported === reachable) return
    this.reported = reachable
    this.parts.onReachability(reachable, reason)
  }
}
