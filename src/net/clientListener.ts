/**
 * The client port and the client port with TLS: accepts, limits and counts connections, and carries frames
 * and replies. It knows nothing of sessions. `onConnected` is called before a connection's first frame, and
 * `onDisconnected` exactly once afterwards, whichever side closed the connection. Neither is called for a
 * connection that only sends a four-letter word.
 */
import { createServer, type Server, type Socket } from 'node:net'
import {
  createServer as createTlsServer,
  type TLSSocket,
  type TlsOptions,
  type Server as TlsServer,
} from 'node:tls'
import type { ConnectionId } from '../core/effects.ts'
import { javaAddress } from './clientAddress.ts'
import { ClientConnection, type ConnectionEvents, type Remote } from './clientConnection.ts'
import { listen, remoteOf, stopListening } from './listen.ts'
import { verifiedSubject } from './tls/clientCertificate.ts'

export type { Remote } from './clientConnection.ts'

export interface ClientListenerOptions {
  readonly host: string
  /** 0: a free port is taken; null: only the port with TLS is opened. */
  readonly port: number | null
  /** -1: the system's default. */
  readonly backlog?: number
  /** A second port, which speaks TLS. */
  readonly secure?: { readonly host: string; readonly port: number; readonly tls: TlsOptions } | null
  /** Most connections per client address; 0 means no limit. */
  readonly maxClientCnxns: number
  /** Most connections in total; 0 means no limit. */
  readonly maxCnxns: number
  /** Most bytes in a frame, not counting its length field. */
  readonly juteMaxBuffer: number
  /** How long a connection may take until its first frame is complete; 10000 unless given. */
  readonly sessionlessTimeoutMs?: number
  readonly onConnected: (connection: ConnectionId, remote: Remote) => void
  /** Frames of one chunk are delivered together. The receiver may keep the frame, but must not change it. */
  readonly onFrame: (connection: ConnectionId, frame: Buffer) => void
  readonly onDisconnected: (connection: ConnectionId) => void
  /** The answer to a four-letter word; null closes the connection without one. */
  readonly fourLetterWord: (word: string, remote: Remote) => string | null
  /** A connection was closed for the given reason: a limit, or bytes that are not the protocol. */
  readonly onRefused: (reason: string, remote: Remote) => void
}

/** A connection as `cons` and `stat` show it. `received` and `sent` count frames, not bytes. */
export interface ConnectionView {
  readonly connection: ConnectionId
  readonly remote: Remote
  readonly received: number
  readonly sent: number
  readonly connectedAtMs: number
  readonly isReading: boolean
}

interface ConnectionCounts {
  /** Connections that are open now, including those that send four-letter words. */
  readonly open: number
  /** Connections accepted since the listener was opened. */
  readonly accepted: number
  readonly refused: number
}

const WILDCARD = /^(0\.0\.0\.0|[0:]+)$/

export class ClientListener {
  private readonly options: ClientListenerOptions
  private server: Server
  private at: { readonly host: string; readonly port: number | null }
  private isClosed = false
  private readonly secureServer: Server | null
  private readonly tls: TlsServer | null
  private readonly connections = new Map<ConnectionId, ClientConnection>()
  private readonly connected = new Set<ConnectionId>()
  private readonly perAddress = new Map<string, number>()
  private readonly events: ConnectionEvents
  private readonly unflushed = new Set<ClientConnection>()
  private lastId: ConnectionId = 0
  private refused = 0
  private opening: Promise<number> | null = null
  private openingSecure: Promise<number> | null = null
  /** All accepted sockets, including those whose TLS handshake is in progress. */
  private readonly sockets = new Set<Socket>()
  private acceptedCount = 0

  constructor(options: ClientListenerOptions) {
    this.options = options
    this.at = { host: options.host, port: options.port }
    this.server = createServer((socket) => this.accept(socket))
    this.tls = options.secure ? this.createTls(options.secure.tls) : null
    this.secureServer = options.secure ? createServer((socket) => this.acceptSecure(socket)) : null
    this.events = {
      onConnected: (connection) => {
        this.connected.add(connection.id)
        options.onConnected(connection.id, connection.remote)
      },
      onFrame: (connection, frame) => options.onFrame(connection.id, frame),
      answer: (word, remote) => options.fourLetterWord(word, remote),
      onRefused: (connection, reason) => this.refuse(reason, connection.remote),
      onClosed: (connection) => this.forget(connection),
    }
  }

  /**
   * Binds the ports and accepts connections from then on.
   * @returns the port without TLS, 0 where there is none
   * @throws the system's error with `code` (EADDRINUSE), `address` and `port`
   */
  async open(): Promise<number> {
    const { host, port, backlog = -1, secure } = this.options
    if (port !== null) this.opening = listen(this.server, host, port, backlog)
    if (secure && this.secureServer !== null)
      this.openingSecure = listen(this.secureServer, secure.host, secure.port, backlog)
    // Both attempts settle before the outcome is reported, so that `close` finds no port that is still being
    // opened.
    const [plain, tls] = await Promise.allSettled([this.opening, this.openingSecure])
    if (plain.status === 'rejected') throw plain.reason
    if (tls.status === 'rejected') throw tls.reason
    this.securePort = tls.value
    return plain.value ?? 0
  }

  /**
   * Continues at another address, as a reconfiguration may require; connections stay open. A wildcard does
   * not require a move from an address that is bound at the same port.
   * @returns whether the listener moved
   * @throws the system's error; if the port was to stay the same, nothing listens then
   */
  async moveTo(host: string, port: number): Promise<boolean> {
    if (this.isClosed || (port === this.at.port && (host === this.at.host || WILDCARD.test(host))))
      return false
    const old = this.server
    const isSamePort = port === this.at.port
    this.at = { host, port }
    if (isSamePort) old.close()
    const server = createServer((socket) => this.accept(socket))
    const opening = listen(server, host, port, this.options.backlog ?? -1)
    await opening
    if (!isSamePort) old.close()
    if (this.isClosed) server.close()
    else {
      this.server = server
      this.opening = opening
    }
    return true
  }

  /** The port with TLS, once it is open; null without one. */
  securePort: number | null = null

  /** The client's end of a connection; null when it is gone. */
  remote(connection: ConnectionId): Remote | null {
    return this.connections.get(connection)?.remote ?? null
  }

  /** Queues bytes until `flush`. Bytes for a connection that is gone are silently dropped. */
  send(connection: ConnectionId, bytes: Buffer): void {
    const to = this.connections.get(connection)
    if (to === undefined) return
    to.send(bytes)
    this.unflushed.add(to)
  }

  /** Writes what was sent in this turn, with one write for each connection. */
  flush(): void {
    if (this.unflushed.size === 0) return
    for (const connection of this.unflushed) connection.flush()
    this.unflushed.clear()
  }

  /** Takes no more frames from the connection, and closes it when what was sent has left. */
  closeAfterFlush(connection: ConnectionId): void {
    const closing = this.connections.get(connection)
    if (closing === undefined) return
    closing.closeAfterFlush()
    this.unflushed.add(closing)
  }

  destroy(connection: ConnectionId): void {
    this.connections.get(connection)?.destroy()
  }

  /** Stops or resumes reading from a connection. */
  throttle(connection: ConnectionId, isThrottled: boolean): void {
    this.connections.get(connection)?.throttle(isThrottled)
  }

  get counts(): ConnectionCounts {
    return { open: this.connections.size, accepted: this.acceptedCount, refused: this.refused }
  }

  views(): ConnectionView[] {
    return [...this.connections.values()].map(({ id, remote, received, sent, connectedAtMs, isReading }) => ({
      connection: id,
      remote,
      received,
      sent,
      connectedAtMs,
      isReading,
    }))
  }

  /** Closes the ports and every connection at once. Settles when the ports are free. */
  async close(): Promise<void> {
    this.isClosed = true
    for (const connection of this.connections.values()) connection.destroy()
    for (const socket of this.sockets) socket.destroy()
    await Promise.all([
      stopListening(this.server, this.opening),
      this.secureServer?.listening ? stopListening(this.secureServer, this.openingSecure) : null,
    ])
  }

  private accept(socket: Socket): void {
    const remote = this.admit(socket, 'plain')
    if (remote !== null) this.serve(socket, remote)
  }

  /** Connection limits are checked before the TLS handshake, because the handshake is the expensive part. */
  private acceptSecure(socket: Socket): void {
    if (this.admit(socket, 'secure') !== null) this.tls?.emit('connection', socket)
  }

  private createTls(options: TlsOptions): TlsServer {
    const handshakeTimeout = this.options.sessionlessTimeoutMs ?? 10_000
    const server = createTlsServer({ ...options, handshakeTimeout })
    server.on('secureConnection', (socket) => this.secured(socket))
    server.on('tlsClientError', (error, socket) => {
      this.refuse(`TLS: ${error.message}`, callerOf(socket))
      socket.destroy()
    })
    return server
  }

  private secured(socket: TLSSocket): void {
    const remote = callerOf(socket)
    const { subject, fault } = verifiedSubject(socket)
    if (fault === null) {
      this.serve(socket, { ...remote, certificateSubject: subject })
      return
    }
    socket.on('error', () => {})
    socket.destroy()
    this.refuse(fault, remote)
  }

  private serve(socket: Socket, remote: Remote): void {
    this.lastId += 1
    const { juteMaxBuffer, sessionlessTimeoutMs } = this.options
    const limits = { maxFrameBytes: juteMaxBuffer, sessionlessTimeoutMs: sessionlessTimeoutMs ?? 10_000 }
    const connection = new ClientConnection(this.lastId, socket, remote, limits, this.events)
    this.connections.set(connection.id, connection)
  }

  /**
   * Counts a socket until it is closed. Returns null when there are too many. Each port counts the
   * connections of an address separately.
   */
  private admit(socket: Socket, port: 'plain' | 'secure'): Remote | null {
    const remote = callerOf(socket)
    const key = `${port} ${remote.address}`
    const fromThere = this.perAddress.get(key) ?? 0
    const reason = this.limitReached(remote.address, fromThere)
    socket.on('error', () => {})
    if (reason !== null) {
      socket.destroy()
      this.refuse(reason, remote)
      return null
    }
    this.acceptedCount += 1
    this.sockets.add(socket)
    this.perAddress.set(key, fromThere + 1)
    socket.once('close', () => {
      this.sockets.delete(socket)
      const left = (this.perAddress.get(key) ?? 1) - 1
      if (left > 0) this.perAddress.set(key, left)
      else this.perAddress.delete(key)
    })
    return remote
  }

  private limitReached(address: string, fromThere: number): string | null {
    const { maxClientCnxns, maxCnxns } = this.options
    if (maxCnxns > 0 && this.sockets.size >= maxCnxns) return `maxCnxns is ${maxCnxns}`
    if (maxClientCnxns > 0 && fromThere >= maxClientCnxns)
      return `too many connections from ${address}: maxClientCnxns is ${maxClientCnxns}`
    return null
  }

  private refuse(reason: string, remote: Remote): void {
    this.refused += 1
    this.options.onRefused(reason, remote)
  }

  private forget(connection: ClientConnection): void {
    const { id } = connection
    this.connections.delete(id)
    this.unflushed.delete(connection)
    if (this.connected.delete(id)) this.options.onDisconnected(id)
  }
}

function callerOf(socket: Socket): Remote {
  const { address, port } = remoteOf(socket)
  return { address: javaAddress(address), port }
}
