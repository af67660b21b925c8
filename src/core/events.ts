/**
 * What a member reports about itself. Logs, `events`, the verdicts after a kill and every view are made of
 * these; no decision of the protocol depends on them. Plain data: they cross threads and processes, and are
 * kept as JSON lines.
 */

/** What a member does in its ensemble; `looking` while it takes part in an election. */
export type Role = 'looking' | 'leader' | 'follower' | 'observer' | 'standalone'

/** A vote as events carry it: zxids and epochs are numbers, `round` is the electionEpoch. */
export interface VoteView {
  leader: number
  zxid: number
  round: number
  epoch: number
}

export type MemberEvent =
  | { type: 'role'; role: Role; leader: number | null; epoch: number; zxid: number }
  /** A notification went out (`to` null: to every voter, itself included) or came in. */
  | { type: 'vote-sent'; to: number | null; vote: VoteView; state: string; reason: string }
  | { type: 'vote-received'; from: number; vote: VoteView; state: string }
  /**
   * The election is decided for this member. `votes` are those that agreed; `why` is a sentence for people.
   */
  | {
      type: 'elected'
      leader: number
      vote: VoteView
      votes: Record<number, VoteView>
      why: string
      ms: number
    }
  /** The leader has a quorum of NEWLEADER acknowledgements: from now on it serves. */
  | { type: 'established'; epoch: number; quorum: number[]; ms: number }
  /**
   * The leader brings a learner up to date. `from` is the learner's last zxid, `to` the leader's. `proposals`
   * is how many it sends for that; `changes`, where it is known, is how many of them change the tree: errors
   * and the coming and going of sessions do not, and the supervisor's write probe makes nothing else.
   */
  | {
      type: 'sync'
      learner: number
      mode: 'DIFF' | 'TRUNC' | 'SNAP'
      from: number
      to: number
      proposals: number
      changes?: number
    }
  /** This member serves clients from now on (UPTODATE, or established as leader or standalone). */
  | { type: 'serving'; role: Role; epoch: number; zxid: number }
  /** `client` is the client's end of the connection, `address:port`, where it is known. */
  | { type: 'session-opened'; session: string; timeoutMs: number; client?: string }
  /** A client has moved to this member, with its session. */
  | { type: 'session-moved'; session: string }
  | { type: 'session-expired'; session: string }
  | { type: 'session-closed'; session: string }
  | { type: 'connection-refused'; port: 'client' | 'election' | 'quorum'; remote: string; reason: string }
  | { type: 'snapshot'; zxid: number; ms: number }
  | { type: 'fatal'; reason: string }
  /** A line for the log alone. `level` as pino names it. */
  | {
      type: 'log'
      level: 'debug' | 'info' | 'warn' | 'error'
      message: string
      fields?: Record<string, unknown>
    }
