/**
 * The turn's sockets: each effect is sent on the connection that it names. Nothing is written before `flush`,
 * so that one turn costs one write per socket.
 */
import type { ServerConfig } from '../config/serverConfig.ts'
import type { ConnectionId, DialId, PeerInput, SendEffect } from '../core/effects.ts'
import type { MemberEvent } from '../core/events.ts'
import type { EnsembleConfig, EnsembleServer } from '../core/membership/ensembleConfig.ts'
import { mostTransactionBytes } from '../core/writes/limits.ts'
import type { ClientListener } from '../net/clientListener.ts'
import type { ElectionNetwork } from '../net/electionNetwork.ts'
import { LeaderConnection } from '../net/leaderConnection.ts'
import { LearnerListener } from '../net/learnerListener.ts'
import type { Sid } from '../protocol/ids.ts'
import type { Database } from '../tree/database.ts'
import { electionAddresses, electionPeers, membersOf, quorumAddresses } from './membership.ts'
import { ttlRuleOf } from './nodeOptions.ts'
import type { Wire } from './turn.ts'

interface WireParts {
  readonly config: ServerConfig
  /** The addresses at which this member listens; null for a standalone server. */
  readonly own: EnsembleServer | null
  readonly clients: ClientListener
  readonly election: ElectionNetwork | null
  readonly database: () => Database
  readonly input: (input: PeerInput) => void
  readonly onEvent: (event: MemberEvent) => void
  /** The member cannot continue and must end. */
  readonly onFatal: (code: string, reason: string) => void
}

export class SocketWire implements Wire {
  private readonly parts: WireParts
  private learners: LearnerListener | null = null
  private leader: LeaderConnection | null = null
  private servers: readonly EnsembleServer[]
  private own: EnsembleServer | null

  constructor(parts: WireParts) {
    this.parts = parts
    this.servers = parts.config.servers
    this.own = parts.own
  }

  send(effect: SendEffect): void {
    switch (effect.kind) {
      case 'reply':
        this.parts.clients.send(effect.connection, effect.bytes)
        break
      case 'toLearner':
        this.learners?.send(effect.learner, effect.packet)
        break
      case 'toLeader':
        this.leader?.send(effect.packet)
        break
      case 'notify':
        this.parts.election?.send(effect.to, effect.notification)
        break
      case 'membership':
        this.reconfigure(effect.committed, effect.lastSeen)
        break
      case 'event':
        this.parts.onEvent(effect.event)
        break
      case 'closeClient':
        this.clientClosed(effect.connection, effect.reason)
        this.parts.clients.closeAfterFlush(effect.connection)
        break
      case 'throttleClient':
        this.parts.clients.throttle(effect.connection, effect.isThrottled)
        break
      case 'fatal':
        this.parts.onFatal(effect.code, effect.reason)
        break
      default:
        this.sendToQuorumPort(effect)
    }
  }

  private sendToQuorumPort(
    effect: Extract<
      SendEffect,
      {
        kind:
          | 'listenForLearners'
          | 'stopListeningForLearners'
          | 'snapshotToLearner'
          | 'closeLearner'
          | 'dialLeader'
          | 'hangUp'
      }
    >,
  ): void {
    switch (effect.kind) {
      case 'listenForLearners':
        this.listen()
        break
      case 'stopListeningForLearners':
        void this.learners?.close()
        this.learners = null
        break
      case 'snapshotToLearner':
        this.learners?.sendSnapshot(effect.learner, this.parts.database())
        break
      case 'closeLearner':
        this.learners?.closeLearner(effect.learner, effect.reason)
        break
      case 'dialLeader':
        this.dial(effect.leader, effect.dial)
        break
      case 'hangUp':
        this.leader?.close()
        this.leader = null
        break
    }
  }

  flush(): void {
    this.learners?.flush()
    this.leader?.flush()
    this.parts.clients.flush()
  }

  async close(): Promise<void> {
    this.leader?.close()
    this.leader = null
    const { learners } = this
    this.learners = null
    await learners?.close()
  }

  private listen(): void {
    const { config, input, onEvent, onFatal } = this.parts
    const { own } = this
    if (own === null) return
    const host = config.quorumListenOnAllIps ? '0.0.0.0' : own.host
    const learners = new LearnerListener({
      host,
      port: own.quorumPort,
      maxDataBytes: mostTransactionBytes(config),
      onJoined: (learner) => input({ kind: 'learnerJoined', learner }),
      onPacket: (learner, packet) => input({ kind: 'learnerPacket', learner, packet }),
      onSnapshotSent: (learner) => input({ kind: 'snapshotSent', learner }),
      onLeft: (learner, reason) => {
        input({ kind: 'learnerLeft', learner })
        this.log('info', `learner ${learner} left: ${reason}`)
      },
      onRefused: (reason, { address, port }) =>
        onEvent({ type: 'connection-refused', port: 'quorum', remote: `${address}:${port}`, reason }),
    })
    this.learners = learners
    learners.open().catch((error: Error) => {
      if (this.learners !== learners) return
      onFatal(
        'UNEXPECTED_ERROR',
        `the quorum port ${host}:${own.quorumPort} cannot be opened: ${error.message}`,
      )
    })
  }

  /**
   * Applies a configuration: all servers that it names are reached from now on, and this member listens at
   * the addresses that the configuration in force gives it. A changed quorum port is opened only when this
   * member next leads, because a leader whose address changes hands leadership over.
   */
  private reconfigure(committed: EnsembleConfig, lastSeen: EnsembleConfig): void {
    this.servers = membersOf(committed, lastSeen)
    this.parts.election?.update(electionPeers(this.servers))
    const now = committed.servers.find(({ sid }) => sid === this.own?.sid)
    const { own } = this
    if (now === undefined || own === null) return
    this.own = now
    const moves = JSON.stringify(electionAddresses(now)) !== JSON.stringify(electionAddresses(own))
    if (moves) void this.parts.election?.moveTo(electionAddresses(now))
    if (now.clientPort !== null) this.moveClients(now.clientAddress ?? '0.0.0.0', now.clientPort)
  }

  /** Moves the client port. Existing connections stay open, as with Apache. */
  private moveClients(host: string, port: number): void {
    this.parts.clients.moveTo(host, port).then(
      (hasMoved) => {
        if (hasMoved) this.log('info', `clients connect to ${host}:${port} from now on`)
      },
      (error: Error) => this.log('warn', `the client port cannot move to ${host}:${port}: ${error.message}`),
    )
  }

  private dial(leader: Sid, dial: DialId): void {
    const { config, input } = this.parts
    const server = this.servers.find(({ sid }) => sid === leader)
    if (server === undefined) {
      input({ kind: 'leaderLost', dial, reason: `server ${leader} is not in the server list` })
      return
    }
    const connection = new LeaderConnection({
      addresses: quorumAddresses(server),
      connectTimeoutMs: config.tickTimeMs * config.initLimit,
      maxDataBytes: mostTransactionBytes(config),
      ttlRule: ttlRuleOf(config),
      onConnected: () => input({ kind: 'leaderConnected', dial }),
      onPacket: (packet, database) =>
        input({ kind: 'leaderPacket', dial, packet, database: database ?? null }),
      onLost: (reason) => input({ kind: 'leaderLost', dial, reason }),
      log: (message) => this.log('info', message),
    })
    this.leader = connection
    connection.dial()
  }

  private clientClosed(connection: ConnectionId, reason: string): void {
    const remote = this.parts.clients.remote(connection)
    const fields = remote === null ? {} : { fields: { client: `${remote.address}:${remote.port}` } }
    const message = `closed client connection ${connection}: ${reason}`
    this.parts.onEvent({ type: 'log', level: 'debug', message, ...fields })
  }

  private log(level: 'debug' | 'info' | 'warn', message: string): void {
    this.parts.onEvent({ type: 'log', level, message })
  }
}
