/** Which engine runs each member, and the hosts of either kind. */
import { join } from 'node:path'
import type { ServerConfig } from '../config/serverConfig.ts'
import { usageError } from '../control/operationError.ts'
import { ApacheHosts, findApache } from '../host/apacheHost.ts'
import { LOG_CONFIGS } from '../host/apacheLog.ts'
import type { Engine, HostFactory, Isolation, MemberHost } from '../host/host.ts'
import { ProcessHosts } from '../host/processHost.ts'
import { ThreadHosts } from '../host/threadHost.ts'
import type { ClusterDir } from './clusterDir.ts'

/** What `--engine` says: `all` for every member that `members` does not name. Null: as it was, or else ours. */
export interface EngineChoice {
  all: Engine | null
  members: Record<number, Engine>
}

/** @param before what each member was run by last time */
export function engineOf(
  id: number,
  choice: EngineChoice | null,
  before: Readonly<Record<number, Engine>>,
): Engine {
  return choice?.members[id] ?? choice?.all ?? before[id] ?? 'zk-pseudo'
}

/** @throws OperationError */
export function checkChoice(choice: EngineChoice | null, ids: readonly number[]): void {
  const unknown = Object.keys(choice?.members ?? {}).filter((id) => !ids.includes(Number(id)))
  if (unknown.length === 0) return
  throw usageError(`--engine names member ${unknown.join(', ')}`, `there are ${ids.join(', ')}`)
}

export interface EngineSettings {
  readonly isolation: Isolation
  /** How many members the ensemble has. */
  readonly count: number
  /** Where Apache ZooKeeper is; null: where it usually is. */
  readonly apacheHome: string | null
  readonly dir: ClusterDir
}

export class EngineHosts {
  private own: HostFactory | null = null
  private apache: Promise<ApacheHosts> | null = null
  private readonly settings: EngineSettings

  constructor(settings: EngineSettings) {
    this.settings = settings
  }

  /** That the engine can be had, and runs these configs, is known before any member is touched. @throws ApacheError */
  async prepare(engine: Engine, configs: readonly ServerConfig[]): Promise<void> {
    const factory = await this.factoryOf(engine)
    for (const config of configs) factory.check?.(config)
  }

  async open(engine: Engine, config: ServerConfig): Promise<MemberHost> {
    return (await this.factoryOf(engine)).open(config)
  }

  async close(): Promise<void> {
    await this.own?.close()
  }

  private factoryOf(engine: Engine): HostFactory | Promise<HostFactory> {
    if (engine === 'zk-pseudo') {
      const { isolation, count } = this.settings
      this.own ??= isolation === 'thread' ? new ThreadHosts(count) : new ProcessHosts()
      return this.own
    }
    // What failed is tried anew: it may have been installed since.
    this.apache ??= this.apacheHosts().catch((error: unknown) => {
      this.apache = null
      throw error
    })
    return this.apache
  }

  private async apacheHosts(): Promise<ApacheHosts> {
    const { apacheHome, dir } = this.settings
    const runtime = await findApache({ home: apacheHome, env: process.env })
    const logDir = join(dir.path, 'logs')
    for (const { file, text } of LOG_CONFIGS) dir.write(join(logDir, file), text)
    return new ApacheHosts(runtime, logDir)
  }
}
