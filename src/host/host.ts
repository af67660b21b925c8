/**
 * A host runs one member: in a worker thread, in a child process, or an Apache ZooKeeper server in a JVM. The
 * supervisor knows members only through this interface.
 *
 * Life: `open` binds the member's listeners (so that a taken port is known before anything runs, and an
 * automatic port is known to all before the ensemble's config is fixed), `run` starts the server, then `stop`
 * (graceful) or `kill` (abrupt, nothing flushed) ends it. A host is used once; a restart takes a new one.
 */
import type { ServerConfig } from '../config/serverConfig.ts'
import type { MemberEvent, Role } from '../core/events.ts'

type Isolation = 'thread' | 'process'

/** What a member is: a server of ours, or Apache ZooKeeper's. */
export const ENGINES = ['zk-pseudo', 'apache'] as const
export type Engine = (typeof ENGINES)[number]

export interface MemberStatus {
  role: Role
  leader: number | null
  /** currentEpoch. */
  epoch: number
  /** Last zxid applied. */
  zxid: number
  connections: number
  /** Null where the engine does not tell. */
  sessions: number | null
  /** True when it serves clients now: only then is a leader established or a follower up to date. */
  serving: boolean
}

export type ExitInfo =
  | { kind: 'stopped' }
  | { kind: 'killed' }
  /** Ended by itself: `code` named as in Apache's ExitCode where it fits, `reason` for people. */
  | { kind: 'crashed'; code: string; reason: string }

/** An event with the member's own clock, ms since 1970 with fractions. */
export interface StampedMemberEvent {
  at: number
  event: MemberEvent
}

export interface MemberHost {
  readonly isolation: Isolation
  /** The process the member runs in: the supervisor's own for a thread. */
  readonly pid: number
  /** Settles when the member has ended, whatever ended it, and its ports are free. Never rejects. */
  readonly exited: Promise<ExitInfo>
  onEvent(listener: (event: StampedMemberEvent) => void): void
  run(): void
  /** Asks the member; null when it does not answer within `timeoutMs` (paused, starting, ended). */
  status(timeoutMs: number): Promise<MemberStatus | null>
  stop(): Promise<ExitInfo>
  kill(): Promise<ExitInfo>
  /** Freezes the member as SIGSTOP does: sockets stay open, nothing moves. */
  pause(): Promise<void>
  resume(): Promise<void>
}

export interface HostFactory {
  /**
   * @throws an error in the shape of an OperationError when such a config cannot be run, before anything is
   * touched
   */
  check?(config: ServerConfig): void
  /**
   * Binds client, quorum and election port of the config (the quorum port is bound once to see that it is
   * free, and opened again by whoever leads; an Apache server's ports are all only seen to be free).
   * @throws an error with `code: 'EADDRINUSE'`, `port` and `address` when a port is taken.
   */
  open(config: ServerConfig): Promise<MemberHost>
  /** Frees what the factory holds; to be called when no member is left. */
  close(): Promise<void>
}
