/**
 * The sessions that a learner's clients used since the leader's last PING: the reply names them, which keeps
 * them alive.
 */
import type { SessionId } from '../../protocol/ids.ts'

export class LearnerSessions {
  private touched = new Map<SessionId, number>()
  /** Increases when earlier touches no longer count. */
  generation = 0

  touch(sessionId: SessionId, timeOut: number): void {
    this.touched.set(sessionId, timeOut)
  }

  /** The leader is asked about the session and gets its timeout: an older timeout must not be sent later. */
  forget(sessionId: SessionId): void {
    this.touched.delete(sessionId)
  }

  drain(): { sessionId: SessionId; timeOut: number }[] {
    if (this.touched.size === 0) return []
    const drained = [...this.touched].map(([sessionId, timeOut]) => ({ sessionId, timeOut }))
    this.touched = new Map()
    this.generation += 1
    return drained
  }
}
