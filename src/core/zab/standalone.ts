/**
 * A member alone: broadcast without learners and without epochs. A write is committed once it is durable
 * here; zxids continue from the last one, in the epoch in which the data dir was left, and in the next one
 * when the counter is used up.
 */

import { counterOf, epochOf, MAX_COUNTER, makeZxid } from '../../protocol/zxid.ts'
import type { Now } from '../effects.ts'
import type { Replica } from '../replica.ts'
import type { Request } from '../request.ts'
import { endDeadSessions } from '../sessions/deadSessions.ts'
import type { LeaderSessions } from '../sessions/leaderSessions.ts'
import { ContainerManager, DEFAULT_CONTAINERS } from '../writes/containers.ts'
import { Preparation } from '../writes/prepare.ts'
import type { SyncedQuorum } from '../writes/prepareReconfig.ts'
import { Broadcast, type CommitQuorum } from './leader/broadcast.ts'
import type { RoleContext } from './roleContext.ts'

/** A standalone server decides alone on its proposals. It refuses to be reconfigured. */
const ALONE: CommitQuorum = {
  committedElectorate: { containsQuorum: () => true },
  jurisdictions: [],
  logs: () => {},
}

const NO_LEARNERS: SyncedQuorum = { isSynced: () => false }

export class Standalone {
  private readonly sessions: LeaderSessions
  private readonly broadcast: Broadcast
  private readonly replica: Replica
  private readonly containers: ContainerManager

  constructor(context: RoleContext, now: Now) {
    const { settings, requests, membership, replica, clients, emit } = context
    const { leaderSessions: sessions } = clients
    this.sessions = sessions
    this.replica = replica
    this.containers = new ContainerManager(settings.containers ?? DEFAULT_CONTAINERS, now)
    const reconfig = { membership, isStandalone: true, learners: NO_LEARNERS }
    const preparation = new Preparation(replica.database, sessions, requests, reconfig, emit)
    this.broadcast = new Broadcast(context, ALONE, new Map(), preparation, null, replica.lastLogged)
    sessions.restart(replica.database.sessions, now)
    for (const request of endDeadSessions(replica.database)) this.submit(request, now)
  }

  get nextDeadlineMs(): number {
    return Math.min(this.sessions.nextDeadlineMs, this.containers.nextDeadlineMs)
  }

  submit(request: Request, now: Now): void {
    if (counterOf(this.broadcast.lastProposed) === MAX_COUNTER) this.beginEpoch()
    this.broadcast.submit(request, now)
  }

  /**
   * Begins the next epoch, where a leader would step down. Apache's standalone server counts into the epoch,
   * and gives out counter 0.
   */
  private beginEpoch(): void {
    const epoch = epochOf(this.broadcast.lastProposed) + 1
    this.replica.saveAcceptedEpoch(epoch, [])
    this.replica.saveCurrentEpoch(epoch, [])
    this.broadcast.lastProposed = makeZxid(epoch, 0)
  }

  durable(now: Now): void {
    this.broadcast.advance(now)
  }

  tick(now: Now): void {
    for (const request of this.sessions.expire(now)) this.submit(request, now)
    for (const request of this.containers.due(this.replica.database.tree, now)) this.submit(request, now)
  }
}
