/**
 * A learner's synchronization: it takes over the leader's history by DIFF, TRUNC or SNAP and acknowledges
 * NEWLEADER (Learner.syncWithLeader).
 *
 * Invariant, as corrected by ZOOKEEPER-3911, -4643, -4646 and -4785: the synced transactions are on disk,
 * then currentEpoch is, then NEWLEADER is acknowledged, then the proposals that came with the sync.
 */

import type { Sid } from '../../../protocol/ids.ts'
import { PacketType } from '../../../protocol/opcodes.ts'
import type { QuorumPacket } from '../../../protocol/records/quorum.ts'
import type { Transaction } from '../../../protocol/transaction.ts'
import {
  counterOf,
  type Epoch,
  follows,
  formatZxid,
  makeZxid,
  ZERO_ZXID,
  type Zxid,
} from '../../../protocol/zxid.ts'
import { Database } from '../../../tree/database.ts'
import type { LoggedTxn, SendEffect } from '../../effects.ts'
import { invariant } from '../../invariant.ts'
import type { EnsembleConfig } from '../../membership/ensembleConfig.ts'
import type { Membership } from '../../membership/membership.ts'
import { type Replica, receiveTxn } from '../../replica.ts'
import * as packets from '../packets.ts'
import type { RoleContext } from '../roleContext.ts'

/** What the learner may do now: continue reading, wait for the disk (TRUNC), or enter broadcast. */
type SyncProgress = 'reading' | 'truncating' | 'newLeaderAcknowledged' | { failed: string; designated?: Sid }

interface Unlogged {
  readonly txn: LoggedTxn
  readonly transaction: Transaction
}

export class LearnerSync {
  mode: 'DIFF' | 'TRUNC' | 'SNAP' | null = null
  private readonly epoch: Epoch
  private readonly membership: Membership
  private readonly replica: Replica
  private readonly leader: Sid
  private readonly isObserver: boolean
  /** The leader takes this member for one without a history. */
  private readonly isAnew: boolean
  /** The configuration that NEWLEADER carried. */
  private offered: EnsembleConfig | null = null
  /** After a SNAP nothing is logged before the whole database is: proposals wait here for their COMMIT. */
  private unlogged: Unlogged[] = []
  /** The zxid of the SNAP. */
  private snapshotZxid: Zxid | null = null

  constructor(
    { membership, replica }: Pick<RoleContext, 'membership' | 'replica'>,
    leader: Sid,
    isObserver: boolean,
    epoch: Epoch,
    isAnew: boolean,
  ) {
    this.membership = membership
    this.replica = replica
    this.leader = leader
    this.isObserver = isObserver
    this.epoch = epoch
    this.isAnew = isAnew
  }

  packet(packet: QuorumPacket, database: Database | null): SyncProgress {
    if (this.mode === null) return this.begin(packet, database)
    switch (packet.type) {
      case PacketType.proposal:
        return this.proposal(packet)
      case PacketType.inform:
        return this.inform(packet)
      case PacketType.commit:
        return this.commit(packet.zxid)
      case PacketType.commitAndActivate:
        return this.commitAndActivate(packet, packets.readActivation(packet.data).designated)
      case PacketType.informAndActivate:
        return this.informAndActivate(packet)
      case PacketType.newLeader:
        return this.newLeader(packet)
      default:
        return { failed: `packet of type ${packet.type} during synchronization` }
    }
  }

  private begin(packet: QuorumPacket, database: Database | null): SyncProgress {
    switch (packet.type) {
      case PacketType.diff:
        // Such a DIFF begins with the first transaction: it replaces this member's history as a whole, as a
        // SNAP does.
        if (this.isAnew) return this.replace(Database.initial(this.replica.database.tree.ttlRule), ZERO_ZXID)
        this.mode = 'DIFF'
        return 'reading'
      case PacketType.trunc:
        if (this.isAnew) return { failed: 'told to cut a history, though it said that it has none' }
        this.mode = 'TRUNC'
        if (packet.zxid > this.replica.lastLogged) {
          return { failed: `told to cut at ${formatZxid(packet.zxid)}, beyond the log's end` }
        }
        this.replica.truncate(packet.zxid)
        return 'truncating'
      case PacketType.snap:
        invariant(database !== null, 'SNAP without a database')
        return this.replace(database, packet.zxid)
      default:
        return { failed: `expected DIFF, TRUNC or SNAP, got packet type ${packet.type}` }
    }
  }

  private replace(database: Database, zxid: Zxid): SyncProgress {
    this.mode = 'SNAP'
    database.tree.lastProcessedZxid = zxid
    this.snapshotZxid = zxid
    this.replica.replaceDatabase(database)
    this.membership.reread(database)
    return 'reading'
  }

  private proposal(packet: QuorumPacket): SyncProgress {
    const { txn, transaction } = receiveTxn(packet.data)
    if (this.isInSnapshot(txn.zxid)) return 'reading'
    if (!follows(this.lastReceived, txn.zxid)) {
      return { failed: `proposal ${formatZxid(txn.zxid)} does not follow ${formatZxid(this.lastReceived)}` }
    }
    this.membership.logs(transaction)
    if (this.mode === 'SNAP') this.unlogged.push({ txn, transaction })
    else this.replica.log(txn, transaction, [])
    return 'reading'
  }

  /**
   * Apache's leader begins to forward before it reads the zxid that it announces the SNAP with
   * (LearnerHandler.syncFollower, run): under load some transactions arrive, and are committed, that the
   * database already shows.
   */
  private isInSnapshot(zxid: Zxid): boolean {
    return this.snapshotZxid !== null && zxid <= this.snapshotZxid
  }

  private get lastReceived(): Zxid {
    return this.unlogged[this.unlogged.length - 1]?.txn.zxid ?? this.replica.lastLogged
  }

  private inform(packet: QuorumPacket): SyncProgress {
    const progress = this.proposal(packet)
    return progress === 'reading' ? this.commit(packet.zxid) : progress
  }

  private informAndActivate(packet: QuorumPacket): SyncProgress {
    const { designated, txn } = packets.readActivation(packet.data)
    const progress = this.proposal({ ...packet, data: txn })
    return progress === 'reading' ? this.commitAndActivate(packet, designated) : progress
  }

  /** A plain COMMIT in a sync says less: it may be of a history that its leader is still to establish. */
  private commitAndActivate({ zxid }: QuorumPacket, designated: Sid): SyncProgress {
    if (this.isInSnapshot(zxid)) return 'reading'
    const { membership, leader } = this
    const oldest = this.mode === 'SNAP' ? this.unlogged[0] : this.replica.oldestUncommitted
    const config = oldest === undefined ? null : membership.proposedIn(oldest.transaction)
    const progress = this.commit(zxid)
    if (progress !== 'reading' || config === null) return progress
    const ending = membership.activate(config, leader, designated)
    return ending === null ? 'reading' : { failed: ending, designated }
  }

  private commit(zxid: Zxid): SyncProgress {
    if (this.isInSnapshot(zxid)) return 'reading'
    const oldest =
      this.mode === 'SNAP' ? this.unlogged[0]?.txn.zxid : this.replica.oldestUncommitted?.txn.zxid
    if (oldest !== zxid) return { failed: `COMMIT ${formatZxid(zxid)} does not match the oldest proposal` }
    if (this.mode === 'SNAP') {
      const head = this.unlogged.shift() as Unlogged
      this.replica.applyUnlogged(head.txn, head.transaction)
    } else {
      this.replica.commit(zxid)
    }
    return 'reading'
  }

  private newLeader(packet: QuorumPacket): SyncProgress {
    if (packet.zxid !== makeZxid(this.epoch, 0)) {
      return { failed: `NEWLEADER of ${formatZxid(packet.zxid)} in epoch ${this.epoch}` }
    }
    if (this.mode === 'SNAP') {
      this.replica.installSnapshot()
      for (const { txn, transaction } of this.unlogged) this.replica.log(txn, transaction, [])
      this.unlogged = []
    }
    this.offered = this.membership.codec.read(packet.data?.toString('utf8') ?? '')
    if (this.offered !== null) this.membership.offer(this.offered)
    // Leaders take no acknowledgement of a proposal before NEWLEADER's; those that are due leave right after
    // it.
    const owed = this.isObserver ? [] : this.replica.uncommitted.map(({ txn }) => packets.ack(txn.zxid))
    const releases = [packets.ack(packet.zxid), ...owed].map(
      (ack): SendEffect => ({ kind: 'toLeader', packet: ack }),
    )
    this.replica.saveCurrentEpoch(this.epoch, releases)
    return 'newLeaderAcknowledged'
  }

  /**
   * UPTODATE: the epoch is established, and with it the configuration that NEWLEADER carried, unless that
   * configuration belongs to a proposal that is still outstanding (Apache's leader sends what was proposed
   * last). The synced history may have shown before that this member dialled in a role that it no longer has
   * (Membership.logs, and reread).
   * @returns why this member must leave its role, or null
   */
  upToDate(leader: Sid): string | null {
    const { offered } = this
    const { membership, isObserver } = this
    const isKnown = offered !== null && !this.isOutstanding(offered.version)
    const ending = isKnown ? membership.activate(offered, leader, null) : null
    return ending ?? membership.endOf(isObserver ? 'observer' : 'participant')
  }

  private isOutstanding(version: Zxid): boolean {
    const { replica } = this
    if (replica.uncommitted.some(({ txn }) => txn.zxid === version)) return true
    // Observers are not sent what is outstanding. The first configuration of an epoch is no transaction.
    return this.isObserver && counterOf(version) !== 0 && version > replica.lastLogged
  }
}
