/**
 * The stage of a play: members of either engine, run by the hosts that the supervisor uses, whose every word
 * to one another passes through the recording proxy. A play marks the beginning of each scene with `scene`,
 * and a scene ends when everything has been said (`settled`).
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '../../src/config/load/load.ts'
import { ApacheHosts, type ApacheRuntime, findApache } from '../../src/host/apache/apacheHost.ts'
import { LOG_CONFIGS } from '../../src/host/apache/logConfig.ts'
import type { Engine, MemberHost } from '../../src/host/host.ts'
import { ProcessHosts } from '../../src/host/processHost.ts'
import { PacketType, ServerState } from '../../src/protocol/opcodes.ts'
import { counterOf } from '../../src/protocol/zxid.ts'
import { eventually } from '../support/eventually.ts'
import { modeOf } from '../support/fourLetterWord.ts'
import { claimPorts, releasePorts } from '../support/ports.ts'
import {
  addressBetween,
  addressKey,
  hostsFile,
  listening,
  type MemberId,
  nameOf,
  ownAddress,
} from './recording/addresses.ts'
import { type Hold, type Leg, RecordingProxy } from './recording/proxy.ts'
import { type Conversation, Recording, type Said } from './recording/recording.ts'
import { TraceClient } from './traceClient.ts'

const hostsModule = fileURLToPath(new URL('./recording/hostsFile.cjs', import.meta.url))
const { resolveBy } = createRequire(import.meta.url)(hostsModule) as {
  resolveBy(hosts: ReadonlyMap<string, string>): void
}
// Hosts check from this process whether ports are free.
resolveBy(new Map([1, 2, 3, 4, 5].map((id) => [nameOf(id), ownAddress(id)])))

export interface StageOptions {
  /** Engines by id, from 1. */
  readonly engines: readonly Engine[]
  /** Ids of the observers. */
  readonly observers?: readonly MemberId[]
  readonly set?: Readonly<Record<string, string>>
}

interface Actor {
  readonly id: MemberId
  readonly engine: Engine
  readonly isObserver: boolean
  readonly clientPort: number
  readonly quorumPort: number
  readonly electionPort: number
  readonly dir: string
  host: MemberHost | null
}

const SETTINGS = {
  tickTime: '500',
  initLimit: '40',
  // Long enough for a busy machine, and short enough to wait for it once in a play.
  syncLimit: '6',
  maxSessionTimeout: '60000',
  '4lw.commands.whitelist': '*',
  'admin.enableServer': 'false',
}

export class Stage implements AsyncDisposable {
  readonly recording = new Recording()
  readonly proxy: RecordingProxy
  private readonly actors: readonly Actor[]
  private readonly dir: string
  private readonly runtime: ApacheRuntime | null
  private readonly clients: TraceClient[] = []
  /**
   * Members that have a leader, including that leader; when such a member speaks as if it were looking, that
   * is an echo.
   */
  private readonly steady = new Set<MemberId>()
  private leader: MemberId | null = null
  private readonly waitingForPaused = new Map<MemberId, Hold>()

  static async open(options: StageOptions): Promise<Stage> {
    const { engines } = options
    const dir = mkdtempSync(join(tmpdir(), 'zk-pseudo-trace-'))
    const ports = await claimPorts(engines.length * 3)
    const actors = engines.map((engine, index): Actor => {
      const [clientPort, quorumPort, electionPort] = ports.slice(index * 3) as [number, number, number]
      const id = index + 1
      const isObserver = options.observers?.includes(id) ?? false
      const own = join(dir, String(id))
      return { id, engine, isObserver, clientPort, quorumPort, electionPort, dir: own, host: null }
    })
    for (const actor of actors) writeFiles(actor, actors, options.set ?? {})
    const runtime = engines.includes('apache') ? await findApache({ home: null, env: process.env }) : null
    for (const { file, text } of LOG_CONFIGS) writeFileSync(join(dir, file), text)
    return new Stage(actors, dir, runtime)
  }

  private constructor(actors: readonly Actor[], dir: string, runtime: ApacheRuntime | null) {
    this.actors = actors
    this.dir = dir
    this.runtime = runtime
    this.proxy = new RecordingProxy(legsBetween(actors), this.recording)
    this.proxy.isEcho = ({ from, content }) =>
      this.steady.has(from) &&
      content.kind === 'notification' &&
      content.notification.state === ServerState.looking
  }

  get addresses(): ReadonlyMap<number, string> {
    return new Map(
      this.actors.map(({ id, quorumPort, electionPort }) => [
        id,
        `${nameOf(id)}:${quorumPort}:${electionPort}`,
      ]),
    )
  }

  /** The member as a reconfig names it, with its client port. */
  serverLine(id: MemberId, role: 'participant' | 'observer'): string {
    return `server.${id}=${this.addresses.get(id)}:${role};127.0.0.1:${this.actor(id).clientPort}`
  }

  readonly isApache = (id: MemberId): boolean => this.actor(id).engine === 'apache'

  /** Starts a scene: what is said from now on belongs to it. */
  scene(title: string): void {
    this.recording.scene(title)
  }

  async start(...ids: readonly MemberId[]): Promise<void> {
    const hosts = await Promise.all(ids.map((id) => this.open(this.actor(id))))
    for (const id of ids) {
      this.recording.started(id)
      this.proxy.started(id)
    }
    for (const host of hosts) host.run()
  }

  private async open(actor: Actor): Promise<MemberHost> {
    const { config, problems } = loadConfig(join(actor.dir, 'zoo.cfg'))
    const errors = problems.filter(({ severity }) => severity === 'error')
    if (config === null || errors.length > 0) throw new Error(JSON.stringify(errors))
    const host = await (actor.engine === 'apache'
      ? this.apacheHosts(actor).open(config)
      : withEnvironment(oursAt(actor), () => new ProcessHosts().open(config)))
    actor.host = host
    void host.exited.then((exit) => {
      if (actor.host !== host) return
      actor.host = null
      this.proxy.ended(actor.id)
      if (exit.kind === 'crashed') console.error(`member ${actor.id} (${actor.engine}): ${exit.reason}`)
    })
    return host
  }

  private apacheHosts({ dir }: Actor): ApacheHosts {
    if (this.runtime === null) throw new Error('Apache ZooKeeper was not asked for')
    const JVMFLAGS = `-Djdk.net.hosts.file=${join(dir, 'hosts')} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC`
    return new ApacheHosts({ ...this.runtime, env: { ...this.runtime.env, JVMFLAGS } }, this.dir)
  }

  async kill(id: MemberId): Promise<void> {
    this.leaves(id)
    await this.hostOf(id).kill()
  }

  async stop(id: MemberId): Promise<void> {
    this.leaves(id)
    await this.hostOf(id).stop()
  }

  async pause(id: MemberId): Promise<void> {
    this.leaves(id)
    this.waitingForPaused.set(
      id,
      this.proxy.hold(({ to, conversation }) => to === id && conversation.port === 'election'),
    )
    await this.hostOf(id).pause()
  }

  /**
   * Resumes a member. It hears none of the votes that were cast meanwhile, because the order in which it
   * would read them is chance.
   */
  async resume(id: MemberId): Promise<void> {
    const others = this.actors.filter((actor) => actor.id !== id)
    for (const other of others) this.proxy.cut(id, other.id)
    this.waitingForPaused.get(id)?.release()
    this.recording.resumed(id)
    for (const other of others) this.proxy.heal(id, other.id)
    await this.hostOf(id).resume()
  }

  private leaves(id: MemberId): void {
    this.recording.left(id)
    this.unsettle(id)
  }

  /** A member without its leader is not settled, and no member is while they are too few to be led. */
  private unsettle(id: MemberId): void {
    this.steady.delete(id)
    const voters = this.actors.filter(({ isObserver }) => !isObserver).length
    if (id === this.leader || this.steady.size * 2 <= voters) this.steady.clear()
  }

  /** Separates a learner from its leader, until `heal`. */
  cut(leader: MemberId, learner: MemberId): void {
    this.unsettle(learner)
    this.proxy.cut(leader, learner)
  }

  heal(leader: MemberId, learner: MemberId): void {
    this.proxy.heal(leader, learner)
  }

  /** Opens a session at the member. @param moved a client of another member whose session moves here */
  async client(id: MemberId, moved?: TraceClient): Promise<TraceClient> {
    const client = TraceClient.dial(this.actor(id).clientPort)
    this.clients.push(client)
    await client.login(moved)
    return client
  }

  /** A client whose session cannot be created, because no other member hears of it. */
  hopelessClient(id: MemberId): void {
    const client = TraceClient.dial(this.actor(id).clientPort)
    this.clients.push(client)
    client.login().catch(() => {})
  }

  /** Whether the member's election port is open. */
  listens(id: MemberId): boolean {
    return listening().has(addressKey({ host: ownAddress(id), port: this.actor(id).electionPort }))
  }

  /** The mode that the member reports; null while it serves nobody. */
  mode(id: MemberId): Promise<string | null> {
    return modeOf(this.actor(id).clientPort)
  }

  /** Waits until exactly these members serve, `leader` leads, and nothing more will be said. */
  async settled(leader: MemberId, learners: readonly MemberId[]): Promise<void> {
    for (const id of [leader, ...learners]) {
      const modes = id === leader ? ['leader'] : ['follower', 'observer']
      await eventually(`member ${id} to be ${modes.join(' or ')}`, async () =>
        modes.includes((await this.mode(id)) ?? ''),
      )
    }
    const what = `${learners.join(', ')} to have heard all of ${leader}`
    await eventually(what, () => learners.every((id) => this.isUpToDate(leader, id)) && this.proxy.isIdle, {
      everyMs: 5,
    })
    this.leader = leader
    for (const id of [leader, ...learners]) this.steady.add(id)
  }

  /**
   * Whether the learner has acknowledged UPTODATE and everything that it must acknowledge, and received the
   * commits.
   */
  private isUpToDate(leader: MemberId, learner: MemberId): boolean {
    const said = this.conversationOf(leader, learner)
    const packets = said.flatMap((one) =>
      one.content.kind === 'packet' ? [{ from: one.from, packet: one.content.packet }] : [],
    )
    const isKnown = packets.filter(
      ({ from, packet }) =>
        from === learner && packet.type === PacketType.ack && counterOf(packet.zxid) === 0,
    )
    if (isKnown.length < 2) return false
    // Apache's learner also acknowledges the transactions of its sync, in its own time.
    const start = this.isApache(learner)
      ? 0
      : packets.findIndex(({ packet }) => packet.type === PacketType.upToDate)
    const behind = packets.slice(start)
    const has = (from: MemberId, types: readonly number[], zxid: number) =>
      behind.some((one) => one.from === from && types.includes(one.packet.type) && one.packet.zxid === zxid)
    return behind
      .filter(({ packet }) => packet.type === PacketType.proposal)
      .every(
        ({ packet: { zxid } }) =>
          has(learner, [PacketType.ack], zxid) &&
          has(leader, [PacketType.commit, PacketType.commitAndActivate], zxid),
      )
  }

  /** The current conversation of a learner with its leader. */
  conversationOf(leader: MemberId, learner: MemberId): Said[] {
    const last = this.recording.said.findLast(({ conversation: { port, dialler, acceptor } }) => {
      return port === 'quorum' && dialler === learner && acceptor === leader
    })
    const of: Conversation | undefined = last?.conversation
    return this.recording.said.filter(({ conversation }) => conversation === of)
  }

  /** Waits until something was said in the current scene. */
  async heard(what: string, matches: (said: Said) => boolean): Promise<void> {
    await eventually(what, () => this.saidHere.some(matches), { everyMs: 5 })
  }

  get saidHere(): Said[] {
    const scene = this.recording.scenes.length - 1
    return this.recording.said.filter((said) => said.scene === scene)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) client.destroy()
    await Promise.all(this.actors.map(({ host }) => host?.kill()))
    await this.proxy.close()
    releasePorts(this.actors.flatMap((actor) => [actor.clientPort, actor.quorumPort, actor.electionPort]))
    rmSync(this.dir, { recursive: true, force: true })
  }

  private hostOf(id: MemberId): MemberHost {
    const { host } = this.actor(id)
    if (host === null) throw new Error(`member ${id} does not run`)
    return host
  }

  private actor(id: MemberId): Actor {
    const actor = this.actors[id - 1]
    if (actor === undefined) throw new Error(`there is no member ${id}`)
    return actor
  }
}

function writeFiles(actor: Actor, all: readonly Actor[], set: Readonly<Record<string, string>>): void {
  const dataDir = join(actor.dir, 'data')
  const servers = all.map(({ id, quorumPort, electionPort, isObserver }) => {
    return `server.${id}=${nameOf(id)}:${quorumPort}:${electionPort}:${isObserver ? 'observer' : 'participant'}`
  })
  const settings = {
    ...SETTINGS,
    dataDir,
    clientPort: String(actor.clientPort),
    clientPortAddress: '127.0.0.1',
    ...(actor.isObserver ? { peerType: 'observer' } : {}),
    ...set,
  }
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
  mkdirSync(dataDir, { recursive: true })
  writeFileSync(join(dataDir, 'myid'), String(actor.id))
  writeFileSync(join(actor.dir, 'zoo.cfg'), [...lines, ...servers, ''].join('\n'))
  writeFileSync(
    join(actor.dir, 'hosts'),
    hostsFile(
      actor.id,
      all.map(({ id }) => id),
    ),
  )
}

function legsBetween(actors: readonly Actor[]): Leg[] {
  const pairs = actors.flatMap((from) => actors.filter((to) => to !== from).map((to) => ({ from, to })))
  return pairs.flatMap(({ from, to }) =>
    (['election', 'quorum'] as const).map((kind): Leg => {
      const port = kind === 'election' ? to.electionPort : to.quorumPort
      const listenOn = { host: addressBetween(from.id, to.id), port }
      const host = ownAddress(to.id)
      const lives = { host, port: to.electionPort }
      return { port: kind, from: from.id, to: to.id, listenOn, target: { host, port }, lives }
    }),
  )
}

function oursAt({ dir }: Actor): Record<string, string> {
  const options = [process.env.NODE_OPTIONS, `--require ${hostsModule}`].filter(Boolean)
  return { NODE_OPTIONS: options.join(' '), ZK_TRACE_HOSTS_FILE: join(dir, 'hosts') }
}

/**
 * A child process takes this process's environment as it is when it is forked, which `start` does before it
 * returns.
 */
function withEnvironment<T>(set: Readonly<Record<string, string>>, start: () => T): T {
  const before = Object.keys(set).map((key) => [key, process.env[key]] as const)
  Object.assign(process.env, set)
  try {
    return start()
  } finally {
    for (const [key, value] of before) {
      if (value === undefined) delete process.env[key]
      else process.env[key] = value
    }
  }
}
