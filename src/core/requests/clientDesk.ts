/**
 * One member's client side: connections, their sessions and proofs of identity. What becomes of their
 * requests stands in requestProcessor.ts, what they are told in answers.ts.
 *
 * Invariants: a session has one connection here at most; events that a transaction causes leave before any
 * reply that could show it; nothing that a client sends is worse than the end of its connection.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { formatSessionId, type SessionId } from '../../protocol/ids.ts'
import { OpCode, Permission, Xid } from '../../protocol/opcodes.ts'
import { DecodeError, Reader } from '../../protocol/reader.ts'
import { AuthPacket, GetSaslRequest, RequestHeader, SetSaslResponse } from '../../protocol/records/client.ts'
import type { Transaction } from '../../protocol/transaction.ts'
import { ZERO_ZXID, type Zxid } from '../../protocol/zxid.ts'
import { permits } from '../../tree/acl.ts'
import { OPEN_ACL_ID } from '../../tree/aclTable.ts'
import type { Database, TxnResult } from '../../tree/database.ts'
import { Watches } from '../../tree/watches.ts'
import type { ConnectionId, Now, SendEffect } from '../effects.ts'
import type { MemberEvent } from '../events.ts'
import type { MemberSessions } from '../sessions/memberSessions.ts'
import { Answers } from './answers.ts'
import { Authenticator } from './authenticate.ts'
import { Client, freshStatistics } from './client.ts'
import { ConnectDesk } from './connectDesk.ts'
import type { RequestOptions } from './options.ts'
import { RequestProcessor, SESSION_MOVED } from './requestProcessor.ts'
import type { DeskStatistics } from './statistics.ts'
import { Throttle } from './throttle.ts'
import { ConnectionThrottle } from './throttleConnections.ts'
import { DEFAULT_THROTTLE } from './throttleOptions.ts'

export interface ClientDeskParts {
  readonly options: RequestOptions
  readonly emit: (effect: SendEffect) => void
  /** Requests go through here to whoever leads. */
  readonly sessions: MemberSessions
}

export class ClientDesk {
  readonly watches: Watches
  private readonly parts: ClientDeskParts
  private readonly answers: Answers
  private readonly processor: RequestProcessor
  private readonly connecting: ConnectDesk
  private readonly authenticator: Authenticator
  private readonly throttle: Throttle
  private readonly connectionThrottle: ConnectionThrottle
  private readonly clients = new Map<ConnectionId, Client>()
  private readonly bySession = new Map<SessionId, Client>()

  constructor(parts: ClientDeskParts) {
    this.parts = parts
    const { options, sessions, emit } = parts
    const close = (client: Client, reason: string) => this.closeClient(client, reason)
    this.watches = new Watches((watcher, type, path, aclId) => this.notify(watcher, type, path, aclId))
    this.authenticator = new Authenticator(options)
    this.answers = new Answers({ emit, sent: (client, xid) => this.throttle.answered(client, xid) })
    this.processor = new RequestProcessor({
      skipAcl: options.skipAcl,
      sessions,
      authenticator: this.authenticator,
      watches: this.watches,
      answers: this.answers,
      close,
      sessionEnded: (client) => this.sessionEnded(client),
    })
    this.throttle = new Throttle({
      options: options.throttle,
      emit,
      process: (client, arrival, isLate, now) => this.processor.process(client, arrival, isLate, now),
      close,
    })
    const { throttle = DEFAULT_THROTTLE, random = () => 1 } = options
    this.connectionThrottle = new ConnectionThrottle(throttle.connections, random)
    this.connecting = new ConnectDesk({
      options,
      sessions,
      replyNotReadOnly: (client) => this.answers.header(client, 0, this.answers.zxid, ErrorCode.NotReadOnly),
      reply: (client, response) => this.answers.connected(client, response),
      close,
      event: (event) => this.event(event),
      replace: (sessionId) => this.closeSessionConnection(sessionId, 'its client has connected again'),
      opened: (client, now) => this.opened(client, now),
    })
  }

  get statistics(): DeskStatistics {
    return this.answers.statistics
  }

  get isOpen(): boolean {
    return this.answers.database !== null
  }

  get connections(): IterableIterator<Readonly<Client>> {
    return this.clients.values()
  }

  get connectionCount(): number {
    return this.clients.size
  }

  /** `crst`. */
  resetConnectionStatistics(): void {
    for (const client of this.clients.values())
      client.statistics = freshStatistics(client.statistics.establishedAtMs)
  }

  get outstanding(): number {
    return this.throttle.outstanding
  }

  /**
   * Serving begins. A leader tells its clients the mark of its epoch before the epoch's first transaction
   * (Leader.startZkServer), so that it can serve those who have seen more of an older one than was committed.
   */
  open(database: Database, now: Now, leastZxid: Zxid = ZERO_ZXID): void {
    this.answers.open(database, leastZxid)
    database.tree.changes = this.watches
    this.connecting.start(now)
  }

  /** Serving ends: a client must not see an older state than before, so every connection is closed. */
  close(reason: string): void {
    const { database } = this.answers
    if (database !== null) database.tree.changes = null
    this.answers.database = null
    this.connecting.stop()
    for (const client of [...this.clients.values()]) this.closeClient(client, reason)
    this.processor.clear()
    this.throttle.clear()
  }

  /** @param certificateSubject of a TLS certificate that was verified; null without one */
  connected(
    connection: ConnectionId,
    address: string,
    now: Now,
    certificateSubject: string | null = null,
    port: number | null = null,
  ): void {
    const queue = this.throttle.underway()
    const client = new Client(connection, address, certificateSubject, queue, now.wallMs)
    client.port = port
    this.clients.set(connection, client)
    const problem = this.authenticator.proveCertificate(client)
    if (problem !== null) this.closeClient(client, problem)
  }

  disconnected(connection: ConnectionId, now: Now): void {
    const client = this.clients.get(connection)
    if (client === undefined) return
    this.forget(client)
    this.throttle.pump(now)
  }

  private forget(client: Client): void {
    this.clients.delete(client.connection)
    this.watches.remove(client.connection)
    this.connecting.forget(client)
    if (this.bySession.get(client.sessionId) === client) this.bySession.delete(client.sessionId)
    this.processor.forget(client)
    this.throttle.forget(client)
  }

  private closeClient(client: Client, reason: string): void {
    if (!this.clients.has(client.connection)) return
    this.forget(client)
    this.parts.emit({ kind: 'closeClient', connection: client.connection, reason })
  }

  private closeSessionConnection(sessionId: SessionId, reason: string): void {
    const client = this.bySession.get(sessionId)
    if (client !== undefined) this.closeClient(client, reason)
  }

  private event(event: MemberEvent): void {
    this.parts.emit({ kind: 'event', event })
  }

  frame(connection: ConnectionId, frame: Buffer, now: Now): void {
    const client = this.clients.get(connection)
    if (client === undefined) return
    client.statistics.received += 1
    this.statistics.received += 1
    if (!this.isOpen) {
      this.closeClient(client, 'this member does not serve')
      return
    }
    this.hear(client, frame, now)
    this.throttle.pump(now)
  }

  /** Damaged frames end their connection, whenever their turn comes. */
  private hear(client: Client, frame: Buffer, now: Now): void {
    try {
      if (client.phase === 'open') this.request(client, frame, now)
      else if (client.phase === 'opening') client.held.push(frame)
      else if (client.phase === 'new') this.connect(client, frame, now)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.closeClient(client, `a frame that cannot be read: ${error.message}`)
    }
  }

  private connect(client: Client, frame: Buffer, now: Now): void {
    if (!this.connectionThrottle.admits(frame, now)) {
      this.closeClient(client, 'connection_throttle_tokens are used up')
      return
    }
    this.connecting.request(client, frame, this.answers.zxid, now)
    if (client.phase === 'opening' && !client.isGone) this.throttle.hold(client)
  }

  /** Its session is there: what came meanwhile is its turn now. */
  private opened(client: Client, now: Now): void {
    client.phase = 'open'
    this.throttle.release(client)
    this.bySession.set(client.sessionId, client)
    const held = client.held
    client.held = []
    for (const frame of held) if (this.clients.has(client.connection)) this.hear(client, frame, now)
  }

  private request(client: Client, frame: Buffer, now: Now): void {
    const reader = new Reader(frame)
    const header = RequestHeader.read(reader)
    const { type } = header
    // A ping's answer bears this xid whatever the question bore (verified against Apache 3.8.0).
    const xid = type === OpCode.ping ? Xid.ping : header.xid
    if (client.hasMovedAway) {
      this.closeClient(client, SESSION_MOVED)
      return
    }
    // The answer to a request of a session that is ending is the end of its connection.
    if (client.isClosing || !this.parts.sessions.touch(client, now)) return
    if (type === OpCode.auth || type === OpCode.sasl) {
      if (xid > 0) client.unanswered += 1
      if (type === OpCode.auth) this.auth(client, xid, reader)
      else this.sasl(client, xid, reader)
      return
    }
    if (!this.authenticator.admits(client)) {
      this.answers.header(client, xid, ZERO_ZXID, ErrorCode.SessionClosedRequireSaslAuth)
      this.closeClient(client, 'it has not authenticated as enforce.auth.schemes demands')
      return
    }
    this.throttle.arrived(client, { xid, type, body: reader.rest(), atMs: now.monotonicMs }, now)
  }

  private auth(client: Client, xid: number, reader: Reader): void {
    const { scheme, auth } = AuthPacket.read(reader)
    if (!this.authenticator.prove(client, scheme, auth)) {
      this.answers.header(client, xid, ZERO_ZXID, ErrorCode.AuthFailed)
      this.closeClient(client, `authentication failed for scheme ${scheme}`)
      return
    }
    this.answers.header(client, xid, ZERO_ZXID, ErrorCode.Ok)
  }

  private sasl(client: Client, xid: number, reader: Reader): void {
    const { err, token, failure } = this.authenticator.sasl(client, GetSaslRequest.read(reader).token)
    this.answers.body(client, xid, err, (writer) => SetSaslResponse.write(writer, { token }))
    if (failure !== null) this.closeClient(client, failure)
  }

  private sessionEnded(client: Client): void {
    this.closeClient(client, 'its session is closed')
    this.event({ type: 'session-closed', session: formatSessionId(client.sessionId) })
  }

  /** Local sessions end here when nothing is heard of their clients. */
  expire(now: Now): void {
    for (const sessionId of this.parts.sessions.expire(now)) {
      this.event({ type: 'session-expired', session: formatSessionId(sessionId) })
      const client = this.bySession.get(sessionId)
      if (client !== undefined) this.sessionEnded(client)
    }
    this.throttle.pump(now)
  }

  /** Its client is connected to another member now: what it may still send here is in vain. */
  movedAway(sessionId: SessionId): void {
    const client = this.bySession.get(sessionId)
    if (client !== undefined) client.hasMovedAway = true
  }

  private notify(connection: ConnectionId, type: number, path: string, aclId: number): void {
    const client = this.clients.get(connection)
    if (client === undefined || !this.mayRead(client, aclId)) return
    this.answers.event(client, type, path)
  }

  private mayRead(client: Client, aclId: number): boolean {
    if (aclId === OPEN_ACL_ID || this.parts.options.skipAcl) return true
    const acl = this.answers.database?.tree.acls.get(aclId) ?? []
    return permits(acl, Permission.read, client.ids, this.authenticator.providers)
  }

  /** Every transaction that this member applies while it serves, in order. */
  applied(transaction: Transaction, result: TxnResult, now: Now): void {
    const { clientId } = transaction.header
    if (transaction.body.type === OpCode.createSession) {
      this.connecting.created(clientId, now)
      return
    }
    this.processor.applied(this.bySession.get(clientId), transaction, result, now)
    this.throttle.pump(now)
  }

  /** The oldest sync that went out is due. */
  synced(now: Now): void {
    this.processor.synced(now)
    this.throttle.pump(now)
  }

  revalidated(sessionId: SessionId, isValid: boolean, now: Now): void {
    this.connecting.revalidated(sessionId, isValid, now)
  }
}
