/**
 * A cluster's life: its members are opened together, run, done things to, and ended. One supervisor a cluster, in
 * the foreground `up`, in the background process of `up -d`, or in the process of a test that uses the library.
 */
import type { ServerConfig } from '../config/serverConfig.ts'
import type {
  ActionRequest,
  ClusterInfo,
  HandoverReport,
  HandoverRequest,
  MemberInfo,
  Verdict,
} from '../control/api.ts'
import { OperationError, PortError } from '../control/operationError.ts'
import type { MemberEvent } from '../core/events.ts'
import type { Engine, ExitInfo } from '../host/host.ts'
import { setAside } from '../host/setAside.ts'
import type { AsideReason } from '../storage/fileNames.ts'
import { clearInterval, setInterval } from '../time.ts'
import { act } from './actions.ts'
import { Availability, quorumServes } from './availability.ts'
import { ClusterDir } from './clusterDir.ts'
import { ControlSocket } from './controlSocket.ts'
import { Engines } from './engines.ts'
import { EventLog } from './eventLog.ts'
import { alreadyRunning, FolderClaim } from './folderClaim.ts'
import { handover } from './handover.ts'
import { LogBook } from './logBook.ts'
import { Member } from './member.ts'
import { checkName, checkOwner, defaultName } from './names.ts'
import { openFilesTrouble } from './openFiles.ts'
import { bindAll, openMembers } from './opening.ts'
import { type ClusterRequest, completed } from './plan.ts'
import { PortClaims } from './ports.ts'
import { preciseNow } from './probe.ts'
import { Probes } from './probes.ts'
import { identityOf } from './processes.ts'
import { lossOf } from './quorumLoss.ts'
import { Records } from './records.ts'
import { isRegistered, register, unregister } from './registry.ts'
import { resync } from './resync.ts'
import { Roster } from './roster.ts'
import { waitUntilServing } from './settling.ts'
import { clearState, saveState, sweep } from './supervisorState.ts'
import { Turns } from './turns.ts'

const STATUS_TIMEOUT_MS = 150
/** How soon it notices that its folder was removed under it. */
const LOOK_MS = 1000

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
  private readonly folder: FolderClaim
  private readonly records = new Records((message) => {
    this.events.add(this.now, null, { type: 'log', level: 'warn', message })
  })
  readonly control: ControlSocket
  private isPublished = false
  private looking: NodeJS.Timeout | null = null
  /** Why it ended without being asked to; null otherwise. */
  failure: OperationError | null = null

  /** @throws OperationError, or a port error with `code`, `port` and `address` */
  static async start(asked: ClusterRequest, note: (line: string) => void): Promise<Supervisor> {
    if (asked.name !== null) checkName(asked.name)
    const folder = await FolderClaim.take(asked.dir)
    const supervisor = await Supervisor.in(folder, { ...asked, dir: folder.path }, note).catch((error) => {
      folder.release()
      throw error
    })
    try {
      await supervisor.open(note)
    } catch (error) {
      await Promise.all(supervisor.members.map((member) => member.host?.kill()))
      await supervisor.close({ undo: true })
      throw error
    }
    return supervisor
  }

  /** Nobody else is in the folder: what the last one left is ended, and others find this one from now on. */
  private static async in(
    folder: FolderClaim,
    request: ClusterRequest,
    note: (line: string) => void,
  ): Promise<Supervisor> {
    const dir = new ClusterDir(folder.path)
    checkOwner(dir.path, dir.manifest?.name, request.name)
    for (const line of sweep(dir.path)) note(line)
    const control = await ControlSocket.bind(dir.path)
    if (control === null) throw alreadyRunning({ name: null, dir: dir.path, pid: 0 })
    try {
      return new Supervisor(request, dir, folder, control)
    } catch (error) {
      clearState(dir.path)
      await control.close()
      dir.undo()
      throw error
    }
  }

  private constructor(request: ClusterRequest, dir: ClusterDir, folder: FolderClaim, control: ControlSocket) {
    this.folder = folder
    this.control = control
    this.before = dir.manifest?.request ?? null
    this.request = completed(request, this.before)
    this.dir = dir
    this.name = request.name ?? (dir.manifest?.name || defaultName(request.dir))
    folder.name = this.name
    const manifest = {
      name: this.name,
      request: this.request,
      ports: dir.manifest?.ports ?? null,
      engines: dir.manifest?.engines ?? {},
      apacheHome: dir.manifest?.apacheHome ?? null,
    }
    dir.begin(manifest, folder.made)
    this.writeState()
    this.engines = new Engines(this.request, dir)
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
    dir.make(dir.logsPath)
    const ids = this.members.map((member) => member.id)
    const logs = [null, ...ids].map((id) => dir.logPath(id))
    for (const path of [dir.eventsPath, dir.outputPath, ...logs]) dir.willWrite(path)
    dir.settle()
    this.events.open()
    this.logs = new LogBook(dir.logsPath, ids)
    this.events.add(this.now, null, { type: 'cluster-up', members: ids, isolation: request.isolation })
    for (const member of this.members) this.run(member)
  }

  /** What is asked at its socket is answered from now on: others may find it. */
  publish(): void {
    this.isPublished = true
    this.saveState()
    register({ name: this.name, dir: this.dir.path })
    this.looking = setInterval(() => this.look(), LOOK_MS).unref()
  }

  /** The folder is what the cluster is; the entry that helps to find it is made anew when a cleaner has taken it. */
  private look(): void {
    if (!this.folder.isHere) return void this.endWithout(this.folder.path)
    this.records.retry()
    if (!isRegistered(this.dir.path)) register({ name: this.name, dir: this.dir.path })
  }

  /** Nothing can be kept and nobody can reach it by its folder: there is nothing to stop gracefully for. */
  private async endWithout(folder: string): Promise<void> {
    if (this.ending.aborted) return
    this.end.abort()
    const message = `${folder} was removed while ${this.name} ran in it: its members were ended`
    this.failure = new OperationError('FOLDER_GONE', message, 'start anew: zk-pseudo up')
    const killAll = () => Promise.all(this.members.map((member) => member.host?.kill()))
    await killAll()
    await this.turns.over
    await killAll()
    await this.close()
  }

  private makeMember(config: ServerConfig): Member {
    const id = config.sid ?? 1
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
      throw await portTaken(error, members)
    }
    for (const member of members) this.run(member)
  }

  private run(member: Member): void {
    this.events.add(this.now, member.id, { type: 'member-started' })
    member.run()
    this.saveState()
  }

  /** A member that is down begins with nothing at its next start. @returns where its data is now */
  setAside(member: Member, reason: AsideReason, what: string): string[] {
    const paths = setAside(member.config, reason, what)
    for (const path of paths) this.dir.wasSetAside(path)
    this.saveManifest()
    return paths
  }

  /** From its next start on. */
  changeEngine(member: Member, to: Engine): void {
    const from = member.engine
    if (from === to) return
    member.engine = to
    this.engines.remember(this.members)
    this.saveManifest()
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
    if (!this.ending.aborted) this.saveState()
  }

  /** What is wrong where this process, or one of a member, may open no more files. */
  get openFilesTroubles(): string[] {
    const pids = this.members.flatMap(({ host }) => host?.pid ?? process.pid)
    return [...new Set([process.pid, ...pids])].flatMap((pid) => openFilesTrouble(pid) ?? [])
  }

  get leader(): Member | null {
    return this.roster.leader
  }

  get connectString(): string {
    return this.roster.connectString
  }

  /** Members come and go: none of that may fail for what is kept of it. */
  private saveState(): void {
    if (this.folder.isHere) this.records.keep('supervisor.json', () => this.writeState())
    else void this.endWithout(this.folder.path)
  }

  private saveManifest(): void {
    if (this.folder.isHere) this.records.keep('cluster.json', () => this.dir.save())
  }

  private clearState(): void {
    if (this.folder.isHere) this.records.keep('supervisor.json', () => clearState(this.dir.path))
  }

  private writeState(): void {
    const own = identityOf(process.pid)
    const pids = this.members.map((member) => member.host?.pid ?? own.pid)
    const members = pids.filter((pid) => pid > 0 && pid !== own.pid).map(identityOf)
    const socket = this.control.elsewhere
    const state = { ...own, name: this.name, connectString: this.connectString, members }
    saveState(this.dir.path, socket === null ? state : { ...state, socket })
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
    const work = () => (request.resync === true ? resync(this, request) : act(this, request))
    return this.turns.take(request.verb, work)
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

  /**
   * Stops every member gracefully, and then itself. Safe to repeat.
   * @param undo takes back what this `up` has made, unless the ensemble has served: it has failed, and leaves nothing
   */
  async stop({ undo = false } = {}): Promise<void> {
    if (this.ending.aborted) return this.ended
    this.end.abort()
    const stopAll = () => Promise.all(this.members.map((member) => member.host?.stop()))
    await stopAll()
    // What was under way sees the end; a member that it was just starting ends here.
    await this.turns.over
    await stopAll()
    await this.close({ undo: undo && !this.availability.hasServed })
  }

  /** For a process that is about to end: nothing is waited for. */
  endNow(): void {
    for (const member of this.members) void member.host?.kill()
    this.clearState()
    unregister(this.dir.path)
  }

  /** No member is left. The folder is let go of last. @param undo also what was laid out in it is taken back */
  private async close({ undo = false } = {}): Promise<void> {
    this.end.abort()
    if (this.looking !== null) clearInterval(this.looking)
    const reason = this.failure?.message
    if (this.isPublished) {
      this.events.add(this.now, null, { type: 'cluster-down', ...(reason === undefined ? {} : { reason }) })
    }
    await this.engines.close()
    this.claims.releaseAll()
    this.saveManifest()
    this.clearState()
    unregister(this.dir.path)
    this.events.close()
    this.logs?.close()
    await this.control.close()
    if (undo && this.folder.isHere) this.dir.undo()
    this.folder.release()
    this.settleEnd()
  }
}

async function portTaken(error: unknown, members: readonly Member[]): Promise<unknown> {
  const { code, port = 0, address = '' } = error as { code?: string; port?: number; address?: string }
  if (code !== 'EADDRINUSE') return error
  const { ownerText, portOwner } = await import('./portOwner.ts')
  const owner = portOwner(port)
  const message = `port ${address}:${port} was taken by ${ownerText(owner)} while its member was down`
  const end = owner?.process ? `end it (kill ${owner.process.pid})` : 'end that program'
  const hint = `${end}, then: zk-pseudo start ${members.length === 1 ? members[0]?.id : 'all'}`
  return new PortError('PORT_TAKEN', message, hint, address, port)
}
