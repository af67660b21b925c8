/** From a command's options to a connection with the cluster it means. */
import type { Connection } from './connection.ts'
import { type ClusterWish, chooseCluster, type RunningCluster } from './findCluster.ts'
import { connectTo } from './http.ts'
import { runningClusters } from './running.ts'

export interface OpenCluster {
  running: RunningCluster
  connection: Connection
}

export async function openCluster(wish: ClusterWish): Promise<OpenCluster> {
  const running = chooseCluster(await runningClusters(), wish, process.env.ZK_PSEUDO_NAME, process.cwd())
  return { running, connection: connectTo(running.socket) }
}
