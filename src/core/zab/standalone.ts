/**
 * A member alone: broadcast without learners and without epochs. A write is committed once it is durable here;
 * zxids go on from the last one, in whatever epoch the data dir was left in.
 */

import type { Now, SendEffect } from '../effects.ts'
import type { QuorumVerifier } from '../quorum.ts'
import type { Replica } from '../replica.ts'
import type { Preparation } from '../requests/prepare.ts'
import type { Request } from '../requests/request.ts'
import type { LeaderSessions } from '../sessions/leaderSessions.ts'
import { Broadcast } from './leader/broadcast.ts'
import type { ZabSettings } from './settings.ts'

export interface StandaloneParts {
  readonly settings: ZabSettings
  readonly replica: Replica
  readonly preparation: Preparation
  readonly sessions: LeaderSessions
  readonly emit: (effect: SendEffect) => void
  readonly synced: () => void
}

/** One voter, who is always a quorum. */
const ALONE: Pick<QuorumVerifier, 'containsQuorum'> = { containsQuorum: (sids) => [...sids].length > 0 }

export class Standalone {
  private readonly sessions: LeaderSessions
  private readonly broadcast: Broadcast

  constructor(parts: StandaloneParts, now: Now) {
    const { settings, replica, preparation, sessions, emit, synced } = parts
    const stepDown = (reason: string) => emit({ kind: 'fatal', code: 'UNEXPECTED_ERROR', reason })
    this.sessions = sessions
    const shared = { sid: settings.sid, replica, preparation, emit, synced, stepDown }
    this.broadcast = new Broadcast({ ...shared, verifier: ALONE, learners: new Map() }, replica.lastLogged)
    sessions.restart(replica.database.sessions, now)
  }

  get nextDeadlineMs(): number {
    return this.sessions.nextDeadlineMs
  }

  submit(request: Request, now: Now): void {
    this.broadcast.submit(request, now)
  }

  durable(): void {
    this.broadcast.advance()
  }

  tick(now: Now): void {
    for (const request of this.sessions.expire(now)) this.submit(request, now)
  }
}
