/**
 * How connections get their sessions (ZooKeeperServer.processConnectRequest): a new session is a transaction, and
 * an old one is checked, first by its password, then by whoever keeps the sessions. Nothing else of a
 * connection is read before its session is committed or confirmed.
 */
import { formatSessionId, NO_SESSION, type SessionId } from '../../protocol/ids.ts'
import { decode, encode, int } from '../../protocol/jute.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import { ConnectRequest, type ConnectResponse } from '../../protocol/records/client.ts'
import { formatZxid, type Zxid } from '../../protocol/zxid.ts'
import type { Now } from '../effects.ts'
import type { MemberEvent } from '../events.ts'
import { sessionPassword } from '../sessions/password.ts'
import { SessionIds } from '../sessions/sessionIds.ts'
import type { Client } from './client.ts'
import type { RequestOptions } from './options.ts'
import type { Request } from './request.ts'

export interface ConnectDeskParts {
  readonly options: RequestOptions
  readonly submit: (request: Request) => void
  readonly revalidate: (sessionId: SessionId, timeoutMs: number) => void
  readonly reply: (client: Client, response: ConnectResponse) => void
  readonly close: (client: Client, reason: string) => void
  /** Another connection of this session ends. */
  readonly replace: (sessionId: SessionId) => void
  readonly opened: (client: Client, now: Now) => void
  readonly event: (event: MemberEvent) => void
}

const NO_PASSWORD = Buffer.alloc(16)

export class ConnectDesk {
  private readonly parts: ConnectDeskParts
  private ids: SessionIds | null = null
  /** Connections that wait for their session. */
  private readonly opening = new Map<SessionId, Client>()

  constructor(parts: ConnectDeskParts) {
    this.parts = parts
  }

  start(now: Now): void {
    // Kept over changes of role: ids must not come again within this process.
    this.ids ??= new SessionIds(this.parts.options.sid, now.wallMs)
  }

  stop(): void {
    this.opening.clear()
  }

  forget(client: Client): void {
    if (this.opening.get(client.sessionId) === client) this.opening.delete(client.sessionId)
  }

  /** @throws DecodeError */
  request(client: Client, frame: Buffer, lastProcessed: Zxid): void {
    const request = decode(ConnectRequest, frame)
    client.knowsReadOnly = request.readOnly !== undefined
    if (request.lastZxidSeen > lastProcessed) {
      const theirs = formatZxid(request.lastZxidSeen)
      this.parts.close(client, `it has seen zxid ${theirs}, this member is at ${formatZxid(lastProcessed)}`)
      return
    }
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.parts.options
    client.timeoutMs = Math.min(Math.max(request.timeOut, minSessionTimeoutMs), maxSessionTimeoutMs)
    client.phase = 'opening'
    if (request.sessionId === NO_SESSION) this.create(client)
    else this.resume(client, request)
  }

  private create(client: Client): void {
    const sessionId = this.ids?.next() ?? NO_SESSION
    client.sessionId = sessionId
    this.opening.set(sessionId, client)
    const body = encode(int, client.timeoutMs)
    this.parts.submit({ sessionId, cxid: 0, type: OpCode.createSession, body, authInfo: [], owner: 'local' })
  }

  private resume(client: Client, request: ConnectRequest): void {
    const { sessionId, passwd } = request
    if (passwd === null || !passwd.equals(sessionPassword(sessionId))) {
      this.refuse(client, `wrong password for session ${formatSessionId(sessionId)}`)
      return
    }
    this.parts.replace(sessionId)
    const other = this.opening.get(sessionId)
    if (other !== undefined) this.parts.close(other, 'its client has connected again')
    client.sessionId = sessionId
    this.opening.set(sessionId, client)
    this.parts.revalidate(sessionId, client.timeoutMs)
  }

  /** createSession is committed: here if its client is connected here, else nobody waits for it. */
  created(sessionId: SessionId, now: Now): void {
    const client = this.opening.get(sessionId)
    if (client === undefined) return
    this.accept(client, now)
    this.parts.event({
      type: 'session-opened',
      session: formatSessionId(sessionId),
      timeoutMs: client.timeoutMs,
    })
  }

  revalidated(sessionId: SessionId, isValid: boolean, now: Now): void {
    const client = this.opening.get(sessionId)
    if (client === undefined) return
    if (!isValid) {
      this.opening.delete(sessionId)
      this.refuse(client, `session ${formatSessionId(sessionId)} has expired`)
      return
    }
    this.accept(client, now)
    this.parts.event({ type: 'session-moved', session: formatSessionId(sessionId) })
  }

  private accept(client: Client, now: Now): void {
    const { sessionId, timeoutMs: timeOut } = client
    this.opening.delete(sessionId)
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
    return { readOnly: client.knowsReadOnly ? false : undefined }
  }
}
