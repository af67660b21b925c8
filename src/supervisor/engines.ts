/** Which engine runs each member, as recorded in the cluster's folder, and the hosts of both kinds. */
import { join } from 'node:path'
import { usageError } from '../api/operationError.ts'
import { requireIdentity } from '../config/load/ownIdentity.ts'
import type { ServerConfig } from '../config/serverConfig.ts'
import { ApacheHosts, findApache } from '../host/apache/apacheHost.ts'
import { LOG_CONFIGS } from '../host/apache/logConfig.ts'
import { ENGINES, type Engine, type HostFactory, type MemberHost } from '../host/host.ts'
import { ProcessHosts } from '../host/processHost.ts'
import { ThreadHosts } from '../host/threadHost.ts'
import type { ClusterRequest, EngineChoice } from './clusterRequest.ts'
import type { ClusterDir } from './folder/clusterDir.ts'
import type { Member } from './member.ts'

function engineOf(id: number, choice: EngineChoice | null, before: Readonly<Record<number, Engine>>): Engine {
  return choice?.members[id] ?? choice?.all ?? before[id] ?? 'zk-pseudo'
}

export class Engines {
  private readonly request: ClusterRequest
  private readonly dir: ClusterDir
  /** The engine of each member when this supervisor began. */
  private readonly before: Readonly<Record<number, Engine>>
  /** The number of members to run. */
  private count = 0
  private own: HostFactory | null = null
  private apache: Promise<ApacheHosts> | null = null

  constructor(request: ClusterRequest, dir: ClusterDir) {
    this.request = request
    this.dir = dir
    this.before = dir.manifest?.engines ?? {}
  }

  of(id: number): Engine {
    return engineOf(id, this.request.engines ?? null, this.before)
  }

  /**
   * Must be called before any of these members is opened.
   * @throws an error in the shape of an OperationError if an engine is not available
   */
  async begin(members: readonly Member[]): Promise<void> {
    this.count = members.length
    this.checkChoice(members.map(({ id }) => id))
    for (const engine of ENGINES) {
      const run = members.filter((member) => member.engine === engine)
      if (run.length > 0) await this.prepare(engine, run)
    }
  }

  /**
   * Must be called before members are stopped or opened, so that a problem is found while it costs nothing.
   * @throws an error in the shape of an OperationError if the engine is not available or cannot run these
   *   members, or if their data belongs to other members
   */
  async prepare(engine: Engine, members: readonly Member[]): Promise<void> {
    const factory = await this.factoryOf(engine)
    for (const { given, config } of members) {
      requireIdentity(given)
      factory.check?.(config)
    }
  }

  async open(engine: Engine, config: ServerConfig): Promise<MemberHost> {
    return (await this.factoryOf(engine)).open(config)
  }

  /**
   * Notes the engine of each member in the manifest, so that the next `up` uses the same ones. The caller
   * saves the manifest.
   */
  remember(members: readonly Member[]): void {
    const { manifest } = this.dir
    if (manifest === null) return
    manifest.engines = Object.fromEntries(members.map(({ id, engine }) => [id, engine]))
  }

  /** Must be called only when no member is left. */
  async close(): Promise<void> {
    await this.own?.close()
    this.own = null
  }

  private checkChoice(ids: readonly number[]): void {
    const named = Object.keys(this.request.engines?.members ?? {})
    const unknown = named.filter((id) => !ids.includes(Number(id)))
    if (unknown.length === 0) return
    throw usageError(`--engine names member ${unknown.join(', ')}`, `there are ${ids.join(', ')}`)
  }

  private factoryOf(engine: Engine): HostFactory | Promise<HostFactory> {
    if (engine === 'zk-pseudo') {
      const isThread = this.request.isolation === 'thread'
      this.own ??= isThread ? new ThreadHosts(this.count) : new ProcessHosts()
      return this.own
    }
    // A failed search is repeated next time: Apache may have been installed since.
    this.apache ??= this.apacheHosts().catch((error: unknown) => {
      this.apache = null
      throw error
    })
    return this.apache
  }

  private async apacheHosts(): Promise<ApacheHosts> {
    const { dir, request } = this
    const home = request.apacheHome ?? null
    const remembered = dir.manifest?.apacheHome ?? null
    const runtime = await findApache({ home, remembered, env: process.env })
    // A path is remembered only after it has worked.
    if (dir.manifest !== null) dir.manifest.apacheHome = home ?? remembered
    const logDir = join(dir.path, 'logs')
    for (const { file, text } of LOG_CONFIGS) dir.write(join(logDir, file), text)
    return new ApacheHosts(runtime, logDir)
  }
}
