/** The one place where the command line starts a supervisor; everything else goes through its socket. */
import { startCluster } from '../ensemble/cluster.ts'
import { ClusterDir } from '../supervisor/clusterDir.ts'
import { runningClusters } from './running.ts'
import { explainPort, isPortError } from './takenPort.ts'
import type { UpRequest } from './upRequest.ts'

/** A supervisor that runs in this process. */
export interface Supervised {
  socket: string
  /** Settles when the cluster is down, whoever asked for it. */
  ended: Promise<void>
  /** Graceful; resolves when all members have ended and the ports are free. */
  stop(): Promise<void>
  /** Leaves no member behind; this process is about to end. */
  endNow(): void
}

/**
 * Starts the members that `request` asks for. `note` gets lines for the person: what was inferred, what was swept.
 * @throws OperationError; a taken port is explained.
 */
export async function supervise(request: UpRequest, note: (line: string) => void): Promise<Supervised> {
  try {
    const supervisor = await startCluster(request, note)
    return {
      socket: supervisor.socketPath,
      ended: supervisor.ended,
      stop: () => supervisor.stop(),
      endNow: () => supervisor.endNow(),
    }
  } catch (thrown) {
    if (!isPortError(thrown)) throw thrown
    throw await explainPort(thrown, await runningClusters(), request.files.length > 0)
  }
}

/** Removes from `dir` what zk-pseudo made there, and answers the paths that it removed. */
export async function removeVolumes(dir: string): Promise<string[]> {
  return new ClusterDir(dir).removeVolumes()
}
