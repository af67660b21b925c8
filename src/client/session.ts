/**
 * A session over connections that come and go. It dials the servers in turn, moves the session to each new
 * connection, sets its watches there and authenticates again. Requests that are made while there is no
 * connection wait for the next one, for as long as the session can live. Requests that were sent on a lost
 * connection fail with ConnectionLoss.
 */
import { EventEmitter } from 'node:events'
import { ErrorCode, KeeperError } from '../protocol/errors.ts'
import { frameOf } from '../protocol/frames.ts'
import { NO_SESSION, type SessionId } from '../protocol/ids.ts'
import { OpCode } from '../protocol/opcodes.ts'
import { type ConnectResponse, RequestHeader, type WatcherEvent } from '../protocol/records/client.ts'
import { ZERO_ZXID, type Zxid } from '../protocol/zxid.ts'
import { clearTimeout, setTimeout } from '../time.ts'
import { Authentications } from './authentications.ts'
import type { ServerAddress } from './connectString.ts'
import { ReadWriteProbe } from './readWriteProbe.ts'
import type { SaslCredentials } from './sasl.ts'
import { logIn } from './saslLogin.ts'
import { type Call, ServerConnection } from './serverConnection.ts'
import { Watches } from './watches.ts'

/**
 * `connectedReadOnly`: connected to a server without a quorum, which answers reads; meanwhile the client
 * looks for one that takes writes. `disconnected`: the client tries to reconnect, and the session may still
 * live. `expired`, `authFailed` and `closed` are final: the client cannot be used any more.
 */
export type ClientState =
  | 'connecting'
  | 'connected'
  | 'connectedReadOnly'
  | 'disconnected'
  | 'expired'
  | 'authFailed'
  | 'closed'

/** What a client needs to continue another client's session. */
export interface SessionKey {
  readonly id: bigint
  /** 16 bytes. */
  readonly password: Buffer
}

interface SessionOptions {
  readonly servers: readonly ServerAddress[]
  readonly sessionTimeoutMs: number
  /** How long one server is tried before the next one. */
  readonly connectTimeoutMs: number
  readonly maxFrameBytes: number
  /** Whether a server without a quorum is accepted. */
  readonly readOnly: boolean
  /** The session to continue; null: a new one. */
  readonly session: SessionKey | null
  readonly sasl: SaslCredentials | null
}

interface SessionEvents {
  /** The reason says which server was connected, or why a connection or the session ended. */
  state: [state: ClientState, reason: string]
  /** The event as it is on the wire. */
  watch: [event: WatcherEvent]
}

const FIRST_PAUSE_MS = 10
const LONGEST_PAUSE_MS = 1000
/** How long `close` waits for the server's answer. */
const CLOSE_TIMEOUT_MS = 2000

export class Session extends EventEmitter<SessionEvents> {
  readonly watches = new Watches()
  private readonly options: SessionOptions
  private readonly servers: ServerAddress[]
  private connection: ServerConnection | null = null
  private current: ClientState = 'connecting'
  private id: SessionId = NO_SESSION
  private password: Buffer = Buffer.alloc(16)
  private negotiatedMs: number
  private lastZxid: Zxid = ZERO_ZXID
  private lastXid = 0
  private waiting: Call[] = []
  private readonly authentications = new Authentications()
  private nextServer = 0
  private failures = 0
  private pause: NodeJS.Timeout | null = null
  private patience: NodeJS.Timeout | null = null
  private isOutOfPatience = false
  private probe: ReadWriteProbe | null = null
  /**
   * False while only a read-only server has granted the session: all other servers do not know it, so the
   * next one is asked for a new session (ClientCnxn.seenRwServerBefore).
   */
  private isKnownToAll = false

  constructor(options: SessionOptions) {
    super()
    this.options = options
    this.negotiatedMs = options.sessionTimeoutMs
    this.servers = shuffled(options.servers)
    if (options.session !== null) {
      this.id = options.session.id as SessionId
      this.password = Buffer.from(options.session.password)
      this.isKnownToAll = true
    }
    this.wait()
    this.dial()
  }

  get state(): ClientState {
    return this.current
  }

  get sessionId(): bigint {
    return this.id
  }

  get key(): SessionKey {
    return { id: this.id, password: Buffer.from(this.password) }
  }

  /** The session timeout that the server granted. */
  get timeoutMs(): number {
    return this.negotiatedMs
  }

  /** The server of the current connection or attempt. */
  get server(): ServerAddress {
    return this.servers[this.nextServer % this.servers.length] as ServerAddress
  }

  nextXid(): number {
    this.lastXid = this.lastXid === 0x7fffffff ? 1 : this.lastXid + 1
    return this.lastXid
  }

  call(call: Call): void {
    if (this.isEnded) call.failed('expired')
    else if (this.isConnected) this.connection?.call(call)
    else if (this.isOutOfPatience) call.failed('loss')
    else this.waiting.push(call)
  }

  /** Settles with the server's answer, which needs a connection. Later connections are authenticated, too. */
  authenticate(scheme: string, auth: Buffer): Promise<void> {
    if (this.isEnded) return Promise.reject(new KeeperError(ErrorCode.SessionExpired))
    return this.authentications.add(scheme, auth, this.isConnected ? (frame) => this.write(frame) : null)
  }

  /** Ends the session at the server if there is a connection, and the client in any case. */
  async close(): Promise<void> {
    if (this.isEnded) return
    if (this.isConnected) await this.closeSession()
    this.finish('closed', 'closed by its user')
  }

  /** Ends the client, and leaves the session to another client that continues it, or to its expiry. */
  leave(): SessionKey {
    this.finish('closed', 'left by its user')
    return this.key
  }

  /** Cuts the connection without notice, as a broken network would. The session lives on. */
  dropConnection(): void {
    this.connection?.end('dropped')
  }

  private get isConnected(): boolean {
    return this.current === 'connected' || this.current === 'connectedReadOnly'
  }

  get isEnded(): boolean {
    return this.current === 'expired' || this.current === 'authFailed' || this.current === 'closed'
  }

  private closeSession(): Promise<void> {
    const xid = this.nextXid()
    const frame = frameOf((writer) => RequestHeader.write(writer, { xid, type: OpCode.closeSession }))
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS)
      const done = () => {
        clearTimeout(timer)
        resolve()
      }
      this.connection?.call({ xid, frame, answered: done, failed: done })
    })
  }

  private dial(): void {
    const { connectTimeoutMs, maxFrameBytes, sessionTimeoutMs } = this.options
    this.connection = new ServerConnection({
      server: this.server,
      hello: {
        protocolVersion: 0,
        lastZxidSeen: this.lastZxid,
        timeOut: sessionTimeoutMs,
        sessionId: this.isKnownToAll ? this.id : NO_SESSION,
        passwd: this.isKnownToAll ? this.password : Buffer.alloc(16),
        readOnly: this.options.readOnly,
      },
      connectTimeoutMs,
      maxFrameBytes,
      events: {
        onHandshake: (response) => this.greeted(response),
        onWatch: (event) => this.emit('watch', event),
        onAuthenticated: (err) => {
          if (!this.authentications.answered(err))
            this.finish('authFailed', 'the server refuses the authentication')
        },
        onZxid: (zxid) => {
          if (zxid > this.lastZxid) this.lastZxid = zxid
        },
        onEnd: (reason) => this.disconnected(reason),
      },
    })
  }

  private greeted(response: ConnectResponse): void {
    if (response.timeOut <= 0) {
      this.finish('expired', 'the server does not know the session any more')
      return
    }
    this.id = response.sessionId
    this.password = Buffer.from(response.passwd ?? [])
    this.negotiatedMs = response.timeOut
    this.failures = 0
    this.isOutOfPatience = false
    if (this.patience !== null) clearTimeout(this.patience)
    const isReadOnly = response.readOnly === true
    if (!isReadOnly) this.isKnownToAll = true
    const { sasl } = this.options
    if (sasl === null) this.ready(isReadOnly)
    else
      logIn({
        credentials: sasl,
        nextXid: () => this.nextXid(),
        send: (call) => this.connection?.call(call),
        done: () => this.ready(isReadOnly),
        refused: (why) => this.finish('authFailed', why),
      })
  }

  private write(frame: Buffer): void {
    this.connection?.write(frame)
  }

  private ready(isReadOnly: boolean): void {
    this.authentications.sendAll((frame) => this.write(frame))
    for (const frame of this.watches.setWatchesFrames(this.lastZxid)) this.write(frame)
    for (const call of this.waiting.splice(0)) this.connection?.call(call)
    if (isReadOnly) this.probe = new ReadWriteProbe(this.servers, (index) => this.moveTo(index))
    this.become(isReadOnly ? 'connectedReadOnly' : 'connected', `to ${this.server.host}:${this.server.port}`)
  }

  /** Leaves a read-only server for one that takes writes; the next dial goes there. */
  private moveTo(index: number): void {
    // The end of this connection advances to the next server.
    this.nextServer = index + this.servers.length - 1
    this.connection?.end('a server that takes writes was found')
  }

  private disconnected(reason: string): void {
    if (this.isEnded) return
    const { host, port } = this.connection?.server ?? this.server
    this.probe?.stop()
    if (this.isConnected) {
      this.wait()
      this.become('disconnected', `${host}:${port}: ${reason}`)
      // A listener may have closed the client.
      if (this.isEnded) return
    }
    this.nextServer += 1
    this.failures += 1
    this.pause = setTimeout(() => this.dial(), this.pauseMs())
  }

  /**
   * There is no pause until every server has been tried. Then pauses grow with each round, and differ between
   * clients.
   */
  private pauseMs(): number {
    const rounds = Math.floor(this.failures / this.servers.length)
    if (rounds === 0) return 0
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(rounds - 1, 10), LONGEST_PAUSE_MS)
    return longest / 2 + Math.random() * (longest / 2)
  }

  /** Limits how long requests wait for a connection. */
  private wait(): void {
    this.patience = setTimeout(() => {
      this.isOutOfPatience = true
      for (const call of this.waiting.splice(0)) call.failed('loss')
    }, this.negotiatedMs)
  }

  private finish(state: ClientState, reason: string): void {
    if (this.isEnded) return
    this.become(state, reason)
    if (this.pause !== null) clearTimeout(this.pause)
    if (this.patience !== null) clearTimeout(this.patience)
    this.probe?.stop()
    this.connection?.end(reason)
    for (const call of this.waiting.splice(0)) call.failed('expired')
    const code = state === 'authFailed' ? ErrorCode.AuthFailed : ErrorCode.SessionExpired
    this.authentications.end(new KeeperError(code))
    this.watches.clear()
  }

  private become(state: ClientState, reason: string): void {
    this.current = state
    this.emit('state', state, reason)
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    const [a, b] = [result[i] as T, result[j] as T]
    result[i] = b
    result[j] = a
  }
  return result
}
