/**
 * How connections get their sessions (ZooKeeperServer.processConnectRequest): a new session is a transaction,
 * or this member's own affair when it is local, and an old one is checked, first by its password, then by
 * whoever keeps it. Nothing else of a connection is read before its session is committed or confirmed.
 */
import { formatSessionId, NO_SESSION, type SessionId } from '../../protocol/ids.ts'
import { decode } from '../../protocol/jute.ts'
import { ConnectRequest, type ConnectResponse } from '../../protocol/records/client.ts'
import { formatZxid, type Zxid } from '../../protocol/zxid.ts'
import type { Now } from '../effects.ts'
import type { MemberEvent } from '../events.ts'
import type { MemberSessions } from '../sessions/memberSessions.ts'
import { sessionPassword } from '../sessions/password.ts'
import { SessionIds } from '../sessions/sessionIds.ts'
import type { Client } from './client.ts'
import type { RequestOptions } from './options.ts'

export interface ConnectDeskParts {
  readonly options: RequestOptions
  readonly sessions: MemberSessions
  readonly reply: (client: Client, response: ConnectResponse) => void
  /** Answers with an error, and hears the connection no more. */
  readonly replyNotReadOnly: (client: Client) => void
  readonly close: (client: Client, reason: string) => void
  /** Another connection of this session ends. */
  readonly replace: (sessionId: SessionId) => void
  readonly opened: (client: Client, now: Now) => void
  readonly event: (event: MemberEvent) => void
}

const NO_PASSWORD = Buffer.alloc(16)

/** A connection that waits for its session: for its creation, or for the leader's word that it is alive. */
interface Waiting {
  readonly client: Client
  readonly isNew: boolean
}

export class ConnectDesk {
  private readonly parts: ConnectDeskParts
  private ids: SessionIds | null = null
  private readonly waiting = new Map<SessionId, Waiting>()

  constructor(parts: ConnectDeskParts) {
    this.parts = parts
  }

  start(now: Now): void {
    // Kept over changes of role: ids must not come again within this process.
    this.ids ??= new SessionIds(this.parts.options.sid, now.wallMs)
  }

  stop(): void {
    this.waiting.clear()
  }

  forget(client: Client): void {
    if (this.waiting.get(client.sessionId)?.client === client) this.waiting.delete(client.sessionId)
  }

  /** `lastZxid` is what the client would be told here. @throws DecodeError */
  request(client: Client, frame: Buffer, lastZxid: Zxid, now: Now): void {
    const request = decode(ConnectRequest, frame)
    const { readOnly, lastZxidSeen } = request
    client.knowsReadOnly = readOnly !== undefined
    if (this.parts.sessions.isReadOnly && !readOnly) {
      this.parts.close(client, 'this member is read-only, and it did not say that it can do with that')
      return
    }
    if (lastZxidSeen > lastZxid) {
      const theirs = formatZxid(lastZxidSeen)
      this.parts.close(client, `it has seen zxid ${theirs}, this member is at ${formatZxid(lastZxid)}`)
      return
    }
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.parts.options
    client.timeoutMs = Math.min(Math.max(request.timeOut, minSessionTimeoutMs), maxSessionTimeoutMs)
    client.phase = 'opening'
    if (request.sessionId === NO_SESSION) this.create(client, now)
    else this.resume(client, request, now)
  }

  private create(client: Client, now: Now): void {
    const sessionId = this.ids?.next() ?? NO_SESSION
    client.sessionId = sessionId
    this.waiting.set(sessionId, { client, isNew: true })
    switch (this.parts.sessions.create(sessionId, client.timeoutMs, now)) {
      case 'valid':
        this.created(sessionId, now)
        break
      case 'refused':
        // Verified against Apache 3.8.0: an error's header where a ConnectResponse is due, then silence.
        this.waiting.delete(sessionId)
        client.phase = 'refused'
        this.parts.replyNotReadOnly(client)
        break
      case 'asked':
        break
    }
  }

  private resume(client: Client, { sessionId, passwd }: ConnectRequest, now: Now): void {
    const { sessions } = this.parts
    if (sessions.refuses(sessionId)) {
      this.parts.close(client, `session ${formatSessionId(sessionId)} cannot go on at a read-only member`)
      return
    }
    if (passwd === null || !passwd.equals(sessionPassword(sessionId))) {
      this.refuse(client, `wrong password for session ${formatSessionId(sessionId)}`)
      return
    }
    this.parts.replace(sessionId)
    const other = this.waiting.get(sessionId)
    if (other !== undefined) this.parts.close(other.client, 'its client has connected again')
    client.sessionId = sessionId
    this.waiting.set(sessionId, { client, isNew: false })
    const confirmation = sessions.resume(sessionId, client.timeoutMs, now)
    if (confirmation !== 'asked') this.revalidated(sessionId, confirmation === 'valid', now)
  }

  /**
   * The session is there: by createSession, of whichever member, or because it is local. That of an upgrade
   * may find its client as it comes back; then the leader's word is still due.
   */
  created(sessionId: SessionId, now: Now): void {
    const waiting = this.waiting.get(sessionId)
    if (!waiting?.isNew) return
    const { client } = waiting
    this.accept(client, now)
    const session = formatSessionId(sessionId)
    const { address, port, timeoutMs } = client
    const from = port === null ? {} : { client: `${address}:${port}` }
    this.parts.event({ type: 'session-opened', session, timeoutMs, ...from })
  }

  revalidated(sessionId: SessionId, isValid: boolean, now: Now): void {
    const waiting = this.waiting.get(sessionId)
    if (waiting === undefined || waiting.isNew) return
    const { client } = waiting
    if (!isValid) {
      this.waiting.delete(sessionId)
      this.refuse(client, `session ${formatSessionId(sessionId)} has expired`)
      return
    }
    this.accept(client, now)
    this.parts.event({ type: 'session-moved', session: formatSessionId(sessionId) })
  }

  private accept(client: Client, now: Now): void {
    const { sessionId, timeoutMs: timeOut } = client
    this.waiting.delete(sessionId)
    const passwd = sessionPassword(sessionId)
    this.parts.reply(client, { protocolVersion: 0, timeOut, sessionId, passwd, ...this.readOnlyOf(client) })
    this.parts.opened(client, now)
  }

  /** The client takes it for expired. */
  private refuse(client: Client, reason: string): void {
    const nothing = { protocolVersion: 0, timeOut: 0, sessionId: NO_SESSION, passwd: NO_PASSWORD }
    this.parts.reply(client, { ...nothing, ...this.readOnlyOf(client) })
    this.parts.close(client, reason)
  }

  /** Who sent no readOnly byte gets none. */
  private readOnlyOf(client: Client): { readOnly: boolean | undefined } {
    return { readOnly: client.knowsReadOnly ? this.parts.sessions.isReadOnly : undefined }
  }
}
