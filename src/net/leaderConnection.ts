/**
 * A learner's connection to its leader (Learner.connectToLeader): dials until the leader answers, because an
 * elected leader may need a moment to open its port, then carries packets. Used once: `onConnected` comes at
 * most once, `onLost` at most once and last; neither after `close`.
 */
import { connect, type Socket } from 'node:net'
import { DecodeError } from '../protocol/reader.ts'
import type { QuorumPacket } from '../protocol/records/quorum.ts'
import type { TtlRule } from '../tree/znode.ts'
import { Outbox } from './outbox.ts'
import { type OnPacket, QuorumPacketEncoder, QuorumPacketParser } from './quorumPackets.ts'

export interface LeaderConnectionOptions {
  /** Quorum addresses of the leader, tried in turn. */
  readonly addresses: readonly { host: string; port: number }[]
  /** From `dial` to a connection, over all attempts: initLimit. */
  readonly connectTimeoutMs: number
  /** Limit of the data of the leader's packet (`QuorumPacketParserOptions`). */
  readonly maxDataBytes: number
  /** Which owners mean TTL in the database that a SNAP brings. */
  readonly ttlRule?: TtlRule
  readonly onConnected: () => void
  /** `database` comes with SNAP only. */
  readonly onPacket: OnPacket
  readonly onLost: (reason: string) => void
  readonly log?: (message: string) => void
}

const FIRST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 100

export class LeaderConnection {
  private readonly options: LeaderConnectionOptions
  private readonly encoder = new QuorumPacketEncoder()
  private socket: Socket | null = null
  private outbox: Outbox | null = null
  private timer: NodeJS.Timeout | null = null
  private attempts = 0
  private deadlineMs = 0
  private isOver = false

  constructor(options: LeaderConnectionOptions) {
    if (options.addresses.length === 0) throw new RangeError('a leader without a quorum address')
    this.options = options
  }

  /** Begins to dial. To be called once. */
  dial(): void {
    this.deadlineMs = performance.now() + this.options.connectTimeoutMs
    this.attempt()
  }

  /** Queues a packet until `flush`; dropped while there is no connection. */
  send(packet: QuorumPacket): void {
    this.outbox?.push(this.encoder.encode(packet))
  }

  flush(): void {
    this.outbox?.flush()
  }

  /** Hangs up at once, silently. */
  close(): void {
    this.isOver = true
    if (this.timer !== null) clearTimeout(this.timer)
    this.socket?.destroy()
    this.outbox = null
  }

  private attempt(): void {
    const { addresses } = this.options
    const { host, port } = addresses[this.attempts % addresses.length] as { host: string; port: number }
    this.attempts += 1
    const socket = connect({ host, port, noDelay: true })
    this.socket = socket
    const left = this.deadlineMs - performance.now()
    this.timer = setTimeout(() => this.lose(`no answer from ${host}:${port} in time`), Math.max(0, left))
    let failure: string | null = null
    socket.on('error', (error) => {
      failure = error.message
    })
    socket.on('connect', () => this.connected(socket))
    socket.on('close', () => {
      if (this.outbox === null) this.refused(`${host}:${port}: ${failure ?? 'closed'}`)
      else
        this.lose(failure === null ? 'the leader closed the connection' : `the connection broke: ${failure}`)
    })
  }

  private connected(socket: Socket): void {
    if (this.isOver) return
    // Dialling a free port of the ephemeral range can meet itself (TCP's simultaneous open).
    if (socket.localPort === socket.remotePort) {
      socket.destroy()
      return
    }
    if (this.timer !== null) clearTimeout(this.timer)
    this.outbox = new Outbox(socket)
    const { maxDataBytes, ttlRule, onPacket, onConnected } = this.options
    const parser = new QuorumPacketParser({ maxDataBytes, readsSnapshots: true, ttlRule })
    socket.on('data', (chunk: Buffer) => {
      try {
        parser.push(chunk, (packet, database) => {
          if (!this.isOver) onPacket(packet, database)
        })
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        this.lose(`the leader sent ${error.message}`)
      }
    })
    onConnected()
  }

  private refused(reason: string): void {
    if (this.isOver) return
    if (this.timer !== null) clearTimeout(this.timer)
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(this.attempts - 1, 10), LONGEST_PAUSE_MS)
    if (performance.now() + pauseMs >= this.deadlineMs) {
      this.lose(reason)
      return
    }
    if (this.attempts === 1) this.options.log?.(`${reason}; dialling on`)
    this.timer = setTimeout(() => this.attempt(), pauseMs)
  }

  private lose(reason: string): void {
    if (this.isOver) return
    this.close()
    this.options.onLost(reason)
  }
}
