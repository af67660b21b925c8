/** A client's connection as this member sees it. */
import { NO_SESSION, type SessionId } from '../../protocol/ids.ts'
import type { Id } from '../../protocol/records/data.ts'
import { ZERO_ZXID, type Zxid } from '../../protocol/zxid.ts'
import type { ConnectionId } from '../effects.ts'
import { Fifo } from '../fifo.ts'

/** A request that is not answered yet. Reads wait here only behind a write or sync of the same client. */
export interface Queued {
  readonly xid: number
  readonly type: number
  /** The frame's bytes behind the header. */
  readonly body: Buffer
  readonly atMs: number
  /** Reads are done when they come to the head; the others when the ensemble says so. */
  readonly waitsFor: 'nothing' | 'commit' | 'sync'
}

export interface ClientStatistics {
  received: number
  sent: number
  establishedAtMs: number
  lastOperation: number | null
  lastCxid: number
  lastLatencyMs: number
  minLatencyMs: number
  maxLatencyMs: number
  totalLatencyMs: number
  lastResponseAtMs: number
}

export class Client {
  readonly connection: ConnectionId
  readonly address: string
  /** `new`: no ConnectRequest yet. `opening`: its session is being made or checked. */
  phase: 'new' | 'opening' | 'open' = 'new'
  sessionId: SessionId = NO_SESSION
  timeoutMs = 0
  /** Old clients send no readOnly byte, and cannot read one. */
  knowsReadOnly = true
  ids: Id[]
  readonly queue = new Fifo<Queued>()
  /** Frames that came while the session was being opened. */
  held: Buffer[] = []
  /** Invariant: what this client is told never goes back. */
  lastZxid: Zxid = ZERO_ZXID
  touchedAtMs = Number.NEGATIVE_INFINITY
  statistics: ClientStatistics

  constructor(connection: ConnectionId, address: string, wallMs: number) {
    this.connection = connection
    this.address = address
    this.ids = [{ scheme: 'ip', id: address }]
    this.statistics = freshStatistics(wallMs)
  }
}

export function freshStatistics(establishedAtMs: number): ClientStatistics {
  return {
    received: 0,
    sent: 0,
    establishedAtMs,
    lastOperation: null,
    lastCxid: -1,
    lastLatencyMs: 0,
    minLatencyMs: 0,
    maxLatencyMs: 0,
    totalLatencyMs: 0,
    lastResponseAtMs: 0,
  }
}
