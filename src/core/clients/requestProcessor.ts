/**
 * Handles each request: reads are answered here, writes and syncs go to the leader and are answered when this
 * member applies them.
 *
 * Invariants: a client's requests are answered in the order in which it sent them (CommitProcessor); a
 * client's queue begins with a write or a sync, and reads wait only after one.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { decode } from '../../protocol/jute.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import { Reader } from '../../protocol/reader.ts'
import { AnyPathRequest } from '../../protocol/records/client.ts'
import type { Transaction } from '../../protocol/transaction.ts'
import { NO_ZXID, ZERO_ZXID } from '../../protocol/zxid.ts'
import type { TxnResult } from '../../tree/database.ts'
import type { Now } from '../effects.ts'
import { Fifo } from '../fifo.ts'
import { invariant } from '../invariant.ts'
import type { Request } from '../request.ts'
import type { Client } from './client.ts'
import type { ClientContext } from './clientContext.ts'
import { eagerRefusal } from './eagerAcl.ts'
import type { Queued } from './outstandingRequests.ts'
import { executeRead, isRead } from './reads.ts'
import type { Arrival } from './throttle.ts'

/** Nothing goes to the leader. */
const NOTHING: readonly Request[] = []

const WRITES = new Set<number>([
  OpCode.create,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.createTtl,
  OpCode.deleteContainer,
  OpCode.delete,
  OpCode.setData,
  OpCode.setAcl,
  OpCode.multi,
  OpCode.reconfig,
  OpCode.closeSession,
])

/**
 * The types that a read-only member refuses by name (ReadOnlyRequestProcessor); other types are unknown there
 * as everywhere.
 */
function isKnownToReadOnly(type: number): boolean {
  return WRITES.has(type) || type === OpCode.sync || type === OpCode.check
}

export const SESSION_MOVED = 'its session has moved to another server'

export class RequestProcessor {
  private readonly context: ClientContext
  /** Clients whose sync was sent to the leader, in the order in which it will answer. */
  private readonly syncs = new Fifo<Client>()

  constructor(context: ClientContext) {
    this.context = context
  }

  /** Serving ends. */
  clear(): void {
    this.syncs.clear()
    this.context.abandoned.clear()
  }

  /**
   * Handles a request whose turn has come, whether its client is still connected or not. `isLate`:
   * ThrottledOp is the answer.
   * @returns what goes to the leader, in order
   */
  process(client: Client, arrival: Arrival, isLate: boolean, now: Now): readonly Request[] {
    if (client.isClosing) return NOTHING
    if (client.isGone) return this.processForGone(client, arrival, isLate)
    const { answers, sessions } = this.context
    const { xid, type, body } = arrival
    const refusal = isLate ? ErrorCode.ThrottledOp : this.eagerRefusal(client, type, body)
    if (refusal !== ErrorCode.Ok)
      return this.enqueue(client, { ...arrival, waitsFor: 'nothing', refusal }, now)
    const waitsFor = this.waitsFor(client, type)
    if (type === OpCode.closeSession) this.leave(client, waitsFor === 'nothing')
    if (sessions.isReadOnly && waitsFor !== 'nothing' && isKnownToReadOnly(type)) {
      answers.header(client, xid, answers.zxid, ErrorCode.NotReadOnly)
      return NOTHING
    }
    if (waitsFor === 'commit' && !WRITES.has(type)) {
      answers.header(client, xid, NO_ZXID, ErrorCode.Unimplemented)
      this.context.connections.close(client, `request of unknown type ${type}`)
      return NOTHING
    }
    const { atMs } = arrival
    return this.enqueue(client, { xid, type, body, atMs, waitsFor, refusal: ErrorCode.Ok }, now)
  }

  private enqueue(client: Client, queued: Queued, now: Now): readonly Request[] {
    if (queued.waitsFor === 'nothing' && client.queue.length === 0) {
      this.read(client, queued, now)
      return NOTHING
    }
    client.queue.push(queued)
    return queued.waitsFor === 'nothing' ? NOTHING : this.forward(client, queued)
  }

  /** The client no longer waits for the answer: only what changes something is still executed. */
  private processForGone(client: Client, { xid, type, body }: Arrival, isLate: boolean): readonly Request[] {
    const waitsFor = this.waitsFor(client, type)
    if (type === OpCode.closeSession) this.leave(client, waitsFor === 'nothing')
    if (isLate || waitsFor !== 'commit' || !WRITES.has(type)) return NOTHING
    const { sessionId, ids } = client
    this.context.abandoned.add(sessionId, [{ xid, waitsFor }])
    const request = { sessionId, cxid: xid, type, body, authInfo: ids, owner: 'local' } as const
    return this.context.sessions.upgraded(request)
  }

  private eagerRefusal(client: Client, type: number, body: Buffer): ErrorCode {
    const { answers, authenticator, options } = this.context
    const { skipAcl } = options
    const { database } = answers
    if (!authenticator.checksAclEagerly || database === null) return ErrorCode.Ok
    const { providers: schemes, mostBytes } = authenticator
    const context = { tree: database.tree, ids: client.ids, schemes, skipAcl, mostBytes }
    return eagerRefusal(context, type, body)
  }

  private waitsFor(client: Client, type: number): Queued['waitsFor'] {
    if (isRead(type)) return 'nothing'
    if (type === OpCode.sync) return 'sync'
    // A local session ends here, without a transaction.
    const endsHere = type === OpCode.closeSession && this.context.sessions.isLocal(client.sessionId)
    return endsHere ? 'nothing' : 'commit'
  }

  /** A local session ends at once, because its client may be gone before the answer's turn comes. */
  private leave(client: Client, isLocal: boolean): void {
    if (isLocal) this.context.sessions.local.remove(client.sessionId)
    // Only a read-only member refuses to end a session.
    client.isClosing = isLocal || !this.context.sessions.isReadOnly
  }

  private forward(client: Client, queued: Queued): readonly Request[] {
    const { xid, type, body, waitsFor } = queued
    if (waitsFor === 'sync') this.syncs.push(client)
    const { sessionId, ids } = client
    const request = { sessionId, cxid: xid, type, body, authInfo: ids, owner: 'local' } as const
    const requests = this.context.sessions.upgraded(request)
    queued.refusal = requests.at(-1)?.refusal ?? ErrorCode.Ok
    return requests
  }

  private read(client: Client, queued: Queued, now: Now): void {
    const { answers, watches, authenticator, options } = this.context
    const { skipAcl } = options
    const { type, body, refusal } = queued
    if (refusal === ErrorCode.ThrottledOp) {
      answers.refuse(client, queued, answers.zxid, refusal)
    } else if (refusal !== ErrorCode.Ok) {
      // What an eager check refuses, Apache answers without a zxid (authWriteRequest).
      answers.header(client, queued.xid, ZERO_ZXID, refusal)
    } else if (type === OpCode.closeSession) {
      answers.refuse(client, queued, answers.zxid, ErrorCode.Ok)
      this.context.connections.endSession(client)
    } else {
      const { database } = answers
      invariant(database !== null, 'a read while not serving')
      const { connection, sessionId, ids } = client
      const schemes = authenticator.providers
      const context = { tree: database.tree, watches, skipAcl, schemes, connection, sessionId, ids }
      answers.answer(client, queued, now, (writer) => executeRead(context, type, new Reader(body), writer))
    }
  }

  /**
   * A transaction of this session was applied; `client` is the connection of the session here, if there is
   * one.
   */
  applied(client: Client | undefined, transaction: Transaction, result: TxnResult, now: Now): void {
    const { clientId, cxid } = transaction.header
    const isAbandoned = this.context.abandoned.take(clientId, cxid)
    if (client === undefined) return
    const head = client.queue.peek()
    const isAnswer = !isAbandoned && head?.waitsFor === 'commit' && head.xid === cxid
    if (isAnswer) this.written(client, head, result, now)
    if (transaction.body.type === OpCode.closeSession) this.context.connections.endSession(client)
    else if (isAnswer) this.drain(client, now)
  }

  private written(client: Client, head: Queued, result: TxnResult, now: Now): void {
    client.queue.shift()
    // The client is served by another member now; an answer here could only mislead it.
    if (result.err === ErrorCode.SessionMoved) this.context.connections.close(client, SESSION_MOVED)
    else this.context.answers.written(client, head, result, now)
  }

  /** The oldest sync that went out is due. */
  synced(now: Now): void {
    const client = this.syncs.shift()
    if (client === undefined || client.isGone) return
    const head = client.queue.shift()
    invariant(head?.waitsFor === 'sync', 'a sync is answered that is not at its client’s head')
    this.context.answers.answer(client, head, now, (writer) =>
      AnyPathRequest.write(writer, decode(AnyPathRequest, head.body)),
    )
    this.drain(client, now)
  }

  /** Reads that waited for what was just answered. */
  private drain(client: Client, now: Now): void {
    for (let head = client.queue.peek(); head?.waitsFor === 'nothing'; head = client.queue.peek()) {
      client.queue.shift()
      this.read(client, head, now)
    }
  }
}
