/**
 * The clusters that run and can be known of: this folder's, those of a folder that is asked for, the
 * registry's.
 */
import { resolve } from 'node:path'
import { clustersOf, DEFAULT_DIR, knownClusters, type RunningCluster } from '../supervisor/folder/presence.ts'

/** @param dir what `--dir` says */
export async function runningClusters(dir?: string): Promise<RunningCluster[]> {
  const homes = [
    resolve(DEFAULT_DIR),
    ...(dir === undefined ? [] : [resolve(dir), resolve(dir, DEFAULT_DIR)]),
  ]
  const found = await Promise.all([...homes.map(clustersOf), knownClusters()])
  const byDir = new Map(found.flat().map((cluster) => [cluster.dir, cluster]))
  return [...byDir.values()].sort((a, b) => a.name.localeCompare(b.name))
}
