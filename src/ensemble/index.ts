/**
 * The library: a ZooKeeper ensemble in the process of a test or a tool, or a connection to a running one.
 *
 *     await using ensemble = await Ensemble.start({ members: 3, ports: 'auto', dir: 'temp' })
 *     const verdict = await ensemble.kill('leader')
 */
import { join, resolve } from 'node:path'
import type { ClusterEvent, ClusterInfo, HandoverReport, MemberInfo, Verb, Verdict } from '../api/api.ts'
import { exitCodes, OperationError } from '../api/operationError.ts'
import { connectTo } from '../control/client.ts'
import type { Connection } from '../control/connection.ts'
import type { Engine } from '../host/host.ts'
import type { EngineChoice } from '../supervisor/clusterRequest.ts'
import { canonicalPath } from '../supervisor/folder/canonicalPath.ts'
import { notAllowed } from '../supervisor/folder/folderClaim.ts'
import {
  clustersOf,
  DEFAULT_DIR,
  knownClusters,
  presenceIn,
  type RunningCluster,
} from '../supervisor/folder/presence.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { holdingProcess } from '../time.ts'
import { checkOptions, checkValue, milliseconds, text } from './checks.ts'
import { startCluster } from './cluster.ts'
import {
  actionOptions,
  ensembleOptions,
  eventsOptions,
  handoverOptions,
  handoverTarget,
  listener as listenerShape,
  selectorsOf,
  startOptions,
} from './optionShapes.ts'
import type { ActionOptions, EnsembleOptions, HandoverOptions, StartOptions } from './options.ts'
import { sweepTemporary, TemporaryDir } from './temporaryDir.ts'
import { refuseFakedTicks } from './ticks.ts'

export type { ClusterEvent, ClusterInfo, HandoverReport, MemberInfo, Verdict } from '../api/api.ts'
export { OperationError, PortError } from '../api/operationError.ts'
export type { MemberEvent, Role, VoteView } from '../core/events.ts'
export type { Engine } from '../host/host.ts'
export type { ActionOptions, EnsembleOptions, HandoverOptions, StartOptions } from './options.ts'

/**
 * Which members: ids, `server.1`, client ports, or what members are now (`leader`, `follower`, `followers`,
 * `observer`, `observers`, `majority`, `random`, `all`). Several, in an array or separated by blanks or
 * commas, are united: `[0, 1]`, `'leader 0'`; a colon narrows: `'follower:1'`. As on the command line.
 */
export type Selector = number | string | readonly (number | string)[]

/** A member as the library describes it. */
export interface EnsembleMember {
  readonly id: number
  readonly host: string
  /** The port that clients connect to: the port without TLS where there is one, else `secureClientPort`. */
  readonly clientPort: number
  /** The port with TLS; null without one. */
  readonly secureClientPort: number | null
  readonly quorumPort: number | null
  readonly electionPort: number | null
  readonly dataDir: string
}

const WAIT_MS = 10_000
const START_MS = 30_000
const HANDOVER_MS = 60_000

export class Ensemble implements AsyncDisposable {
  readonly name: string
  readonly dir: string
  /** The cluster as it was at the last request. */
  private info: ClusterInfo
  private readonly connection: Connection
  /** Null when attached to a cluster of another process. */
  private readonly supervisor: Supervisor | null
  private readonly temporaryDir: TemporaryDir | null

  /**
   * Starts an ensemble and waits until it serves: a leader is established and a write was acknowledged. It
   * does not keep this process from ending by itself, and ends with it.
   * @throws OperationError; a PortError, which has `port` and `address`, when a port cannot be had
   */
  static async start(options: EnsembleOptions = {}): Promise<Ensemble> {
    checkOptions<EnsembleOptions>('Ensemble.start', options, ensembleOptions)
    return holdingProcess(startAnywhere(options))
  }

  /** Attaches to a running cluster by its name or folder. @throws OperationError, exit code 3 */
  static async connect(nameOrDir: string): Promise<Ensemble> {
    checkValue('the cluster that Ensemble.connect is given, by name or folder,', nameOrDir, text)
    const found = (await inFolder(nameOrDir)) ?? (await named(nameOrDir))
    if (found.condition === 'denied') throw notAllowed(found.dir)
    const connection = connectTo(found.dir)
    return new Ensemble(await connection.cluster(), connection, null, null)
  }

  /** @internal */
  constructor(
    info: ClusterInfo,
    connection: Connection,
    supervisor: Supervisor | null,
    temporaryDir: TemporaryDir | null,
  ) {
    this.name = info.name
    this.dir = info.dir
    this.info = info
    this.connection = connection
    this.supervisor = supervisor
    this.temporaryDir = temporaryDir
  }

  /**
   * `host:port,host:port,…` of every member's client port; after a reconfiguration as `status` has last seen
   * it.
   */
  get connectString(): string {
    return this.info.connectString
  }

  /** All members, including those that are down; after a reconfiguration as `status` has last seen them. */
  get members(): readonly EnsembleMember[] {
    return this.info.members.map(memberOf)
  }

  /** The current state of the cluster. */
  async status(): Promise<ClusterInfo> {
    this.info = await this.connection.cluster()
    return this.info
  }

  /** The member that leads now, with a quorum; null while none does. */
  async leader(): Promise<EnsembleMember | null> {
    const { leader } = await this.status()
    return this.members.find(({ id }) => id === leader) ?? null
  }

  /** Resolves when the ensemble serves. @throws OperationError, exit code 4, after `timeoutMs` */
  async waitForLeader(timeoutMs = WAIT_MS): Promise<EnsembleMember> {
    checkValue('what waitForLeader is given', timeoutMs, milliseconds)
    this.info = await this.connection.wait(timeoutMs)
    const member = this.members.find(({ id }) => id === this.info.leader)
    if (member === undefined) throw new OperationError('NO_LEADER', 'the ensemble serves, and nobody leads')
    return member
  }

  /** Ends members abruptly, as kill -9 does. */
  kill(selector: Selector, options?: ActionOptions): Promise<Verdict> {
    return this.act('kill', selector, options)
  }

  /** Ends members gracefully. */
  stop(selector: Selector, options?: ActionOptions): Promise<Verdict> {
    return this.act('stop', selector, options)
  }

  /** Starts dead members again, with their ids, ports and data. */
  start(selector: Selector, options?: StartOptions): Promise<Verdict> {
    return this.act('start', selector, options)
  }

  restart(selector: Selector, options?: ActionOptions): Promise<Verdict> {
    return this.act('restart', selector, options)
  }

  /** Freezes members as SIGSTOP does. */
  pause(selector: Selector, options?: ActionOptions): Promise<Verdict> {
    return this.act('pause', selector, options)
  }

  resume(selector: Selector, options?: ActionOptions): Promise<Verdict> {
    return this.act('resume', selector, options)
  }

  /**
   * Replaces what runs members, one at a time, the leader last, without losing the quorum or anything
   * acknowledged. A failure is undone, and described in the report's `problem`. `signal` stops the handover
   * after the current member; a caller that is attached to another process's ensemble gets no report then.
   * @throws OperationError when nothing was touched
   */
  async handover(
    to: Engine,
    selector: Selector = [],
    options: HandoverOptions = {},
  ): Promise<HandoverReport> {
    checkValue('the engine of handover', to, handoverTarget)
    checkOptions<HandoverOptions>('handover', options, handoverOptions)
    const { waitTimeoutMs = HANDOVER_MS, signal = new AbortController().signal } = options
    const request = { to, selectors: selectorsOf('handover', selector), waitTimeoutMs }
    return holdingProcess(
      this.supervisor?.handover(request, signal) ?? this.connection.handover(request, signal),
    )
  }

  private async act(verb: Verb, selector: Selector, options: StartOptions = {}): Promise<Verdict> {
    const selectors = selectorsOf(verb, selector)
    if (verb === 'start') checkOptions<StartOptions>(verb, options, startOptions)
    else checkOptions<ActionOptions>(verb, options, actionOptions)
    await refuseFakedTicks()
    const { wait = true, waitTimeoutMs = WAIT_MS, resync = false } = options
    return this.connection.action({ verb, selectors, wait, waitTimeoutMs, ...(resync ? { resync } : {}) })
  }

  /** All events, from the beginning (or after `since`), until the ensemble ends or `signal` aborts. */
  events(options: { since?: number; signal?: AbortSignal } = {}): AsyncIterable<ClusterEvent> {
    checkOptions('events', options, eventsOptions)
    return this.connection.events({ ...options, follow: true })
  }

  /**
   * Calls `listener` with every event from now on. Returns a function that ends this. For ensembles started
   * by this process.
   */
  on(listener: (event: ClusterEvent) => void): () => void {
    checkValue('what on is given', listener, listenerShape)
    if (this.supervisor === null)
      throw new OperationError('NOT_OURS', 'only who started an ensemble hears its events so', 'use events()')
    return this.supervisor.cluster.events.listen((event) => {
      if (!event.probe) listener(event)
    })
  }

  /**
   * Settles when the ensemble has ended: with null, or with the reason when no one asked for it (its folder
   * was removed).
   */
  get ended(): Promise<string | null> {
    const { supervisor } = this
    if (supervisor !== null) return supervisor.ended.then(() => supervisor.failure?.message ?? null)
    return lastWords(this.connection)
  }

  /**
   * Releases the ensemble. An ensemble that this process started ends, with everything that belongs to it;
   * one that it is only attached to continues. Safe to repeat; `await using` does it.
   */
  async close(): Promise<void> {
    if (this.supervisor === null) return
    await holdingProcess(this.supervisor.stop())
    this.temporaryDir?.remove()
  }

  /**
   * Ends every member and their supervisor, also one of another process, as `zk-pseudo down` does. Data in a
   * `dir` stays.
   */
  async stopAll(): Promise<void> {
    if (this.supervisor !== null) return this.close()
    await this.connection.down().catch((error: unknown) => {
      // No supervisor is there, or it is about to end.
      if (!['NO_CLUSTER', 'CONNECTION_LOST'].includes((error as OperationError).code)) throw error
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** `.` means the folder that holds `.zk-pseudo` as well as the folder itself. */
async function inFolder(dir: string): Promise<RunningCluster | null> {
  return (await presenceIn(dir)) ?? presenceIn(join(dir, DEFAULT_DIR))
}

/** The cluster of that name in this folder, or else one in the registry. */
async function named(wanted: string): Promise<RunningCluster> {
  const running = [...(await clustersOf(resolve(DEFAULT_DIR))), ...(await knownClusters())]
  const found = running.find(({ name }) => name === wanted)
  if (found !== undefined) return found
  const names = [...new Set(running.map(({ name }) => name))].join(', ')
  const hint = names === '' ? 'start one: zk-pseudo up 3 -d' : `running: ${names}`
  throw new OperationError('NO_CLUSTER', `no cluster "${wanted}" is running`, hint, exitCodes.noCluster)
}

async function startAnywhere(options: EnsembleOptions): Promise<Ensemble> {
  await refuseFakedTicks()
  const { dir = 'temp' } = options
  if (dir !== 'temp') return startIn(canonicalPath(dir), null, options)
  const swept = sweepTemporary()
  const temporary = await TemporaryDir.make()
  try {
    return await startIn(temporary.path, temporary, options)
  } catch (error) {
    temporary.remove()
    throw error
  } finally {
    await swept
  }
}

async function startIn(
  dir: string,
  temporary: TemporaryDir | null,
  options: EnsembleOptions,
): Promise<Ensemble> {
  const { ports = 'auto', configs = [], waitTimeoutMs = START_MS } = options
  const supervisor = await startCluster(
    {
      members: configs.length > 0 ? null : (options.members ?? 3),
      files: configs.map((file) => resolve(file)),
      dir,
      name: options.name ?? null,
      basePort: ports === 'auto' ? null : ports,
      autoPorts: ports === 'auto',
      observers: options.observers ?? 0,
      settings: options.set ?? {},
      isolation: options.isolation ?? 'thread',
      engines: enginesOf(options.engine),
      apacheHome: options.apacheHome === undefined ? null : resolve(options.apacheHome),
    },
    () => {},
    "use other ports: another number, or ports: 'auto'",
  )
  const ensemble = new Ensemble(
    await supervisor.cluster.info(),
    connectTo(supervisor.cluster.dir.path),
    supervisor,
    temporary,
  )
  try {
    if (waitTimeoutMs > 0) await supervisor.waitUntilServing(waitTimeoutMs)
    return ensemble
  } catch (error) {
    await supervisor.stop({ undo: true })
    throw error
  }
}

/** The end of an ensemble that another process started. */
async function lastWords(connection: Connection): Promise<string | null> {
  for await (const { event } of connection.events({ follow: true })) {
    if (event.type === 'cluster-down') return event.reason ?? null
  }
  // Its process was killed.
  return 'its supervisor ended without a word'
}

function enginesOf(engine: EnsembleOptions['engine']): EngineChoice | null {
  if (engine === undefined) return null
  return typeof engine === 'string'
    ? { all: engine, members: {} }
    : { all: 'zk-pseudo', members: { ...engine } }
}

function memberOf({
  id,
  clientHost,
  clientPort,
  secureClientPort,
  quorumPort,
  electionPort,
  dataDir,
}: MemberInfo): EnsembleMember {
  const ports = {
    clientPort: clientPort ?? secureClientPort ?? 0,
    secureClientPort,
    quorumPort,
    electionPort,
  }
  return { id, host: clientHost, ...ports, dataDir }
}
