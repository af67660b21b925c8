/**
 * A follower or observer, from dialling its leader until it loses it: discovery, synchronization, broadcast.
 *
 * Invariants: a proposal is acknowledged only once it is durable (its ACK travels in the append);
 * transactions are applied in the order of their proposals, and only when committed.
 */
import type { Sid } from '../../../protocol/ids.ts'
import { PacketType } from '../../../protocol/opcodes.ts'
import type { QuorumPacket } from '../../../protocol/records/quorum.ts'
import type { Transaction } from '../../../protocol/transaction.ts'
import { type Epoch, epochOf, follows, formatZxid, makeZxid, type Zxid } from '../../../protocol/zxid.ts'
import type { Database } from '../../../tree/database.ts'
import type { DialId, Now, SendEffect } from '../../effects.ts'
import { receiveTxn } from '../../replica.ts'
import type { Request } from '../../request.ts'
import * as packets from '../packets.ts'
import type { RoleContext } from '../roleContext.ts'
import { acceptEpoch } from './discovery.ts'
import { LearnerSync } from './synchronization.ts'

type Phase = 'dialling' | 'discovery' | 'synchronization' | 'truncating' | 'synced' | 'broadcast'

interface Received {
  readonly packet: QuorumPacket
  readonly database: Database | null
}

export class Learner {
  readonly leader: Sid
  epoch: Epoch | null = null
  private phase: Phase = 'dialling'
  private readonly context: RoleContext
  private sync: LearnerSync | null = null
  private heardAtMs: number
  /** Packets that came while the log was being cut. */
  private held: Received[] = []
  private readonly isObserver: boolean
  private readonly anewIn: Epoch | null
  /** A reconfig that ends this role once it is applied. */
  private ending: { readonly zxid: Zxid; readonly reason: string; readonly designated: Sid } | null = null

  /**
   * @param anewIn the epoch in which this leader has sent a TRUNC that this member's disk cannot follow; null
   *   otherwise. In that epoch, and no other, the learner says that it has no history, and takes what it
   *   receives for the leader's whole history.
   */
  constructor(context: RoleContext, leader: Sid, dial: DialId, anewIn: Epoch | null, now: Now) {
    this.context = context
    this.leader = leader
    this.anewIn = anewIn
    this.isObserver = context.membership.role === 'observer'
    this.heardAtMs = now.monotonicMs
    context.emit({ kind: 'dialLeader', leader, dial })
  }

  get isServing(): boolean {
    return this.phase === 'broadcast'
  }

  get isTruncating(): boolean {
    return this.phase === 'truncating'
  }

  /** initLimit ticks to be dialled, registered and synced; syncLimit ticks of silence from then on. */
  get nextDeadlineMs(): number {
    const { tickTimeMs, initLimit, syncLimit } = this.context.settings
    const isSynced = this.phase === 'broadcast' || this.phase === 'synced'
    // A leader that refuses the dial is not leading: going back to the election finds the one that is.
    if (this.phase === 'dialling') return this.heardAtMs + Math.max(1000, tickTimeMs)
    return this.heardAtMs + tickTimeMs * (isSynced ? syncLimit : initLimit)
  }

  connected(now: Now): void {
    this.heardAtMs = now.monotonicMs
    this.phase = 'discovery'
    const { replica, settings, emit, membership } = this.context
    const { version } = membership.committed
    const type = this.isObserver ? PacketType.observerInfo : PacketType.followerInfo
    emit({
      kind: 'toLeader',
      packet: packets.learnerInfo(type, replica.acceptedEpoch, settings.sid, version),
    })
  }

  packet(packet: QuorumPacket, database: Database | null, now: Now): void {
    this.heardAtMs = now.monotonicMs
    switch (this.phase) {
      case 'discovery':
        this.register(packet)
        break
      case 'truncating':
        this.held.push({ packet, database })
        break
      case 'synchronization':
        this.synchronize(packet, database, now)
        break
      case 'synced':
      case 'broadcast':
        this.follow(packet, now)
        break
      case 'dialling':
        this.context.departure.leave('a packet from a leader that has not answered the dial')
    }
  }

  private register(packet: QuorumPacket): void {
    const { replica, departure, emit } = this.context
    const { anewIn, isObserver, leader } = this
    const outcome = acceptEpoch(packet, replica, anewIn, emit)
    if ('refused' in outcome) {
      departure.leave(outcome.refused)
      return
    }
    this.epoch = outcome.accepted
    this.sync = new LearnerSync(this.context, leader, isObserver, this.epoch, this.epoch === anewIn)
    this.phase = 'synchronization'
  }

  private synchronize(packet: QuorumPacket, database: Database | null, now: Now): void {
    const progress = this.sync?.packet(packet, database)
    this.context.clients.applyCommitted(now)
    if (progress === 'truncating') this.phase = 'truncating'
    else if (progress === 'newLeaderAcknowledged') this.phase = 'synced'
    else if (typeof progress === 'object') this.context.departure.leave(progress.failed, progress.designated)
  }

  /** The log is cut and read again: the packets that arrived meanwhile are handled now. */
  truncated(now: Now): void {
    if (this.phase !== 'truncating') return
    this.phase = 'synchronization'
    const held = this.held
    this.held = []
    for (const { packet, database } of held) this.packet(packet, database, now)
  }

  private follow(packet: QuorumPacket, now: Now): void {
    switch (packet.type) {
      case PacketType.proposal:
        this.proposal(packet)
        break
      case PacketType.commit:
        this.commit(packet, now)
        break
      case PacketType.commitAndActivate:
        this.commitAndActivate(packet, packets.readActivation(packet.data).designated, now)
        break
      case PacketType.informAndActivate: {
        const { designated, txn } = packets.readActivation(packet.data)
        const inform = { ...packet, data: txn }
        if (this.proposal(inform)) this.commitAndActivate(inform, designated, now)
        break
      }
      case PacketType.inform:
        if (this.proposal(packet)) this.commit(packet, now)
        break
      case PacketType.ping:
        this.answerPing(packet)
        break
      case PacketType.upToDate:
        this.upToDate(now)
        break
      case PacketType.revalidate: {
        const { sessionId, valid } = packets.readValidity(packet.data)
        this.context.clients.revalidated(sessionId, valid)
        break
      }
      case PacketType.sync:
        // Transactions committed before the sync may still wait for this member's disk.
        this.context.clients.syncDue(this.context.replica.lastCommitted, now)
        break
      default:
        this.context.departure.leave(`packet of type ${packet.type} in broadcast`)
    }
  }

  /** False when the proposal does not follow the last one. */
  private proposal(packet: QuorumPacket): boolean {
    const { replica, membership, departure } = this.context
    const { txn, transaction } = receiveTxn(packet.data)
    if (epochOf(txn.zxid) !== this.epoch || !follows(replica.lastLogged, txn.zxid)) {
      departure.leave(
        `proposal ${formatZxid(txn.zxid)} does not follow ${formatZxid(replica.lastLogged)} in epoch ${this.epoch}`,
      )
      return false
    }
    const acknowledgement: SendEffect = { kind: 'toLeader', packet: packets.ack(txn.zxid) }
    membership.logs(transaction)
    replica.log(txn, transaction, this.isObserver ? [] : [acknowledgement])
    return true
  }

  /** The reconfig is committed: it is in force here as soon as this is read (Follower.processPacket). */
  private commitAndActivate(packet: QuorumPacket, designated: Sid, now: Now): void {
    const oldest = this.context.replica.oldestUncommitted
    this.commit(packet, now)
    if (oldest?.txn.zxid === packet.zxid) this.activate(oldest.transaction, designated)
  }

  private activate(transaction: Transaction, designated: Sid): void {
    const { membership } = this.context
    const config = membership.proposedIn(transaction)
    const reason = config === null ? null : membership.activate(config, this.leader, designated)
    if (reason === null || config === null) return
    this.ending = { zxid: config.version, reason, designated }
    this.durable()
  }

  /**
   * A role that a reconfig ends continues until the reconfig is applied, because its client waits for the
   * answer.
   */
  durable(): void {
    const { ending } = this
    if (ending === null || this.context.replica.database.lastProcessedZxid < ending.zxid) return
    this.context.departure.leave(ending.reason, ending.designated)
  }

  private commit(packet: QuorumPacket, now: Now): void {
    const { replica, clients, emit } = this.context
    const oldest = replica.oldestUncommitted?.txn.zxid
    if (oldest === packet.zxid) {
      replica.commit(packet.zxid)
      clients.applyCommitted(now)
      return
    }
    // Apache ends the process here too (FollowerZooKeeperServer.commit): histories have parted.
    const expected =
      oldest === undefined ? 'nothing is pending' : `the oldest pending is ${formatZxid(oldest)}`
    emit({
      kind: 'fatal',
      code: 'UNMATCHED_TXN_COMMIT',
      reason: `COMMIT ${formatZxid(packet.zxid)}, but ${expected}`,
    })
  }

  /**
   * Answers only once this member is up to date, as in Learner.syncWithLeader: the acknowledgement of
   * NEWLEADER may wait for the disk, and Apache's leader closes the connection of a learner that sends
   * anything else before it (LearnerHandler.run).
   */
  private answerPing(packet: QuorumPacket): void {
    if (!this.isServing) return
    const touched = this.context.clients.learnerSessions.drain()
    this.context.emit({ kind: 'toLeader', packet: packets.pingReply(packet.zxid, touched) })
  }

  private upToDate(now: Now): void {
    const { epoch } = this
    if (this.phase !== 'synced' || epoch === null) return
    const { membership, clients, election, departure, emit } = this.context
    const ending = this.sync?.upToDate(this.leader) ?? null
    if (ending !== null) {
      departure.leave(ending)
      return
    }
    this.phase = 'broadcast'
    // Apache's leader reads a second acknowledgement here and ignores it.
    emit({ kind: 'toLeader', packet: packets.ack(makeZxid(epoch, 0)) })
    election?.established(epoch)
    clients.serve(membership.role === 'observer' ? 'observer' : 'follower', epoch, now)
  }

  submit(request: Request): void {
    this.context.emit({ kind: 'toLeader', packet: packets.forwardedRequest(request) })
  }

  tick(now: Now): void {
    if (now.monotonicMs < this.nextDeadlineMs) return
    this.context.departure.leave(`nothing heard from leader ${this.leader} in time (${this.phase})`)
  }

  close(): void {
    this.context.emit({ kind: 'hangUp' })
  }
}
