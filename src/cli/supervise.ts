/** The one place where the command line starts a supervisor; everything else goes through its socket. */
import type { OperationError } from '../api/operationError.ts'
import { startCluster } from '../ensemble/cluster.ts'
import { holdingProcess } from '../time.ts'
import type { UpRequest } from './upRequest.ts'

/** A supervisor that runs in this process. */
export interface Supervised {
  /** The cluster's folder. */
  dir: string
  /** Settles when the cluster is down, whoever asked for it. */
  ended: Promise<void>
  /** Why it ended without being asked to; null otherwise. */
  readonly failure: OperationError | null
  /** Graceful; resolves when all members have ended and the ports are free. `undo`: see the supervisor's. */
  stop(options?: { undo: boolean }): Promise<void>
  /** Leaves no member behind; this process is about to end. */
  endNow(): void
}

/**
 * Starts the members that `request` asks for. `note` gets lines for the person: what was inferred, what was
 * swept.
 * @throws OperationError; a taken port is explained.
 */
export async function supervise(request: UpRequest, note: (line: string) => void): Promise<Supervised> {
  const supervisor = await holdingProcess(startCluster(request, note))
  void holdingProcess(supervisor.ended)
  return {
    dir: supervisor.cluster.dir.path,
    ended: supervisor.ended,
    get failure() {
      return supervisor.failure
    },
    stop: (options) => supervisor.stop(options),
    endNow: () => supervisor.endNow(),
  }
}
