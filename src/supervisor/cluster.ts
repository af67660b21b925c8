/**
 * A cluster: its members, what they report, and the records of it in its folder. It starts and ends members
 * and knows no verbs. Actions on a cluster, and the verdicts on them, have files of their own (actions.ts,
 * resync.ts, handover.ts).
 */

import type { ClusterInfo, MemberInfo } from '../api/api.ts'
import { OperationError, PortError } from '../api/operationError.ts'
import type { ServerConfig } from '../config/serverConfig.ts'
import type { MemberEvent } from '../core/events.ts'
import type { Engine, ExitInfo } from '../host/host.ts'
import { setAside } from '../host/setAside.ts'
import type { AsideReason } from '../storage/fileNames.ts'
import type { Engines } from './engines.ts'
import type { ClusterDir } from './folder/clusterDir.ts'
import type { ControlSocket } from './folder/controlSocket.ts'
import type { FolderClaim } from './folder/folderClaim.ts'
import { identityOf } from './folder/processes.ts'
import { clearState, saveState } from './folder/supervisorState.ts'
import { bindAll } from './launch.ts'
import { EventLog } from './logs/eventLog.ts'
import type { LogBook } from './logs/logBook.ts'
import { Member } from './member.ts'
import { openFilesTrouble } from './openFiles.ts'
import { Availability, quorumServes } from './probe/availability.ts'
import { preciseNow } from './probe/probe.ts'
import { Probes } from './probe/probes.ts'
import { lossOf } from './quorumLoss.ts'
import { Records } from './records.ts'
import { Roster } from './roster.ts'

const STATUS_TIMEOUT_MS = 150

export class Cluster {
  readonly name: string
  readonly dir: ClusterDir
  readonly control: ControlSocket
  readonly engines: Engines
  readonly events: EventLog
  /** Null until the members are known. */
  logs: LogBook | null = null
  readonly roster = new Roster()
  readonly availability = new Availability(this.roster)
  readonly probes = new Probes(this.availability)
  private readonly end = new AbortController()
  private readonly folder: FolderClaim
  private readonly records = new Records((message) => {
    this.events.add(this.now, null, { type: 'log', level: 'warn', message })
  })

  constructor(name: string, dir: ClusterDir, folder: FolderClaim, control: ControlSocket, engines: Engines) {
    this.name = name
    this.dir = dir
    this.folder = folder
    this.control = control
    this.engines = engines
    this.events = new EventLog(dir.eventsPath)
    this.events.listen((event) => this.logs?.write(event))
    this.events.listen((event) => this.availability.observe(event))
  }

  /** The members that run here, have run here, or will run here. */
  get members(): readonly Member[] {
    return this.roster.members
  }

  get leader(): Member | null {
    return this.roster.leader
  }

  get connectString(): string {
    return this.roster.connectString
  }

  /** Milliseconds since 1970 with fractions, on the same clock as the members' events. */
  get now(): number {
    return preciseNow()
  }

  /** Aborts when the cluster begins to shut down. */
  get ending(): AbortSignal {
    return this.end.signal
  }

  /** Begins the shutdown: no member is started from now on. */
  beginEnd(): void {
    this.end.abort()
  }

  makeMember(config: ServerConfig): Member {
    const id = config.sid ?? 1
    return new Member(
      config,
      this.engines.of(id),
      (engine, wanted) => this.engines.open(engine, wanted),
      (member, at, event) => this.memberEvent(member, at, event),
      (member, exit) => this.memberEnded(member, exit),
    )
  }

  /**
   * Starts members again after they have ended.
   * @throws OperationError that names a port that was taken in the meantime; then none of the members runs
   */
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

  run(member: Member): void {
    this.events.add(this.now, member.id, { type: 'member-started' })
    member.run()
    this.saveState()
  }

  /** Makes a member that is down begin with no data at its next start. @returns where its data is now */
  setAside(member: Member, reason: AsideReason, what: string): string[] {
    const paths = setAside(member.config, reason, what)
    for (const path of paths) this.dir.wasSetAside(path)
    this.saveManifest()
    return paths
  }

  /** Changes what runs the member, from its next start on. */
  changeEngine(member: Member, to: Engine): void {
    const from = member.engine
    if (from === to) return
    member.engine = to
    this.engines.remember(this.members)
    this.saveManifest()
    this.events.add(this.now, member.id, { type: 'engine-changed', from, to })
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

  /** One message for each process, this one or a member's, that may open no more files. */
  get openFilesTroubles(): string[] {
    const pids = this.members.flatMap(({ host }) => host?.pid ?? process.pid)
    return [...new Set([process.pid, ...pids])].flatMap((pid) => openFilesTrouble(pid) ?? [])
  }

  /** Starting and ending members must not fail because the record of it cannot be written. */
  saveState(): void {
    this.keep('supervisor.json', () => this.writeState())
  }

  saveManifest(): void {
    this.keep('cluster.json', () => this.dir.save())
  }

  clearState(): void {
    this.keep('supervisor.json', () => clearState(this.dir.path))
  }

  /** Retries the records that could not be written before. */
  retryRecords(): void {
    this.records.retry()
  }

  /** Writes nothing if the folder was removed: it must not be created again. */
  private keep(file: string, write: () => void): void {
    if (this.folder.isHere) this.records.keep(file, write)
  }

  writeState(): void {
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
}

async function portTaken(error: unknown, members: readonly Member[]): Promise<unknown> {
  const { code, port = 0, address = '' } = error as { code?: string; port?: number; address?: string }
  if (code !== 'EADDRINUSE') return error
  const { ownerText, portOwner } = await import('./ports/portOwner.ts')
  const owner = portOwner(port)
  const message = `port ${address}:${port} was taken by ${ownerText(owner)} while its member was down`
  const end = owner?.process ? `end it (kill ${owner.process.pid})` : 'end that program'
  const hint = `${end}, then: zk-pseudo start ${members.length === 1 ? members[0]?.id : 'all'}`
  return new PortError('PORT_TAKEN', message, hint, address, port)
}
