/**
 * Three cores with a made-up disk and network that never fail, on virtual time: the ensemble that wrong bytes
 * are thrown at. What would end a member is thrown here.
 */
import { decodeNotification } from '../../src/core/election/codec.ts'
import type { Notification } from '../../src/core/election/notification.ts'
import type { PeerCore } from '../../src/core/peer.ts'
import { QuorumPacketParser } from '../../src/net/quorumPackets.ts'
import type { Sid } from '../../src/protocol/ids.ts'
import { OpCode } from '../../src/protocol/opcodes.ts'
import { DecodeError } from '../../src/protocol/reader.ts'
import { SimulatedMember } from '../simulation/member.ts'
import { Network } from '../simulation/network.ts'
import { Random } from '../simulation/random.ts'
import { Schedule } from '../simulation/schedule.ts'
import { simulatedConfig, simulatedServers, simulatedSettings } from '../simulation/settings.ts'
import { connectFrame, createFrame } from './requests.ts'

const servers = simulatedServers(3, 0)
const membership = { config: simulatedConfig(servers), isReconfigEnabled: false }
/**
 * An election's longest back-off, and a silence that is noticed after initLimit ticks; see test/simulation.
 */
const SETTLES_WITHIN_MS = 20_000

/** A client's connection: what came back, null once it is closed. */
export class HostileLine {
  readonly received: (Buffer | null)[] = []
  readonly connection: number
  private readonly member: SimulatedMember

  constructor(member: SimulatedMember, connection: number) {
    this.member = member
    this.connection = connection
    member.input({ kind: 'clientConnected', connection, address: '127.0.0.1' })
  }

  /** A frame without its length. */
  send(frame: Buffer): void {
    this.member.input({ kind: 'clientFrame', connection: this.connection, frame })
  }

  hangUp(): void {
    this.member.input({ kind: 'clientGone', connection: this.connection })
  }
}

export class CoreEnsemble {
  readonly members: SimulatedMember[]
  private readonly schedule = new Schedule()
  private readonly lines = new Map<number, HostileLine>()
  private lastConnection = 0
  private lastLearner = 1_000_000

  constructor(seed: number) {
    const random = new Random(seed)
    const network = new Network(this.schedule, random, 5)
    const world = {
      schedule: this.schedule,
      network,
      random,
      seed: 0,
      fault: null,
      member: (sid: number) => this.members[sid] as SimulatedMember,
      onStep: () => {},
      onEvent: () => {},
      onReply: (connection: number, bytes: Buffer) => this.reply(connection, bytes),
      onClosed: (connection: number) => void this.lines.get(connection)?.received.push(null),
      sendVote: (from: SimulatedMember, to: number, notification: Notification) =>
        this.schedule.after(1, () =>
          this.members[to]?.input({ kind: 'notification', from: from.sid as Sid, notification }),
        ),
    }
    this.members = servers.map(
      ({ sid }) => new SimulatedMember(sid, simulatedSettings(sid, membership), world),
    )
    for (const member of this.members) member.start()
    this.settle()
  }

  private reply(connection: number, bytes: Buffer): void {
    if (bytes.readInt32BE(0) !== bytes.length - 4) throw new Error(`a bad frame: ${bytes.toString('hex')}`)
    this.lines.get(connection)?.received.push(Buffer.from(bytes.subarray(4)))
  }

  get leader(): SimulatedMember {
    const found = this.members.find(({ core }) => core?.leader?.isEstablished)
    if (found === undefined) throw new Error('nobody leads')
    return found
  }

  get epoch(): number {
    return (this.leader.core as PeerCore).replica.currentEpoch
  }

  run(ms: number): void {
    const until = this.schedule.nowMs + ms
    while (this.schedule.step(until));
    this.schedule.nowMs = until
  }

  /** Until these members serve; returns the virtual ms that it took. */
  settle(members: readonly SimulatedMember[] = this.members): number {
    const startMs = this.schedule.nowMs
    while (!members.every(({ core }) => core?.status.serving)) {
      if (this.schedule.nowMs - startMs > SETTLES_WITHIN_MS) {
        const states = this.members.map(({ core }) => JSON.stringify(core?.status))
        throw new Error(`does not serve after ${SETTLES_WITHIN_MS} ms: ${states.join('; ')}`)
      }
      this.run(20)
    }
    return this.schedule.nowMs - startMs
  }

  dial(member: SimulatedMember): HostileLine {
    this.lastConnection += 1
    const line = new HostileLine(member, this.lastConnection)
    this.lines.set(line.connection, line)
    return line
  }

  /** Somebody dials the leader's quorum port; what it says is cut into packets as the port does. */
  learner(leader = this.leader): (bytes: Buffer) => void {
    this.lastLearner += 1
    const learner = this.lastLearner
    leader.input({ kind: 'learnerJoined', learner })
    const parser = new QuorumPacketParser({ maxDataBytes: 2_097_150, readsSnapshots: false })
    return (bytes) => {
      try {
        parser.push(bytes, (packet) => leader.input({ kind: 'learnerPacket', learner, packet }))
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        leader.input({ kind: 'learnerLeft', learner })
      }
    }
  }

  /**
   * The leader restarts; `first` is said at the quorum port of whoever leads next, before any follower is
   * there.
   */
  replaceLeader(first: (say: (bytes: Buffer) => void) => void): void {
    const old = this.leader
    old.crash()
    this.run(100)
    old.start()
    const leads = () => this.members.find(({ core }) => core?.status.role === 'leader')
    for (let next = leads(); next === undefined; next = leads()) this.run(1)
    first(this.learner(leads()))
    this.settle()
  }

  /**
   * Somebody who claims to be `from` says this at the election port; what cannot be read is dropped there.
   */
  notify(to: SimulatedMember, from: number, bytes: Buffer): void {
    try {
      to.input({ kind: 'notification', from: from as Sid, notification: decodeNotification(bytes) })
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
    }
  }

  /** A client of each member opens a session and writes; all have the same tree afterwards. */
  prove(path: string): void {
    this.settle()
    for (const member of this.members) {
      const line = this.dial(member)
      line.send(connectFrame())
      this.run(1000)
      line.send(createFrame(1, `${path}-${member.sid}`))
      this.run(1000)
      const [connected, created] = line.received
      if (connected == null || connected.readBigInt64BE(8) === 0n)
        throw new Error(`member ${member.sid} gives no session`)
      if (created == null || created.readInt32BE(12) !== 0)
        throw new Error(`member ${member.sid} answers a write with ${created?.toString('hex')}`)
      line.send(Buffer.from(framedHeader(2, OpCode.closeSession)))
      this.run(1000)
      line.hangUp()
      this.lines.delete(line.connection)
    }
    this.run(1000)
    const trees = this.members.map(({ core }) => (core as PeerCore).replica.database)
    const digests = new Set(trees.map(({ tree }) => `${tree.lastProcessedZxid} ${tree.digest}`))
    if (digests.size !== 1) throw new Error(`the trees differ: ${[...digests].join('; ')}`)
  }

  forget(line: HostileLine): void {
    line.hangUp()
    this.lines.delete(line.connection)
  }
}

function framedHeader(xid: number, type: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeInt32BE(xid, 0)
  bytes.writeInt32BE(type, 4)
  return bytes
}
