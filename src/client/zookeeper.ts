/** A ZooKeeper client. Every method's errors are KeeperErrors with the server's code, or ConnectionLoss. */
import { EventEmitter } from 'node:events'
import { ErrorCode, KeeperError } from '../protocol/errors.ts'
import type { Type } from '../protocol/jute.ts'
import { OpCode } from '../protocol/opcodes.ts'
import { DecodeError, type Reader } from '../protocol/reader.ts'
import {
  Create2Response,
  CreateRequest,
  CreateTtlRequest,
  DeleteRequest,
  ExistsResponse,
  GetAclResponse,
  GetChildren2Response,
  GetDataResponse,
  PathRequest,
  RequestHeader,
  SetAclRequest,
  SetAclResponse,
  SetDataRequest,
  SetDataResponse,
  SyncResponse,
  WatchableReadRequest,
  type WatcherEvent,
} from '../protocol/records/client.ts'
import type { Acl, Stat } from '../protocol/records/data.ts'
import type { Writer } from '../protocol/writer.ts'
import { parseConnectString, type ServerAddress } from './connectString.ts'
import { type CreateOptions, createOp, type Data, dataBytes } from './operations.ts'
import { frameOf } from './serverConnection.ts'
import { type ClientState, Session } from './session.ts'
import { type Chroot, Transaction, type TransactionResult } from './transaction.ts'
import type { Watcher, WatchKind } from './watches.ts'

export interface ClientOptions {
  /** Asked for; the server may grant another. 30000 unless given. */
  readonly sessionTimeoutMs?: number
  /** For each server before the next is tried; a share of the session timeout unless given. */
  readonly connectTimeoutMs?: number
  /** Largest reply taken; 4 MiB unless given, as with Apache's client. */
  readonly maxFrameBytes?: number
}

export interface ClientEvents {
  state: [state: ClientState, reason: string]
}

const DEFAULT_TIMEOUT_MS = 30_000
const MAX_FRAME_BYTES = 4 * 1024 * 1024

export class ZooKeeper extends EventEmitter<ClientEvents> implements AsyncDisposable {
  private readonly session: Session
  private readonly chroot: Chroot

  /**
   * Begins to connect, without waiting: requests wait for the connection.
   * @param connectString `host:port,host:port/chroot`
   * @throws TypeError when the connect string is none
   */
  constructor(connectString: string, options: ClientOptions = {}) {
    super()
    const { servers, chroot } = parseConnectString(connectString)
    const { sessionTimeoutMs = DEFAULT_TIMEOUT_MS, maxFrameBytes = MAX_FRAME_BYTES } = options
    const connectTimeoutMs =
      options.connectTimeoutMs ?? Math.max(1000, Math.floor(sessionTimeoutMs / servers.length))
    this.chroot = chrootAt(chroot)
    this.session = new Session({ servers, sessionTimeoutMs, connectTimeoutMs, maxFrameBytes })
    this.session.on('state', (state, reason) => this.emit('state', state, reason))
    this.session.on('watch', (event) => this.fire(event))
  }

  /**
   * A client with a session.
   * @param timeoutMs how long to try; the session timeout unless given
   * @throws KeeperError ConnectionLoss when no server gives one in time
   */
  static async connect(
    connectString: string,
    options: ClientOptions & { timeoutMs?: number } = {},
  ): Promise<ZooKeeper> {
    const client = new ZooKeeper(connectString, options)
    try {
      await client.connected(options.timeoutMs ?? options.sessionTimeoutMs ?? DEFAULT_TIMEOUT_MS)
    } catch (error) {
      await client.close()
      throw error
    }
    return client
  }

  get state(): ClientState {
    return this.session.state
  }

  /** 0n before the first connection. */
  get sessionId(): bigint {
    return this.session.sessionId
  }

  /** As the server granted it. */
  get sessionTimeoutMs(): number {
    return this.session.timeoutMs
  }

  /** The server it is connected to, or tries. */
  get server(): ServerAddress {
    return this.session.server
  }

  /** Settles once connected; rejects with ConnectionLoss after `timeoutMs`, or with why the session ended. */
  connected(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: KeeperError | null) => {
        clearTimeout(timer)
        this.off('state', look)
        if (error === null) resolve()
        else reject(error)
      }
      const look = (state: ClientState) => {
        if (state === 'connected') settle(null)
        else if (state === 'authFailed') settle(new KeeperError(ErrorCode.AuthFailed))
        else if (state === 'expired' || state === 'closed') settle(new KeeperError(ErrorCode.SessionExpired))
      }
      const timer = setTimeout(() => settle(new KeeperError(ErrorCode.ConnectionLoss)), timeoutMs)
      this.on('state', look)
      look(this.state)
    })
  }

  /** @returns the path, with its number if the mode is a sequential one */
  async create(path: string, data: Data = null, options: CreateOptions = {}): Promise<string> {
    return (await this.create2(path, data, options)).path
  }

  async create2(
    path: string,
    data: Data = null,
    options: CreateOptions = {},
  ): Promise<{ path: string; stat: Stat }> {
    const { type, request } = createOp(this.chroot.toServer(path), data, options)
    const write = (writer: Writer) =>
      'ttl' in request ? CreateTtlRequest.write(writer, request) : CreateRequest.write(writer, request)
    const created = await this.send(type, path, write, (reader) => Create2Response.read(reader))
    return { path: this.chroot.toClient(created.path), stat: created.stat }
  }

  /** @param version -1: whatever it is */
  delete(path: string, version = -1): Promise<void> {
    return this.ask(OpCode.delete, path, DeleteRequest, { path: this.chroot.toServer(path), version }, null)
  }

  /** @returns null when there is none; the watcher then hears of its creation */
  async exists(path: string, watcher?: Watcher): Promise<Stat | null> {
    const kindOf = (err: number): WatchKind => (err === ErrorCode.NoNode ? 'exist' : 'data')
    try {
      return (await this.read(OpCode.exists, path, ExistsResponse, watcher, kindOf)).stat
    } catch (error) {
      if (error instanceof KeeperError && error.code === ErrorCode.NoNode) return null
      throw error
    }
  }

  getData(path: string, watcher?: Watcher): Promise<{ data: Buffer | null; stat: Stat }> {
    return this.read(OpCode.getData, path, GetDataResponse, watcher, () => 'data')
  }

  setData(path: string, data: Data, version = -1): Promise<Stat> {
    const request = { path: this.chroot.toServer(path), data: dataBytes(data), version }
    return this.ask(OpCode.setData, path, SetDataRequest, request, SetDataResponse).then(({ stat }) => stat)
  }

  /** Names without the path, in no order. */
  getChildren(path: string, watcher?: Watcher): Promise<string[]> {
    return this.getChildren2(path, watcher).then(({ children }) => children)
  }

  getChildren2(path: string, watcher?: Watcher): Promise<{ children: string[]; stat: Stat }> {
    return this.read(OpCode.getChildren2, path, GetChildren2Response, watcher, () => 'child')
  }

  getAcl(path: string): Promise<{ acl: Acl[]; stat: Stat }> {
    return this.ask(OpCode.getAcl, path, PathRequest, { path: this.chroot.toServer(path) }, GetAclResponse)
  }

  /** @param version the aversion of its Stat, -1: whatever it is */
  setAcl(path: string, acl: readonly Acl[], version = -1): Promise<Stat> {
    const request = { path: this.chroot.toServer(path), acl: [...acl], version }
    return this.ask(OpCode.setAcl, path, SetAclRequest, request, SetAclResponse).then(({ stat }) => stat)
  }

  /** Settles when the server knows all that was committed before: reads that follow see it. */
  async sync(path = '/'): Promise<void> {
    await this.ask(OpCode.sync, path, PathRequest, { path: this.chroot.toServer(path) }, SyncResponse)
  }

  transaction(): Transaction {
    return new Transaction(this.chroot, (transaction) => this.multi(transaction))
  }

  private multi(transaction: Transaction): Promise<TransactionResult[]> {
    return this.send(
      OpCode.multi,
      null,
      (writer) => transaction.write(writer),
      (reader) => transaction.read(reader),
    )
  }

  /** For `digest`: `user:password`. Every later connection of this client is authenticated alike. */
  addAuth(scheme: string, auth: Buffer | string): Promise<void> {
    return this.session.authenticate(scheme, typeof auth === 'string' ? Buffer.from(auth) : auth)
  }

  /** Ends the session, and with it its ephemeral znodes. */
  close(): Promise<void> {
    return this.session.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Cuts the connection as a broken network would; the session lives on, and the client reconnects. */
  dropConnection(): void {
    this.session.dropConnection()
  }

  private read<R>(
    type: OpCode,
    path: string,
    response: Type<R>,
    watcher: Watcher | undefined,
    kindOf: (err: number) => WatchKind,
  ): Promise<R> {
    const serverPath = this.chroot.toServer(path)
    const request = { path: serverPath, watch: watcher !== undefined }
    const answered = (err: number) => {
      const isSet = err === ErrorCode.Ok || (err === ErrorCode.NoNode && type === OpCode.exists)
      if (watcher !== undefined && isSet) this.session.watches.add(kindOf(err), serverPath, watcher)
    }
    const write = (writer: Writer) => WatchableReadRequest.write(writer, request)
    return this.send(type, path, write, (reader) => response.read(reader), answered)
  }

  private ask<Q>(type: OpCode, path: string, request: Type<Q>, value: Q, response: null): Promise<void>
  private ask<Q, R>(type: OpCode, path: string, request: Type<Q>, value: Q, response: Type<R>): Promise<R>
  private ask<Q, R>(
    type: OpCode,
    path: string,
    request: Type<Q>,
    value: Q,
    response: Type<R> | null,
  ): Promise<R | undefined> {
    const write = (writer: Writer) => request.write(writer, value)
    return this.send(type, path, write, (reader) => response?.read(reader))
  }

  private send<R>(
    type: number,
    path: string | null,
    write: (writer: Writer) => void,
    read: (reader: Reader) => R,
    onAnswer?: (err: number) => void,
  ): Promise<R> {
    const xid = this.session.nextXid()
    const frame = frameOf((writer) => {
      RequestHeader.write(writer, { xid, type })
      write(writer)
    })
    return new Promise((resolve, reject) => {
      this.session.call({
        xid,
        frame,
        answered: (err, body) => {
          onAnswer?.(err)
          if (err !== ErrorCode.Ok) reject(new KeeperError(err as ErrorCode, path))
          else settle(() => read(body), resolve, reject)
        },
        failed: (why) => {
          const code = why === 'loss' ? ErrorCode.ConnectionLoss : ErrorCode.SessionExpired
          reject(new KeeperError(code, path))
        },
      })
    })
  }

  /** A watcher's own error is its owner's: it must not look like a fault of the connection. */
  private fire(event: WatcherEvent): void {
    const fired = this.session.watches.fire(event.type, event.path)
    if (fired === null) return
    const told = { type: fired.type, path: this.chroot.toClient(event.path) }
    for (const watcher of fired.watchers) queueMicrotask(() => watcher(told))
  }
}

/** A reply that cannot be read ends the connection, too: what follows it in the stream is not to be trusted. */
function settle<R>(read: () => R, resolve: (value: R) => void, reject: (error: unknown) => void): void {
  try {
    resolve(read())
  } catch (error) {
    reject(error)
    if (error instanceof DecodeError) throw error
  }
}

function chrootAt(chroot: string): Chroot {
  if (chroot === '') return { toServer: (path) => path, toClient: (path) => path }
  return {
    toServer: (path) => (path === '/' ? chroot : chroot + path),
    toClient: (path) => {
      if (path === chroot) return '/'
      return path.startsWith(`${chroot}/`) ? path.slice(chroot.length) : path
    },
  }
}
