/**
 * The connections between this server and the election port of one peer (QuorumCnxManager's SendWorker and
 * RecvWorker). The server with the greater sid dials; the other one dials only to be dialled back. The last
 * message is sent again on each new connection, because it may have been lost with the previous one.
 *
 * A greeting only claims an id. Apache closes the connection that it already had for that id. Here the
 * existing connection stays, and the new one is used beside it: a peer that returns while its old connection
 * is half open is heard at once, and a stranger silences no peer. A peer that has left closes its own end.
 *
 * Invariants: connections are few, and the first one stays as long as it lives. A peer is reported
 * unreachable only after its port refused a connection or did not answer in time. A broken connection alone
 * proves nothing (both servers may have dialled at once, and one of the two connections was dropped): the
 * peer is dialled again at once, and the port of a dead process refuses that within a millisecond.
 */
import { connect, type Socket } from 'node:net'
import { type Address, encodeGreeting, encodeNotification } from '../../core/election/codec.ts'
import type { Notification } from '../../core/election/notification.ts'
import type { Sid } from '../../protocol/ids.ts'
import { Conversation } from './conversation.ts'

interface PeerLinkParts {
  readonly own: Sid
  readonly peer: Sid
  readonly addresses: readonly Address[]
  /**
   * Where this server is to be dialled back. Called for each dial, because the port may be known only once it
   * is bound.
   */
  readonly advertised: () => Address
  readonly cnxTimeoutMs: number
  readonly onNotification: (notification: Notification) => void
  readonly onReachability: (reachable: boolean, reason: string) => void
  readonly log: (level: 'debug' | 'info' | 'warn', message: string) => void
}

const FIRST_RETRY_MS = 20
const LAST_RETRY_MS = 1000
/** A peer with a greater sid dials back once greeted; another greeting meanwhile would make it start over. */
const GREETED_RETRY_MS = 100
/** How long a message is worth dialling for. An election that continues sends it again. */
const MESSAGE_WORTH_MS = 10_000
/**
 * A connection younger than this was dialled while the peer dialled us, so the peer's greeting is no sign
 * that our connection is dead.
 */
const CROSSING_MS = 1000
/** Most connections in one peer's name. */
const MOST_CONVERSATIONS = 4

export class PeerLink {
  private readonly parts: PeerLinkParts
  /** The oldest conversation comes first. */
  private conversations: Conversation[] = []
  private dialling: Socket | null = null
  /** The addresses to try. Those that the peer named itself come first. */
  private addresses: readonly Address[]
  private configured: readonly Address[]
  private nextAddress = 0
  private pending: Buffer | null = null
  private lastSent: Buffer | null = null
  private dialUntilMs = 0
  /** Whether the connection broke, and no dial has been answered or refused since. */
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

  /** Sets the peer's addresses from now on; existing conversations continue. */
  moved(addresses: readonly Address[]): void {
    this.configured = addresses
    this.addresses = addresses
    this.nextAddress = 0
  }

  /** Whether there is a connection, or one is being made. */
  get isInUse(): boolean {
    return this.isConnected || this.dialling !== null || this.retry !== null
  }

  get isConnected(): boolean {
    return this.conversations.length > 0
  }

  send(notification: Notification): void {
    this.pending = encodeNotification(notification)
    this.dialUntilMs = performance.now() + MESSAGE_WORTH_MS
    this.retryMs = FIRST_RETRY_MS
    if (this.isConnected) this.flush()
    else this.dial()
  }

  /**
   * Dials a peer with a smaller sid that greeted us: it wants a connection and knows of none. If there is one
   * here, the greeting may be a stranger's. Then the peer is dialled first at its known addresses, and
   * nothing is concluded if it does not answer.
   */
  dialBack(named: readonly Address[]): void {
    const newest = this.conversations.at(-1)
    if (newest !== undefined && performance.now() - newest.sinceMs < CROSSING_MS) return
    this.addresses = newest === undefined ? joined(named, this.configured) : joined(this.configured, named)
    this.nextAddress = 0
    this.isInDoubt = newest === undefined
    this.dial(true)
  }

  /**
   * Takes over a connection on which the greeting has been exchanged.
   * @param received the bytes that followed the greeting
   */
  adopt(socket: Socket, received: Buffer): void {
    if (this.isClosed) {
      socket.destroy()
      return
    }
    this.stopRetrying()
    const { dialling } = this
    this.dialling = null
    if (dialling !== socket) dialling?.destroy()
    this.addresses = joined(this.configured, this.addresses)
    this.nextAddress = 0
    this.isInDoubt = false
    const { peer, log, onNotification } = this.parts
    const onClosed = () => this.broken(conversation)
    const conversation = new Conversation(socket, { peer, onNotification, onClosed, log })
    this.makeRoom()
    this.conversations.push(conversation)
    this.report(true, 'connected')
    this.lastSent = this.pending ?? this.lastSent
    this.pending = null
    if (this.lastSent !== null) conversation.send(this.lastSent)
    conversation.begin(received)
  }

  /**
   * Closes a conversation when there are too many, but never the first. One that has not sent a notification
   * is closed before one that has.
   */
  private makeRoom(): void {
    if (this.conversations.length < MOST_CONVERSATIONS) return
    const later = this.conversations.slice(1)
    const leaving = later.find(({ hasSpoken }) => !hasSpoken) ?? later[0]
    this.conversations = this.conversations.filter((conversation) => conversation !== leaving)
    leaving?.close()
  }

  close(): void {
    this.isClosed = true
    this.stopRetrying()
    for (const conversation of this.conversations.splice(0)) conversation.close()
    this.dialling?.destroy()
    this.dialling = null
  }

  private flush(): void {
    const { pending } = this
    if (!this.isConnected || pending === null) return
    this.pending = null
    this.lastSent = pending
    for (const conversation of this.conversations) conversation.send(pending)
  }

  private broken(conversation: Conversation): void {
    this.conversations = this.conversations.filter((other) => other !== conversation)
    if (this.isConnected) return
    this.isInDoubt = true
    this.parts.log('info', `Connection broken for id ${this.parts.peer}, my id = ${this.parts.own}`)
    // A connection that broke right away would break again: a port may accept connections for a moment after
    // its process has died.
    const isProbedAtOnce = performance.now() - conversation.sinceMs > FIRST_RETRY_MS
    if (isProbedAtOnce) this.retryMs = FIRST_RETRY_MS
    if (isProbedAtOnce) this.dial()
    else this.retryLater()
  }

  /** @param isWanted dials even though there is a connection */
  private dial(isWanted = false): void {
    if (this.isClosed || this.dialling !== null || (this.isConnected && !isWanted)) return
    this.stopRetrying()
    const address = this.addresses[this.nextAddress % this.addresses.length]
    if (address === undefined) return
    const socket = connect({ host: address.host, port: address.port, noDelay: true })
    this.dialling = socket
    let failure: string | null = 'closed'
    // The timeout stays after the greeting, so that a peer that neither closes nor dials back is greeted
    // again.
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
    // If there is a connection, the dial answered a greeting that may have been a stranger's.
    if (this.isConnected) return
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

  /** Dials again after a while, for as long as the peer is in doubt or a message waits for it. */
  private retryLater(atLeastMs = 0): void {
    const isWanted = this.isInDoubt || (this.pending !== null && performance.now() < this.dialUntilMs)
    if (this.isClosed || this.isConnected || !isWanted || this.retry !== null) return
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

/** The first addresses, followed by those of the others that are not among them. */
function joined(first: readonly Address[], others: readonly Address[]): Address[] {
  const isNew = ({ host, port }: Address) => !first.some((one) => host === one.host && port === one.port)
  return [...first, ...others.filter(isNew)]
}
