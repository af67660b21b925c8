/** What `down -v` does to the folder of a cluster that has ended. */
import { rmdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { ClusterDir } from '../supervisor/folder/clusterDir.ts'
import { removeSocket } from '../supervisor/folder/controlSocket.ts'
import { FolderClaim } from '../supervisor/folder/folderClaim.ts'
import { DEFAULT_DIR, homeOf } from '../supervisor/folder/presence.ts'
import { sweep } from '../supervisor/folder/supervisorState.ts'
import type { Removal } from '../supervisor/folder/volumes.ts'

/**
 * Removes from `dir` what zk-pseudo made there. Nobody can start there meanwhile.
 * @throws OperationError `ALREADY_RUNNING` when the cluster runs, or may run; `DATA_IN_USE` when a member
 *   still uses it
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

/**
 * Removes `.zk-pseudo/names/X` and the folders around it as far as they are empty: other clusters may be in
 * them.
 */
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
