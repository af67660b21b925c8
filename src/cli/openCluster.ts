/** From a command's options to a connection with the cluster it means. */
import { connectTo } from '../control/client.ts'
import type { Connection } from '../control/connection.ts'
import { notAllowed } from '../supervisor/folder/folderClaim.ts'
import { OperationError } from './errors.ts'
import { type ClusterWish, chooseCluster, type Place, type RunningCluster } from './findCluster.ts'
import { runningClusters } from './runningClusters.ts'

interface OpenCluster {
  running: RunningCluster
  connection: Connection
}

/** For commands that change something: another folder's cluster is never meant, unless it is named. */
export async function openCluster(wish: ClusterWish): Promise<OpenCluster> {
  return opened(chooseCluster(await runningClusters(wish.dir), wish, place()))
}

export function place(): Place {
  return { cwd: process.cwd(), envName: process.env.ZK_PSEUDO_NAME }
}

/** @throws OperationError when it cannot be reached */
export function opened(running: RunningCluster): OpenCluster {
  if (running.condition !== 'answers') throw cannotAnswer(running)
  return { running, connection: connectTo(running.dir) }
}

/** The words for a cluster that runs and cannot be reached. */
export function cannotAnswer({ name, dir, pid, condition }: RunningCluster): OperationError {
  if (condition === 'denied') return notAllowed(dir)
  const end = pid === null ? 'end its process' : `kill ${pid}`
  const by = pid === null ? '' : ` (process ${pid})`
  if (condition === 'removed') {
    const message = `the folder of ${name}, ${dir}, was removed while it runs${by}`
    return new OperationError('FOLDER_GONE', message, `it ends by itself in a moment; if it does not: ${end}`)
  }
  const message = `${name} runs in ${dir}${by}, but its control socket does not answer`
  return new OperationError('NO_SOCKET', message, `end it: ${end}`)
}
