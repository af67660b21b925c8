/** A client's connection as this member sees it. */
import { NO_SESSION, type SessionId } from '../../protocol/ids.ts'
import type { Id } from '../../protocol/records/data.ts'
import { ZERO_ZXID, type Zxid } from '../../protocol/zxid.ts'
import type { SaslExchange } from '../auth/saslExchange.ts'
import type { ConnectionId } from '../effects.ts'
import type { OutstandingRequests } from './outstandingRequests.ts'

interface ClientStatistics {
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
  /** The subject of its TLS certificate; null without one. */
  readonly certificateSubject: string | null
  /**
   * `new`: no ConnectRequest yet. `opening`: its session is being made or checked. `refused`: nothing that it
   * sends is handled any more.
   */
  phase: 'new' | 'opening' | 'open' | 'refused' = 'new'
  /** The port of the client's end; null where it is not known. */
  port: number | null = null
  sessionId: SessionId = NO_SESSION
  timeoutMs = 0
  /** Old clients send no readOnly byte, and cannot read one. */
  knowsReadOnly = true
  ids: Id[]
  /** The SASL exchange, which begins with the first token. */
  sasl: SaslExchange | null = null
  readonly queue: OutstandingRequests
  /** Frames that arrived while the session was being opened. */
  held: Buffer[] = []
  /** Invariant: the zxids that are sent to this client never decrease. */
  lastZxid: Zxid = ZERO_ZXID
  /** See MemberSessions.touch. */
  touchedBucket = Number.NEGATIVE_INFINITY
  touchedGeneration = 0
  /** It has asked for the end of its session: what it sends after that is ignored. */
  isClosing = false
  /** The leader knows that the session has moved to another member. */
  hasMovedAway = false
  /** Requests whose reply counts as one (xid above 0) and is not sent yet. */
  unanswered = 0
  /** Bytes of its outstanding large requests. */
  largeBytes = 0
  /** Nothing is read from it; see Throttle. */
  isHeld = false
  isGone = false
  /** One of its requests was dropped, so everything that it sent after that request is dropped too. */
  isDropped = false
  statistics: ClientStatistics

  constructor(
    connection: ConnectionId,
    address: string,
    certificateSubject: string | null,
    queue: OutstandingRequests,
    wallMs: number,
  ) {
    this.connection = connection
    this.address = address
    this.certificateSubject = certificateSubject
    this.queue = queue
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
