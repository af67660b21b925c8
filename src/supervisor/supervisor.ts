/**
 * A cluster's life: its folder is claimed; its members are opened together, run, acted upon, and ended. Each
 * cluster has one supervisor: in the foreground `up`, in the background process of `up -d`, or in the process
 * of a test that uses the library.
 */
import type { ActionRequest, ClusterInfo, HandoverReport, HandoverRequest, Verdict } from '../api/api.ts'
import { OperationError } from '../api/operationError.ts'
import { clearInterval, setInterval } from '../time.ts'
import { act } from './actions.ts'
import { Cluster } from './cluster.ts'
import { type ClusterRequest, completed } from './clusterRequest.ts'
import { Engines } from './engines.ts'
import { ClusterDir } from './folder/clusterDir.ts'
import { ControlSocket } from './folder/controlSocket.ts'
import { alreadyRunning, FolderClaim } from './folder/folderClaim.ts'
import { isRegistered, register, unregister } from './folder/registry.ts'
import { clearState, sweep } from './folder/supervisorState.ts'
import { handover } from './handover.ts'
import { openMembers } from './launch.ts'
import { LogBook } from './logs/logBook.ts'
import { checkName, checkOwner, defaultName } from './names.ts'
import { PortClaims } from './ports/ports.ts'
import { resync } from './resync.ts'
import { waitUntilServing } from './settlement.ts'
import { Turns } from './turns.ts'

/** The interval at which the supervisor checks that its folder still exists. */
const LOOK_MS = 1000

export class Supervisor {
  readonly cluster: Cluster
  /** Settles when every member has ended and the control socket is gone. */
  readonly ended: Promise<void>
  private settleEnd: () => void = () => {}
  private readonly request: ClusterRequest
  /** The request for which the folder was made. */
  private readonly before: ClusterRequest | null
  private readonly claims = new PortClaims()
  private readonly turns = new Turns()
  private readonly folder: FolderClaim
  private isPublished = false
  private looking: NodeJS.Timeout | null = null
  /** Why the cluster ended unasked; null otherwise. */
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
      await Promise.all(supervisor.cluster.members.map((member) => member.host?.kill()))
      await supervisor.close({ undo: true })
      throw error
    }
    return supervisor
  }

  /**
   * Creates the supervisor in a folder that no other one uses. It ends what the last supervisor left behind,
   * and from now on others find this one.
   */
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
    this.before = dir.manifest?.request ?? null
    this.request = completed(request, this.before)
    const name = request.name ?? (dir.manifest?.name || defaultName(request.dir))
    folder.name = name
    const manifest = {
      name,
      request: this.request,
      ports: dir.manifest?.ports ?? null,
      engines: dir.manifest?.engines ?? {},
      apacheHome: dir.manifest?.apacheHome ?? null,
    }
    dir.begin(manifest, folder.made)
    this.cluster = new Cluster(name, dir, folder, control, new Engines(this.request, dir))
    this.cluster.writeState()
    this.ended = new Promise((resolve) => {
      this.settleEnd = resolve
    })
  }

  private async open(note: (line: string) => void): Promise<void> {
    const { request, before, claims, cluster } = this
    const { dir, engines, events } = cluster
    const notes = await openMembers({
      request,
      before,
      dir,
      claims,
      engines,
      memberOf: (config) => cluster.makeMember(config),
      onPlanned: (members) => {
        cluster.roster.members = members
      },
    })
    for (const line of notes) note(line)
    dir.make(dir.logsPath)
    const ids = cluster.members.map((member) => member.id)
    const logs = [null, ...ids].map((id) => dir.logPath(id))
    for (const path of [dir.eventsPath, dir.outputPath, ...logs]) dir.willWrite(path)
    dir.settle()
    events.open()
    cluster.logs = new LogBook(dir.logsPath, ids)
    events.add(cluster.now, null, { type: 'cluster-up', members: ids, isolation: request.isolation })
    for (const member of cluster.members) cluster.run(member)
  }

  /** Makes the cluster known to others: requests at its socket are answered from now on. */
  publish(): void {
    this.isPublished = true
    this.cluster.saveState()
    this.register()
    this.looking = setInterval(() => this.look(), LOOK_MS).unref()
  }

  /**
   * The cluster exists only as long as its folder does. The registry entry that helps to find it is written
   * again if a cleaner has removed it.
   */
  private look(): void {
    if (!this.folder.isHere) return void this.endWithout(this.folder.path)
    this.cluster.retryRecords()
    if (!isRegistered(this.folder.path)) this.register()
  }

  private register(): void {
    register({ name: this.cluster.name, dir: this.folder.path })
  }

  /**
   * Ends the cluster after its folder was removed. Nothing can be kept, and no client can reach the cluster
   * through its folder, so a graceful stop has no purpose.
   */
  private async endWithout(folder: string): Promise<void> {
    const { cluster } = this
    if (cluster.ending.aborted) return
    cluster.beginEnd()
    const message = `${folder} was removed while ${cluster.name} ran in it: its members were ended`
    this.failure = new OperationError('FOLDER_GONE', message, 'start anew: zk-pseudo up')
    const killAll = () => Promise.all(cluster.members.map((member) => member.host?.kill()))
    await killAll()
    await this.turns.over
    await killAll()
    await this.close()
  }

  /** @throws OperationError */
  action(request: ActionRequest): Promise<Verdict> {
    const work = () => (request.resync === true ? resync(this.cluster, request) : act(this.cluster, request))
    return this.turns.take(request.verb, work)
  }

  /**
   * Replaces the engines of members, one at a time.
   * @param interrupted stops the handover after the member that is being replaced
   * @throws OperationError if nothing was touched
   */
  handover(request: HandoverRequest, interrupted: AbortSignal): Promise<HandoverReport> {
    return this.turns.handOver(`handover to ${request.to}`, () =>
      handover(this.cluster, request, interrupted),
    )
  }

  /** @throws OperationError with exit code 4 if the ensemble does not serve in time */
  async waitUntilServing(timeoutMs: number): Promise<ClusterInfo> {
    await waitUntilServing(this.cluster, timeoutMs)
    return this.cluster.info()
  }

  /**
   * Stops every member gracefully, and then the supervisor itself. It is safe to call this repeatedly.
   * @param undo removes what this `up` has made, unless the ensemble has served: an `up` that failed leaves
   *   nothing
   */
  async stop({ undo = false } = {}): Promise<void> {
    const { cluster } = this
    if (cluster.ending.aborted) return this.ended
    cluster.beginEnd()
    const stopAll = () => Promise.all(cluster.members.map((member) => member.host?.stop()))
    await stopAll()
    // The action that was in progress notices the shutdown; a member that it was just starting ends here.
    await this.turns.over
    await stopAll()
    await this.close({ undo: undo && !cluster.availability.hasServed })
  }

  /** Ends the cluster for a process that is about to exit: it waits for nothing. */
  endNow(): void {
    for (const member of this.cluster.members) void member.host?.kill()
    this.cluster.clearState()
    unregister(this.folder.path)
  }

  /**
   * Closes everything when no member is left. The folder is released last.
   * @param undo also removes the files that were created in it
   */
  private async close({ undo = false } = {}): Promise<void> {
    const { cluster } = this
    cluster.beginEnd()
    if (this.looking !== null) clearInterval(this.looking)
    const reason = this.failure?.message
    if (this.isPublished) {
      cluster.events.add(cluster.now, null, {
        type: 'cluster-down',
        ...(reason === undefined ? {} : { reason }),
      })
    }
    await cluster.engines.close()
    this.claims.releaseAll()
    cluster.saveManifest()
    cluster.clearState()
    unregister(this.folder.path)
    cluster.events.close()
    cluster.logs?.close()
    await cluster.control.close()
    if (undo && this.folder.isHere) cluster.dir.undo()
    this.folder.release()
    this.settleEnd()
  }
}
