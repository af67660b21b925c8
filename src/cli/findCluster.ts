/**
 * Which running cluster a command means: the one of `--name`, the one in `--dir`, the one of ZK_PSEUDO_NAME, the
 * one started from this folder, the only one that runs; in this order. Otherwise the user must say.
 */
import { resolve } from 'node:path'
import { exitCodes, nearest, OperationError } from './errors.ts'
import { table } from './format/table.ts'

export interface RunningCluster {
  name: string
  /** The cluster's folder, absolute: `.zk-pseudo` of where it was started, or what `--dir` said. */
  dir: string
  socket: string
  pid: number
}

export interface ClusterWish {
  name?: string
  dir?: string
}

export const defaultDir = '.zk-pseudo'

export function chooseCluster(
  running: readonly RunningCluster[],
  wish: ClusterWish,
  envName: string | undefined,
  cwd: string,
): RunningCluster {
  if (wish.name !== undefined) return byName(running, wish.name, '--name')
  if (wish.dir !== undefined) return byDir(running, resolve(cwd, wish.dir))
  if (envName !== undefined && envName !== '') return byName(running, envName, 'ZK_PSEUDO_NAME')
  const here = resolve(cwd, defaultDir)
  const inThisFolder = running.find((cluster) => cluster.dir === here)
  const only = running.length === 1 ? running[0] : undefined
  const found = inThisFolder ?? only
  if (found) return found
  if (running.length === 0) throw noCluster('no cluster is running', startHint)
  throw new OperationError(
    'WHICH_CLUSTER',
    `${running.length} clusters are running and none was started from this folder`,
    `${listing(running)}\nsay which one: --name ${running[0]?.name}`,
    exitCodes.noCluster,
  )
}

const startHint = 'start one: zk-pseudo up 3 -d'

function byName(running: readonly RunningCluster[], name: string, source: string): RunningCluster {
  const named = running.filter((cluster) => cluster.name === name)
  const [first] = named
  if (first && named.length === 1) return first
  if (first) {
    throw new OperationError(
      'WHICH_CLUSTER',
      `${named.length} running clusters are named "${name}"`,
      `${listing(named)}\nsay which one: --dir ${first.dir}`,
      exitCodes.noCluster,
    )
  }
  const message = `no cluster named "${name}" (${source}) is running`
  if (running.length === 0) throw noCluster(message, startHint)
  const meant = nearest(
    name,
    running.map((cluster) => cluster.name),
  )
  throw noCluster(message, `${meant === null ? '' : `did you mean ${meant}?\n`}${listing(running)}`)
}

function byDir(running: readonly RunningCluster[], dir: string): RunningCluster {
  // `--dir .` means the folder that holds .zk-pseudo as well as the folder itself.
  const found = running.find((cluster) => cluster.dir === dir || cluster.dir === resolve(dir, defaultDir))
  if (found) return found
  throw noCluster(`no cluster of ${dir} is running`, running.length === 0 ? startHint : listing(running))
}

function noCluster(message: string, hint: string): OperationError {
  return new OperationError('NO_CLUSTER', message, hint, exitCodes.noCluster)
}

function listing(running: readonly RunningCluster[]): string {
  const rows = running.map((cluster) => [cluster.name, cluster.dir])
  return ['running now:', ...table([{ title: 'NAME' }, { title: 'FOLDER' }], rows, 200)].join('\n')
}
