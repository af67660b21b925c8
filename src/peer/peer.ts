/**
 * One server: the core with its sockets and files. `open` binds the listeners, `run` reads the data dir and
 * joins the ensemble, and `stop` leaves it. A failure ends this member alone, with a code as in Apache's
 * ExitCode.
 */
import { currentConfig } from '../config/load/currentConfig.ts'
import { requireIdentity } from '../config/load/ownIdentity.ts'
import { ownServer, type ServerConfig, type ServerSpec } from '../config/serverConfig.ts'
import type { Now } from '../core/effects.ts'
import type { MemberEvent } from '../core/events.ts'
import { PeerCore } from '../core/peer.ts'
import type { MemberStatus } from '../host/host.ts'
import { ClientListener } from '../net/clientListener.ts'
import { ElectionNetwork } from '../net/electionNetwork.ts'
import { requirePort } from '../net/listen.ts'
import { Storage } from '../storage/storage.ts'
import type { Database } from '../tree/database.ts'
import { Autopurge } from './autopurge.ts'
import { ConfigFiles } from './configFiles.ts'
import { FileDisk } from './disk.ts'
import { exitOf, type PeerExit } from './exit.ts'
import { electionAddresses, electionPeers } from './membership.ts'
import { answerFourLetterWord } from './report.ts'
import { securePort } from './securePort.ts'
import { coreSettings, sidOf, storageOptions } from './settings.ts'
import { Turn } from './turn.ts'
import { SocketWire } from './wire.ts'

interface PeerOptions {
  readonly config: ServerConfig
  readonly onEvent: (event: MemberEvent) => void
  /** The member has ended by itself; its sockets and files are closed. */
  readonly onExit: (exit: PeerExit) => void
}

function clock(): Now {
  return { monotonicMs: performance.now(), wallMs: Date.now() }
}

export class Peer {
  /**
   * The configuration that the files held at the start. The core's membership knows what has changed since.
   */
  readonly config: ServerConfig
  /** This member's own server line; null for a standalone server. */
  private readonly own: ServerSpec | null
  private readonly options: PeerOptions
  readonly clients: ClientListener
  private readonly election: ElectionNetwork | null
  private readonly wire: SocketWire
  private readonly turn: Turn
  storage: Storage | null = null
  private autopurge: Autopurge | null = null
  private hasEnded = false

  /**
   * Binds the client port and the election port. Checks that the quorum port, which only a leader opens, is
   * free.
   * @throws the system's error with `code` (EADDRINUSE), `address` and `port`; IdentityError
   */
  static async open(options: PeerOptions): Promise<Peer> {
    requireIdentity(options.config)
    const peer = new Peer(options)
    try {
      await peer.listen()
    } catch (error) {
      await peer.closeSockets()
      throw error
    }
    return peer
  }

  private constructor(options: PeerOptions) {
    const { onEvent } = options
    this.config = currentConfig(options.config)
    // A member that has left its ensemble continues at its previous addresses.
    this.own = ownServer(this.config) ?? ownServer(options.config)
    this.options = options
    this.turn = new Turn({
      wire: { send: (effect) => this.wire.send(effect), flush: () => this.wire.flush() },
      clock,
      onFailure: (error) => this.fail(exitOf(error, sidOf(this.config))),
    })
    this.clients = this.clientListener()
    this.election = this.electionNetwork()
    this.wire = new SocketWire({
      config: this.config,
      own: this.own,
      clients: this.clients,
      election: this.election,
      database: () => this.database,
      input: this.turn.input,
      onEvent,
      onFatal: (code, reason) => this.fail({ code, reason }),
    })
  }

  /** Null until the data dir has been read. */
  get core(): PeerCore | null {
    return this.turn.core
  }

  private get database(): Database {
    if (this.core === null) throw new Error('the member does not run yet')
    return this.core.replica.database
  }

  private clientListener(): ClientListener {
    const { config } = this
    const { onEvent } = this.options
    const { input } = this.turn
    return new ClientListener({
      host: config.clientPortAddress,
      port: config.clientPort || null,
      backlog: config.clientPortListenBacklog,
      secure: securePort(config),
      maxClientCnxns: config.maxClientCnxns,
      maxCnxns: config.maxCnxns,
      juteMaxBuffer: config.juteMaxBuffer,
      sessionlessTimeoutMs: config.sessionlessCnxnTimeoutMs,
      onConnected: (connection, remote) =>
        input({
          kind: 'clientConnected',
          connection,
          address: remote.address,
          port: remote.port,
          certificateSubject: remote.certificateSubject ?? null,
        }),
      onFrame: (connection, frame) => this.clientFrame(connection, frame),
      onDisconnected: (connection) => input({ kind: 'clientGone', connection }),
      fourLetterWord: (word) => answerFourLetterWord(word, this),
      onRefused: (reason, { address, port }) =>
        onEvent({ type: 'connection-refused', port: 'client', remote: `${address}:${port}`, reason }),
    })
  }

  private clientFrame(connection: number, frame: Buffer): void {
    // Before the data dir has been read, no request can be answered.
    if (this.turn.core === null) this.clients.closeAfterFlush(connection)
    else this.turn.input({ kind: 'clientFrame', connection, frame })
  }

  private electionNetwork(): ElectionNetwork | null {
    const { config, own } = this
    const { onEvent } = this.options
    if (own === null) return null
    const { input } = this.turn
    return new ElectionNetwork({
      sid: sidOf(config),
      addresses: electionAddresses(own),
      listenOnAllIps: config.quorumListenOnAllIps,
      peers: electionPeers(config.servers),
      admitsStrangers: config.reconfigEnabled,
      cnxTimeoutMs: config.cnxTimeoutMs,
      greetingTimeoutMs:
        config.quorumCnxnTimeoutMs > 0 ? config.quorumCnxnTimeoutMs : config.tickTimeMs * config.syncLimit,
      onNotification: (from, notification) => input({ kind: 'notification', from, notification }),
      onReachability: (sid, reachable) => input({ kind: 'reachability', sid, reachable }),
      onEvent,
    })
  }

  private async listen(): Promise<void> {
    const { own } = this
    if (own !== null) await requirePort(own.host, own.quorumPort)
    await this.election?.listen()
    await this.clients.open()
  }

  /** Reads the data dir and joins the ensemble. Failures are reported to `onExit`. */
  run(): void {
    try {
      this.start()
    } catch (error) {
      this.fail(exitOf(error, sidOf(this.config)))
    }
  }

  private start(): void {
    const { config } = this
    const { onEvent } = this.options
    const note = (message: string) => onEvent({ type: 'log', level: 'info', message })
    const storage = Storage.open(storageOptions(config), { random: Math.random, onNote: note })
    this.storage = storage
    const recovered = storage.recover()
    for (const message of recovered.notes) note(message)
    const core = new PeerCore(coreSettings(config), recovered, this.turn.emit, clock())
    const disk = new FileDisk(
      storage,
      new ConfigFiles(config),
      () => core.replica.database,
      onEvent,
      (error) => this.fail(exitOf(error, sidOf(this.config))),
    )
    this.autopurge = new Autopurge(storage, config.autopurge, note)
    this.turn.start(core, disk)
  }

  get status(): MemberStatus {
    const { core } = this.turn
    if (core === null) {
      return { role: 'looking', leader: null, epoch: 0, zxid: 0, connections: 0, sessions: 0, serving: false }
    }
    const { replica, pipeline, status } = core
    return { ...status, connections: pipeline.connectionCount, sessions: replica.database.sessions.size }
  }

  /** Ends the member. When this resolves, its sockets and files are closed and its ports are free. */
  async stop(): Promise<void> {
    if (this.hasEnded) return
    this.hasEnded = true
    await this.close()
  }

  private async close(): Promise<void> {
    this.turn.end()
    this.autopurge?.stop()
    await this.closeSockets()
    this.storage?.close()
  }

  private async closeSockets(): Promise<void> {
    await Promise.all([this.clients.close(), this.election?.close(), this.wire.close()])
  }

  private fail(exit: PeerExit): void {
    if (this.hasEnded) return
    this.hasEnded = true
    this.options.onEvent({ type: 'fatal', reason: `${exit.code}: ${exit.reason}` })
    this.close().then(
      () => this.options.onExit(exit),
      () => this.options.onExit(exit),
    )
  }
}
