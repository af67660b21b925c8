/**
 * A leader's clock: it pings its learners every half tick, drops those that owe an acknowledgement for longer
 * than syncLimit, and steps down when the voters it still hears are no quorum (Leader.lead's main loop).
 */
import type { Sid } from '../../../protocol/ids.ts'
import type { Zxid } from '../../../protocol/zxid.ts'
import type { LearnerId, Now, SendEffect } from '../../effects.ts'
import * as packets from '../packets.ts'
import type { StepDown, ZabSettings } from '../settings.ts'
import { isSyncedFollower, type LearnerState } from './learnerState.ts'

export interface HeartbeatParts {
  readonly settings: ZabSettings
  /** Whether these voters suffice for everything that is proposed or may be. */
  readonly isQuorum: (sids: readonly Sid[]) => boolean
  readonly learners: ReadonlyMap<LearnerId, LearnerState>
  readonly emit: (effect: SendEffect) => void
  readonly drop: (learner: LearnerState, reason: string) => void
  readonly stepDown: StepDown
}

export class Heartbeat {
  nextAtMs: number
  private readonly parts: HeartbeatParts

  constructor(parts: HeartbeatParts, now: Now) {
    this.parts = parts
    this.nextAtMs = now.monotonicMs + parts.settings.tickTimeMs / 2
  }

  tick(now: Now, lastProposed: Zxid): void {
    if (now.monotonicMs < this.nextAtMs) return
    this.nextAtMs = now.monotonicMs + this.parts.settings.tickTimeMs / 2
    this.dropLaggards(now)
    if (!this.hearsQuorum(now)) {
      this.parts.stepDown('the voters still heard are no quorum')
      return
    }
    const packet = packets.ping(lastProposed)
    for (const learner of this.parts.learners.values()) {
      if (learner.phase === 'synced') this.parts.emit({ kind: 'toLearner', learner: learner.id, packet })
    }
  }

  /** A learner being synced has initLimit ticks, one that serves has syncLimit. */
  private limitMs(learner: LearnerState): number {
    const { tickTimeMs, initLimit, syncLimit } = this.parts.settings
    return tickTimeMs * (learner.phase === 'synced' ? syncLimit : initLimit)
  }

  private dropLaggards(now: Now): void {
    for (const learner of [...this.parts.learners.values()]) {
      const limitMs = this.limitMs(learner)
      if (now.monotonicMs - learner.heardAtMs > limitMs) {
        this.parts.drop(learner, `nothing heard for ${limitMs} ms`)
      } else if (
        learner.phase === 'synced' &&
        learner.owed &&
        now.monotonicMs - learner.owed.sinceMs > limitMs
      ) {
        this.parts.drop(learner, `a proposal is not acknowledged for ${limitMs} ms`)
      }
    }
  }

  private hearsQuorum(now: Now): boolean {
    const { tickTimeMs, syncLimit, sid } = this.parts.settings
    const heard: Sid[] = [sid]
    for (const learner of this.parts.learners.values()) {
      const isHeard = now.monotonicMs - learner.heardAtMs <= tickTimeMs * syncLimit
      if (isSyncedFollower(learner) && isHeard) heard.push(learner.sid)
    }
    return this.parts.isQuorum(heard)
  }
}
