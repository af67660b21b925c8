/**
 * What goes into the core and what comes out of it. The core is synchronous and does no I/O: a step takes one
 * input and the time, and returns effects for the shell to carry out, in order.
 *
 * The rule that makes acknowledging before the disk impossible: whatever may leave only after something is
 * durable travels in that disk effect's `releases`. Disk effects carry growing tickets; the shell carries
 * them out in order and reports `durable` with the highest ticket that is on disk.
 */

import type { Sid } from '../protocol/ids.ts'
import type { QuorumPacket } from '../protocol/records/quorum.ts'
import type { Epoch, Zxid } from '../protocol/zxid.ts'
import type { Database } from '../tree/database.ts'
import type { Notification } from './election/notification.ts'
import type { MemberEvent } from './events.ts'
import type { EnsembleConfig } from './membership/ensembleConfig.ts'

/** A client's connection, numbered by the shell, never reused. */
export type ConnectionId = number
/** A learner's connection at the leader, numbered by the shell, never reused. */
export type LearnerId = number
/** Numbers a learner's attempts to reach a leader, so that late packets of an old connection are ignored. */
export type DialId = number
/** Numbers disk effects: 1, 2, 3, … in the order in which they are carried out. */
export type Ticket = number

/** `monotonicMs` for every deadline, `wallMs` only for what people read (ctime, mtime, session ids). */
export interface Now {
  readonly monotonicMs: number
  readonly wallMs: number
}

/** A transaction as it is kept and passed on: `bytes` are its only serialisation. */
export interface LoggedTxn {
  readonly zxid: Zxid
  readonly bytes: Buffer
}

/** Effects that wait for no disk. */
export type SendEffect =
  | { kind: 'notify'; to: Sid; notification: Notification }
  | { kind: 'reply'; connection: ConnectionId; bytes: Buffer }
  | { kind: 'closeClient'; connection: ConnectionId; reason: string }
  /** Stop reading from the connection, or resume reading. */
  | { kind: 'throttleClient'; connection: ConnectionId; isThrottled: boolean }
  /** Open or close the quorum port: only the leader listens there. */
  | { kind: 'listenForLearners' }
  | { kind: 'stopListeningForLearners' }
  | { kind: 'toLearner'; learner: LearnerId; packet: QuorumPacket }
  /** Send the database as it is now after the SNAP packet; later packets wait until it is sent. */
  | { kind: 'snapshotToLearner'; learner: LearnerId; zxid: Zxid }
  | { kind: 'closeLearner'; learner: LearnerId; reason: string }
  /** Dial the leader's quorum port until it answers or the core hangs up; `leaderConnected` follows. */
  | { kind: 'dialLeader'; leader: Sid; dial: DialId }
  | { kind: 'toLeader'; packet: QuorumPacket }
  | { kind: 'hangUp' }
  /**
   * The members to be reached from now on, with their addresses: those of the committed and of the last seen
   * configuration, which are the same while none is pending.
   */
  | { kind: 'membership'; committed: EnsembleConfig; lastSeen: EnsembleConfig }
  | { kind: 'event'; event: MemberEvent }
  /** The member must end: its state and its disk no longer agree. Named as in Apache's ExitCode. */
  | { kind: 'fatal'; code: string; reason: string }

export type DiskEffect =
  | { kind: 'append'; ticket: Ticket; txn: LoggedTxn; releases: readonly SendEffect[] }
  | {
      kind: 'saveEpoch'
      ticket: Ticket
      which: 'accepted' | 'current'
      epoch: Epoch
      releases: readonly SendEffect[]
    }
  /** Keep a configuration beside zoo.cfg: `next` was proposed, `current` is in force. */
  | { kind: 'saveConfig'; ticket: Ticket; which: 'next' | 'current'; config: EnsembleConfig }
  /** Cut the log after `zxid` and read the database again; `restored` follows, or `notTruncated`. */
  | { kind: 'truncate'; ticket: Ticket; zxid: Zxid }
  /** Read the database again: what memory holds was never written. `restored` follows. */
  | { kind: 'reload'; ticket: Ticket }
  /**
   * Write the database, which a SNAP has just replaced, as a snapshot at `zxid`, and drop what the log holds
   * after it.
   */
  | { kind: 'installSnapshot'; ticket: Ticket; zxid: Zxid; releases: readonly SendEffect[] }

export type Effect = SendEffect | DiskEffect

/** The inputs that the shell passes to the core. */
export type PeerInput =
  | { kind: 'notification'; from: Sid; notification: Notification }
  /** The election port of a peer answers, or refused or broke. */
  | { kind: 'reachability'; sid: Sid; reachable: boolean }
  | { kind: 'learnerJoined'; learner: LearnerId }
  | { kind: 'learnerPacket'; learner: LearnerId; packet: QuorumPacket }
  | { kind: 'learnerLeft'; learner: LearnerId }
  /** The last byte of `snapshotToLearner` was handed to the socket. */
  | { kind: 'snapshotSent'; learner: LearnerId }
  | { kind: 'leaderConnected'; dial: DialId }
  /** `database` comes with SNAP only. */
  | { kind: 'leaderPacket'; dial: DialId; packet: QuorumPacket; database: Database | null }
  | { kind: 'leaderLost'; dial: DialId; reason: string }
  /** `certificateSubject`: of the TLS certificate that was verified, where there is one. */
  | {
      kind: 'clientConnected'
      connection: ConnectionId
      address: string
      port?: number
      certificateSubject?: string | null
    }
  | { kind: 'clientFrame'; connection: ConnectionId; frame: Buffer }
  | { kind: 'clientGone'; connection: ConnectionId }
  /** Every disk effect up to this ticket is durable. */
  | { kind: 'durable'; ticket: Ticket }
  /** A `truncate` or `reload` is done; its ticket is durable too. */
  | { kind: 'restored'; ticket: Ticket; recovered: Recovered }
  /** What is on disk cannot be cut there: no snapshot is old enough. Nothing was changed. */
  | { kind: 'notTruncated'; ticket: Ticket }
  | { kind: 'tick' }

/** What storage found on disk: `recentTxns` are the last transactions of the history that `database` ends. */
export interface Recovered {
  readonly database: Database
  readonly recentTxns: readonly LoggedTxn[]
  readonly acceptedEpoch: Epoch
  readonly currentEpoch: Epoch
}
