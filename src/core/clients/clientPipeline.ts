/**
 * One member's client side: connections, their sessions and proofs of identity. requestProcessor.ts handles
 * their requests, answers.ts writes the replies.
 *
 * Invariants: events that a transaction causes leave before any reply that could show it; nothing that a
 * client sends does more harm than ending its connection.
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
import { Fifo } from '../fifo.ts'
import type { Request } from '../request.ts'
import type { MemberSessions } from '../sessions/memberSessions.ts'
import { AbandonedWrites } from './abandonedWrites.ts'
import { Answers } from './answers.ts'
import { Authenticator } from './authentication.ts'
import { Client, freshStatistics } from './client.ts'
import { ConnectHandler, type Connecting } from './connect.ts'
import { Connections } from './connections.ts'
import { ConnectionThrottle } from './connectionThrottle.ts'
import type { RequestOptions } from './options.ts'
import { RequestProcessor, SESSION_MOVED } from './requestProcessor.ts'
import type { ServerStatistics } from './statistics.ts'
import { Throttle } from './throttle.ts'
import { DEFAULT_THROTTLE } from './throttleOptions.ts'

export class ClientPipeline {
  readonly watches: Watches
  private readonly options: RequestOptions
  private readonly emit: (effect: SendEffect) => void
  private readonly sessions: MemberSessions
  private readonly answers: Answers
  private readonly processor: RequestProcessor
  private readonly connecting: ConnectHandler
  private readonly authenticator: Authenticator
  private readonly throttle: Throttle
  private readonly connectionThrottle: ConnectionThrottle
  private readonly clients: Connections
  /** Requests that go to the leader next. */
  private readonly outbox = new Fifo<Request>()
  /** Clients whose session has just been opened, and that sent frames before. */
  private readonly opened = new Fifo<Client>()

  constructor(options: RequestOptions, sessions: MemberSessions, emit: (effect: SendEffect) => void) {
    this.options = options
    this.sessions = sessions
    this.emit = emit
    this.watches = new Watches((watcher, type, path, aclId) => this.notify(watcher, type, path, aclId))
    this.authenticator = new Authenticator(options)
    this.throttle = new Throttle(options.throttle, emit)
    this.answers = new Answers(emit, this.throttle)
    const abandoned = new AbandonedWrites()
    this.clients = new Connections(emit, this.throttle, this.watches, abandoned)
    const { authenticator, watches, answers, clients: connections } = this
    const context = { options, sessions, authenticator, watches, answers, connections, abandoned, emit }
    this.processor = new RequestProcessor(context)
    this.connecting = new ConnectHandler(context)
    const { throttle = DEFAULT_THROTTLE, random = () => 1 } = options
    this.connectionThrottle = new ConnectionThrottle(throttle.connections, random)
  }

  get statistics(): ServerStatistics {
    return this.answers.statistics
  }

  get isOpen(): boolean {
    return this.answers.database !== null
  }

  get connections(): IterableIterator<Readonly<Client>> {
    return this.clients.all()
  }

  get connectionCount(): number {
    return this.clients.count
  }

  /** `crst`. */
  resetConnectionStatistics(): void {
    for (const client of this.clients.all())
      client.statistics = freshStatistics(client.statistics.establishedAtMs)
  }

  get outstanding(): number {
    return this.throttle.outstanding
  }

  /**
   * Serving begins. A leader tells its clients the mark of its epoch before the epoch's first transaction
   * (Leader.startZkServer), so that it can serve clients that have seen more of an older epoch than was
   * committed.
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
    for (const client of [...this.clients.all()]) this.clients.close(client, reason)
    this.outbox.clear()
    this.opened.clear()
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
    this.clients.add(client)
    const problem = this.authenticator.proveCertificate(client)
    if (problem !== null) this.clients.close(client, problem)
  }

  disconnected(connection: ConnectionId): void {
    const client = this.clients.get(connection)
    if (client !== undefined) this.clients.forget(client)
  }

  frame(connection: ConnectionId, frame: Buffer, now: Now): void {
    const client = this.clients.get(connection)
    if (client === undefined) return
    client.statistics.received += 1
    this.statistics.received += 1
    if (!this.isOpen) {
      this.clients.close(client, 'this member does not serve')
      return
    }
    this.hear(client, frame, now)
  }

  /**
   * The next request for the leader; requests before it that are answered here are answered on the way. Null
   * when every request whose turn has come is handled. To be called after every step, because any step may
   * admit a request.
   */
  next(now: Now): Request | null {
    for (;;) {
      const request = this.outbox.shift()
      if (request !== undefined) return request
      if (!this.admit(now) && !this.hearHeld(now)) return null
    }
  }

  /** @returns false while no request is admitted */
  private admit(now: Now): boolean {
    const admitted = this.throttle.next(now)
    if (admitted === null) return false
    const { client, arrival, verdict } = admitted
    if (verdict === 'stale') {
      this.clients.close(client, `its request ${arrival.xid} has waited too long`)
      return true
    }
    const requests = this.processor.process(client, arrival, verdict === 'late', now)
    this.throttle.holdIfBusy(client)
    for (const request of requests) this.outbox.push(request)
    return true
  }

  /** Handles a frame that arrived while its session was being opened. @returns false when there is none */
  private hearHeld(now: Now): boolean {
    const client = this.opened.peek()
    if (client === undefined) return false
    const frame = client.isGone ? undefined : client.held.shift()
    if (frame === undefined) this.opened.shift()
    else this.hear(client, frame, now)
    return true
  }

  /** Damaged frames end their connection, whenever their turn comes. */
  private hear(client: Client, frame: Buffer, now: Now): void {
    try {
      if (client.phase === 'open') this.request(client, frame, now)
      else if (client.phase === 'opening') client.held.push(frame)
      else if (client.phase === 'new') this.connect(client, frame, now)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.clients.close(client, `a frame that cannot be read: ${error.message}`)
    }
  }

  private connect(client: Client, frame: Buffer, now: Now): void {
    if (!this.connectionThrottle.admits(frame, now)) {
      this.clients.close(client, 'connection_throttle_tokens are used up')
      return
    }
    this.proceed(this.connecting.request(client, frame, this.answers.zxid, now))
    if (client.phase === 'opening' && !client.isGone) this.throttle.hold(client)
  }

  private proceed({ request, opened: client }: Connecting): void {
    if (request !== undefined) this.outbox.push(request)
    if (client === undefined) return
    client.phase = 'open'
    this.throttle.release(client)
    this.clients.opened(client)
    if (client.held.length > 0) this.opened.push(client)
  }

  private request(client: Client, frame: Buffer, now: Now): void {
    const reader = new Reader(frame)
    const header = RequestHeader.read(reader)
    const { type } = header
    // A ping's reply carries this xid, whatever the request carried (verified against Apache 3.8.0).
    const xid = type === OpCode.ping ? Xid.ping : header.xid
    if (client.hasMovedAway) {
      this.clients.close(client, SESSION_MOVED)
      return
    }
    // The answer to a request of a session that is ending is the end of its connection.
    if (client.isClosing || !this.sessions.touch(client, now)) return
    if (type === OpCode.auth || type === OpCode.sasl) {
      if (xid > 0) client.unanswered += 1
      if (type === OpCode.auth) this.auth(client, xid, reader)
      else this.sasl(client, xid, reader)
      return
    }
    if (!this.authenticator.admits(client)) {
      this.answers.header(client, xid, ZERO_ZXID, ErrorCode.SessionClosedRequireSaslAuth)
      this.clients.close(client, 'it has not authenticated as enforce.auth.schemes demands')
      return
    }
    const refusal = this.throttle.arrived(client, { xid, type, body: reader.rest(), atMs: now.monotonicMs })
    if (refusal !== null) this.clients.close(client, refusal)
  }

  private auth(client: Client, xid: number, reader: Reader): void {
    const { scheme, auth } = AuthPacket.read(reader)
    if (!this.authenticator.prove(client, scheme, auth)) {
      this.answers.header(client, xid, ZERO_ZXID, ErrorCode.AuthFailed)
      this.clients.close(client, `authentication failed for scheme ${scheme}`)
      return
    }
    this.answers.header(client, xid, ZERO_ZXID, ErrorCode.Ok)
  }

  private sasl(client: Client, xid: number, reader: Reader): void {
    const { err, token, failure } = this.authenticator.sasl(client, GetSaslRequest.read(reader).token)
    this.answers.body(client, xid, err, (writer) => SetSaslResponse.write(writer, { token }))
    if (failure !== null) this.clients.close(client, failure)
  }

  /** Closes local sessions whose clients were not heard of for too long. */
  expire(now: Now): void {
    for (const sessionId of this.sessions.expire(now)) {
      const event = { type: 'session-expired', session: formatSessionId(sessionId) } as const
      this.emit({ kind: 'event', event })
      const client = this.clients.ofSession(sessionId)
      if (client !== undefined) this.clients.endSession(client)
    }
  }

  /** The session's client is connected to another member now: what it still sends here is refused. */
  movedAway(sessionId: SessionId): void {
    const client = this.clients.ofSession(sessionId)
    if (client !== undefined) client.hasMovedAway = true
  }

  private notify(connection: ConnectionId, type: number, path: string, aclId: number): void {
    const client = this.clients.get(connection)
    if (client === undefined || !this.mayRead(client, aclId)) return
    this.answers.event(client, type, path)
  }

  private mayRead(client: Client, aclId: number): boolean {
    if (aclId === OPEN_ACL_ID || this.options.skipAcl) return true
    const acl = this.answers.database?.tree.acls.get(aclId) ?? []
    return permits(acl, Permission.read, client.ids, this.authenticator.providers)
  }

  /** Called with every transaction that this member applies while it serves, in order. */
  applied(transaction: Transaction, result: TxnResult, now: Now): void {
    const { clientId } = transaction.header
    if (transaction.body.type === OpCode.createSession) this.proceed(this.connecting.created(clientId))
    else this.processor.applied(this.clients.ofSession(clientId), transaction, result, now)
  }

  /** The oldest sync that went out is due. */
  synced(now: Now): void {
    this.processor.synced(now)
  }

  revalidated(sessionId: SessionId, isValid: boolean): void {
    this.proceed(this.connecting.revalidated(sessionId, isValid))
  }
}
