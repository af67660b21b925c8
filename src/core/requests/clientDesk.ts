/**
 * One member's client side: connections, their sessions, and the order of each client's requests. Reads are
 * answered here; writes and syncs are handed to whoever leads, and answered when this member applies them.
 *
 * Invariants: a client's requests are answered in the order it sent them (CommitProcessor); the zxids that it is
 * told never fall; events that a transaction causes leave before any reply that could show it.
 */
import { ErrorCode, KeeperError } from '../../protocol/errors.ts'
import { formatSessionId, type SessionId } from '../../protocol/ids.ts'
import { decode } from '../../protocol/jute.ts'
import { OpCode, Permission, Xid } from '../../protocol/opcodes.ts'
import { DecodeError, Reader } from '../../protocol/reader.ts'
import { AuthPacket, PathRequest, RequestHeader } from '../../protocol/records/client.ts'
import type { Transaction } from '../../protocol/transaction.ts'
import { formatZxid, NO_ZXID, ZERO_ZXID, type Zxid } from '../../protocol/zxid.ts'
import { permits } from '../../tree/acl.ts'
import { OPEN_ACL_ID } from '../../tree/aclTable.ts'
import type { Database, TxnResult } from '../../tree/database.ts'
import { Watches } from '../../tree/watches.ts'
import type { ConnectionId, Now, SendEffect } from '../effects.ts'
import type { MemberEvent } from '../events.ts'
import { Fifo } from '../fifo.ts'
import { invariant } from '../invariant.ts'
import { authenticate } from './authenticate.ts'
import { Client, freshStatistics, type Queued } from './client.ts'
import { ConnectDesk } from './connectDesk.ts'
import type { RequestOptions } from './options.ts'
import { executeRead, isRead } from './reads.ts'
import { Replies } from './replies.ts'
import type { Request } from './request.ts'
import { DeskStatistics } from './statistics.ts'

export interface ClientDeskParts {
  readonly options: RequestOptions
  readonly emit: (effect: SendEffect) => void
  readonly submit: (request: Request) => void
  /** Asks the leader whether a session that comes back may go on here; `revalidated` answers. */
  readonly revalidate: (sessionId: SessionId, timeoutMs: number) => void
  readonly touch: (sessionId: SessionId, timeoutMs: number) => void
}

const WRITES = new Set<number>([
  OpCode.create,
  OpCode.create2,
  OpCode.delete,
  OpCode.setData,
  OpCode.setAcl,
  OpCode.multi,
  OpCode.reconfig,
  OpCode.closeSession,
])

/** A session is reported to the leader at most so often: a part of its timeout. */
const TOUCH_FRACTION = 20

export class ClientDesk {
  readonly statistics = new DeskStatistics()
  readonly watches: Watches
  private readonly parts: ClientDeskParts
  private readonly replies = new Replies()
  private readonly connecting: ConnectDesk
  private readonly clients = new Map<ConnectionId, Client>()
  private readonly bySession = new Map<SessionId, Client>()
  /** Syncs on their way, in the order in which the leader will answer them. */
  private readonly syncs = new Fifo<Client>()
  private database: Database | null = null

  constructor(parts: ClientDeskParts) {
    this.parts = parts
    this.watches = new Watches((watcher, type, path, aclId) => this.notify(watcher, type, path, aclId))
    this.connecting = new ConnectDesk({
      options: parts.options,
      submit: parts.submit,
      revalidate: parts.revalidate,
      reply: (client, response) => this.reply(client, this.replies.connect(response)),
      close: (client, reason) => this.closeClient(client, reason),
      event: (event) => this.event(event),
      replace: (sessionId) => this.closeSessionConnection(sessionId, 'its client has connected again'),
      opened: (client, now) => this.opened(client, now),
    })
  }

  get isOpen(): boolean {
    return this.database !== null
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
    let count = 0
    for (const client of this.clients.values()) count += client.queue.length
    return count
  }

  /** Serving begins. */
  open(database: Database, now: Now): void {
    this.database = database
    database.tree.changes = this.watches
    this.connecting.start(now)
  }

  /** Serving ends: a client must not see an older state than before, so every connection is closed. */
  close(reason: string): void {
    if (this.database !== null) this.database.tree.changes = null
    this.database = null
    this.syncs.clear()
    this.connecting.stop()
    for (const client of [...this.clients.values()]) this.closeClient(client, reason)
  }

  connected(connection: ConnectionId, address: string, now: Now): void {
    this.clients.set(connection, new Client(connection, address, now.wallMs))
  }

  disconnected(connection: ConnectionId): void {
    const client = this.clients.get(connection)
    if (client !== undefined) this.forget(client)
  }

  private forget(client: Client): void {
    this.clients.delete(client.connection)
    this.watches.remove(client.connection)
    this.connecting.forget(client)
    if (this.bySession.get(client.sessionId) === client) this.bySession.delete(client.sessionId)
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
    if (this.database === null) {
      this.closeClient(client, 'this member does not serve')
      return
    }
    try {
      if (client.phase === 'open') this.request(client, frame, now)
      else if (client.phase === 'opening') client.held.push(frame)
      else this.connecting.request(client, frame, this.database.lastProcessedZxid)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.closeClient(client, `a frame that cannot be read: ${error.message}`)
    }
  }

  /** Its session is there: what came meanwhile is its turn now. */
  private opened(client: Client, now: Now): void {
    client.phase = 'open'
    this.bySession.set(client.sessionId, client)
    const held = client.held
    client.held = []
    for (const frame of held) if (this.clients.has(client.connection)) this.request(client, frame, now)
  }

  private request(client: Client, frame: Buffer, now: Now): void {
    const reader = new Reader(frame)
    const header = RequestHeader.read(reader)
    const { type } = header
    // A ping's answer bears this xid whatever the question bore (asked Apache 3.8.0).
    const xid = type === OpCode.ping ? Xid.ping : header.xid
    this.touch(client, now)
    if (type === OpCode.auth) {
      this.auth(client, xid, reader)
      return
    }
    const waitsFor = isRead(type) ? 'nothing' : type === OpCode.sync ? 'sync' : 'commit'
    if (waitsFor === 'commit' && !WRITES.has(type)) {
      this.reply(client, this.replies.header(xid, NO_ZXID, ErrorCode.Unimplemented))
      this.closeClient(client, `request of unknown type ${type}`)
      return
    }
    const queued: Queued = { xid, type, body: reader.rest(), atMs: now.monotonicMs, waitsFor }
    if (waitsFor === 'nothing' && client.queue.length === 0) {
      this.read(client, queued, now)
      return
    }
    client.queue.push(queued)
    if (waitsFor !== 'nothing') this.forward(client, queued)
  }

  private touch(client: Client, now: Now): void {
    if (now.monotonicMs - client.touchedAtMs < client.timeoutMs / TOUCH_FRACTION) return
    client.touchedAtMs = now.monotonicMs
    this.parts.touch(client.sessionId, client.timeoutMs)
  }

  private forward(client: Client, { xid, type, body, waitsFor }: Queued): void {
    if (waitsFor === 'sync') this.syncs.push(client)
    const { sessionId, ids } = client
    this.parts.submit({ sessionId, cxid: xid, type, body, authInfo: ids, owner: 'local' })
  }

  private auth(client: Client, xid: number, reader: Reader): void {
    const { scheme, auth } = AuthPacket.read(reader)
    const id = authenticate(scheme, auth, client, this.parts.options)
    if (id === null) {
      this.reply(client, this.replies.header(xid, ZERO_ZXID, ErrorCode.AuthFailed))
      this.closeClient(client, `authentication failed for scheme ${scheme}`)
      return
    }
    for (const proven of id) {
      const isKnown = client.ids.some((held) => held.scheme === proven.scheme && held.id === proven.id)
      // A new list: requests under way keep the one they were sent with.
      if (!isKnown) client.ids = [...client.ids, proven]
    }
    this.reply(client, this.replies.header(xid, ZERO_ZXID, ErrorCode.Ok))
  }

  private read(client: Client, { xid, type, body, atMs }: Queued, now: Now): void {
    const { database } = this
    invariant(database !== null, 'a read while not serving')
    const { tree } = database
    const zxid = tree.lastProcessedZxid
    const context = {
      tree,
      watches: this.watches,
      skipAcl: this.parts.options.skipAcl,
      connection: client.connection,
      sessionId: client.sessionId,
      ids: client.ids,
    }
    this.told(client, zxid)
    this.statistics.answered(client, type, xid, atMs, now)
    this.reply(
      client,
      this.readReply(xid, zxid, (writer) => executeRead(context, type, new Reader(body), writer)),
    )
  }

  private readReply(xid: number, zxid: Zxid, body: Parameters<Replies['withBody']>[2]): Buffer {
    try {
      return this.replies.withBody(xid, zxid, body)
    } catch (error) {
      if (error instanceof KeeperError) return this.replies.header(xid, zxid, error.code)
      if (error instanceof DecodeError) return this.replies.header(xid, zxid, ErrorCode.MarshallingError)
      throw error
    }
  }

  private told(client: Client, zxid: Zxid): void {
    invariant(
      zxid >= client.lastZxid,
      () =>
        `${formatSessionId(client.sessionId)} would be told ${formatZxid(zxid)} after ${formatZxid(client.lastZxid)}`,
    )
    client.lastZxid = zxid
  }

  private reply(client: Client, bytes: Buffer): void {
    client.statistics.sent += 1
    this.statistics.sent += 1
    this.parts.emit({ kind: 'reply', connection: client.connection, bytes })
  }

  private notify(connection: ConnectionId, type: number, path: string, aclId: number): void {
    const client = this.clients.get(connection)
    if (client === undefined || !this.mayRead(client, aclId)) return
    this.reply(client, this.replies.event(type, path))
  }

  private mayRead(client: Client, aclId: number): boolean {
    if (aclId === OPEN_ACL_ID || this.parts.options.skipAcl) return true
    const acl = this.database?.tree.acls.get(aclId) ?? []
    return permits(acl, Permission.read, client.ids)
  }

  /** Every transaction that this member applies while it serves, in order. */
  applied(transaction: Transaction, result: TxnResult, now: Now): void {
    const { clientId, cxid } = transaction.header
    if (transaction.body.type === OpCode.createSession) {
      this.connecting.created(clientId, now)
      return
    }
    const client = this.bySession.get(clientId)
    const isClosing = transaction.body.type === OpCode.closeSession
    if (client !== undefined) {
      const head = client.queue.peek()
      if (head?.waitsFor === 'commit' && head.xid === cxid) this.written(client, head, result, now)
      if (isClosing) this.closeClient(client, 'its session is closed')
    }
    if (isClosing && client !== undefined)
      this.event({ type: 'session-closed', session: formatSessionId(clientId) })
  }

  private written(client: Client, head: Queued, result: TxnResult, now: Now): void {
    client.queue.shift()
    if (result.err === ErrorCode.SessionMoved) {
      // Its client is served elsewhere now; an answer here could only mislead it.
      this.closeClient(client, 'its session has moved to another server')
      return
    }
    this.told(client, result.zxid)
    this.statistics.answered(client, head.type, head.xid, head.atMs, now)
    this.reply(client, this.replies.written(head.xid, head.type, result))
    this.drain(client, now)
  }

  /** The oldest sync that went out is due. */
  synced(now: Now): void {
    const client = this.syncs.shift()
    if (client === undefined || this.database === null || !this.clients.has(client.connection)) return
    const head = client.queue.shift()
    invariant(head?.waitsFor === 'sync', 'a sync is answered that is not at its client’s head')
    const zxid = this.database.lastProcessedZxid
    this.told(client, zxid)
    this.statistics.answered(client, head.type, head.xid, head.atMs, now)
    const reply = this.readReply(head.xid, zxid, (writer) =>
      PathRequest.write(writer, decode(PathRequest, head.body)),
    )
    this.reply(client, reply)
    this.drain(client, now)
  }

  /** Reads that waited for what was just answered. */
  private drain(client: Client, now: Now): void {
    for (let head = client.queue.peek(); head?.waitsFor === 'nothing'; head = client.queue.peek()) {
      client.queue.shift()
      this.read(client, head, now)
    }
  }

  revalidated(sessionId: SessionId, isValid: boolean, now: Now): void {
    this.connecting.revalidated(sessionId, isValid, now)
  }
}
