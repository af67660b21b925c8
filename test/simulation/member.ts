/** A member of the simulated ensemble: the real core, with a made-up disk and network around it. */
import type {
  DiskEffect,
  Effect,
  LearnerId,
  Now,
  PeerInput,
  Recovered,
  SendEffect,
} from '../../src/core/effects.ts'
import type { Notification } from '../../src/core/election/notification.ts'
import type { MemberEvent } from '../../src/core/events.ts'
import { PeerCore } from '../../src/core/peer.ts'
import type { PeerSettings } from '../../src/core/settings.ts'
import type { Sid } from '../../src/protocol/ids.ts'
import { PacketType } from '../../src/protocol/opcodes.ts'
import type { QuorumPacket } from '../../src/protocol/records/quorum.ts'
import type { Database } from '../../src/tree/database.ts'
import { DatabaseReader, writeDatabase } from '../../src/tree/snapshotFormat.ts'
import { Violation } from './checks.ts'
import { SimulatedDisk } from './disk.ts'
import { type PlantedFault, plantInMembership, plantInRole } from './faults.ts'
import type { End, Network, Stream } from './network.ts'
import { Random } from './random.ts'
import type { Schedule } from './schedule.ts'

export interface MemberWorld {
  readonly schedule: Schedule
  readonly network: Network
  readonly random: Random
  readonly seed: number
  readonly fault: PlantedFault | null
  readonly member: (sid: number) => SimulatedMember
  /** Called after every step of this member's core. */
  readonly onStep: (member: SimulatedMember) => void
  readonly onEvent: (member: SimulatedMember, event: MemberEvent) => void
  /** A client's connection got bytes, or was closed by the member. */
  readonly onReply: (connection: number, bytes: Buffer) => void
  readonly onClosed: (connection: number) => void
  readonly sendVote: (from: SimulatedMember, to: number, notification: Notification) => void
}

interface Carried {
  readonly packet: QuorumPacket
  readonly database: Database | null
}

export class SimulatedMember {
  readonly sid: number
  readonly disk: SimulatedDisk
  core: PeerCore | null = null
  private readonly settings: PeerSettings
  private readonly world: MemberWorld
  private effects: Effect[] = []
  private isCarryingOut = false
  private isTurnPlanned = false
  private isListening = false
  private readonly learners = new Map<LearnerId, { stream: Stream; end: End }>()
  private lastLearner = 0
  private leader: { stream: Stream; end: End } | null = null
  /** Whom its network knows the addresses of. */
  private known: ReadonlySet<number> = new Set()
  private wakeAtMs = Number.POSITIVE_INFINITY
  private backlog: PeerInput[] | null = null
  /** Counts lives, so that what was planned in an earlier one does nothing. */
  life = 0
  /** Adds to this member's clock: clocks are never the same. */
  private readonly skewMs: number

  constructor(sid: number, settings: PeerSettings, world: MemberWorld) {
    this.sid = sid
    this.settings = settings
    this.world = world
    const habits = new Random(world.seed * 100 + sid)
    this.disk = new SimulatedDisk(world.schedule, world.random, habits, world.fault)
    this.skewMs = world.random.between(0, 5000)
  }

  get now(): Now {
    const { nowMs } = this.world.schedule
    return { monotonicMs: nowMs, wallMs: 1_700_000_000_000 + Math.floor(nowMs) + this.skewMs }
  }

  /** @throws RefusedDisk, and it stays dead */
  start(): void {
    const recovered = this.disk.recover()
    this.life += 1
    const { settings } = this
    const membership = { ...settings.membership, config: this.disk.config ?? settings.membership.config }
    this.known = new Set(membership.config.servers.map(({ sid }) => sid))
    this.core = new PeerCore(
      { ...settings, membership },
      recovered,
      (effect) => this.effects.push(effect),
      this.now,
    )
    plantInMembership(this.core.membership, this.world.fault)
    this.core.start(this.now)
    this.settle()
  }

  crash(): void {
    this.core = null
    this.life += 1
    this.effects = []
    this.backlog = null
    this.isTurnPlanned = false
    this.isListening = false
    this.learners.clear()
    this.leader = null
    this.wakeAtMs = Number.POSITIVE_INFINITY
    this.disk.crash()
    this.world.network.closeAllOf(this.sid, 'the other end died')
  }

  /** A server that it does not know can talk to it all the same, by dialling. */
  knows(sid: number): boolean {
    return this.known.has(sid)
  }

  /** Stopped as by SIGSTOP: what arrives waits. */
  pause(forMs: number): void {
    if (this.core === null || this.backlog !== null) return
    this.backlog = []
    const { life } = this
    this.world.schedule.after(forMs, () => {
      const backlog = this.backlog ?? []
      this.backlog = null
      for (const input of backlog) if (life === this.life) this.input(input)
    })
  }

  input(input: PeerInput): void {
    if (this.core === null) return
    if (this.backlog !== null) {
      this.backlog.push(input)
      return
    }
    this.core.step(input, this.now)
    this.settle()
  }

  /**
   * After a step: its effects are carried out at the end of a turn in which more may come, as in the shell;
   * those that speak of the database as it is now, at once.
   */
  private settle(): void {
    if (this.core === null) return
    plantInRole(this.core, this.world.fault)
    this.world.onStep(this)
    if (this.isCarryingOut) return
    const isUrgent = this.effects.some(
      ({ kind }) => kind === 'installSnapshot' || kind === 'snapshotToLearner',
    )
    if (isUrgent) this.carryOut()
    else if (!this.isTurnPlanned) {
      this.isTurnPlanned = true
      const { life } = this
      this.world.schedule.after(this.world.random.chance(0.5) ? 0 : this.world.random.next(), () => {
        if (life !== this.life) return
        this.isTurnPlanned = false
        this.carryOut()
      })
    }
  }

  private carryOut(): void {
    this.isCarryingOut = true
    const { life } = this
    while (this.effects.length > 0 && life === this.life) {
      const effects = this.effects
      this.effects = []
      for (const effect of effects) {
        if (life !== this.life) break
        if ('ticket' in effect) this.toDisk(effect)
        else this.send(effect)
      }
    }
    this.isCarryingOut = false
    if (life === this.life) this.arm()
  }

  private toDisk(effect: DiskEffect): void {
    const { life, world } = this
    const releases = 'releases' in effect ? effect.releases : []
    const isEager = world.fault === 'ack-before-fsync'
    if (isEager) for (const release of releases) this.send(release)
    this.disk.submit(effect, this.database, (recovered: Recovered | null) => {
      if (life !== this.life) return
      if (!isEager) for (const release of releases) this.send(release)
      if (recovered === null) {
        const kind = effect.kind === 'truncate' ? 'notTruncated' : 'durable'
        this.input({ kind, ticket: effect.ticket })
      } else this.input({ kind: 'restored', ticket: effect.ticket, recovered })
    })
  }

  private get database(): Database {
    if (this.core === null) throw new Error('a dead member has no database')
    return this.core.replica.database
  }

  private arm(): void {
    const at = this.core?.wakeAtMs ?? Number.POSITIVE_INFINITY
    if (at >= this.wakeAtMs) return
    this.wakeAtMs = at
    const { life } = this
    this.world.schedule.at(at, () => {
      if (life !== this.life || this.wakeAtMs !== at) return
      this.wakeAtMs = Number.POSITIVE_INFINITY
      this.input({ kind: 'tick' })
      // A paused member's tick waits with the rest.
      if (this.backlog === null) this.arm()
    })
  }

  private send(effect: SendEffect): void {
    const { world } = this
    switch (effect.kind) {
      case 'notify':
        world.sendVote(this, effect.to, effect.notification)
        break
      case 'reply':
        world.onReply(effect.connection, effect.bytes)
        break
      case 'closeClient':
        world.onClosed(effect.connection)
        break
      case 'throttleClient':
        // Clients here wait for each answer: there is nothing that could be left unread.
        break
      case 'listenForLearners':
        this.isListening = true
        break
      case 'stopListeningForLearners':
        this.isListening = false
        break
      case 'membership':
        this.known = new Set([...effect.committed.servers, ...effect.lastSeen.servers].map(({ sid }) => sid))
        break
      case 'event':
        world.onEvent(this, effect.event)
        break
      case 'fatal':
        // The core ends a member only where histories have parted: a correct ensemble never comes to that.
        throw new Violation(`member ${this.sid} ends: ${effect.code}: ${effect.reason}`)
      default:
        this.sendOnStream(effect)
    }
  }

  private sendOnStream(
    effect: Extract<
      SendEffect,
      { kind: 'toLearner' | 'snapshotToLearner' | 'closeLearner' | 'dialLeader' | 'toLeader' | 'hangUp' }
    >,
  ): void {
    switch (effect.kind) {
      case 'toLearner':
        // The SNAP packet itself goes with its database, right after it.
        if (effect.packet.type !== PacketType.snap) this.toLearner(effect.learner, effect.packet, null)
        break
      case 'snapshotToLearner':
        this.snapshotToLearner(effect.learner, effect.zxid)
        break
      case 'closeLearner': {
        const learner = this.learners.get(effect.learner)
        this.learners.delete(effect.learner)
        learner?.stream.close(learner.end, effect.reason)
        break
      }
      case 'dialLeader':
        this.dial(effect.leader, effect.dial)
        break
      case 'toLeader':
        this.leader?.stream.send(this.leader.end, { packet: effect.packet, database: null } satisfies Carried)
        break
      case 'hangUp':
        this.leader?.stream.close(this.leader.end, 'hung up')
        this.leader = null
        break
    }
  }

  private toLearner(learner: LearnerId, packet: QuorumPacket, database: Database | null): void {
    const connection = this.learners.get(learner)
    connection?.stream.send(connection.end, { packet, database } satisfies Carried)
  }

  /** In one slice; `snapshotSent` comes later, as with a real socket, so commits may pass in between. */
  private snapshotToLearner(learner: LearnerId, zxid: QuorumPacket['zxid']): void {
    const reader = new DatabaseReader()
    for (const slice of writeDatabase(this.database, 4096)) reader.push(slice)
    this.toLearner(learner, { type: PacketType.snap, zxid, data: null, authinfo: null }, reader.database)
    const { life } = this
    this.world.schedule.after(this.world.random.next() * 5, () => {
      if (life === this.life) this.input({ kind: 'snapshotSent', learner })
    })
  }

  private dial(leader: Sid, dial: number): void {
    const { life, world } = this
    const attempt = () => {
      if (life !== this.life || !this.isDialling(dial)) return
      const target = world.member(leader)
      if (this.knows(leader) && world.network.reaches(this.sid, leader) && target.accept(this, dial)) return
      world.schedule.after(5 + world.random.next() * 50, attempt)
    }
    world.schedule.after(world.network.delayMs(), attempt)
  }

  private isDialling(dial: number): boolean {
    return this.leader === null && this.core?.isDialling(dial) === true
  }

  /** As leader: takes a learner's connection. False when nobody listens here. */
  private accept(learner: SimulatedMember, dial: number): boolean {
    if (!this.isListening || this.core === null) return false
    this.lastLearner += 1
    const id = this.lastLearner
    const lives = [this.life, learner.life] as const
    const here: End = {
      member: this.sid,
      onMessage: (message) => {
        const { packet } = message as Carried
        if (lives[0] === this.life) this.input({ kind: 'learnerPacket', learner: id, packet })
      },
      onClosed: () => {
        if (lives[0] !== this.life || !this.learners.delete(id)) return
        this.input({ kind: 'learnerLeft', learner: id })
      },
    }
    const there: End = {
      member: learner.sid,
      onMessage: (message) => {
        if (lives[1] === learner.life) learner.input({ kind: 'leaderPacket', dial, ...(message as Carried) })
      },
      onClosed: (reason) => {
        if (lives[1] === learner.life) learner.input({ kind: 'leaderLost', dial, reason })
      },
    }
    const stream = this.world.network.open(here, there)
    this.learners.set(id, { stream, end: here })
    learner.leader = { stream, end: there }
    this.input({ kind: 'learnerJoined', learner: id })
    learner.input({ kind: 'leaderConnected', dial })
    return true
  }
}
