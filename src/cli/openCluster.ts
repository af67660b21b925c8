/** From a command's options to a connection with the cluster it means. */

import { connectTo } from '../control/client.ts'
import type { Connection } from '../control/connection.ts'
import { type ClusterWish, chooseCluster, type RunningCluster } from './findCluster.ts'
import { runningClusters } from './running.ts'

export interface OpenCluster {
  running: RunningCluster
  connection: Connection
}

export async function openCluster(wish: ClusterWish): Promise<OpenCluster> {
  const running = chooseCluster(await runningClusters(), wish, process.env.ZK_PSEUDO_NAME, process.cwd())
  return { running, connection: connectTo(running.socket) }
}
