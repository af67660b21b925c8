/**
 * The control API: HTTP with JSON over the cluster's Unix socket (mode 0600). CLI, library and views use this
 * one API. Field names are the JSON contract that scripts rely on.
 */
import type { MemberEvent } from '../core/events.ts'
import type { Engine } from '../host/host.ts'

export type MemberState = 'starting' | 'running' | 'paused' | 'stopped' | 'killed' | 'crashed'
export type MemberRole = 'leader' | 'follower' | 'observer' | 'looking' | 'standalone'

export interface MemberInfo {
  id: number
  state: MemberState
  role: MemberRole | null
  isolation: 'thread' | 'process'
  pid: number | null
  /** Null where it has a port with TLS alone. */
  clientPort: number | null
  /** The port with TLS; null without one. */
  secureClientPort: number | null
  quorumPort: number | null
  electionPort: number | null
  epoch: number | null
  /** As Apache prints it, `0x100000009`; null when unknown. */
  zxid: string | null
  connections: number | null
  dataDir: string
  config: string
  uptimeMs: number | null
  restarts: number
  /** Why it ended, for people; null while it runs. */
  exit: string | null
  /** The address for clients, with `clientPort`, or with `secureClientPort` where that is the only port. */
  clientHost: string
  /** Whether it counts for the quorum, which the role of a dead member does not tell. */
  voter: boolean
  /**
   * Whether the ensemble's current server list contains it: a reconfiguration may have removed it, or has yet
   * to add it.
   */
  listed: boolean
  /** The engine that runs it, or ran it last: our server, or Apache ZooKeeper's. */
  engine: Engine
}

export interface ClusterInfo {
  name: string
  dir: string
  supervisorPid: number
  connectString: string
  quorum: boolean
  leader: number | null
  epoch: number | null
  /** Why there is no quorum; null where enough members are up, whether there is a leader yet or not. */
  loss?: QuorumLoss | null
  members: MemberInfo[]
}

/** Too few voting members are up for a quorum. Observers never count. */
export interface QuorumLoss {
  /** All voters, and those of them that are up, which means neither dead nor paused. */
  voters: number[]
  up: number[]
  /** How many must be up; null where groups with weights decide. */
  needed: number | null
  /**
   * Any `count` of the members `of` (dead or paused; the paused first) make a quorum with those that are up.
   */
  bringBack: { count: number; of: number[] }
}

export type Verb = 'kill' | 'stop' | 'start' | 'restart' | 'pause' | 'resume'

/** What a fault did to the ensemble. null where it does not apply or was not waited for. */
export interface Verdict {
  members: number[]
  leaderBefore: number | null
  leaderAfter: number | null
  epoch: number | null
  /** From the event to the moment the next leader was established. */
  electionMs: number | null
  /**
   * For how long no write was acknowledged, ms, measured by writes of the supervisor's own (its probe)
   * through every member: from the last that was acknowledged before the next one was. Where the ensemble did
   * not serve before the command, it counts from the moment at which it stopped serving. 0: writes continued;
   * gaps that cannot be distinguished from those of a busy machine are not counted, unless the leader or its
   * quorum changed. Null: not waited for, no member serves now, or it is not known when the ensemble last
   * served (it never did, or its last leader was paused and came back).
   */
  writeGapMs: number | null
  sessionsMoved: number | null
  sessionsExpired: number | null
  /**
   * Whether a leader with a quorum serves; where it was not waited for, whether enough members are up for
   * one.
   */
  quorum: boolean
  /** Where there is no quorum: what it lacks. */
  loss?: QuorumLoss
  /** Other members that are down because they crashed, and why. */
  crashed?: { member: number; reason: string }[]
  /**
   * The votes that decided the election, if there was one, and a sentence that explains why the winner won.
   */
  votes?: Record<number, { leader: number; zxid: string; round: number; epoch: number }>
  why?: string
  /** With `start --resync`: where the former data of these members is. */
  setAside?: { member: number; paths: string[] }[]
}

export interface HandoverRequest {
  to: Engine
  /** As for actions; without any, every member is meant. */
  selectors: string[]
  /** How long each member may take to be in sync, ms. */
  waitTimeoutMs: number
}

/** A member that was replaced: from its stop to a write that was acknowledged through it again. */
export interface HandoverStep {
  member: number
  from: Engine
  to: Engine
  /** Its role before. */
  role: MemberRole | null
  ms: number
  /** What had to be done to its data, for people; null when nothing was necessary. */
  note: string | null
}

export interface HandoverReport {
  to: Engine
  /** In the order in which they were replaced. */
  moved: HandoverStep[]
  /** Members that were meant and were left unchanged, and why. */
  left: { member: number; why: string }[]
  /**
   * What stopped the handover; null when it succeeded. The ensemble serves either way unless this says
   * otherwise.
   */
  problem: string | null
  leaderBefore: number | null
  leaderAfter: number | null
  epoch: number | null
  /** The longest gap between writes that could be acknowledged, from the first step to the last. */
  writeGapMs: number | null
}

export interface ActionRequest {
  verb: Verb
  /**
   * `leader`, `1`, `server.1`, `2181`, `follower`, `majority`, `1,2`, `follower:1`, …; see
   * supervisor/selectors.ts.
   */
  selectors: string[]
  wait: boolean
  waitTimeoutMs: number
  /** `start` alone: the data of these members is set aside, and the leader gives them everything. */
  resync?: boolean
}

/**
 * A member's event as the supervisor keeps it: `at` ms since 1970, `seq` counts all events of the cluster
 * except those of the write probe, which have the number of the event before them.
 */
export interface ClusterEvent {
  seq: number
  at: number
  member: number | null
  event: MemberEvent | SupervisorEvent
  /**
   * It comes from a session or connection of the supervisor's write probe: shown only where all events are
   * asked for.
   */
  probe?: true
}

export type SupervisorEvent =
  | { type: 'cluster-up'; members: number[]; isolation: string }
  /** `reason` when it was not asked for. */
  | { type: 'cluster-down'; reason?: string }
  | { type: 'member-started' }
  | { type: 'member-killed' | 'member-stopped' | 'member-paused' | 'member-resumed' }
  | { type: 'member-crashed'; code: string; reason: string }
  /** Renamed, so that the leader gives everything. */
  | { type: 'data-set-aside'; paths: string[] }
  | { type: 'verdict'; verb: Verb; verdict: Verdict }
  /** Another engine runs this member from its next start on. */
  | { type: 'engine-changed'; from: Engine; to: Engine }
  | { type: 'handover'; report: HandoverReport }

export interface ApiError {
  error: { code: string; message: string; hint: string | null; exitCode: number }
}

/*
 * GET  /cluster: a ClusterInfo.
 * POST /action, an ActionRequest: the Verdict; ApiError with a status of 4xx or 5xx.
 * POST /handover, a HandoverRequest: the HandoverReport once it is over; ApiError when nothing was touched. A
 *   caller that hangs up stops it after the member that is being replaced.
 * GET  /wait?timeoutMs=N: a ClusterInfo once the ensemble serves; ApiError with exitCode 4 after the time.
 * GET  /events?since=SEQ&follow=1&all=1: ClusterEvents as JSON lines; `all` adds the write probe's.
 * GET  /logs?member=ID&follow=1&tail=N&since=MS&level=30: log records as JSON lines; `member` may recur.
 * POST /down, { undo?: true }: {} once every member has ended and the supervisor is about to.
 */
