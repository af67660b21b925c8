/**
 * A session over connections that come and go: dials the servers in turn, takes the session along, arms its
 * watches and repeats its authentication on each new connection. Requests made while there is none wait for the
 * next one, for as long as the session can live; those that were on their way fail with ConnectionLoss.
 */
import { EventEmitter } from 'node:events'
import { ErrorCode, KeeperError } from '../protocol/errors.ts'
import { NO_SESSION, type SessionId } from '../protocol/ids.ts'
import { OpCode, Xid } from '../protocol/opcodes.ts'
import {
  AuthPacket,
  type ConnectResponse,
  RequestHeader,
  type WatcherEvent,
} from '../protocol/records/client.ts'
import { ZERO_ZXID, type Zxid } from '../protocol/zxid.ts'
import type { ServerAddress } from './connectString.ts'
import { type Call, frameOf, ServerConnection } from './serverConnection.ts'
import { Watches } from './watches.ts'

/**
 * `disconnected`: trying to get back, the session may still live. `expired`, `authFailed` and `closed` are ends:
 * the client is of no more use.
 */
export type ClientState = 'connecting' | 'connected' | 'disconnected' | 'expired' | 'authFailed' | 'closed'

export interface SessionOptions {
  readonly servers: readonly ServerAddress[]
  readonly sessionTimeoutMs: number
  /** For one server; the next is tried then. */
  readonly connectTimeoutMs: number
  readonly maxFrameBytes: number
}

export interface SessionEvents {
  /** The reason says why a connection ended. */
  state: [state: ClientState, reason: string]
  /** As on the wire. */
  watch: [event: WatcherEvent]
}

interface Authentication {
  readonly frame: Buffer
  settle: { resolve(): void; reject(error: KeeperError): void } | null
}

const FIRST_PAUSE_MS = 10
const LONGEST_PAUSE_MS = 1000
/** How long `close` waits for the server to say goodbye. */
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
  /** In the order in which they were added; every new connection hears all of them. */
  private readonly authentications: Authentication[] = []
  private unansweredAuthentications: Authentication[] = []
  private nextServer = 0
  private failures = 0
  private pause: NodeJS.Timeout | null = null
  private patience: NodeJS.Timeout | null = null
  private isOutOfPatience = false

  constructor(options: SessionOptions) {
    super()
    this.options = options
    this.negotiatedMs = options.sessionTimeoutMs
    this.servers = shuffled(options.servers)
    this.wait()
    this.dial()
  }

  get state(): ClientState {
    return this.current
  }

  get sessionId(): bigint {
    return this.id
  }

  /** As the server granted it. */
  get timeoutMs(): number {
    return this.negotiatedMs
  }

  /** The server of the present connection or attempt. */
  get server(): ServerAddress {
    return this.servers[this.nextServer % this.servers.length] as ServerAddress
  }

  nextXid(): number {
    this.lastXid = this.lastXid === 0x7fffffff ? 1 : this.lastXid + 1
    return this.lastXid
  }

  call(call: Call): void {
    if (this.isEnded) call.failed('expired')
    else if (this.current === 'connected') this.connection?.call(call)
    else if (this.isOutOfPatience) call.failed('loss')
    else this.waiting.push(call)
  }

  /** Settles with the server's answer, which needs a connection; every later connection hears it as well. */
  authenticate(scheme: string, auth: Buffer): Promise<void> {
    const frame = frameOf((writer) => {
      RequestHeader.write(writer, { xid: Xid.auth, type: OpCode.auth })
      AuthPacket.write(writer, { type: 0, scheme, auth })
    })
    return new Promise((resolve, reject) => {
      if (this.isEnded) {
        reject(new KeeperError(ErrorCode.SessionExpired))
        return
      }
      const authentication: Authentication = { frame, settle: { resolve, reject } }
      this.authentications.push(authentication)
      if (this.current === 'connected') this.sendAuthentication(authentication)
    })
  }

  /** Ends the session at the server where one can be reached, and the client in any case. */
  async close(): Promise<void> {
    if (this.isEnded) return
    if (this.current === 'connected') await this.sayGoodbye()
    this.finish('closed', 'closed by its user')
  }

  /** Cuts the connection without a word, as a broken network would. The session lives on. */
  dropConnection(): void {
    this.connection?.end('dropped')
  }

  private get isEnded(): boolean {
    return this.current === 'expired' || this.current === 'authFailed' || this.current === 'closed'
  }

  private sayGoodbye(): Promise<void> {
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
        sessionId: this.id,
        passwd: this.password,
        readOnly: false,
      },
      connectTimeoutMs,
      maxFrameBytes,
      events: {
        onHandshake: (response) => this.greeted(response),
        onWatch: (event) => this.emit('watch', event),
        onAuthenticated: (err) => this.authenticated(err),
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
    for (const authentication of this.authentications) this.sendAuthentication(authentication)
    for (const frame of this.watches.setWatchesFrames(this.lastZxid)) this.connection?.write(frame)
    for (const call of this.waiting.splice(0)) this.connection?.call(call)
    this.become('connected', `to ${this.server.host}:${this.server.port}`)
  }

  private sendAuthentication(authentication: Authentication): void {
    this.unansweredAuthentications.push(authentication)
    this.connection?.write(authentication.frame)
  }

  private authenticated(err: number): void {
    const authentication = this.unansweredAuthentications.shift()
    if (err === ErrorCode.Ok) {
      authentication?.settle?.resolve()
      if (authentication !== undefined) authentication.settle = null
      return
    }
    this.finish('authFailed', 'the server refuses the authentication')
  }

  private disconnected(reason: string): void {
    if (this.isEnded) return
    const { host, port } = this.server
    this.unansweredAuthentications = []
    if (this.current === 'connected') {
      this.wait()
      this.become('disconnected', `${host}:${port}: ${reason}`)
      // A listener may have closed the client.
      if (this.isEnded) return
    }
    this.nextServer += 1
    this.failures += 1
    this.pause = setTimeout(() => this.dial(), this.pauseMs())
  }

  /** None before every server had its turn, then longer with each round, and not the same for every client. */
  private pauseMs(): number {
    const rounds = Math.floor(this.failures / this.servers.length)
    if (rounds === 0) return 0
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(rounds - 1, 10), LONGEST_PAUSE_MS)
    return longest / 2 + Math.random() * (longest / 2)
  }

  /** What waits for a connection is not to wait for ever. */
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
    this.connection?.end(reason)
    for (const call of this.waiting.splice(0)) call.failed('expired')
    const code = state === 'authFailed' ? ErrorCode.AuthFailed : ErrorCode.SessionExpired
    for (const { settle } of this.authentications.splice(0)) settle?.reject(new KeeperError(code))
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
