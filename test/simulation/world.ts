/**
 * One simulated ensemble, drawn from a seed: first faults, under which nothing wrong may be seen (safety),
 * then healing, after which it must serve within a bounded time (liveness).
 */

import type { Notification } from '../../src/core/election/notification.ts'
import type { MemberEvent } from '../../src/core/events.ts'
import { electorateOf } from '../../src/core/quorum/electorate.ts'
import type { QuorumMember } from '../../src/core/quorum/rule.ts'
import type { PeerSettings } from '../../src/core/settings.ts'
import type { Sid } from '../../src/protocol/ids.ts'
import type { ReconfigRequest } from '../../src/protocol/records/client.ts'
import { Adversary } from './adversary.ts'
import { Checks, Violation } from './checks.ts'
import { type ClientLine, SimulatedClient } from './client.ts'
import { Damage, type DamageCounts } from './damage.ts'
import { halfQuorum, isDamageFault, isReconfigFault, type PlantedFault } from './faults.ts'
import { Impostor } from './impostor.ts'
import { SimulatedMember } from './member.ts'
import { type End, Network, type Stream } from './network.ts'
import { Random } from './random.ts'
import { drawReconfigs, type ReconfigWorld, randomReconfig, replacingReconfig } from './reconfigs.ts'
import { Schedule } from './schedule.ts'
import { drawSessions, type SessionWorld, withSessions } from './sessions.ts'
import { simulatedConfig, simulatedServers, simulatedSettings } from './settings.ts'

export interface WorldOptions {
  readonly seed: number
  readonly fault?: PlantedFault | null
  /** Many reconfigs, whatever the seed says. */
  readonly reconfigs?: boolean
  /** Damaged disks, whatever the seed says. */
  readonly damage?: boolean
  readonly trace?: (line: string) => void
}

export interface WorldResult {
  readonly seed: number
  readonly members: number
  readonly steps: number
  readonly epochs: number
  readonly committed: number
  readonly reads: number
  readonly reconfigs: number
  readonly acknowledged: number
  /** Sessions that a transaction made. */
  readonly sessions: number
  readonly readOnlyReads: number
  readonly damage: DamageCounts
  readonly virtualMs: number
}

const IMPOSTOR_SEED = 0x5eed_0000

interface ClientConnection {
  readonly client: SimulatedClient
  readonly member: SimulatedMember
  readonly stream: Stream
  readonly memberEnd: End
}

export class World {
  private readonly random: Random
  private readonly schedule = new Schedule()
  private readonly network: Network
  private readonly checks = new Checks()
  private readonly members: SimulatedMember[] = []
  private readonly clients: SimulatedClient[] = []
  private readonly connections = new Map<number, ClientConnection>()
  private readonly lastVotes = new Map<string, Notification>()
  private readonly options: WorldOptions
  private readonly sessions: SessionWorld
  private lastConnection = 0
  private steps = 0
  private isHealed = false
  private readonly reconfigs: ReconfigWorld | null
  /** Strikes where reconfigs are many. */
  private readonly adversary: Adversary | null
  private readonly damage: Damage | null

  constructor(options: WorldOptions) {
    this.options = options
    this.sessions = drawSessions(options.seed)
    this.random = new Random(options.seed)
    this.network = new Network(this.schedule, this.random, this.random.pick([5, 50, 400]))
    const areMany = options.reconfigs === true || isReconfigFault(options.fault)
    // Of three servers, the quorums of any two configurations nearly always share one: two more wait to join.
    const voters = this.random.pick([3, 3, 5])
    const observers = this.random.chance(0.2) ? 1 : 0
    const all = areMany ? Math.max(5, voters + observers) : voters + observers
    this.reconfigs = drawReconfigs(options.seed, all, areMany)
    const fault = options.fault ?? null
    const slowness = this.random.pick([1, 1, 5, 20])
    for (let sid = 0; sid < all; sid++) {
      const settings = this.settingsOf(sid, voters, observers)
      const member = new SimulatedMember(sid, settings, this.memberWorld(fault))
      member.disk.slowness = slowness
      this.members.push(member)
    }
    this.adversary = areMany ? this.newAdversary() : null
    this.damage = this.newDamage(voters)
  }

  /** Who is a minority is known where the voters stay the same. */
  private newDamage(voters: number): Damage | null {
    const { members, schedule, options } = this
    const isForced = options.damage === true || isDamageFault(options.fault)
    if (this.reconfigs !== null || !Damage.isDrawn(options.seed, isForced)) return null
    const start = (member: SimulatedMember) => this.start(member)
    const trace = (member: SimulatedMember, text: string) => this.trace(member, text)
    return new Damage(options.seed, { members, schedule, voters, start, trace })
  }

  private newAdversary(): Adversary {
    const { members, network, random, schedule } = this
    const crash = (member: SimulatedMember) => this.crash(member)
    const start = (member: SimulatedMember) => this.start(member)
    return new Adversary({ members, network, random, schedule, crash, start, isOver: () => this.isHealed })
  }

  private settingsOf(sid: number, voters: number, observers: number): PeerSettings {
    const config = simulatedConfig(simulatedServers(voters, observers))
    const membership = { config, isReconfigEnabled: this.reconfigs !== null }
    const halved = (servers: readonly QuorumMember[]) => halfQuorum(electorateOf(servers))
    const isHalved = this.options.fault === 'half-quorum'
    const settings = simulatedSettings(sid, isHalved ? { ...membership, electorateOf: halved } : membership)
    return withSessions(settings, this.sessions)
  }

  private memberWorld(fault: PlantedFault | null) {
    return {
      schedule: this.schedule,
      network: this.network,
      random: this.random,
      seed: this.options.seed,
      fault,
      member: (sid: number) => this.members[sid] as SimulatedMember,
      onStep: (member: SimulatedMember) => {
        this.steps += 1
        if (member.core !== null) this.checks.member(member.sid, member.core)
        this.adversary?.stepped(member)
        this.damage?.stepped(member)
      },
      onEvent: (member: SimulatedMember, event: MemberEvent) => this.event(member, event),
      onReply: (connection: number, bytes: Buffer) => {
        const line = this.connections.get(connection)
        line?.stream.send(line.memberEnd, bytes)
      },
      onClosed: (connection: number) => {
        const line = this.connections.get(connection)
        this.connections.delete(connection)
        line?.stream.close(line.memberEnd, 'closed by the member')
      },
      sendVote: (from: SimulatedMember, to: number, notification: Notification) => {
        const target = this.members[to]
        if (target === undefined || (!from.knows(to) && !target.knows(from.sid))) return
        this.lastVotes.set(`${from.sid}>${to}`, notification)
        this.deliverVote(from, to, notification)
      },
    }
  }

  private trace(member: SimulatedMember | null, text: string): void {
    const at = this.schedule.nowMs.toFixed(1).padStart(9)
    this.options.trace?.(`${at} ${member === null ? '-' : member.sid} ${text}`)
  }

  private event(member: SimulatedMember, event: MemberEvent): void {
    if (this.options.trace !== undefined) this.trace(member, JSON.stringify(event))
    if (event.type === 'established') this.checks.established(member.sid, event.epoch)
  }

  /** Votes are lost when the other end is away; the last one is sent again when it is back. */
  private deliverVote(from: SimulatedMember, to: number, notification: Notification): void {
    const { life } = from
    this.schedule.after(from.sid === to ? 0 : this.network.delayMs(), () => {
      const target = this.members[to]
      if (target === undefined || from.life !== life || !this.network.passes(from.sid, to)) return
      target.input({ kind: 'notification', from: from.sid as Sid, notification })
    })
  }

  private resendVotes(): void {
    for (const [key, notification] of this.lastVotes) {
      const [from, to] = key.split('>').map(Number) as [number, number]
      const sender = this.members[from]
      if (sender !== undefined && sender.core !== null) this.deliverVote(sender, to, notification)
    }
  }

  private reachability(sid: number, reachable: boolean): void {
    for (const other of this.members) {
      if (other.sid === sid || !this.network.reaches(other.sid, sid)) continue
      const input = { kind: 'reachability', sid: sid as Sid, reachable } as const
      this.schedule.after(this.network.delayMs(), () => other.input(input))
    }
  }

  private start(member: SimulatedMember): void {
    if (member.core !== null) return
    this.trace(member, 'starts')
    for (const key of [...this.lastVotes.keys()])
      if (key.startsWith(`${member.sid}>`)) this.lastVotes.delete(key)
    if (this.damage === null) member.start()
    else if (!this.damage.starts(member)) return
    this.reachability(member.sid, true)
    this.resendVotes()
  }

  private crash(member: SimulatedMember): void {
    if (member.core === null) return
    this.trace(member, 'crashes')
    member.crash()
    if (!this.isHealed) this.damage?.crashed(member)
    for (const [id, line] of this.connections) if (line.member === member) this.connections.delete(id)
    this.reachability(member.sid, false)
  }

  private connect(client: SimulatedClient): ClientLine | null {
    const member = this.random.pick(this.members)
    if (member.core === null) return null
    this.lastConnection += 1
    const connection = this.lastConnection
    const { life } = member
    const memberEnd: End = {
      member: member.sid,
      onMessage: (frame) => {
        if (life === member.life) member.input({ kind: 'clientFrame', connection, frame: frame as Buffer })
      },
      onClosed: () => {
        this.connections.delete(connection)
        if (life === member.life) member.input({ kind: 'clientGone', connection })
      },
    }
    const clientEnd: End = {
      member: -1 - client.number,
      onMessage: (bytes) => client.reply(connection, bytes as Buffer),
      onClosed: () => client.closed(connection),
    }
    const stream = this.network.open(memberEnd, clientEnd)
    this.connections.set(connection, { client, member, stream, memberEnd })
    member.input({ kind: 'clientConnected', connection, address: '127.0.0.1' })
    return {
      number: connection,
      send: (frame) => stream.send(clientEnd, frame),
      close: () => stream.close(clientEnd, 'closed by the client'),
    }
  }

  /** Faults for a while, then none and time to recover. @throws Violation */
  run(): WorldResult {
    try {
      for (const member of this.members)
        this.schedule.after(this.random.next() * 100, () => this.start(member))
      const count = this.random.between(2, 4)
      for (let number = 0; number < count; number++) this.clients.push(this.newClient(number))
      const faultsUntil = this.random.between(5_000, 30_000)
      this.planFault()
      this.planImpostor()
      this.runUntil(faultsUntil)
      this.heal()
      this.converge()
    } catch (error) {
      this.trace(null, String(error))
      throw error
    }
    const { seed } = this.options
    const acknowledged = this.clients.reduce((sum, client) => sum + client.acknowledgedWrites, 0)
    return {
      seed,
      members: this.members.length,
      steps: this.steps,
      epochs: this.checks.epochs,
      committed: this.checks.transactions,
      reads: this.checks.readsCompared,
      reconfigs: this.checks.reconfigs.answered,
      acknowledged,
      sessions: this.checks.sessionsCreated,
      readOnlyReads: this.clients.reduce((sum, client) => sum + client.readOnlyReads, 0),
      damage: this.damage?.counts ?? { damaged: 0, refused: 0, resynced: 0 },
      virtualMs: this.schedule.nowMs,
    }
  }

  private newClient(number: number): SimulatedClient {
    const { schedule, random, checks } = this
    return new SimulatedClient(number, {
      schedule,
      random,
      checks,
      acceptsReadOnly: this.sessions.readOnlyMode && number % 2 === 0,
      connect: (client) => this.connect(client),
      reconfigShare: this.reconfigs?.share ?? 0,
      reconfig: () => this.reconfig(),
    })
  }

  private runUntil(atMs: number): void {
    while (this.schedule.step(atMs));
    this.schedule.nowMs = Math.max(this.schedule.nowMs, atMs)
  }

  /** Drawn for itself: what it does is in addition to the seed's faults. */
  private planImpostor(): void {
    const { members, schedule, options } = this
    const random = new Random(options.seed ^ IMPOSTOR_SEED)
    if (random.chance(0.5)) new Impostor({ members, random, schedule, isOver: () => this.isHealed }).plan()
  }

  private planFault(): void {
    // The adversary's faults are in addition, and need an ensemble that could have been well.
    const longest = this.adversary === null ? [50, 500, 3000] : [500, 3000, 10_000]
    this.schedule.after(this.random.next() * this.random.pick(longest), () => {
      if (this.isHealed) return
      this.causeFault()
      this.planFault()
    })
  }

  private reconfig(): ReconfigRequest {
    const { random, adversary } = this
    this.disturbReconfig()
    const servers = this.reconfigs?.servers ?? 0
    const leader = this.members.find(({ core }) => core?.status.role === 'leader')
    if (adversary === null || !leader?.core || random.chance(0.4)) return randomReconfig(random, servers)
    return replacingReconfig(random, leader.core.membership.committed, servers)
  }

  /** A reconfig takes a few messages and disk writes: faults by chance would seldom meet one. */
  private disturbReconfig(): void {
    if (this.random.chance(0.5)) return
    const withinMs = this.random.pick([5, 50])
    for (let faults = this.random.between(1, 3); faults > 0; faults--)
      this.schedule.after(this.random.next() * withinMs, () => {
        if (!this.isHealed) this.causeFault()
      })
  }

  private causeFault(): void {
    const { random, network } = this
    const member = random.pick(this.members)
    const kind = random.next()
    if (kind < 0.04) this.powerFailure()
    else if (kind < 0.3) this.crash(member)
    else if (kind < 0.65) this.startSome()
    else if (kind < 0.75) {
      this.trace(null, 'partition')
      network.partition(this.members.map(() => random.between(0, 1)))
    } else if (kind < 0.85) {
      this.trace(null, 'heal')
      network.heal()
      this.resendVotes()
    } else if (kind < 0.92) network.breakSome(0.3)
    else if (kind < 0.97) member.pause(random.next() * 2000)
    else member.disk.slowness = random.pick([1, 1, 10])
  }

  /** Several at one moment: what was acknowledged must be on more than one disk. */
  private powerFailure(): void {
    const count = this.random.between(2, this.members.length)
    for (const member of this.random.shuffle(this.members).slice(0, count)) this.crash(member)
  }

  private startSome(): void {
    for (const member of this.random.shuffle(this.members)) {
      if (member.core === null) {
        this.start(member)
        if (this.random.chance(0.5)) return
      }
    }
  }

  private heal(): void {
    this.trace(null, 'everything heals')
    this.isHealed = true
    this.network.heal()
    for (const member of this.members) {
      member.disk.slowness = 1
      this.start(member)
    }
    this.resendVotes()
  }

  /**
   * Bound: a pause of 2 s ends, every silence is noticed within initLimit ticks (2 s here), an election's
   * longest back-off is 2 s here, and a sync takes less than the rest.
   */
  private converge(): void {
    const deadline = this.schedule.nowMs + 20_000
    while (!this.isServing() && this.schedule.nowMs < deadline) this.runUntil(this.schedule.nowMs + 100)
    if (!this.isServing()) {
      const states = this.members.map((member) => `${member.sid}: ${JSON.stringify(member.core?.status)}`)
      throw new Violation(`no rest after 20 s without faults: ${states.join('; ')}`)
    }
    for (const client of this.clients) client.rest()
    this.runUntil(this.schedule.nowMs + 5_000)
    this.checks.atRest(this.members.map(({ core }) => core).filter((core) => core !== null))
  }

  private isServing(): boolean {
    return this.members.every((member) => member.core?.status.serving)
  }
}

/** Runs one seed. @throws Violation (or whatever the core threw) */
export function simulate(options: WorldOptions): WorldResult {
  return new World(options).run()
}
