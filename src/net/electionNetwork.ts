/**
 * The election port and the conversations with all peers (QuorumCnxManager): one connection for each pair of
 * servers, which the server with the greater sid dials. A caller that does not speak the protocol is
 * disconnected, with a `connection-refused` event. So are strangers, unless the ensemble can be reconfigured:
 * then a server that wants to join calls as a stranger, and a removed server continues to call. Apache keeps
 * connections of unknown ids in any case.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { type Address, decodeGreeting, type Greeting } from '../core/election/codec.ts'
import type { Notification } from '../core/election/notification.ts'
import type { MemberEvent } from '../core/events.ts'
import type { Sid } from '../protocol/ids.ts'
import { DecodeError } from '../protocol/reader.ts'
import { PeerLink } from './election/peerLink.ts'

export type { Address } from '../core/election/codec.ts'

export interface ElectionPeer {
  readonly sid: Sid
  /** The election addresses, which are tried in this order. */
  readonly addresses: readonly Address[]
}

interface ElectionNetworkOptions {
  readonly sid: Sid
  /** The own election addresses. All are listened on; peers are asked to dial back at the first one. */
  readonly addresses: readonly Address[]
  /** quorumListenOnAllIPs. */
  readonly listenOnAllIps?: boolean
  /** Every other server, voters and observers. */
  readonly peers: readonly ElectionPeer[]
  /** reconfigEnabled: a few servers outside the configuration may connect, too. */
  readonly admitsStrangers?: boolean
  /** zookeeper.cnxTimeout, by default 5000. */
  readonly cnxTimeoutMs: number
  /** How long a caller may take to greet: quorumCnxnTimeoutMs, or tickTime × syncLimit. */
  readonly greetingTimeoutMs: number
  readonly onNotification: (from: Sid, notification: Notification) => void
  /** Reports changes only. See PeerLink for what counts as unreachable. */
  readonly onReachability: (sid: Sid, reachable: boolean, reason: string) => void
  /** `log` and `connection-refused` events. */
  readonly onEvent: (event: MemberEvent) => void
}

/** Most servers outside the configuration that may be connected at a time. */
const MOST_STRANGERS = 32
/** Most callers that have not sent a greeting. A server sends it at once. */
const MOST_CALLERS = 128

export class ElectionNetwork {
  private readonly options: ElectionNetworkOptions
  private readonly links = new Map<Sid, PeerLink>()
  /** The sids of links to servers outside the configuration. */
  private readonly strangers = new Set<Sid>()
  private readonly servers: Server[] = []
  /** For each accepted socket that has not sent its greeting: how to refuse it. */
  private readonly callers = new Map<Socket, (reason: string) => void>()
  private advertised: Address
  private isClosed = false

  constructor(options: ElectionNetworkOptions) {
    const [first] = options.addresses
    if (first === undefined) throw new RangeError(`server ${options.sid} has no election address`)
    this.options = options
    this.advertised = first
    for (const peer of options.peers)
      if (peer.sid !== options.sid) this.links.set(peer.sid, this.linkTo(peer))
  }

  /**
   * Listens on every own address. Port 0 takes a free port, which is then announced to peers.
   * @returns the first address's port
   * @throws Node's error (`code`, `address`, `port`), for example EADDRINUSE; nothing listens then
   */
  async listen(): Promise<number> {
    const ports: number[] = []
    try {
      for (const address of this.options.addresses) ports.push(await this.listenOn(address))
    } catch (error) {
      await this.close()
      throw error
    }
    const [port = this.advertised.port] = ports
    this.advertised = { host: this.advertised.host, port }
    return port
  }

  /**
   * Takes over the peers of a changed configuration. A server that is no longer in it becomes a stranger.
   */
  update(peers: readonly ElectionPeer[]): void {
    if (this.isClosed) return
    const others = peers.filter(({ sid }) => sid !== this.options.sid)
    const sids = new Set(others.map(({ sid }) => sid))
    for (const sid of this.links.keys()) if (!sids.has(sid)) this.strangers.add(sid)
    for (const peer of others) {
      this.strangers.delete(peer.sid)
      const link = this.links.get(peer.sid)
      if (link === undefined) this.links.set(peer.sid, this.linkTo(peer))
      else link.moved(peer.addresses)
    }
    this.forgetStrangers()
  }

  /** Listens at other addresses; conversations continue. An address that cannot be bound is logged. */
  async moveTo(addresses: readonly Address[]): Promise<void> {
    const [first] = addresses
    if (first === undefined || this.isClosed) return
    for (const server of this.servers.splice(0)) server.close()
    this.advertised = first
    try {
      for (const address of addresses) await this.listenOn(address)
    } catch (error) {
      this.log(
        'warn',
        `the election port cannot move: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
    if (this.isClosed) for (const server of this.servers.splice(0)) server.close()
  }

  /** Queues the message in place of one that is still waiting, and dials if there is no connection. */
  send(to: Sid, notification: Notification): void {
    if (this.isClosed) return
    if (to === this.options.sid) {
      queueMicrotask(() => {
        if (!this.isClosed) this.options.onNotification(to, notification)
      })
      return
    }
    const link = this.links.get(to)
    if (link === undefined) this.log('warn', `Invalid server id: ${to}`)
    else link.send(notification)
  }

  isConnected(sid: Sid): boolean {
    return this.links.get(sid)?.isConnected ?? false
  }

  /** Closes every connection and the ports. Resolves when the ports are free. */
  async close(): Promise<void> {
    this.isClosed = true
    for (const link of this.links.values()) link.close()
    for (const caller of this.callers.keys()) caller.destroy()
    const servers = this.servers.splice(0)
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
  }

  private linkTo({ sid, addresses }: ElectionPeer): PeerLink {
    const { options } = this
    return new PeerLink({
      own: options.sid,
      peer: sid,
      addresses,
      advertised: () => this.advertised,
      cnxTimeoutMs: options.cnxTimeoutMs,
      onNotification: (notification) => options.onNotification(sid, notification),
      onReachability: (reachable, reason) => {
        if (!reachable) this.log('warn', reason)
        options.onReachability(sid, reachable, reason)
      },
      log: (level, message) => this.log(level, message),
    })
  }

  private linkToStranger({ sid, addresses }: Greeting): PeerLink | undefined {
    if (!this.options.admitsStrangers || sid === this.options.sid) return undefined
    this.forgetStrangers()
    if (this.strangers.size >= MOST_STRANGERS) return undefined
    this.log('info', `server ${sid} calls, although it is in no configuration that this server knows`)
    const link = this.linkTo({ sid, addresses })
    this.links.set(sid, link)
    this.strangers.add(sid)
    return link
  }

  private forgetStrangers(): void {
    for (const sid of this.strangers) {
      if (this.options.admitsStrangers && this.links.get(sid)?.isInUse) continue
      this.links.get(sid)?.close()
      this.links.delete(sid)
      this.strangers.delete(sid)
    }
  }

  private listenOn({ host, port }: Address): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => this.accept(socket))
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.options.listenOnAllIps ? { port } : { host, port }, () => {
        server.off('error', reject)
        // An error such as too many open files leaves existing connections alone.
        server.on('error', (error) => this.log('warn', `election port ${host}:${port}: ${error.message}`))
        this.servers.push(server)
        const bound = server.address()
        const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port
        this.log(
          'info',
          `${this.options.sid} is accepting connections now, my election bind port: ${host}:${boundPort}`,
        )
        resolve(boundPort)
      })
    })
  }

  private accept(socket: Socket): void {
    if (this.isClosed) {
      socket.destroy()
      return
    }
    const remote = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`
    let bytes: Buffer = Buffer.alloc(0)
    const refuse = (reason: string) => {
      if (!this.callers.delete(socket)) return
      socket.destroy()
      if (!this.isClosed)
        this.options.onEvent({ type: 'connection-refused', port: 'election', remote, reason })
    }
    const [oldest] = this.callers.values()
    if (this.callers.size >= MOST_CALLERS) oldest?.('too many callers have not greeted')
    this.callers.set(socket, refuse)
    const { greetingTimeoutMs } = this.options
    const deadline = setTimeout(() => refuse(`no greeting within ${greetingTimeoutMs} ms`), greetingTimeoutMs)
    const read = (chunk: Buffer) => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
      try {
        const found = decodeGreeting(bytes)
        if (found === null) return
        clearTimeout(deadline)
        socket.pause()
        socket.off('data', read)
        this.greeted(socket, found.greeting, bytes.subarray(found.length), refuse)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        refuse(error.message)
      }
    }
    socket.on('data', read)
    socket.on('error', (error) => refuse(error.message))
    socket.on('close', () => {
      clearTimeout(deadline)
      refuse('closed before its greeting was complete')
    })
  }

  private greeted(socket: Socket, greeting: Greeting, rest: Buffer, refuse: (reason: string) => void): void {
    const { sid } = this.options
    const link = this.links.get(greeting.sid) ?? this.linkToStranger(greeting)
    if (greeting.sid === sid) {
      refuse(`it claims this server's own id, ${sid}: two servers may have the same myid`)
    } else if (link === undefined) {
      refuse(`server ${greeting.sid} is not in the configuration`)
    } else {
      this.callers.delete(socket)
      if (greeting.sid < sid) {
        socket.destroy()
        link.dialBack(greeting.addresses)
      } else {
        link.adopt(socket, rest)
      }
    }
  }

  private log(level: 'debug' | 'info' | 'warn', message: string): void {
    if (!this.isClosed) this.options.onEvent({ type: 'log', level, message })
  }
}
