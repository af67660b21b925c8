/** The clusters that run now. */
import { runningClusters as registered } from '../supervisor/registry.ts'
import type { RunningCluster } from './findCluster.ts'

export async function runningClusters(): Promise<RunningCluster[]> {
  return registered()
}
