/**
 * A ZooKeeper client. Every method fails with a KeeperError, which has the server's code or ConnectionLoss,
 * or with a TypeError for wrong arguments, which are not sent. Methods that return a promise reject it with
 * these errors.
 */
import { EventEmitter } from 'node:events'
import { ErrorCode, KeeperError } from '../protocol/errors.ts'
import type { Type } from '../protocol/jute.ts'
import { OpCode } from '../protocol/opcodes.ts'
import type { Reader } from '../protocol/reader.ts'
import {
  Create2Response,
  CreateRequest,
  CreateTtlRequest,
  DeleteRequest,
  ExistsResponse,
  GetAclResponse,
  GetAllChildrenNumberResponse,
  GetChildren2Response,
  GetDataResponse,
  GetEphemeralsResponse,
  PathRequest,
  SetAclRequest,
  SetAclResponse,
  SetDataRequest,
  SetDataResponse,
  SyncResponse,
  WhoAmIResponse,
} from '../protocol/records/client.ts'
import type { Acl, Id, Stat } from '../protocol/records/data.ts'
import type { Writer } from '../protocol/writer.ts'
import { clearTimeout, setTimeout } from '../time.ts'
import {
  aclList,
  checkMilliseconds,
  checkOptions,
  checkString,
  checkVersion,
  wrongArgument,
} from './checks.ts'
import { chrootAt } from './chroot.ts'
import { type ClientOptions, checkClientOptions } from './clientOptions.ts'
import { parseConnectString, type ServerAddress } from './connectString.ts'
import { type EnsembleConfig, getConfig, type ReconfigOptions, reconfig } from './ensembleConfig.ts'
import { MultiRead } from './multiRead.ts'
import { bytesOf, type CreateOptions, createOp, type Data, dataBytes } from './operations.ts'
import { Requests } from './requests.ts'
import { type ClientState, Session, type SessionKey } from './session.ts'
import { Transaction } from './transaction.ts'
import type { Watcher, WatchKind, WatchMode, WatchSelection } from './watches.ts'
import { WatchRequests } from './watchRequests.ts'
import type { WatchStream } from './watchStream.ts'

export interface ClientEvents {
  state: [state: ClientState, reason: string]
}

const DEFAULT_TIMEOUT_MS = 30_000
const MAX_FRAME_BYTES = 4 * 1024 * 1024

export class ZooKeeper extends EventEmitter<ClientEvents> implements AsyncDisposable {
  private readonly session: Session
  private readonly requests: Requests
  private readonly watching: WatchRequests

  /**
   * Begins to connect and returns at once; requests wait for the connection.
   * @param connectString `host:port,host:port/chroot`
   * @throws TypeError when the connect string or an option is not valid
   */
  constructor(connectString: string, options: ClientOptions = {}) {
    super()
    const { servers, chroot } = parseConnectString(connectString)
    checkClientOptions(options)
    const { sessionTimeoutMs = DEFAULT_TIMEOUT_MS, maxFrameBytes = MAX_FRAME_BYTES } = options
    const connectTimeoutMs =
      options.connectTimeoutMs ?? Math.max(1000, Math.floor(sessionTimeoutMs / servers.length))
    const { readOnly = false, session = null, sasl = null } = options
    const limits = { sessionTimeoutMs, connectTimeoutMs, maxFrameBytes }
    this.session = new Session({ servers, ...limits, readOnly, session, sasl })
    this.requests = new Requests(this.session, chrootAt(chroot))
    this.watching = new WatchRequests(this.requests, this.session)
    this.session.on('state', (state, reason) => this.emit('state', state, reason))
  }

  /**
   * Returns a client with an established session.
   * @param options `timeoutMs`: how long to try; the session timeout unless given
   * @throws KeeperError ConnectionLoss when no server grants a session in time
   */
  static async connect(
    connectString: string,
    options: ClientOptions & { timeoutMs?: number } = {},
  ): Promise<ZooKeeper> {
    const { timeoutMs, ...rest } = options
    if (timeoutMs !== undefined) checkMilliseconds('timeoutMs', timeoutMs)
    const client = new ZooKeeper(connectString, rest)
    try {
      await client.connected(timeoutMs ?? options.sessionTimeoutMs ?? DEFAULT_TIMEOUT_MS)
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

  /** The session's password, 16 bytes; all zero before the first connection. */
  get sessionPassword(): Buffer {
    return this.session.key.password
  }

  /** The session timeout that the server granted. */
  get sessionTimeoutMs(): number {
    return this.session.timeoutMs
  }

  /** The server that the client is connected to, or tries to connect to. */
  get server(): ServerAddress {
    return this.session.server
  }

  /**
   * Settles once the client is connected, even if only to a read-only server. Rejects with ConnectionLoss
   * after `timeoutMs`, or with the reason why the session ended.
   */
  async connected(timeoutMs: number): Promise<void> {
    checkMilliseconds('timeoutMs', timeoutMs)
    return new Promise((resolve, reject) => {
      const settle = (error: KeeperError | null) => {
        clearTimeout(timer)
        this.off('state', look)
        if (error === null) resolve()
        else reject(error)
      }
      const look = (state: ClientState) => {
        if (state === 'connected' || state === 'connectedReadOnly') settle(null)
        else if (state === 'authFailed') settle(new KeeperError(ErrorCode.AuthFailed))
        else if (state === 'expired' || state === 'closed') settle(new KeeperError(ErrorCode.SessionExpired))
      }
      const timer = setTimeout(() => settle(new KeeperError(ErrorCode.ConnectionLoss)), timeoutMs)
      this.on('state', look)
      look(this.state)
    })
  }

  /** @returns the path, including its number if the mode is sequential */
  async create(path: string, data: Data = null, options: CreateOptions = {}): Promise<string> {
    return (await this.create2(path, data, options)).path
  }

  async create2(
    path: string,
    data: Data = null,
    options: CreateOptions = {},
  ): Promise<{ path: string; stat: Stat }> {
    const { type, request } = createOp(this.requests.chroot, path, data, options)
    const write = (writer: Writer) =>
      'ttl' in request ? CreateTtlRequest.write(writer, request) : CreateRequest.write(writer, request)
    const created = await this.requests.send(type, path, write, (reader) => Create2Response.read(reader))
    return { path: this.requests.chroot.toClient(created.path), stat: created.stat }
  }

  /** Creates a znode that servers delete once it has had children and has none left. */
  async createContainer(
    path: string,
    data: Data = null,
    options: { acl?: readonly Acl[] } = {},
  ): Promise<string> {
    checkOptions(options, ['acl'])
    return this.create(path, data, { ...options, mode: 'container' })
  }

  /**
   * Creates a znode that servers delete once it has had neither children nor changes for `ttlMs`.
   * @throws KeeperError Unimplemented unless the servers have `extendedTypesEnabled=true`
   */
  async createTtl(
    path: string,
    ttlMs: number,
    data: Data = null,
    options: { acl?: readonly Acl[]; sequential?: boolean } = {},
  ): Promise<string> {
    checkOptions(options, ['acl', 'sequential'])
    const { sequential = false, ...rest } = options
    return this.create(path, data, { ...rest, ttlMs, mode: sequential ? 'sequentialTtl' : 'ttl' })
  }

  /** @param version -1: any */
  async delete(path: string, version = -1): Promise<void> {
    checkVersion(version)
    const request = { path: this.requests.chroot.toServer(path), version }
    return this.requests.ask(OpCode.delete, path, DeleteRequest, request, null)
  }

  /** @returns null when there is no such znode; the watcher is then notified of its creation */
  async exists(path: string, watcher?: Watcher): Promise<Stat | null> {
    const kindOf = (err: number): WatchKind => (err === ErrorCode.NoNode ? 'exist' : 'data')
    try {
      return (await this.requests.read(OpCode.exists, path, ExistsResponse, watcher, kindOf)).stat
    } catch (error) {
      if (error instanceof KeeperError && error.code === ErrorCode.NoNode) return null
      throw error
    }
  }

  getData(path: string, watcher?: Watcher): Promise<{ data: Buffer | null; stat: Stat }> {
    return this.requests.read(OpCode.getData, path, GetDataResponse, watcher, () => 'data')
  }

  async setData(path: string, data: Data, version = -1): Promise<Stat> {
    checkVersion(version)
    const request = { path: this.requests.chroot.toServer(path), data: dataBytes(data), version }
    return this.requests
      .ask(OpCode.setData, path, SetDataRequest, request, SetDataResponse)
      .then(({ stat }) => stat)
  }

  /** The children's names, without the path, in no particular order. */
  getChildren(path: string, watcher?: Watcher): Promise<string[]> {
    return this.getChildren2(path, watcher).then(({ children }) => children)
  }

  getChildren2(path: string, watcher?: Watcher): Promise<{ children: string[]; stat: Stat }> {
    return this.requests.read(OpCode.getChildren2, path, GetChildren2Response, watcher, () => 'child')
  }

  async getAcl(path: string): Promise<{ acl: Acl[]; stat: Stat }> {
    return this.askOf(path, OpCode.getAcl, GetAclResponse)
  }

  /** @param version compared with `aversion` of the znode's Stat; -1: any */
  async setAcl(path: string, acl: readonly Acl[], version = -1): Promise<Stat> {
    checkVersion(version)
    const request = { path: this.requests.chroot.toServer(path), acl: aclList(acl), version }
    return this.requests
      .ask(OpCode.setAcl, path, SetAclRequest, request, SetAclResponse)
      .then(({ stat }) => stat)
  }

  /** Settles when the server knows everything that was committed before; later reads see it. */
  async sync(path = '/'): Promise<void> {
    await this.askOf(path, OpCode.sync, SyncResponse)
  }

  /** The number of znodes below this one, at any depth. */
  async getAllChildrenNumber(path: string): Promise<number> {
    const answer = await this.askOf(path, OpCode.getAllChildrenNumber, GetAllChildrenNumberResponse)
    return answer.totalNumber
  }

  /** The ephemeral znodes of this session whose paths begin with the text `prefix`. */
  async getEphemerals(prefix = '/'): Promise<string[]> {
    const { ephemerals } = await this.askOf(prefix, OpCode.getEphemerals, GetEphemeralsResponse)
    return ephemerals.map((path) => this.requests.chroot.toClient(path))
  }

  /**
   * Begins a transaction, whose operations are either all carried out or not at all:
   * `zk.transaction().check('/a', 3).create('/b').commit()`.
   */
  transaction(): Transaction {
    return new Transaction(this.requests.chroot, (transaction) =>
      this.requests.send(
        OpCode.multi,
        null,
        (writer) => transaction.write(writer),
        (reader) => transaction.read(reader),
      ),
    )
  }

  /**
   * Begins a list of reads that are answered at one moment:
   * `const [a, names] = await zk.multiRead().getData('/a').getChildren('/b').run()`.
   */
  multiRead(): MultiRead {
    return new MultiRead(this.requests.chroot, (reads) =>
      this.requests.send(
        OpCode.multiRead,
        null,
        (writer) => reads.write(writer),
        (reader) => reads.read(reader),
      ),
    )
  }

  /**
   * Sets a watch that stays: the watcher is notified of every change until `removeWatches`. The znode need
   * not exist. After a reconnect the watch is set again; what happened in between is not reported.
   */
  addWatch(path: string, mode: WatchMode, watcher: Watcher): Promise<void> {
    return this.watching.add(path, mode, watcher)
  }

  /**
   * Sets a persistent watch as a stream, which ends with the session, with `removeWatches`, or when its
   * reader leaves the loop. The stream's `ready` settles when the watch is set.
   */
  watch(path: string, options: { recursive?: boolean } = {}): WatchStream {
    return this.watching.stream(path, options.recursive === true ? 'recursive' : 'persistent')
  }

  /**
   * Removes watches of this client; their watchers receive `removed`.
   * @param selection `any` includes persistent watches
   * @param watcher removes only this one; the server keeps its watch while another watcher of this client
   * needs it
   * @throws KeeperError NoWatcher when the server has no such watch
   */
  removeWatches(path: string, selection: WatchSelection = 'any', watcher?: Watcher): Promise<void> {
    return this.watching.remove(path, selection, watcher)
  }

  /**
   * Whether the server has watches of this client for the path. Apache ZooKeeper 3.8 also says yes when
   * another client has one there.
   */
  checkWatches(path: string, selection: WatchSelection = 'any'): Promise<boolean> {
    return this.watching.check(path, selection)
  }

  /** The ensemble's configuration. The watcher is notified when it changes. */
  getConfig(watcher?: Watcher): Promise<EnsembleConfig> {
    return getConfig(this.requests, watcher)
  }

  /**
   * Changes the ensemble's servers and their roles.
   * @returns the new configuration, once a quorum of the old ensemble and one of the new ensemble have it
   * @throws KeeperError ReconfigDisabled (unless `reconfigEnabled=true`), NoAuth (the znode's ACL lets only
   * administrators write), NewConfigNoQuorum, ReconfigInProgress, BadVersion, BadArguments, Unimplemented
   */
  async reconfig(options: ReconfigOptions): Promise<EnsembleConfig> {
    return reconfig(this.requests, options)
  }

  /**
   * The ids that the server knows this client by: its address (`ip`), and all that it has authenticated as.
   */
  async whoAmI(): Promise<Id[]> {
    const read = (reader: Reader) => WhoAmIResponse.read(reader)
    const { clientInfo } = await this.requests.send(OpCode.whoAmI, null, () => {}, read)
    return clientInfo.map(({ authScheme, user }) => ({ scheme: authScheme, id: user }))
  }

  /**
   * Authenticates this client, also on every later connection.
   * @param auth `user:password` for the scheme `digest`
   */
  async addAuth(scheme: string, auth: Uint8Array | string): Promise<void> {
    checkString('scheme', scheme)
    const bytes = bytesOf(auth)
    if (bytes === undefined) throw wrongArgument('auth', 'a string or a Uint8Array', auth)
    return this.session.authenticate(scheme, bytes)
  }

  /** Ends the session, which removes its ephemeral znodes. */
  close(): Promise<void> {
    return this.session.close()
  }

  /**
   * Ends this client, but not its session. Another client may continue the session with its ephemeral znodes
   * (`ClientOptions.session`) before it expires.
   */
  leave(): SessionKey {
    return this.session.leave()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Cuts the connection as a broken network would. The session lives on, and the client reconnects. */
  dropConnection(): void {
    this.session.dropConnection()
  }

  /** Sends a request whose only argument is a path. */
  private askOf<R>(path: string, type: OpCode, response: Type<R>): Promise<R> {
    return this.requests.ask(type, path, PathRequest, { path: this.requests.chroot.toServer(path) }, response)
  }
}
