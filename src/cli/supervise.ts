/** The one place where the command line starts a supervisor; everything else goes through its socket. */

import { rmdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { OperationError } from '../control/operationError.ts'
import { startCluster } from '../ensemble/cluster.ts'
import { ClusterDir } from '../supervisor/clusterDir.ts'
import { removeSocket } from '../supervisor/controlSocket.ts'
import { FolderClaim } from '../supervisor/folderClaim.ts'
import { DEFAULT_DIR, homeOf } from '../supervisor/presence.ts'
import { sweep } from '../supervisor/supervisorState.ts'
import type { Removal } from '../supervisor/volumes.ts'
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
 * Starts the members that `request` asks for. `note` gets lines for the person: what was inferred, what was swept.
 * @throws OperationError; a taken port is explained.
 */
export async function supervise(request: UpRequest, note: (line: string) => void): Promise<Supervised> {
  const supervisor = await holdingProcess(startCluster(request, note))
  void holdingProcess(supervisor.ended)
  return {
    dir: supervisor.dir.path,
    ended: supervisor.ended,
    get failure() {
      return supervisor.failure
    },
    stop: (options) => supervisor.stop(options),
    endNow: () => supervisor.endNow(),
  }
}

/**
 * Removes from `dir` what zk-pseudo made there. Nobody can start there meanwhile.
 * @throws OperationError `ALREADY_RUNNING` when the cluster runs, or may run; `DATA_IN_USE` when a member still uses it
 */
export async function removeVolumes(dir: string): Promise<Removal> {
  const claim = await FolderClaim.take(dir, { brief: true })
  try {
    sweep(claim.path)
    removeSocket(claim.path)
    const removal = new ClusterDir(claim.path).removeVolumes()
    removal.removed.push(...removeEmptyHomes(claim.path))
    return removal
  } finally {
    claim.release()
  }
}

/** `.zk-pseudo/names/X` and what is around it, as far as it is empty: other clusters may live there. */
function removeEmptyHomes(dir: string): string[] {
  const home = homeOf(dir)
  const folders = basename(dir) === DEFAULT_DIR ? [dir] : home === null ? [] : [dir, dirname(dir), home]
  return folders.filter((folder) => {
    try {
      rmdirSync(folder)
      return true
    } catch {
      // It is not empty, or gone already.
      return false
    }
  })
}
