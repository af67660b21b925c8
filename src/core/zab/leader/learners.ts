/**
 * The learners that are connected to a leader: which of them it admits, and how far each has come.
 *
 * FOLLOWERINFO only claims an id, so it ends no connection: a server keeps its connection until another one
 * has acknowledged NEWLEADER in its name. A server that returns while its old connection is half open is
 * admitted that way. (Apache never ends the older one; syncLimit does.)
 *
 * Invariants: a server has one synced connection. Connections that are not synced are few, whatever strangers
 * do; the newest is never the one that makes room, so a server that returns is not kept out.
 */
import type { Sid } from '../../../protocol/ids.ts'
import { PacketType } from '../../../protocol/opcodes.ts'
import type { QuorumPacket } from '../../../protocol/records/quorum.ts'
import { epochOf, ZERO_ZXID } from '../../../protocol/zxid.ts'
import type { LearnerId, Now } from '../../effects.ts'
import type { QuorumRule } from '../../quorum/rule.ts'
import type { SyncedQuorum } from '../../writes/prepareReconfig.ts'
import * as packets from '../packets.ts'
import type { RoleContext } from '../roleContext.ts'
import { isSyncedFollower, type LearnerPhase, type LearnerState } from './learnerState.ts'

/** Elections that a member may have missed; epochs are too few to be used up by any caller. */
const EPOCH_LEAP = 0x1_0000
/** Limit of connections that have not identified themselves. */
const MOST_UNKNOWN = 64
/** Limit of connections that claim the id of one server and are not synced. */
const MOST_CLAIMS = 4
/** Limit of connections of servers outside the configuration, of which one may be about to join. */
const MOST_STRANGERS = 32

/** How far a learner has come: the one that has come least far makes room. */
const PROGRESS: readonly LearnerPhase[] = [
  'connected',
  'discovered',
  'offered',
  'promised',
  'syncing',
  'synced',
]

export class Learners implements SyncedQuorum {
  private readonly context: RoleContext
  private readonly connected = new Map<LearnerId, LearnerState>()

  constructor(context: RoleContext) {
    this.context = context
  }

  get views(): ReadonlyMap<LearnerId, LearnerState> {
    return this.connected
  }

  joined(id: LearnerId, now: Now): void {
    this.makeRoom(MOST_UNKNOWN - 1, ({ phase }) => phase === 'connected')
    this.connected.set(id, {
      id,
      sid: -1 as Sid,
      phase: 'connected',
      isObserver: false,
      configVersion: 0,
      lastZxid: ZERO_ZXID,
      currentEpoch: -1,
      ackedZxid: ZERO_ZXID,
      heardAtMs: now.monotonicMs,
      owed: null,
      withheld: null,
      isUpToDate: false,
    })
  }

  left(id: LearnerId): void {
    this.connected.delete(id)
  }

  drop(learner: LearnerState, reason: string): void {
    this.connected.delete(learner.id)
    this.context.emit({ kind: 'closeLearner', learner: learner.id, reason })
  }

  dropAll(reason: string): void {
    for (const learner of [...this.connected.values()]) this.drop(learner, reason)
  }

  /**
   * A learner that waits for UPTODATE would acknowledge what follows a reconfig before it learns that the
   * reconfig is in force.
   */
  dropBehindNewLeader(): void {
    for (const learner of [...this.connected.values()])
      if (learner.withheld !== null) this.drop(learner, 'the configuration changes while it is synced')
  }

  /** Reads the learner's identity. @returns whether it may stay */
  admit(learner: LearnerState, packet: QuorumPacket): boolean {
    const { serverid, configVersion = 0 } = packets.readLearnerInfo(packet.data)
    learner.isObserver = packet.type === PacketType.observerInfo
    learner.sid = serverid
    learner.configVersion = configVersion
    const refusal = this.refusal(learner, epochOf(packet.zxid))
    if (refusal !== null) {
      this.drop(learner, refusal)
      return false
    }
    const { membership } = this.context
    const isOther = (other: LearnerState) => other !== learner && other.phase !== 'connected'
    if (membership.isMember(learner.sid))
      this.makeRoom(MOST_CLAIMS - 1, (other) => isOther(other) && isClaim(other, learner.sid))
    else this.makeRoom(MOST_STRANGERS - 1, (other) => isOther(other) && !membership.isMember(other.sid))
    return true
  }

  /** It has acknowledged NEWLEADER: every older connection in its server's name is closed. */
  replaceOlder(learner: LearnerState): void {
    const all = [...this.connected.values()]
    for (const other of all.slice(0, all.indexOf(learner)))
      if (other.sid === learner.sid) this.drop(other, 'the server has connected again')
  }

  /** Keeps at most this many of them: those that have come furthest, and of these the newest. */
  private makeRoom(most: number, isMeant: (learner: LearnerState) => boolean): void {
    const meant = [...this.connected.values()].filter(isMeant)
    const progress = ({ phase }: LearnerState) => PROGRESS.indexOf(phase)
    meant.sort((a, b) => progress(a) - progress(b))
    for (const learner of meant.slice(0, Math.max(0, meant.length - most)))
      this.drop(learner, 'too many connections are not synced')
  }

  private refusal({ sid, configVersion }: LearnerState, acceptedEpoch: number): string | null {
    const { membership, replica } = this.context
    // A server that wants to join takes part without a vote first; without reconfiguration no server can join
    // in this way.
    if (!membership.isReconfigEnabled && !membership.isMember(sid))
      return `server ${sid} is not in the server list`
    if (membership.isReconfigEnabled && configVersion > membership.committed.version)
      return `server ${sid} knows a later configuration, ${configVersion.toString(16)}`
    return acceptedEpoch > replica.acceptedEpoch + EPOCH_LEAP
      ? `it claims to have accepted epoch ${acceptedEpoch}`
      : null
  }

  /** Whether a quorum, this leader included, is connected and synced (Leader.isQuorumSynced). */
  isSynced(electorate: QuorumRule): boolean {
    const synced = [...this.connected.values()].filter(isSyncedFollower)
    return electorate.containsQuorum([this.context.settings.sid, ...synced.map(({ sid }) => sid)])
  }
}

/** Whether it claims to be this server and has not been synced, which would show that it can follow. */
function isClaim({ sid, phase }: LearnerState, claimed: Sid): boolean {
  return sid === claimed && phase !== 'synced'
}
