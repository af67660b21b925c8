/**
 * A leader's clock: it pings its learners every half tick, drops those that owe an acknowledgement for longer
 * than syncLimit, and steps down when the voters that it still hears are no quorum (Leader.lead's main loop).
 */
import type { Sid } from '../../../protocol/ids.ts'
import type { Zxid } from '../../../protocol/zxid.ts'
import type { Now } from '../../effects.ts'
import * as packets from '../packets.ts'
import type { RoleContext } from '../roleContext.ts'
import type { Broadcast } from './broadcast.ts'
import { isSyncedFollower, type LearnerState } from './learnerState.ts'
import type { Learners } from './learners.ts'

export class Heartbeat {
  nextAtMs: number
  private readonly context: RoleContext
  private readonly learners: Learners
  private readonly broadcast: Broadcast

  constructor(context: RoleContext, learners: Learners, broadcast: Broadcast, now: Now) {
    this.context = context
    this.learners = learners
    this.broadcast = broadcast
    this.nextAtMs = now.monotonicMs + context.settings.tickTimeMs / 2
  }

  tick(now: Now, lastProposed: Zxid): void {
    if (now.monotonicMs < this.nextAtMs) return
    this.nextAtMs = now.monotonicMs + this.context.settings.tickTimeMs / 2
    this.dropLaggards(now)
    if (!this.hearsQuorum(now)) {
      const designated = this.broadcast.succession?.designated
      this.context.departure.leave('the voters still heard are no quorum', designated)
      return
    }
    const packet = packets.ping(lastProposed)
    for (const learner of this.learners.views.values()) {
      if (learner.phase === 'synced') this.context.emit({ kind: 'toLearner', learner: learner.id, packet })
    }
  }

  /** A learner being synced has initLimit ticks, one that serves has syncLimit. */
  private limitMs(learner: LearnerState): number {
    const { tickTimeMs, initLimit, syncLimit } = this.context.settings
    return tickTimeMs * (learner.phase === 'synced' ? syncLimit : initLimit)
  }

  private dropLaggards(now: Now): void {
    for (const learner of [...this.learners.views.values()]) {
      const limitMs = this.limitMs(learner)
      if (now.monotonicMs - learner.heardAtMs > limitMs) {
        this.learners.drop(learner, `nothing heard for ${limitMs} ms`)
      } else if (
        learner.phase === 'synced' &&
        learner.owed &&
        now.monotonicMs - learner.owed.sinceMs > limitMs
      ) {
        this.learners.drop(learner, `a proposal is not acknowledged for ${limitMs} ms`)
      }
    }
  }

  private hearsQuorum(now: Now): boolean {
    const { tickTimeMs, syncLimit, sid } = this.context.settings
    const heard: Sid[] = [sid]
    for (const learner of this.learners.views.values()) {
      const isHeard = now.monotonicMs - learner.heardAtMs <= tickTimeMs * syncLimit
      if (isSyncedFollower(learner) && isHeard) heard.push(learner.sid)
    }
    return this.broadcast.canCommit(heard)
  }
}
