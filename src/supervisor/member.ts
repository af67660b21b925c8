/** A member as its supervisor sees it: its host, its state, and what its events have reported so far. */

import type { MemberInfo, MemberState } from '../api/api.ts'
import { currentConfig } from '../config/load/currentConfig.ts'
import { ownServer, type ServerConfig } from '../config/serverConfig.ts'
import { clientEndpoint } from '../config/servers/clientEndpoint.ts'
import type { MemberEvent, Role } from '../core/events.ts'
import type { Engine, ExitInfo, MemberHost } from '../host/host.ts'
import type { Dial } from '../host/secureDial.ts'
import { formatZxid, type Zxid } from '../protocol/zxid.ts'
import { performance } from '../time.ts'

type OpenHost = (engine: Engine, config: ServerConfig) => Promise<MemberHost>
type OnMemberEvent = (member: Member, at: number, event: MemberEvent) => void

export class Member {
  readonly id: number
  /**
   * The config as its file was at `up`: the member starts from it, and uses it if a reconfiguration removed
   * it.
   */
  readonly given: ServerConfig
  /** The engine that runs it from its next start on. */
  engine: Engine
  state: MemberState = 'stopped'
  host: MemberHost | null = null
  role: Role | null = null
  isServing = false
  epoch: number | null = null
  zxid: number | null = null
  connections: number | null = null
  restarts = -1
  exit: string | null = null
  /** Further lines of the reason for a crash. */
  exitLines: string[] = []
  /**
   * How to dial its client port if that port accepts only TLS; null otherwise, and before the member is
   * opened.
   */
  secureDial: Dial | null = null
  private startedAtMs = 0
  private readonly openHost: OpenHost
  private readonly onEvent: OnMemberEvent
  private readonly onExit: (member: Member, exit: ExitInfo) => void

  constructor(
    config: ServerConfig,
    engine: Engine,
    openHost: OpenHost,
    onEvent: OnMemberEvent,
    onExit: (member: Member, exit: ExitInfo) => void,
  ) {
    this.id = config.sid ?? 1
    this.given = config
    this.engine = engine
    this.openHost = openHost
    this.onEvent = onEvent
    this.onExit = onExit
  }

  /** The config as its file is now. */
  get config(): ServerConfig {
    return currentConfig(this.given)
  }

  /** Whether it has a host: it runs, or is frozen. */
  get isAlive(): boolean {
    return this.state === 'starting' || this.state === 'running' || this.state === 'paused'
  }

  /** Whether it takes part in the ensemble: it is alive and not frozen. */
  get isActive(): boolean {
    return this.isAlive && this.state !== 'paused'
  }

  /** Binds the ports. @throws the system's error with `code`, `port` and `address` */
  async open(): Promise<void> {
    if (clientEndpoint(this.config).isSecure)
      this.secureDial ??= (await import('../host/secureDial.ts')).secureDial(this.given)
    const host = await this.openHost(this.engine, this.given)
    this.host = host
    this.state = 'starting'
    this.exit = null
    host.onEvent(({ at, event }) => {
      if (this.host === host) this.heard(at, event)
    })
    void host.exited.then((exit) => {
      if (this.host === host) this.ended(exit)
    })
  }

  run(): void {
    this.startedAtMs = performance.now()
    this.restarts += 1
    this.host?.run()
  }

  private heard(at: number, event: MemberEvent): void {
    if (event.type === 'role') {
      this.role = event.role
      this.epoch = event.epoch
      this.zxid = event.zxid
      if (event.role === 'looking') this.isServing = false
      if (this.state === 'starting') this.state = 'running'
    } else if (event.type === 'serving') {
      this.isServing = true
      this.role = event.role
      this.epoch = event.epoch
    }
    this.onEvent(this, at, event)
  }

  private ended(exit: ExitInfo): void {
    this.host = null
    this.role = null
    this.isServing = false
    this.connections = null
    this.state = exit.kind
    const [first = '', ...more] = exit.kind === 'crashed' ? exit.reason.split('\n') : []
    this.exit = exit.kind === 'crashed' ? `${exit.code}: ${first}` : exit.kind
    this.exitLines = more
    this.onExit(this, exit)
  }

  async refresh(timeoutMs: number): Promise<void> {
    const status = this.state === 'running' ? await this.host?.status(timeoutMs) : null
    if (status === null || status === undefined) return
    this.role = status.role
    this.isServing = status.serving
    this.epoch = status.epoch
    this.zxid = status.zxid
    this.connections = status.connections
  }

  /** @param part the member's part in the ensemble */
  info(part: Pick<MemberInfo, 'voter' | 'listed'>): MemberInfo {
    const { config } = this
    const own = ownServer(config) ?? ownServer(this.given)
    return {
      id: this.id,
      state: this.state,
      role: this.role,
      isolation: this.host?.isolation ?? 'thread',
      pid: this.host?.pid ?? null,
      clientHost: clientEndpoint(config).host,
      clientPort: config.clientPort || null,
      secureClientPort: config.secureClientPort.port,
      quorumPort: own?.quorumPort ?? null,
      electionPort: own?.electionPort ?? null,
      epoch: this.epoch,
      zxid: this.zxid === null ? null : formatZxid(this.zxid as Zxid),
      connections: this.connections,
      dataDir: config.dataDir,
      config: config.file,
      uptimeMs: this.isAlive ? Math.round(performance.now() - this.startedAtMs) : null,
      restarts: Math.max(0, this.restarts),
      exit: this.exit,
      engine: this.engine,
      ...part,
    }
  }
}
