/**
 * What a command asks of a running cluster. Commands know the supervisor only through this interface;
 * client.ts is the one that speaks to its socket.
 */

import type {
  ActionRequest,
  ClusterEvent,
  ClusterInfo,
  HandoverReport,
  HandoverRequest,
  Verdict,
} from '../api/api.ts'
import type { LogQuery } from '../supervisor/logs/logQuery.ts'

/** A pino record; `member` is absent in the supervisor's own. */
export interface LogRecord {
  level: number
  time: number
  msg?: string
  member?: number
  [field: string]: unknown
}

export interface Connection {
  cluster(): Promise<ClusterInfo>
  /** Resolves once the ensemble serves; throws with exit code 4 after `timeoutMs`. */
  wait(timeoutMs: number): Promise<ClusterInfo>
  action(request: ActionRequest): Promise<Verdict>
  /**
   * Resolves when it is over, also when something stopped it. `signal` hangs up, which stops the handover
   * after the current member.
   */
  handover(request: HandoverRequest, signal?: AbortSignal): Promise<HandoverReport>
  /** Ends with the supervisor, or when `signal` aborts; neither is an error. */
  events(options: {
    since?: number
    follow: boolean
    /** Also those of the supervisor's write probe. */
    all?: boolean
    signal?: AbortSignal
  }): AsyncIterable<ClusterEvent>
  logs(options: LogQuery & { follow: boolean; signal?: AbortSignal }): AsyncIterable<LogRecord>
  /** Resolves once every member has ended. */
  down(options?: { undo?: boolean }): Promise<void>
}
