/**
 * The client port: accepts, limits and counts connections, and carries frames and replies. It knows nothing of
 * sessions. `onConnected` comes before a connection's first frame, `onDisconnected` exactly once afterwards,
 * whoever closed it; neither comes for a connection that only asks with a four-letter word.
 */
import { createServer, type Server, type Socket } from 'node:net'
import type { ConnectionId } from '../core/effects.ts'
import { ClientConnection, type ConnectionEvents, type Remote } from './clientConnection.ts'
import { listen, remoteOf, stopListening } from './listening.ts'

export type { Remote } from './clientConnection.ts'

export interface ClientListenerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** -1: the system's own. */
  readonly backlog?: number
  /** Connections per client address; 0 means no limit. */
  readonly maxClientCnxns: number
  /** Connections in all; 0 means no limit. */
  readonly maxCnxns: number
  /** Most bytes of a frame; its length is not counted. */
  readonly juteMaxBuffer: number
  /** How long a connection may take to its first complete frame; 10000 unless given. */
  readonly sessionlessTimeoutMs?: number
  readonly onConnected: (connection: ConnectionId, remote: Remote) => void
  /** Frames of one chunk come in one go. The frame is the receiver's to keep, unchanged. */
  readonly onFrame: (connection: ConnectionId, frame: Buffer) => void
  readonly onDisconnected: (connection: ConnectionId) => void
  /** The answer to a four-letter word, null to close without one. */
  readonly fourLetterWord: (word: string, remote: Remote) => string | null
  /** A connection was closed for the given reason: a limit, or bytes that are not the protocol. */
  readonly onRefused: (reason: string, remote: Remote) => void
}

/** A connection as `cons` and `stat` show it; frames, not bytes. */
export interface ConnectionView {
  readonly connection: ConnectionId
  readonly remote: Remote
  readonly received: number
  readonly sent: number
  readonly connectedAtMs: number
}

export interface ConnectionCounts {
  /** Open now, those asking with four-letter words included. */
  readonly open: number
  /** Since the listener was opened. */
  readonly accepted: number
  readonly refused: number
}

export class ClientListener {
  private readonly options: ClientListenerOptions
  private readonly server: Server
  private readonly connections = new Map<ConnectionId, ClientConnection>()
  private readonly connected = new Set<ConnectionId>()
  private readonly perAddress = new Map<string, number>()
  private readonly events: ConnectionEvents
  private readonly unflushed = new Set<ClientConnection>()
  private lastId: ConnectionId = 0
  private refused = 0
  private opening: Promise<number> | null = null

  constructor(options: ClientListenerOptions) {
    this.options = options
    this.server = createServer((socket) => this.accept(socket))
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
   * Binds the port and accepts from then on.
   * @returns the port
   * @throws the system's error with `code` (EADDRINUSE), `address` and `port`
   */
  open(): Promise<number> {
    const { host, port, backlog } = this.options
    this.opening = listen(this.server, host, port, backlog ?? -1)
    return this.opening
  }

  /** Queues bytes until `flush`. A connection that is gone takes them silently. */
  send(connection: ConnectionId, bytes: Buffer): void {
    const to = this.connections.get(connection)
    if (to === undefined) return
    to.send(bytes)
    this.unflushed.add(to)
  }

  /** Writes what the turn sent, one write a connection. */
  flush(): void {
    if (this.unflushed.size === 0) return
    for (const connection of this.unflushed) connection.flush()
    this.unflushed.clear()
  }

  /** Takes no more frames from it; closes it when what was sent has left. */
  closeAfterFlush(connection: ConnectionId): void {
    const closing = this.connections.get(connection)
    if (closing === undefined) return
    closing.closeAfterFlush()
    this.unflushed.add(closing)
  }

  destroy(connection: ConnectionId): void {
    this.connections.get(connection)?.destroy()
  }

  /** Stops reading from a connection, or reads on. */
  throttle(connection: ConnectionId, isThrottled: boolean): void {
    this.connections.get(connection)?.throttle(isThrottled)
  }

  get counts(): ConnectionCounts {
    return { open: this.connections.size, accepted: this.lastId, refused: this.refused }
  }

  views(): ConnectionView[] {
    return [...this.connections.values()].map(({ id, remote, received, sent, connectedAtMs }) => ({
      connection: id,
      remote,
      received,
      sent,
      connectedAtMs,
    }))
  }

  /** Closes the port and every connection at once; settles when the port is free. */
  close(): Promise<void> {
    for (const connection of this.connections.values()) connection.destroy()
    return stopListening(this.server, this.opening)
  }

  private accept(socket: Socket): void {
    const remote = remoteOf(socket)
    const reason = this.limitReached(remote.address)
    if (reason !== null) {
      socket.on('error', () => {})
      socket.destroy()
      this.refuse(reason, remote)
      return
    }
    this.lastId += 1
    const { juteMaxBuffer, sessionlessTimeoutMs } = this.options
    const limits = { maxFrameBytes: juteMaxBuffer, sessionlessTimeoutMs: sessionlessTimeoutMs ?? 10_000 }
    const connection = new ClientConnection(this.lastId, socket, remote, limits, this.events)
    this.connections.set(connection.id, connection)
    this.perAddress.set(remote.address, (this.perAddress.get(remote.address) ?? 0) + 1)
  }

  private limitReached(address: string): string | null {
    const { maxClientCnxns, maxCnxns } = this.options
    if (maxCnxns > 0 && this.connections.size >= maxCnxns) return `maxCnxns is ${maxCnxns}`
    if (maxClientCnxns > 0 && (this.perAddress.get(address) ?? 0) >= maxClientCnxns)
      return `too many connections from ${address}: maxClientCnxns is ${maxClientCnxns}`
    return null
  }

  private refuse(reason: string, remote: Remote): void {
    this.refused += 1
    this.options.onRefused(reason, remote)
  }

  private forget(connection: ClientConnection): void {
    const { id, remote } = connection
    this.connections.delete(id)
    this.unflushed.delete(connection)
    const left = (this.perAddress.get(remote.address) ?? 1) - 1
    if (left > 0) this.perAddress.set(remote.address, left)
    else this.perAddress.delete(remote.address)
    if (this.connected.delete(id)) this.options.onDisconnected(id)
  }
}
