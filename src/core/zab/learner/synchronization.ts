/**
 * A learner's synchronization: it takes over the leader's history by DIFF, TRUNC or SNAP and acknowledges
 * NEWLEADER (Learner.syncWithLeader).
 *
 * Invariant, as corrected by ZOOKEEPER-3911, -4643, -4646 and -4785: the synced transactions are on disk, then
 * currentEpoch is, then NEWLEADER is acknowledged, then the proposals that came with the sync.
 */
import { PacketType } from '../../../protocol/opcodes.ts'
import type { QuorumPacket } from '../../../protocol/records/quorum.ts'
import type { Transaction } from '../../../protocol/transaction.ts'
import { type Epoch, formatZxid, makeZxid, type Zxid } from '../../../protocol/zxid.ts'
import type { Database } from '../../../tree/database.ts'
import type { LoggedTxn, SendEffect } from '../../effects.ts'
import { invariant } from '../../invariant.ts'
import { type Replica, receiveTxn } from '../../replica.ts'
import * as packets from '../packets.ts'

/** What the learner may do now: go on reading, wait for the disk (TRUNC), or enter broadcast. */
export type SyncProgress = 'reading' | 'truncating' | 'newLeaderAcknowledged' | { failed: string }

interface Unlogged {
  readonly txn: LoggedTxn
  readonly transaction: Transaction
}

export class LearnerSync {
  mode: 'DIFF' | 'TRUNC' | 'SNAP' | null = null
  private readonly epoch: Epoch
  private readonly isObserver: boolean
  private readonly replica: Replica
  /** After a SNAP nothing is logged before the whole database is: proposals wait here for their COMMIT. */
  private unlogged: Unlogged[] = []

  constructor(epoch: Epoch, isObserver: boolean, replica: Replica) {
    this.epoch = epoch
    this.isObserver = isObserver
    this.replica = replica
  }

  packet(packet: QuorumPacket, database: Database | null): SyncProgress {
    if (this.mode === null) return this.begin(packet, database)
    switch (packet.type) {
      case PacketType.proposal:
        return this.proposal(packet)
      case PacketType.inform:
        return this.inform(packet)
      case PacketType.commit:
      case PacketType.commitAndActivate:
        return this.commit(packet.zxid)
      case PacketType.newLeader:
        return this.newLeader(packet)
      default:
        return { failed: `packet of type ${packet.type} during synchronization` }
    }
  }

  private begin(packet: QuorumPacket, database: Database | null): SyncProgress {
    switch (packet.type) {
      case PacketType.diff:
        this.mode = 'DIFF'
        return 'reading'
      case PacketType.trunc:
        this.mode = 'TRUNC'
        if (packet.zxid > this.replica.lastLogged) {
          return { failed: `told to cut at ${formatZxid(packet.zxid)}, beyond the log's end` }
        }
        this.replica.truncate(packet.zxid)
        return 'truncating'
      case PacketType.snap:
        invariant(database !== null, 'SNAP without a database')
        this.mode = 'SNAP'
        database.tree.lastProcessedZxid = packet.zxid
        this.replica.replaceDatabase(database)
        return 'reading'
      default:
        return { failed: `expected DIFF, TRUNC or SNAP, got packet type ${packet.type}` }
    }
  }

  private proposal(packet: QuorumPacket): SyncProgress {
    const { txn, transaction } = receiveTxn(packet.data)
    if (txn.zxid <= this.lastReceived) {
      return { failed: `proposal ${formatZxid(txn.zxid)} behind ${formatZxid(this.lastReceived)}` }
    }
    if (this.mode === 'SNAP') this.unlogged.push({ txn, transaction })
    else this.replica.log(txn, transaction, [])
    return 'reading'
  }

  private get lastReceived(): Zxid {
    return this.unlogged[this.unlogged.length - 1]?.txn.zxid ?? this.replica.lastLogged
  }

  private inform(packet: QuorumPacket): SyncProgress {
    const progress = this.proposal(packet)
    return progress === 'reading' ? this.commit(packet.zxid) : progress
  }

  private commit(zxid: Zxid): SyncProgress {
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
    // Leaders take no acknowledgement of a proposal before NEWLEADER's; those due leave right behind it.
    const owed = this.isObserver ? [] : this.replica.uncommitted.map(({ txn }) => packets.ack(txn.zxid))
    const releases = [packets.ack(packet.zxid), ...owed].map(
      (ack): SendEffect => ({ kind: 'toLeader', packet: ack }),
    )
    this.replica.saveCurrentEpoch(this.epoch, releases)
    return 'newLeaderAcknowledged'
  }
}
