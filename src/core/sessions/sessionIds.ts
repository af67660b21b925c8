/**
 * Ids for new sessions (SessionTrackerImpl.initializeNextSessionId): the server's id in the top byte, then 40
 * bits of time, then a counter of 16 bits. Apache takes the time since boot. The wall clock does not start
 * over at a reboot, so ids of sessions that are still alive on disk are not given again.
 */
import type { SessionId, Sid } from '../../protocol/ids.ts'

export class SessionIds {
  private last: bigint

  constructor(sid: Sid, wallMs: number) {
    const time = BigInt.asUintN(64, BigInt(wallMs) << 24n) >> 8n
    this.last = BigInt.asIntN(64, time | (BigInt(sid) << 56n))
  }

  next(): SessionId {
    const id = this.last
    this.last = BigInt.asIntN(64, id + 1n)
    return id as SessionId
  }
}

/** The server that made the id, for servers below 256. */
export function serverOf(id: SessionId): Sid {
  return Number(BigInt.asUintN(64, id) >> 56n) as Sid
}
