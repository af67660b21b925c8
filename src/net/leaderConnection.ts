/**
 * A learner's connection to its leader (Learner.connectToLeader). It dials until the leader answers, because
 * an elected leader may need a moment to open its port; then it carries packets. It is used once:
 * `onConnected` is called at most once, `onLost` at most once and last, and neither after `close`.
 */
import { connect, type Socket } from 'node:net'
import { DecodeError } from '../protocol/reader.ts'
import type { QuorumPacket } from '../protocol/records/quorum.ts'
import type { TtlRule } from '../tree/znode.ts'
import { Outbox } from './outbox.ts'
import { type OnPacket, QuorumPacketEncoder, QuorumPacketParser } from './quorumPackets.ts'

interface LeaderConnectionOptions {
  /** The leader's quorum addresses, which are tried in turn. */
  readonly addresses: readonly { host: string; port: number }[]
  /** How long all attempts together may take from `dial` to a connection: initLimit. */
  readonly connectTimeoutMs: number
  /** The limit for the data of a packet from the leader (`QuorumPacketParserOptions`). */
  readonly maxDataBytes: number
  /** Which owners mean TTL nodes in the database that a SNAP brings. */
  readonly ttlRule?: TtlRule
  readonly onConnected: () => void
  /** A database comes with SNAP only. */
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

  /** Begins to dial. Must be called only once. */
  dial(): void {
    this.deadlineMs = performance.now() + this.options.connectTimeoutMs
    this.attempt()
  }

  /** Queues a packet until `flush`. While there is no connection, the packet is dropped. */
  send(packet: QuorumPacket): void {
    this.outbox?.push(this.encoder.encode(packet))
  }

  flush(): void {
    this.outbox?.flush()
  }

  /** Closes the connection at once, without a call to `onLost`. */
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
    // A dial to a free port in the ephemeral range can connect to itself (TCP's simultaneous open).
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
    if (this.attempts === 1) this.options.log?.(`${reason}; dialling again`)
    this.timer = setTimeout(() => this.attempt(), pauseMs)
  }

  private lose(reason: string): void {
    if (this.isOver) return
    this.close()
    this.options.onLost(reason)
  }
}
