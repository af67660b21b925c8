/** The core as a standalone server whose disk takes no time: every effect is carried out at once. */

import type { RequestOptions } from '../../../src/core/clients/options.ts'
import type { ConnectionId, Effect, Now } from '../../../src/core/effects.ts'
import type { MemberEvent } from '../../../src/core/events.ts'
import { PeerCore } from '../../../src/core/peer.ts'
import { type ContainerOptions, DEFAULT_CONTAINERS } from '../../../src/core/writes/containers.ts'
import { configCodec } from '../../../src/peer/membership.ts'
import type { Sid } from '../../../src/protocol/ids.ts'
import { decodeTransaction, type Transaction } from '../../../src/protocol/transaction.ts'
import { ZERO_ZXID } from '../../../src/protocol/zxid.ts'
import { Database } from '../../../src/tree/database.ts'
import type { Line, Server } from './conversation.ts'

const sid = 1 as Sid

export class CoreServer implements Server {
  readonly core: PeerCore
  readonly transactions: Transaction[] = []
  readonly events: MemberEvent[] = []
  /** Connections that were to be left unread, or read again, and which of both came last. */
  readonly throttled = new Map<ConnectionId, boolean>()
  now: Now = { monotonicMs: 0, wallMs: 1_700_000_000_000 }
  /** While set, nothing becomes durable. */
  isDiskStuck = false
  private readonly lines = new Map<ConnectionId, CoreLine>()
  private effects: Effect[] = []
  private lastTicket = 0

  constructor(
    options: Partial<RequestOptions> = {},
    database = Database.initial(),
    containers: ContainerOptions = DEFAULT_CONTAINERS,
  ) {
    this.core = new PeerCore(
      {
        isStandalone: true,
        commitLogCount: 500,
        membership: {
          isReconfigEnabled: false,
          standaloneEnabled: true,
          config: { version: ZERO_ZXID, servers: [], text: '' },
          codec: configCodec,
        },
        zab: { sid, tickTimeMs: 2000, initLimit: 10, syncLimit: 5, containers },
        election: { minNotificationIntervalMs: 200, maxNotificationIntervalMs: 60_000, finalizeWaitMs: 200 },
        requests: {
          sid,
          minSessionTimeoutMs: 4000,
          maxSessionTimeoutMs: 40_000,
          skipAcl: false,
          digestEnabled: true,
          superDigest: null,
          ...options,
        },
      },
      { database, recentTxns: [], acceptedEpoch: 0, currentEpoch: 0 },
      (effect) => this.effects.push(effect),
      this.now,
    )
    this.core.start(this.now)
    this.settle()
  }

  connect(): Promise<CoreLine> {
    return Promise.resolve(this.dial())
  }

  dial(): CoreLine {
    const connection = this.lines.size + 1
    const line = new CoreLine(this, connection)
    this.lines.set(connection, line)
    this.core.step({ kind: 'clientConnected', connection, address: '127.0.0.1' }, this.now)
    this.settle()
    return line
  }

  frame(connection: ConnectionId, frame: Buffer): void {
    this.core.step({ kind: 'clientFrame', connection, frame }, this.now)
    this.settle()
  }

  hangUp(connection: ConnectionId): void {
    this.core.step({ kind: 'clientGone', connection }, this.now)
    this.settle()
  }

  advance(ms: number): void {
    this.now = { monotonicMs: this.now.monotonicMs + ms, wallMs: this.now.wallMs + ms }
    this.core.step({ kind: 'tick' }, this.now)
    this.settle()
  }

  unstickDisk(): void {
    this.isDiskStuck = false
    this.core.step({ kind: 'durable', ticket: this.lastTicket }, this.now)
    this.settle()
  }

  private settle(): void {
    while (this.effects.length > 0) {
      const effects = this.effects
      this.effects = []
      const before = this.lastTicket
      for (const effect of effects) this.carryOut(effect)
      if (this.lastTicket > before && !this.isDiskStuck)
        this.core.step({ kind: 'durable', ticket: this.lastTicket }, this.now)
    }
  }

  private carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'reply':
        this.lines.get(effect.connection)?.received.push(Buffer.from(effect.bytes))
        break
      case 'closeClient':
        this.lines.get(effect.connection)?.received.push(null)
        break
      case 'throttleClient':
        this.throttled.set(effect.connection, effect.isThrottled)
        break
      case 'append':
        this.transactions.push(decodeTransaction(effect.txn.bytes))
        this.lastTicket = effect.ticket
        break
      case 'saveEpoch':
        this.lastTicket = effect.ticket
        break
      case 'event':
        this.events.push(effect.event)
        break
      default:
        throw new Error(`a standalone server does not ${effect.kind}`)
    }
  }
}

export class CoreLine implements Line {
  readonly received: (Buffer | null)[] = []
  readonly connection: ConnectionId
  private readonly server: CoreServer

  constructor(server: CoreServer, connection: ConnectionId) {
    this.server = server
    this.connection = connection
  }

  send(frame: Buffer): void {
    this.server.frame(this.connection, frame.subarray(4))
  }

  /** What came next: whatever will be answered has been answered. */
  take(): Buffer | null | undefined {
    const bytes = this.received.shift()
    if (bytes === undefined || bytes === null) return bytes
    if (bytes.readInt32BE(0) !== bytes.length - 4) throw new Error(`a bad frame: ${bytes.toString('hex')}`)
    return bytes.subarray(4)
  }

  receive(): Promise<Buffer | null> {
    const bytes = this.take()
    if (bytes === undefined) return Promise.reject(new Error('no answer'))
    return Promise.resolve(bytes)
  }
}
