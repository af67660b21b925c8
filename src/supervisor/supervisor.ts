/**
 * A cluster's life: its members are opened together, run, done things to, and ended. One supervisor a cluster, in
 * the foreground `up`, in the background process of `up -d`, or in the process of a test that uses the library.
 */
import { randomBytes } from 'node:crypto'
import { basename, dirname } from 'node:path'
import type { ServerConfig } from '../config/serverConfig.ts'
import type {
  ActionRequest,
  ClusterInfo,
  HandoverReport,
  HandoverRequest,
  MemberInfo,
  Verdict,
} from '../control/api.ts'
import { OperationError } from '../control/operationError.ts'
import type { MemberEvent } from '../core/events.ts'
import type { Engine, ExitInfo } from '../host/host.ts'
import { act } from './actions.ts'
import { Availability, quorumServes } from './availability.ts'
import { ClusterDir } from './clusterDir.ts'
import { Engines } from './engines.ts'
import { EventLog } from './eventLog.ts'
import { handover } from './handover.ts'
import { LogBook } from './logBook.ts'
import { Member } from './member.ts'
import { bindAll, openMembers } from './opening.ts'
import { type ClusterRequest, completed } from './plan.ts'
import { PortClaims } from './ports.ts'
import { preciseNow } from './probe.ts'
import { Probes } from './probes.ts'
import { identityOf } from './processes.ts'
import { lossOf } from './quorumLoss.ts'
import { register, shortSocketPath, unregister } from './registry.ts'
import { Roster } from './roster.ts'
import { waitUntilServing } from './settling.ts'
import { Turns } from './turns.ts'

/** A Unix socket's path has 108 bytes, the last one 0. */
const LONGEST_SOCKET_PATH = 103
const STATUS_TIMEOUT_MS = 150

export class Supervisor {
  readonly name: string
  readonly dir: ClusterDir
  readonly events: EventLog
  /** Null until the members are known. */
  logs: LogBook | null = null
  readonly roster = new Roster()
  readonly engines: Engines
  readonly availability = new Availability(this.roster)
  readonly probes = new Probes(this.availability)
  /** Settles when every member has ended and the control socket is gone. */
  readonly ended: Promise<void>
  private settleEnd: () => void = () => {}
  private readonly end = new AbortController()
  private readonly request: ClusterRequest
  /** What the folder was made for. */
  private readonly before: ClusterRequest | null
  private readonly claims = new PortClaims()
  private readonly turns = new Turns()
  private control: { close(): Promise<void> } | null = null

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
      await supervisor.close()
      throw error
    }
    return supervisor
  }

  private constructor(request: ClusterRequest, dir: ClusterDir) {
    this.before = dir.manifest?.request ?? null
    this.request = completed(request, this.before)
    this.dir = dir
    this.name = request.name ?? (dir.manifest?.name || defaultName(request.dir))
    dir.begin({
      name: this.name,
      request: this.request,
      ports: dir.manifest?.ports ?? null,
      engines: dir.manifest?.engines ?? {},
      apacheHome: dir.manifest?.apacheHome ?? null,
    })
    this.engines = new Engines(this.request, dir)
    dir.make(`${dir.path}/logs`)
    dir.remember(dir.eventsPath)
    this.events = new EventLog(dir.eventsPath)
    this.events.listen((event) => this.logs?.write(event))
    this.events.listen((event) => this.availability.observe(event))
    this.ended = new Promise((resolve) => {
      this.settleEnd = resolve
    })
  }

  private async open(note: (line: string) => void): Promise<void> {
    const { request, before, dir, claims, engines } = this
    const notes = await openMembers({
      request,
      before,
      dir,
      claims,
      engines,
      memberOf: (config) => this.makeMember(config),
      onPlanned: (members) => {
        this.roster.members = members
      },
    })
    for (const line of notes) note(line)
    const ids = this.members.map((member) => member.id)
    this.logs = new LogBook(`${dir.path}/logs`, ids)
    dir.save()
    this.events.add(this.now, null, { type: 'cluster-up', members: ids, isolation: request.isolation })
    for (const member of this.members) this.run(member)
  }

  /** It can be reached at its socket from now on: others may find it. `control` is closed last. */
  publish(control: { close(): Promise<void> }): void {
    this.control = control
    this.saveState()
    register({ ...identityOf(process.pid), name: this.name, dir: this.dir.path, socket: this.socketPath })
  }

  private makeMember(config: ServerConfig): Member {
    const id = config.sid ?? 1
    this.dir.remember(this.dir.logPath(id))
    return new Member(
      config,
      this.engines.of(id),
      (engine, wanted) => this.engines.open(engine, wanted),
      (member, at, event) => this.memberEvent(member, at, event),
      (member, exit) => this.memberEnded(member, exit),
    )
  }

  /** Whoever runs, has run, or is to run here. */
  get members(): readonly Member[] {
    return this.roster.members
  }

  /** Aborts when everything is to end. */
  get ending(): AbortSignal {
    return this.end.signal
  }

  /** Again, after they have ended. @throws OperationError naming a port that was taken meanwhile; nobody runs then */
  async start(members: readonly Member[]): Promise<void> {
    if (this.ending.aborted) throw new OperationError('ENDING', 'the cluster is going down')
    try {
      await bindAll(members)
    } catch (error) {
      await Promise.all(members.map((member) => member.host?.kill()))
      throw portTaken(error, members)
    }
    for (const member of members) this.run(member)
  }

  private run(member: Member): void {
    this.events.add(this.now, member.id, { type: 'member-started' })
    member.run()
    if (this.control !== null) this.saveState()
  }

  /** From its next start on. */
  changeEngine(member: Member, to: Engine): void {
    const from = member.engine
    if (from === to) return
    member.engine = to
    this.engines.remember(this.members)
    this.events.add(this.now, member.id, { type: 'engine-changed', from, to })
  }

  /** ms since 1970 with fractions, on the same clock as the members' events. */
  get now(): number {
    return preciseNow()
  }

  private memberEvent(member: Member, at: number, event: MemberEvent): void {
    this.events.add(at, member.id, event, { probe: this.probes.isOwn(member.id, event) })
  }

  private memberEnded(member: Member, exit: ExitInfo): void {
    const at = this.now
    if (exit.kind === 'stopped') this.events.add(at, member.id, { type: 'member-stopped' })
    else if (exit.kind === 'killed') this.events.add(at, member.id, { type: 'member-killed' })
    else this.events.add(at, member.id, { type: 'member-crashed', code: exit.code, reason: exit.reason })
    if (this.control !== null && !this.ending.aborted) this.saveState()
  }

  get leader(): Member | null {
    return this.roster.leader
  }

  get connectString(): string {
    return this.roster.connectString
  }

  get socketPath(): string {
    const { socketPath } = this.dir
    const isTooLong = Buffer.byteLength(socketPath) > LONGEST_SOCKET_PATH
    return isTooLong ? shortSocketPath(process.pid, this.dir.path) : socketPath
  }

  private saveState(): void {
    const own = identityOf(process.pid)
    const pids = this.members.map((member) => member.host?.pid ?? own.pid)
    const members = pids.filter((pid) => pid > 0 && pid !== own.pid).map(identityOf)
    const { name, connectString, socketPath: socket } = this
    this.dir.saveState({ ...own, name, socket, connectString, members })
  }

  async info(): Promise<ClusterInfo> {
    await Promise.all(this.members.map((member) => member.refresh(STATUS_TIMEOUT_MS)))
    const { leader, roster } = this
    return {
      name: this.name,
      dir: this.dir.path,
      supervisorPid: process.pid,
      connectString: this.connectString,
      quorum: quorumServes(roster),
      loss: lossOf(roster),
      leader: leader?.id ?? null,
      epoch: leader?.epoch ?? null,
      members: this.members.map((member) => this.infoOf(member)),
    }
  }

  private infoOf(member: Member): MemberInfo {
    const { roster, probes } = this
    const info = member.info({ voter: roster.isVoter(member), listed: roster.isListed(member) })
    const { connections } = info
    return connections === null
      ? info
      : { ...info, connections: Math.max(0, connections - probes.connectionsTo(member.id)) }
  }

  /** @throws OperationError */
  action(request: ActionRequest): Promise<Verdict> {
    return this.turns.take(request.verb, () => act(this, request))
  }

  /**
   * Replaces what runs members, one at a time.
   * @param interrupted stops it behind the member under way @throws OperationError when nothing was touched
   */
  handover(request: HandoverRequest, interrupted: AbortSignal): Promise<HandoverReport> {
    return this.turns.handOver(`handover to ${request.to}`, () => handover(this, request, interrupted))
  }

  /** @throws OperationError with exit code 4 when it does not serve in time */
  async waitUntilServing(timeoutMs: number): Promise<ClusterInfo> {
    await waitUntilServing(this, timeoutMs)
    return this.info()
  }

  /** Stops every member gracefully, and then itself. Safe to repeat. */
  async stop(): Promise<void> {
    if (this.ending.aborted) return this.ended
    this.end.abort()
    const stopAll = () => Promise.all(this.members.map((member) => member.host?.stop()))
    await stopAll()
    // What was under way sees the end; a member that it was just starting ends here.
    await this.turns.over
    await stopAll()
    await this.close()
  }

  /** For a process that is about to end: nothing is waited for. */
  endNow(): void {
    for (const member of this.members) void member.host?.kill()
    this.dir.clearState()
    unregister({ pid: process.pid, dir: this.dir.path })
  }

  /** No member is left. */
  private async close(): Promise<void> {
    this.end.abort()
    if (this.control !== null) this.events.add(this.now, null, { type: 'cluster-down' })
    await this.engines.close()
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

function portTaken(error: unknown, members: readonly Member[]): unknown {
  const { code, port, address } = error as { code?: string; port?: number; address?: string }
  if (code !== 'EADDRINUSE') return error
  const message = `port ${port} (${address}) was taken by another program while its member was down`
  const hint = `end that program, then: zk-pseudo start ${members.length === 1 ? members[0]?.id : 'all'}`
  return new OperationError('PORT_TAKEN', message, hint)
}

/** The folder that holds `.zk-pseudo`, or whatever else the cluster's folder is called. */
function defaultName(dir: string): string {
  const own = basename(dir)
  return (own === '.zk-pseudo' ? basename(dirname(dir)) : own) || `cluster-${randomBytes(3).toString('hex')}`
}
