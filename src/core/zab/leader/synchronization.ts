/**
 * Synchronization: every learner that promised is brought to this leader's history and acknowledges
 * NEWLEADER; a quorum of those establishes the epoch, and with it everything in the leader's history is
 * committed.
 *
 * Invariant: nothing is synced before this leader's own currentEpoch is durable, and its own acknowledgement
 * counts only then. NEWLEADER never carries a configuration that the epoch does not already rest on: a
 * learner takes it for committed with UPTODATE. So none is sent while a reconfig is outstanding. (Apache
 * sends what was proposed last; a learner that comes late may then go by a configuration that is never
 * committed.) Nor is it sent to a voter that does not know that the configuration is committed: that voter
 * would count here by its acknowledgement alone and, lost before UPTODATE, would help the voters of the
 * former configuration to an epoch that cuts off what was committed under the new one. Such a voter goes back
 * to the election, where this leader's answer carries the configuration.
 *
 * A follower gets no COMMIT between NEWLEADER and UPTODATE: Apache's follower no longer holds the proposal of
 * such a COMMIT, and begins its sync again (ZOOKEEPER-4394), repeatedly under load.
 */
import type { Sid } from '../../../protocol/ids.ts'
import { counterOf, type Epoch } from '../../../protocol/zxid.ts'
import type { Now, Ticket } from '../../effects.ts'
import { changesTree } from '../changesTree.ts'
import * as packets from '../packets.ts'
import type { RoleContext } from '../roleContext.ts'
import type { Broadcast } from './broadcast.ts'
import { chooseSync } from './chooseSync.ts'
import type { LearnerState } from './learnerState.ts'
import type { Learners } from './learners.ts'

export class Synchronization {
  readonly epoch: Epoch
  isEstablished = false
  private readonly context: RoleContext
  private readonly learners: Learners
  private readonly broadcast: Broadcast
  private readonly acks = new Set<Sid>()
  private readonly currentEpochTicket: Ticket
  /** Learners that hold the database and wait for NEWLEADER until the outstanding reconfig is committed. */
  private readonly held = new Set<LearnerState>()
  /**
   * Voters that were sent back, each once, because a server without reconfigEnabled never learns of a
   * configuration.
   */
  private readonly sentBack = new Set<Sid>()

  constructor(context: RoleContext, learners: Learners, broadcast: Broadcast, epoch: Epoch) {
    this.context = context
    this.learners = learners
    this.broadcast = broadcast
    this.epoch = epoch
    this.currentEpochTicket = context.replica.saveCurrentEpoch(epoch, [])
  }

  get isReady(): boolean {
    return this.currentEpochTicket <= this.context.replica.durableTicket
  }

  /** The voters that hold this leader's history now. */
  get quorum(): readonly Sid[] {
    return [...this.acks]
  }

  /** To be called when something became durable here. */
  durable(now: Now): void {
    if (!this.isReady) return
    this.count(this.context.settings.sid)
    for (const learner of this.learners.views.values()) {
      if (learner.phase === 'promised') this.sync(learner, now)
    }
  }

  /** The outstanding reconfig is committed: learners that arrived meanwhile may continue. */
  resume(now: Now): void {
    this.durable(now)
    for (const learner of [...this.held]) this.snapshotSent(learner)
  }

  private get isOutstanding(): boolean {
    return this.isEstablished && this.context.membership.isPending
  }

  sync(learner: LearnerState, now: Now): void {
    if (!this.isReady || this.isOutstanding) return
    if (this.isBehind(learner)) {
      this.sentBack.add(learner.sid)
      this.learners.drop(learner, `server ${learner.sid} votes, and does not know the configuration in force`)
      return
    }
    const { replica } = this.context
    const plan = chooseSync(learner.lastZxid, replica.history)
    learner.phase = 'syncing'
    let proposals = 0
    let changes = 0
    if (plan.mode === 'SNAP') {
      const zxid = replica.database.lastProcessedZxid
      this.send(learner, packets.snap(zxid))
      this.context.emit({ kind: 'snapshotToLearner', learner: learner.id, zxid })
    } else {
      const from = plan.mode === 'DIFF' ? plan.from : plan.to
      this.send(learner, plan.mode === 'DIFF' ? packets.diff(replica.history.last) : packets.trunc(plan.to))
      for (const txn of replica.history.after(from)) {
        this.send(learner, packets.proposal(txn))
        this.send(learner, packets.commit(txn.zxid))
        proposals += 1
        if (changesTree(txn)) changes += 1
      }
    }
    const { lastZxid: from, sid } = learner
    const event = {
      type: 'sync',
      learner: sid,
      mode: plan.mode,
      from,
      to: replica.history.last,
      proposals,
      changes,
    } as const
    this.context.emit({ kind: 'event', event })
    this.broadcast.sendOutstanding(learner, now)
    // A SNAP is taken fuzzily: what is committed while it is sent must reach the learner before NEWLEADER.
    if (plan.mode !== 'SNAP') this.sendNewLeader(learner)
  }

  private isBehind({ sid, configVersion }: LearnerState): boolean {
    const { committed, committedElectorate } = this.context.membership
    // The first configuration, named after an epoch, has the same voters as before.
    if (counterOf(committed.version) === 0 || configVersion >= committed.version) return false
    return committedElectorate.isVoter(sid) && !this.sentBack.has(sid)
  }

  /** The database was sent, and after it everything that its slices may show. */
  snapshotSent(learner: LearnerState): void {
    this.held.delete(learner)
    if (learner.phase !== 'syncing') return
    if (this.isOutstanding) this.held.add(learner)
    else this.sendNewLeader(learner)
  }

  private sendNewLeader(learner: LearnerState): void {
    if (!learner.isObserver) learner.withheld = []
    this.send(learner, packets.newLeader(this.epoch, this.context.membership.lastSeen.text))
  }

  /** NEWLEADER's acknowledgement: this learner has our history and our epoch on disk. */
  acknowledged(learner: LearnerState): void {
    learner.phase = 'synced'
    this.count(learner.sid)
    if (this.isEstablished) this.release(learner)
  }

  private count(sid: Sid): void {
    if (this.context.membership.isVoter(sid)) this.acks.add(sid)
  }

  /** True once: a quorum holds our history. */
  establish(): boolean {
    if (this.isEstablished || !this.isReady || !this.context.membership.containsQuorum(this.acks))
      return false
    this.isEstablished = true
    for (const learner of this.learners.views.values()) {
      if (learner.phase === 'synced') this.release(learner)
    }
    return true
  }

  private release(learner: LearnerState): void {
    learner.isUpToDate = true
    this.send(learner, packets.upToDate())
    for (const commit of learner.withheld ?? []) this.send(learner, commit)
    learner.withheld = null
  }

  private send(learner: LearnerState, packet: ReturnType<typeof packets.upToDate>): void {
    this.context.emit({ kind: 'toLearner', learner: learner.id, packet })
  }
}
