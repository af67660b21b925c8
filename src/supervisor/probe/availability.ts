/**
 * When the ensemble last served, for the write gap of an action that begins while nothing can be written. It
 * is judged by the members' events and by the writes of probes, and is null rather than wrong.
 */
import type { ClusterEvent } from '../../api/api.ts'
import type { Roster } from '../roster.ts'

/** Events after which a quorum may serve that did not before, or no longer. */
const RELEVANT: readonly ClusterEvent['event']['type'][] = [
  'role',
  'serving',
  'established',
  'member-killed',
  'member-stopped',
  'member-crashed',
  'member-paused',
  'member-resumed',
]

export class Availability {
  private readonly roster: Roster
  /** `unclear`: paused members were resumed, and nothing has shown yet that they still serve. */
  private state: 'serves' | 'down' | 'unclear' = 'down'
  private downSince: number | null = null
  private lastAck: number | null = null
  /** Whether it has ever served. */
  hasServed = false

  constructor(roster: Roster) {
    this.roster = roster
  }

  /** Whether a leader serves, with a quorum that serves. */
  get serves(): boolean {
    return this.state === 'serves'
  }

  /**
   * No write was acknowledged after this moment, ms since 1970. Null while writes can be acknowledged, and
   * where it is not known: before the ensemble has served for the first time, for instance.
   */
  get lastServedAt(): number | null {
    if (this.state !== 'down' || this.downSince === null) return null
    return Math.max(this.downSince, this.lastAck ?? 0)
  }

  observe({ at, event }: ClusterEvent): void {
    if (!RELEVANT.includes(event.type)) return
    const serves = quorumServes(this.roster)
    if (this.state === 'serves') {
      if (!serves) this.end(at)
    } else if (serves) {
      // Resumed members report their former role, which proves nothing.
      this.state = event.type === 'member-resumed' ? 'unclear' : 'serves'
      this.hasServed = true
    }
  }

  /** A probe's write was acknowledged. */
  acknowledged(at: number): void {
    this.lastAck = Math.max(this.lastAck ?? 0, at)
    // A reply may still arrive after its member has ended.
    if (this.state !== 'serves' && quorumServes(this.roster)) this.state = 'serves'
  }

  private end(at: number): void {
    this.state = 'down'
    this.downSince = at
  }
}

export function quorumServes(roster: Roster): boolean {
  return roster.leader !== null && roster.isQuorum(roster.voters.filter((m) => m.isActive && m.isServing))
}
