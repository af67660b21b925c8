/** The cluster that a reading command means, whether that runs or not. */
import {
  type ClusterWish,
  chooseCluster,
  chooseFolder,
  ifRunning,
  type RunningCluster,
} from './findCluster.ts'
import { place } from './openCluster.ts'
import type { Output } from './output.ts'
import { runningClusters } from './runningClusters.ts'

interface MeantCluster {
  dir: string
  /** Null when it does not run. */
  running: RunningCluster | null
}

/**
 * The cluster that is named, or that of this folder, running or not; else the only one that runs, and a note
 * names it.
 * @throws OperationError, exit code 3, when none is meant
 */
export async function meantCluster(wish: ClusterWish, output: Output): Promise<MeantCluster> {
  const running = await runningClusters(wish.dir)
  const own = ifRunning(running, wish, place())
  if (own !== null) return { dir: own.dir, running: own }
  const folder = chooseFolder(wish, place())
  if (folder !== null) return { dir: folder, running: null }
  const other = chooseCluster(running, wish, place(), ({ name, dir }) => {
    output.note(`no cluster of this folder is running; this is ${name} of ${dir}`)
  })
  return { dir: other.dir, running: other }
}
