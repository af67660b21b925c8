/**
 * The learners that are connected to a leader: whom it takes, and who of them are there.
 *
 * Invariant: a server has one connection.
 */
import type { Sid } from '../../../protocol/ids.ts'
import { PacketType } from '../../../protocol/opcodes.ts'
import type { QuorumPacket } from '../../../protocol/records/quorum.ts'
import { epochOf, ZERO_ZXID } from '../../../protocol/zxid.ts'
import type { LearnerId, Now, SendEffect } from '../../effects.ts'
import type { Membership } from '../../membership.ts'
import type { QuorumVerifier } from '../../quorum.ts'
import type { Replica } from '../../replica.ts'
import * as packets from '../packets.ts'
import type { LearnerView } from './learnerView.ts'

export interface LearnersParts {
  readonly sid: Sid
  readonly membership: Membership
  readonly replica: Replica
  readonly emit: (effect: SendEffect) => void
}

/** Elections that a member may have missed; epochs are too few to be used up by whoever dials. */
const EPOCH_LEAP = 0x1_0000

export class Learners {
  private readonly parts: LearnersParts
  private readonly connected = new Map<LearnerId, LearnerView>()

  constructor(parts: LearnersParts) {
    this.parts = parts
  }

  get views(): ReadonlyMap<LearnerId, LearnerView> {
    return this.connected
  }

  joined(id: LearnerId, now: Now): void {
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

  drop(learner: LearnerView, reason: string): void {
    this.connected.delete(learner.id)
    this.parts.emit({ kind: 'closeLearner', learner: learner.id, reason })
  }

  dropAll(reason: string): void {
    for (const learner of [...this.connected.values()]) this.drop(learner, reason)
  }

  /** Who waits for UPTODATE would acknowledge what comes behind a reconfig before it hears that this is in force. */
  dropBehindNewLeader(): void {
    for (const learner of [...this.connected.values()])
      if (learner.withheld !== null) this.drop(learner, 'the configuration changes while it is synced')
  }

  /** Reads who it is. @returns whether it may stay */
  admit(learner: LearnerView, packet: QuorumPacket): boolean {
    const { serverid, configVersion = 0 } = packets.readLearnerInfo(packet.data)
    learner.isObserver = packet.type === PacketType.observerInfo
    learner.sid = serverid
    learner.configVersion = configVersion
    const refusal = this.refusal(learner, epochOf(packet.zxid))
    if (refusal !== null) {
      this.drop(learner, refusal)
      return false
    }
    // The newer connection replaces what a crash or a broken line left behind.
    for (const other of [...this.connected.values()]) {
      if (other !== learner && other.sid === learner.sid) this.drop(other, 'the server has connected again')
    }
    return true
  }

  private refusal({ sid, configVersion }: LearnerView, acceptedEpoch: number): string | null {
    const { membership, replica } = this.parts
    // A server that wants to join takes part without a vote first; without reconfiguration nobody can join so.
    if (!membership.isReconfigEnabled && !membership.isMember(sid))
      return `server ${sid} is not in the server list`
    if (membership.isReconfigEnabled && configVersion > membership.committed.version)
      return `server ${sid} knows a later configuration, ${configVersion.toString(16)}`
    return acceptedEpoch > replica.acceptedEpoch + EPOCH_LEAP
      ? `it claims to have accepted epoch ${acceptedEpoch}`
      : null
  }

  /** Whether a quorum, this leader included, is connected and synced (Leader.isQuorumSynced). */
  isSynced(verifier: Pick<QuorumVerifier, 'containsQuorum'>): boolean {
    const synced = [...this.connected.values()].filter(
      ({ phase, isObserver }) => phase === 'synced' && !isObserver,
    )
    return verifier.containsQuorum([this.parts.sid, ...synced.map(({ sid }) => sid)])
  }
}
