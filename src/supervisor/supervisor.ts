/**
 * A cluster's life: its members are opened together, run, done things to, and ended. One supervisor a cluster, in
 * the foreground `up`, in the background process of `up -d`, or in the process of a test that uses the library.
 */
import { randomBytes } from 'node:crypto'
import { basename, dirname } from 'node:path'
import type { MemberPorts } from '../config/classic.ts'
import { presentServers } from '../config/present.ts'
import type { ServerConfig } from '../config/serverConfig.ts'
import type { ActionRequest, ClusterInfo, HandoverReport, HandoverRequest, Verdict } from '../control/api.ts'
import { OperationError } from '../control/operationError.ts'
import type { MemberEvent } from '../core/events.ts'
import { quorumVerifier } from '../core/quorum.ts'
import { ENGINES, type Engine, type ExitInfo } from '../host/host.ts'
import type { Sid } from '../protocol/ids.ts'
import { act } from './actions.ts'
import { ClusterDir } from './clusterDir.ts'
import { checkChoice, EngineHosts, engineOf } from './engines.ts'
import { EventLog } from './eventLog.ts'
import { handover } from './handover.ts'
import { LogBook } from './logBook.ts'
import { clientHost, Member } from './member.ts'
import {
  asksForTheSame,
  type ClusterRequest,
  completed,
  type Plan,
  planClassic,
  planFiles,
  USUAL_MEMBERS,
} from './plan.ts'
import { PortClaims } from './ports.ts'
import { preciseNow } from './probe.ts'
import { identityOf } from './processes.ts'
import { register, shortSocketPath, unregister } from './registry.ts'
import { waitUntilServing } from './settling.ts'

/** A Unix socket's path has 108 bytes, the last one 0. */
const LONGEST_SOCKET_PATH = 103
const PORT_ATTEMPTS = 20
const STATUS_TIMEOUT_MS = 150

export class Supervisor {
  readonly name: string
  readonly dir: ClusterDir
  readonly events: EventLog
  /** Null until the members are known. */
  logs: LogBook | null = null
  members: Member[] = []
  /** Settles when every member has ended and the control socket is gone. */
  readonly ended: Promise<void>
  private settleEnd: () => void = () => {}
  /** Sessions of write probes, as events name them. */
  readonly probeSessions = new Set<string>()
  private readonly request: ClusterRequest
  /** What the folder was made for. */
  private readonly before: ClusterRequest | null
  private readonly claims = new PortClaims()
  private hosts: EngineHosts
  /** What ran each member when this began. */
  private readonly enginesBefore: Readonly<Record<number, Engine>>
  private control: { close(): Promise<void> } | null = null
  private isEnding = false
  /** Actions are done one after another: each verdict speaks of its own. */
  private lastAction: Promise<unknown> = Promise.resolve()

  /** @throws OperationError, or a port error with `code`, `port` and `address` */
  static async start(request: ClusterRequest, note: (line: string) => void): Promise<Supervisor> {
    const dir = new ClusterDir(request.dir)
    const running = dir.runningSupervisor
    if (running !== null) {
      const hint = 'it is seen with zk-pseudo ps, and ended with zk-pseudo down'
      throw new OperationError(
        'ALREADY_RUNNING',
        `${running.name} runs in ${request.dir} (process ${running.pid})`,
        hint,
      )
    }
    for (const line of dir.sweep()) note(line)
    const supervisor = new Supervisor(request, dir)
    try {
      await supervisor.open(note)
    } catch (error) {
      const { before, members } = supervisor
      // Nothing was planned: the folder is still what it was.
      if (members.length === 0 && before !== null && dir.manifest !== null) dir.manifest.request = before
      await supervisor.end()
      throw error
    }
    return supervisor
  }

  private constructor(request: ClusterRequest, dir: ClusterDir) {
    this.before = dir.manifest?.request ?? null
    this.request = completed(request, this.before)
    this.dir = dir
    this.name = request.name ?? (dir.manifest?.name || defaultName(request.dir))
    this.enginesBefore = dir.manifest?.engines ?? {}
    dir.begin({
      name: this.name,
      request: this.request,
      ports: dir.manifest?.ports ?? null,
      engines: this.enginesBefore,
      apacheHome: request.apacheHome ?? dir.manifest?.apacheHome ?? null,
    })
    dir.make(`${dir.path}/logs`)
    dir.remember(dir.eventsPath)
    this.events = new EventLog(dir.eventsPath)
    this.events.listen((event) => this.logs?.write(event))
    this.hosts = this.makeHosts(0)
    this.ended = new Promise((resolve) => {
      this.settleEnd = resolve
    })
  }

  private async open(note: (line: string) => void): Promise<void> {
    const plan = await this.openMembers()
    for (const line of plan.notes) note(line)
    this.logs = new LogBook(
      `${this.dir.path}/logs`,
      this.members.map((member) => member.id),
    )
    this.dir.save()
    this.events.add(this.now, null, {
      type: 'cluster-up',
      members: this.members.map((member) => member.id),
      isolation: this.request.isolation,
    })
    for (const member of this.members) this.run(member)
  }

  /** It can be reached at its socket from now on: others may find it. `control` is closed last. */
  publish(control: { close(): Promise<void> }): void {
    this.control = control
    this.saveState()
    register({ ...identityOf(process.pid), name: this.name, dir: this.dir.path, socket: this.socketPath })
  }

  /** Plans and binds; with automatic ports as often as a port drawn turns out to be taken. */
  private async openMembers(): Promise<Plan> {
    const { request, dir } = this
    const isAuto = request.files.length === 0 && request.autoPorts
    for (let attempt = 1; ; attempt++) {
      const ports = isAuto ? await this.automaticPorts(attempt === 1) : null
      const plan = await this.plan(ports)
      this.hosts = this.makeHosts(plan.members.length)
      this.members = plan.members.map((config) => this.makeMember(config))
      try {
        await this.prepareEngines()
        await this.bind(this.members)
        if (dir.manifest !== null) dir.manifest.ports = ports
        this.rememberEngines()
        return plan
      } catch (error) {
        await this.endMembers((member) => member.host?.kill())
        await this.hosts.close()
        const isTaken = (error as { code?: string }).code === 'EADDRINUSE'
        if (!isAuto || !isTaken || attempt === PORT_ATTEMPTS) throw error
        this.claims.releaseAll()
      }
    }
  }

  private async plan(ports: MemberPorts[] | null): Promise<Plan> {
    const { request, dir } = this
    if (request.files.length > 0) return planFiles(request.files)
    const isSame = asksForTheSame(request, this.before, dir) && samePorts(ports, dir.manifest?.ports ?? null)
    return isSame ? planFiles([`${dir.path}/conf`]) : planClassic(request, dir, ports)
  }

  /** The ports of last time when they can be had, else new ones. */
  private async automaticPorts(mayReuse: boolean): Promise<MemberPorts[]> {
    const { request, dir, claims } = this
    const count = (request.members ?? USUAL_MEMBERS) + request.observers
    const last = dir.manifest?.ports ?? null
    if (mayReuse && last?.length === count) {
      if (await claims.claimThese(last.flatMap((ports) => Object.values(ports)))) return last
    }
    const drawn = await claims.claimAny(count * 3)
    return Array.from({ length: count }, (_, i) => {
      const [clientPort = 0, quorumPort = 0, electionPort = 0] = drawn.slice(i * 3, i * 3 + 3)
      return { clientPort, quorumPort, electionPort }
    })
  }

  private makeHosts(count: number): EngineHosts {
    const { request, dir } = this
    const apacheHome = dir.manifest?.apacheHome ?? null
    return new EngineHosts({ isolation: request.isolation, count, apacheHome, dir })
  }

  /** @throws before anything was started when an engine cannot be had */
  private async prepareEngines(): Promise<void> {
    const ids = this.members.map(({ id }) => id)
    checkChoice(this.request.engines ?? null, ids)
    for (const engine of ENGINES) {
      const run = this.members.filter((member) => member.engine === engine)
      if (run.length > 0) await this.prepare(engine, run)
    }
  }

  /** @throws an error in the shape of an OperationError when the engine cannot be had, or cannot run these */
  prepare(engine: Engine, members: readonly Member[]): Promise<void> {
    const configs = members.map(({ config }) => config)
    return this.hosts.prepare(engine, configs)
  }

  /** From its next start on. */
  changeEngine(member: Member, to: Engine): void {
    const from = member.engine
    if (from === to) return
    member.engine = to
    this.rememberEngines()
    this.events.add(this.now, member.id, { type: 'engine-changed', from, to })
  }

  /** The next `up`, too, runs each member by what ran it last. */
  rememberEngines(): void {
    const { manifest } = this.dir
    if (manifest === null) return
    manifest.engines = Object.fromEntries(this.members.map(({ id, engine }) => [id, engine]))
    this.dir.save()
  }

  private makeMember(config: ServerConfig): Member {
    const id = config.sid ?? 1
    this.dir.remember(this.dir.logPath(id))
    return new Member(
      config,
      engineOf(id, this.request.engines ?? null, this.enginesBefore),
      (engine, wanted) => this.hosts.open(engine, wanted),
      (member, at, event) => this.memberEvent(member, at, event),
      (member, exit) => this.memberEnded(member, exit),
    )
  }

  /** @throws the first port error; the others are opened or not */
  async bind(members: readonly Member[]): Promise<void> {
    const results = await Promise.allSettled(members.map((member) => member.open()))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  run(member: Member): void {
    this.events.add(this.now, member.id, { type: 'member-started' })
    member.run()
    if (this.control !== null) this.saveState()
  }

  /** ms since 1970 with fractions, on the same clock as the members' events. */
  get now(): number {
    return preciseNow()
  }

  private memberEvent(member: Member, at: number, event: MemberEvent): void {
    this.events.add(at, member.id, event)
  }

  private memberEnded(member: Member, exit: ExitInfo): void {
    const at = this.now
    if (exit.kind === 'stopped') this.events.add(at, member.id, { type: 'member-stopped' })
    else if (exit.kind === 'killed') this.events.add(at, member.id, { type: 'member-killed' })
    else this.events.add(at, member.id, { type: 'member-crashed', code: exit.code, reason: exit.reason })
    if (this.control !== null && !this.isEnding) this.saveState()
  }

  /** Whether these members could decide anything together. */
  isQuorum(members: readonly Member[]): boolean {
    const servers = presentServers(this.members.map(({ config }) => config))
    if (servers.length === 0) return members.length > 0
    return quorumVerifier(servers).containsQuorum(members.map((member) => member.id as Sid))
  }

  /** Who serves as leader (or alone) and is not frozen; the one of the greatest epoch. */
  get leader(): Member | null {
    const leaders = this.members.filter(
      (m) => m.isActive && m.isServing && (m.role === 'leader' || m.role === 'standalone'),
    )
    return leaders.sort((a, b) => (b.epoch ?? 0) - (a.epoch ?? 0))[0] ?? null
  }

  get connectString(): string {
    return this.members.map(({ config }) => `${clientHost(config)}:${config.clientPort}`).join(',')
  }

  get socketPath(): string {
    const { socketPath } = this.dir
    const isTooLong = Buffer.byteLength(socketPath) > LONGEST_SOCKET_PATH
    return isTooLong ? shortSocketPath(process.pid, this.dir.path) : socketPath
  }

  private saveState(): void {
    const own = identityOf(process.pid)
    const pids = this.members.map((member) => member.host?.pid ?? own.pid)
    const members = pids.filter((pid) => pid !== own.pid).map(identityOf)
    const { name, connectString, socketPath: socket } = this
    this.dir.saveState({ ...own, name, socket, connectString, members })
  }

  async info(): Promise<ClusterInfo> {
    await Promise.all(this.members.map((member) => member.refresh(STATUS_TIMEOUT_MS)))
    const { leader } = this
    const serving = this.members.filter((member) => member.isActive && member.isServing && member.isVoter)
    return {
      name: this.name,
      dir: this.dir.path,
      supervisorPid: process.pid,
      connectString: this.connectString,
      quorum: leader !== null && this.isQuorum(serving),
      leader: leader?.id ?? null,
      epoch: leader?.epoch ?? null,
      members: this.members.map((member) => member.info),
    }
  }

  /** @throws OperationError */
  action(request: ActionRequest): Promise<Verdict> {
    const done = this.lastAction.then(() => act(this, request))
    this.lastAction = done.catch(() => {})
    return done
  }

  /** Replaces what runs members, one at a time. @throws OperationError when nothing was touched */
  handover(request: HandoverRequest): Promise<HandoverReport> {
    const done = this.lastAction.then(() => handover(this, request))
    this.lastAction = done.catch(() => {})
    return done
  }

  /** @throws OperationError with exit code 4 when it does not serve in time */
  async waitUntilServing(timeoutMs: number): Promise<ClusterInfo> {
    await waitUntilServing(this, timeoutMs)
    return this.info()
  }

  /** Stops every member gracefully, and then itself. Safe to repeat. */
  async stop(): Promise<void> {
    if (this.isEnding) return this.ended
    this.isEnding = true
    await this.endMembers((member) => member.host?.stop())
    await this.end()
  }

  /** For a process that is about to end: nothing is waited for. */
  endNow(): void {
    for (const member of this.members) void member.host?.kill()
    this.dir.clearState()
    unregister({ pid: process.pid, dir: this.dir.path })
  }

  private async endMembers(how: (member: Member) => Promise<unknown> | undefined): Promise<void> {
    await Promise.all(this.members.map((member) => how(member)))
  }

  private async end(): Promise<void> {
    this.isEnding = true
    if (this.control !== null) this.events.add(this.now, null, { type: 'cluster-down' })
    await this.hosts.close()
    this.claims.releaseAll()
    if (this.control !== null) {
      this.dir.clearState()
      unregister({ pid: process.pid, dir: this.dir.path })
    }
    this.events.close()
    this.logs?.close()
    this.dir.save()
    await this.control?.close()
    this.settleEnd()
  }
}

/** The folder that holds `.zk-pseudo`, or whatever else the cluster's folder is called. */
function defaultName(dir: string): string {
  const own = basename(dir)
  return (own === '.zk-pseudo' ? basename(dirname(dir)) : own) || `cluster-${randomBytes(3).toString('hex')}`
}

function samePorts(a: readonly MemberPorts[] | null, b: readonly MemberPorts[] | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
