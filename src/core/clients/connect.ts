/**
 * How connections get their sessions (ZooKeeperServer.processConnectRequest): a new session takes a
 * transaction, or none when it is local; an old one is checked, first by its password, then by the server
 * that keeps it. Nothing else of a connection is read before its session is committed or confirmed.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { formatSessionId, NO_SESSION, type SessionId } from '../../protocol/ids.ts'
import { decode } from '../../protocol/jute.ts'
import { ConnectRequest } from '../../protocol/records/client.ts'
import { formatZxid, type Zxid } from '../../protocol/zxid.ts'
import type { Now } from '../effects.ts'
import type { MemberEvent } from '../events.ts'
import type { Request } from '../request.ts'
import { sessionPassword } from '../sessions/password.ts'
import { SessionIds } from '../sessions/sessionIds.ts'
import type { Client } from './client.ts'
import type { ClientContext } from './clientContext.ts'

/**
 * The outcome of a ConnectRequest: a request that creates the session, or a connection whose session exists
 * already.
 */
export interface Connecting {
  readonly request?: Request
  readonly opened?: Client
}

const NOTHING: Connecting = {}

const NO_PASSWORD = Buffer.alloc(16)

/** A connection that waits for its session: for its creation, or for the leader's answer that it is alive. */
interface Waiting {
  readonly client: Client
  readonly isNew: boolean
}

export class ConnectHandler {
  private readonly context: ClientContext
  private ids: SessionIds | null = null
  private readonly waiting = new Map<SessionId, Waiting>()

  constructor(context: ClientContext) {
    this.context = context
  }

  start(now: Now): void {
    // Kept over changes of role, because ids must not be given twice within this process.
    this.ids ??= new SessionIds(this.context.options.sid, now.wallMs)
  }

  stop(): void {
    this.waiting.clear()
  }

  /** `lastZxid` is the zxid that the client would receive here. @throws DecodeError */
  request(client: Client, frame: Buffer, lastZxid: Zxid, now: Now): Connecting {
    const request = decode(ConnectRequest, frame)
    const { readOnly, lastZxidSeen } = request
    client.knowsReadOnly = readOnly !== undefined
    if (this.context.sessions.isReadOnly && !readOnly) {
      return this.close(client, 'this member is read-only, and it did not say that it can do with that')
    }
    if (lastZxidSeen > lastZxid) {
      const theirs = formatZxid(lastZxidSeen)
      return this.close(client, `it has seen zxid ${theirs}, this member is at ${formatZxid(lastZxid)}`)
    }
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.context.options
    client.timeoutMs = Math.min(Math.max(request.timeOut, minSessionTimeoutMs), maxSessionTimeoutMs)
    client.phase = 'opening'
    return request.sessionId === NO_SESSION ? this.create(client, now) : this.resume(client, request, now)
  }

  private close(client: Client, reason: string): Connecting {
    this.context.connections.close(client, reason)
    return NOTHING
  }

  private create(client: Client, now: Now): Connecting {
    const sessionId = this.ids?.next() ?? NO_SESSION
    client.sessionId = sessionId
    this.waiting.set(sessionId, { client, isNew: true })
    const creation = this.context.sessions.create(sessionId, client.timeoutMs, now)
    if (creation === 'valid') return this.created(sessionId)
    if (creation !== 'refused') return { request: creation }
    // Verified against Apache 3.8.0: an error's header where a ConnectResponse is due, then silence.
    this.waiting.delete(sessionId)
    client.phase = 'refused'
    const { answers } = this.context
    answers.header(client, 0, answers.zxid, ErrorCode.NotReadOnly)
    return NOTHING
  }

  private resume(client: Client, { sessionId, passwd }: ConnectRequest, now: Now): Connecting {
    const { sessions, connections } = this.context
    if (sessions.refuses(sessionId))
      return this.close(client, `session ${formatSessionId(sessionId)} cannot go on at a read-only member`)
    if (passwd === null || !passwd.equals(sessionPassword(sessionId)))
      return this.refuse(client, `wrong password for session ${formatSessionId(sessionId)}`)
    for (const other of [connections.ofSession(sessionId), this.waiting.get(sessionId)?.client])
      if (other !== undefined) connections.close(other, 'its client has connected again')
    client.sessionId = sessionId
    this.waiting.set(sessionId, { client, isNew: false })
    const confirmation = sessions.resume(sessionId, client.timeoutMs, now)
    return confirmation === 'asked' ? NOTHING : this.revalidated(sessionId, confirmation === 'valid')
  }

  /**
   * The session exists: by createSession, at any member, or because it is local. A session that is being
   * upgraded may meet its client as it returns; then the leader's answer is still awaited.
   */
  created(sessionId: SessionId): Connecting {
    const waiting = this.waiting.get(sessionId)
    if (!waiting?.isNew) return NOTHING
    this.waiting.delete(sessionId)
    const { client } = waiting
    if (client.isGone) return NOTHING
    const session = formatSessionId(sessionId)
    const { address, port, timeoutMs } = client
    const from = port === null ? {} : { client: `${address}:${port}` }
    return this.accept(client, { type: 'session-opened', session, timeoutMs, ...from })
  }

  revalidated(sessionId: SessionId, isValid: boolean): Connecting {
    const waiting = this.waiting.get(sessionId)
    if (waiting === undefined || waiting.isNew) return NOTHING
    this.waiting.delete(sessionId)
    const { client } = waiting
    if (client.isGone) return NOTHING
    const session = formatSessionId(sessionId)
    return isValid
      ? this.accept(client, { type: 'session-moved', session })
      : this.refuse(client, `session ${session} has expired`)
  }

  private accept(client: Client, event: MemberEvent): Connecting {
    const { sessionId, timeoutMs: timeOut } = client
    const passwd = sessionPassword(sessionId)
    const { answers, emit } = this.context
    answers.connected(client, { protocolVersion: 0, timeOut, sessionId, passwd, ...this.readOnlyOf(client) })
    emit({ kind: 'event', event })
    return { opened: client }
  }

  /** The client takes this response for an expired session. */
  private refuse(client: Client, reason: string): Connecting {
    const nothing = { protocolVersion: 0, timeOut: 0, sessionId: NO_SESSION, passwd: NO_PASSWORD }
    this.context.answers.connected(client, { ...nothing, ...this.readOnlyOf(client) })
    return this.close(client, reason)
  }

  /** A client that sent no readOnly byte gets none. */
  private readOnlyOf(client: Client): { readOnly: boolean | undefined } {
    return { readOnly: client.knowsReadOnly ? this.context.sessions.isReadOnly : undefined }
  }
}
