/**
 * What a member sends to the others: its vote to every voter, repeated after silences of growing length, and
 * answers to members that ask.
 */
import type { Sid } from '../../protocol/ids.ts'
import { ServerState } from '../../protocol/opcodes.ts'
import type { Now, SendEffect } from '../effects.ts'
import type { Notification } from './notification.ts'
import type { ElectionOptions } from './options.ts'
import { type Vote, viewOf } from './vote.ts'

/** A member's state and vote, as it reports them. */
export interface Position {
  readonly state: ServerState
  readonly vote: Vote
}

const { looking } = ServerState
export const STATE_NAMES = ['LOOKING', 'FOLLOWING', 'LEADING', 'OBSERVING'] as const

export class Notifications {
  /** When the vote is to be sent again, monotonic ms. */
  resendAtMs = Number.POSITIVE_INFINITY
  private readonly options: ElectionOptions
  private readonly emit: (effect: SendEffect) => void
  private intervalMs = 0
  /** Members that were answered in this round although no vote of ours could improve theirs. */
  private readonly told = new Set<Sid>()

  constructor(options: ElectionOptions, emit: (effect: SendEffect) => void) {
    this.options = options
    this.emit = emit
  }

  /** A new election: the silence before a repetition starts at its shortest again. */
  begin(): void {
    this.intervalMs = this.options.minNotificationIntervalMs
  }

  newRound(): void {
    this.told.clear()
  }

  /** The vote is not repeated any more. */
  end(): void {
    this.resendAtMs = Number.POSITIVE_INFINITY
  }

  /** A voter was heard: the silence starts over. */
  heard(now: Now): void {
    this.resendAtMs = now.monotonicMs + this.intervalMs
  }

  /** While looking: the vote goes to every voter. */
  toAll(vote: Vote, reason: string, now: Now): void {
    const { sid, electorate } = this.options
    this.event(vote, looking, null, reason)
    const notification = this.notification({ state: looking, vote })
    for (const to of electorate.voters) if (to !== sid) this.emit({ kind: 'notify', to, notification })
    this.heard(now)
  }

  /** Nothing was heard for a while: the vote is sent again, and the next silence may be twice as long. */
  repeat(vote: Vote, now: Now): void {
    const silentMs = this.intervalMs
    this.intervalMs = Math.min(silentMs * 2, this.options.maxNotificationIntervalMs)
    const message = `Notification time out: ${this.intervalMs} ms`
    this.emit({ kind: 'event', event: { type: 'log', level: 'info', message } })
    this.toAll(vote, `nothing heard for ${silentMs} ms`, now)
  }

  answer(position: Position, to: Sid, reason: string): void {
    this.event(position.vote, position.state, to, reason)
    this.emit({ kind: 'notify', to, notification: this.notification(position) })
  }

  /**
   * Two members that are no voters, each in the other's configuration, would answer one another for ever.
   * While this member looks, one answer in each round is enough: a later vote of ours settles nothing, and a
   * settled member always answers.
   */
  answerOnce(position: Position, to: Sid, reason: string): void {
    if (position.state === looking && this.told.has(to)) return
    this.told.add(to)
    this.answer(position, to, reason)
  }

  private notification({ state, vote }: Position): Notification {
    const { leader, zxid, round: electionEpoch, peerEpoch } = vote
    return {
      state,
      leader,
      zxid,
      electionEpoch,
      peerEpoch,
      version: 2,
      config: this.options.membership.committed.text,
    }
  }

  private event(vote: Vote, state: ServerState, to: Sid | null, reason: string): void {
    const event = { type: 'vote-sent', to, vote: viewOf(vote), state: STATE_NAMES[state], reason } as const
    this.emit({ kind: 'event', event })
  }
}
