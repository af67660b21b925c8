/** The sessions that a learner's clients used since the leader's last PING: the reply names them, and so keeps them alive. */
import type { SessionId } from '../../protocol/ids.ts'

export class LearnerSessions {
  private touched = new Map<SessionId, number>()

  touch(sessionId: SessionId, timeOut: number): void {
    this.touched.set(sessionId, timeOut)
  }

  drain(): { sessionId: SessionId; timeOut: number }[] {
    if (this.touched.size === 0) return []
    const drained = [...this.touched].map(([sessionId, timeOut]) => ({ sessionId, timeOut }))
    this.touched = new Map()
    return drained
  }
}
