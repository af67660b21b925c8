/**
 * A cluster whose members are made up: no port, no process, no file. They elect the greatest id as soon as
 * those that take part are a quorum, and report it as real members do. What a test wants to go wrong is set
 * on `world`.
 */
import { classicEnsemble } from '../../src/config/classic.ts'
import type { MemberEvent, VoteView } from '../../src/core/events.ts'
import type { Engine, ExitInfo, MemberHost } from '../../src/host/host.ts'
import { Cluster } from '../../src/supervisor/cluster.ts'
import type { Engines } from '../../src/supervisor/engines.ts'
import type { ClusterDir } from '../../src/supervisor/folder/clusterDir.ts'
import type { ControlSocket } from '../../src/supervisor/folder/controlSocket.ts'
import type { FolderClaim } from '../../src/supervisor/folder/folderClaim.ts'
import type { Member } from '../../src/supervisor/member.ts'
import type { WriteProbe } from '../../src/supervisor/probe/probe.ts'

export interface MadeUp {
  readonly cluster: Cluster
  readonly world: World
  member(id: number): Member
}

/**
 * Runs `members` voters and then `observers`.
 * @param dir where their data would be: only what reads or moves data needs a real folder
 */
export async function madeUpCluster(members = 3, observers = 0, dir = '/nowhere/made-up'): Promise<MadeUp> {
  const world = new World()
  const engines = {
    of: () => 'zk-pseudo',
    open: (engine: Engine, { sid }: { sid: number | null }) => world.open(sid ?? 0, engine),
    prepare: async () => {},
    remember: () => {},
  }
  const parts = {
    // The folder is "gone", so nothing is written into it.
    folder: { isHere: false } as FolderClaim,
    dir: { eventsPath: '/nowhere', wasSetAside: () => {} } as unknown as ClusterDir,
  }
  const cluster = new Cluster(
    'made-up',
    parts.dir,
    parts.folder,
    {} as ControlSocket,
    engines as unknown as Engines,
  )
  const layout = classicEnsemble({ members, observers, dir, set: { tickTime: '10' } })
  cluster.roster.members = layout.members.map(({ config }) => cluster.makeMember(config))
  world.cluster = cluster
  cluster.probes.open = () => world.probe
  cluster.probes.close = () => {}
  cluster.probes.isOwn = () => false
  await cluster.start(cluster.members)
  await world.settled()
  return { cluster, world, member: (id) => cluster.members.find((one) => one.id === id) as Member }
}

export class World {
  cluster: Cluster | null = null
  epoch = 0
  leader: number | null = null
  /** Ids that do not get as far as serving. */
  readonly stuck = new Set<number>()
  /** Ids that end by themselves when they are run, by engine. */
  readonly crashing = new Set<`${number} ${Engine}`>()
  /** Set to keep writes from being acknowledged. */
  isMute = false
  gapMs: number | null = 12.34
  /** The zxid with which writes are acknowledged. */
  zxid = 0
  readonly probe = new MadeUpProbe(this) as unknown as WriteProbe
  /** Each host that was opened: `id engine`. */
  readonly opened: string[] = []
  private readonly hosts = new Map<number, MadeUpHost>()

  open(id: number, engine: Engine): Promise<MemberHost> {
    this.opened.push(`${id} ${engine}`)
    const host = new MadeUpHost(id, engine, this)
    this.hosts.set(id, host)
    return Promise.resolve(host)
  }

  ended(id: number): void {
    this.hosts.delete(id)
    if (this.leader === id) this.leader = null
    this.elect()
  }

  paused(id: number): void {
    if (this.leader === id) this.leader = null
    this.elect()
  }

  /** As the members do, a moment after what made it necessary. */
  elect(): void {
    setImmediate(() => this.electNow())
  }

  /** When everything that was begun has shown. */
  settled(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 5))
  }

  private electNow(): void {
    const roster = this.cluster?.roster
    if (!roster) return
    const running = [...this.hosts.values()].filter(({ isRunning }) => isRunning)
    const voters = running.filter(({ id }) => roster.voters.some((voter) => voter.id === id))
    const members = roster.members.filter((member) => voters.some(({ id }) => id === member.id))
    if (!roster.isQuorum(members)) this.leader = null
    if (this.leader === null) for (const host of running) this.look(host)
    if (!roster.isQuorum(members)) return
    const leader = voters.find(({ id }) => id === this.leader) ?? voters.sort((a, b) => b.id - a.id)[0]
    if (leader === undefined) return
    if (this.leader !== leader.id) this.win(leader, voters)
    for (const host of running) this.follow(host, leader.id)
  }

  private look(host: MadeUpHost): void {
    host.tell({ type: 'role', role: 'looking', leader: null, epoch: this.epoch, zxid: 0 })
  }

  private win(leader: MadeUpHost, voters: readonly MadeUpHost[]): void {
    this.leader = leader.id
    this.epoch += 1
    const vote: VoteView = { leader: leader.id, zxid: 0, round: 1, epoch: this.epoch - 1 }
    const votes = Object.fromEntries(voters.map(({ id }) => [id, vote]))
    leader.tell({ type: 'elected', leader: leader.id, vote, votes, why: 'it has the greatest id', ms: 1 })
    leader.tell({ type: 'established', epoch: this.epoch, quorum: voters.map(({ id }) => id), ms: 1 })
  }

  private follow(host: MadeUpHost, leader: number): void {
    const isObserver = !this.cluster?.roster.voters.some(({ id }) => id === host.id)
    const role = host.id === leader ? 'leader' : isObserver ? 'observer' : 'follower'
    host.tell({ type: 'role', role, leader, epoch: this.epoch, zxid: 0 })
    if (!this.stuck.has(host.id)) host.tell({ type: 'serving', role, epoch: this.epoch, zxid: 0 })
  }
}

class MadeUpHost implements MemberHost {
  readonly isolation = 'thread'
  readonly pid = process.pid
  readonly id: number
  isRunning = false
  readonly exited: Promise<ExitInfo>
  private readonly engine: Engine
  private readonly world: World
  private exit: (info: ExitInfo) => void = () => {}
  private listener: (event: { at: number; event: MemberEvent }) => void = () => {}

  constructor(id: number, engine: Engine, world: World) {
    this.id = id
    this.engine = engine
    this.world = world
    this.exited = new Promise((resolve) => {
      this.exit = resolve
    })
  }

  onEvent(listener: typeof this.listener): void {
    this.listener = listener
  }

  tell(event: MemberEvent): void {
    this.listener({ at: this.world.cluster?.now ?? 0, event })
  }

  run(): void {
    if (this.world.crashing.has(`${this.id} ${this.engine}`)) {
      void this.end({ kind: 'crashed', code: 'UNEXPECTED_ERROR', reason: 'it was told to\nthe cause' })
      return
    }
    this.isRunning = true
    this.world.elect()
  }

  status(): Promise<null> {
    return Promise.resolve(null)
  }

  stop(): Promise<ExitInfo> {
    return this.end({ kind: 'stopped' })
  }

  kill(): Promise<ExitInfo> {
    return this.end({ kind: 'killed' })
  }

  pause(): Promise<void> {
    this.isRunning = false
    this.world.paused(this.id)
    return Promise.resolve()
  }

  resume(): Promise<void> {
    this.isRunning = true
    this.world.elect()
    return Promise.resolve()
  }

  private end(info: ExitInfo): Promise<ExitInfo> {
    this.isRunning = false
    this.exit(info)
    this.world.ended(this.id)
    return this.exited
  }
}

/** Writes are acknowledged whenever a leader serves, through each member that serves. */
class MadeUpProbe {
  readonly standsOut = false
  readonly lastAckAt = 0
  private readonly world: World

  constructor(world: World) {
    this.world = world
  }

  get gapMs(): number | null {
    return this.world.gapMs
  }

  hasWritten(_since: number, id?: number): boolean {
    const { cluster, isMute } = this.world
    if (isMute || cluster?.leader == null) return false
    return id === undefined || cluster.members.some((member) => member.id === id && member.isServing)
  }

  zxidAfter(since: number): number | null {
    return this.hasWritten(since) ? this.world.zxid : null
  }

  markFault(): void {}

  onAck(): () => void {
    return () => {}
  }
}
