/**
 * Which running cluster a command means: the one of `--name`, the one in `--dir`, the one of ZK_PSEUDO_NAME,
 * the one of this folder; in this order. Commands that only read fall back to the only one that runs.
 * Otherwise the user must name one.
 */
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { canonicalPath } from '../supervisor/folder/canonicalPath.ts'
import {
  DEFAULT_DIR,
  foldersIn,
  namedDir,
  nameOf,
  type RunningCluster,
} from '../supervisor/folder/presence.ts'
import { exitCodes, nearest, OperationError } from './errors.ts'
import { table } from './format/table.ts'

export type { RunningCluster } from '../supervisor/folder/presence.ts'

export interface ClusterWish {
  name?: string
  dir?: string
}

/** Where a command is run. */
export interface Place {
  cwd: string
  envName: string | undefined
}

/**
 * Chooses among the clusters that run.
 * @param onFallBack given when the only cluster that runs may be meant, wherever it is; called with that
 *   cluster
 * @throws OperationError, exit code 3
 */
export function chooseCluster(
  running: readonly RunningCluster[],
  wish: ClusterWish,
  { cwd, envName }: Place,
  onFallBack?: (other: RunningCluster) => void,
): RunningCluster {
  if (wish.dir !== undefined) return byDir(running, canonicalPath(resolve(cwd, wish.dir)), wish.name)
  if (wish.name !== undefined) return byName(running, wish.name, '--name', cwd)
  if (envName !== undefined && envName !== '') return byName(running, envName, 'ZK_PSEUDO_NAME', cwd)
  const here = ofFolder(running, homeIn(cwd))
  const [first] = here
  // The cluster without a name comes before those that have one.
  if (first !== undefined && (here.length === 1 || first.dir === homeIn(cwd))) return first
  if (first !== undefined) throw whichOne(`${here.length} clusters of this folder are running`, here)
  const [only] = running
  if (only === undefined) throw noCluster('no cluster is running', startHint)
  if (onFallBack === undefined) throw noCluster('no cluster of this folder is running', elsewhere(running))
  if (running.length > 1)
    throw whichOne(`${running.length} clusters are running and none was started from this folder`, running)
  onFallBack(only)
  return only
}

/**
 * The folder of the cluster that is meant, whether it runs or not; null when there is none.
 * @throws OperationError when it may be one of several
 */
export function chooseFolder(wish: ClusterWish, { cwd, envName }: Place): string | null {
  const name = wish.name ?? (wish.dir === undefined ? envName || undefined : undefined)
  const home = wish.dir === undefined ? homeIn(cwd) : canonicalPath(resolve(cwd, wish.dir))
  const homes = wish.dir === undefined ? [home] : [home, canonicalPath(join(home, DEFAULT_DIR))]
  const folders = homes.flatMap(foldersIn).filter((dir) => existsSync(join(dir, 'cluster.json')))
  const meant = name === undefined ? folders : folders.filter((dir) => nameOf(dir) === name)
  const unnamed = meant.find((dir) => homes.includes(dir))
  // A name's own folder comes before a project's of the same name.
  const named = name === undefined ? undefined : meant.find((dir) => !homes.includes(dir))
  const [only, other] = meant
  if (named ?? unnamed) return named ?? unnamed ?? null
  if (only === undefined || other === undefined) return only ?? null
  const all = meant.map((dir) => ({ name: nameOf(dir), dir }))
  throw whichOne(`there are ${meant.length} clusters in this folder`, all)
}

/** The cluster that a command means, if it runs, and never another folder's; null when it does not. */
export function ifRunning(
  running: readonly RunningCluster[],
  wish: ClusterWish,
  place: Place,
): RunningCluster | null {
  try {
    return chooseCluster(running, wish, place)
  } catch (error) {
    if (error instanceof OperationError && error.code === 'NO_CLUSTER') return null
    throw error
  }
}

const startHint = 'start one: zk-pseudo up 3 -d'

function homeIn(cwd: string): string {
  return canonicalPath(join(cwd, DEFAULT_DIR))
}

/** The clusters of a project's folder, the one without a name first. */
function ofFolder(running: readonly RunningCluster[], home: string): RunningCluster[] {
  const named = running.filter(({ dir }) => dirname(dir) === dirname(namedDir(home, 'x')))
  return [...running.filter(({ dir }) => dir === home), ...named]
}

function byName(
  running: readonly RunningCluster[],
  name: string,
  source: string,
  cwd: string,
): RunningCluster {
  const named = running.filter((cluster) => cluster.name === name)
  const here = ofFolder(named, homeIn(cwd))
  const candidates = here.length > 0 ? here : named
  const [first] = candidates
  if (first !== undefined && candidates.length === 1) return first
  if (first !== undefined) {
    const hint = `${listing(candidates)}\nsay which one: --dir ${first.dir}`
    throw new OperationError(
      'WHICH_CLUSTER',
      `${candidates.length} running clusters are named "${name}"`,
      hint,
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

/** `--dir .` means the folder that holds .zk-pseudo as well as the folder itself. */
function byDir(running: readonly RunningCluster[], dir: string, name: string | undefined): RunningCluster {
  const homes = [dir, canonicalPath(join(dir, DEFAULT_DIR))]
  const all = homes.flatMap((home) => ofFolder(running, home))
  const found = name === undefined ? all : all.filter((cluster) => cluster.name === name)
  const [first] = found
  if (first !== undefined && (found.length === 1 || homes.includes(first.dir))) return first
  if (first !== undefined) throw whichOne(`${found.length} clusters of ${dir} are running`, found)
  const message = `no cluster ${name === undefined ? '' : `named "${name}" `}of ${dir} is running`
  throw noCluster(message, running.length === 0 ? startHint : listing(running))
}

function whichOne(message: string, clusters: readonly { name: string; dir: string }[]): OperationError {
  const hint = `${listing(clusters)}\nsay which one: --name ${clusters[0]?.name}`
  return new OperationError('WHICH_CLUSTER', message, hint, exitCodes.noCluster)
}

function noCluster(message: string, hint: string): OperationError {
  return new OperationError('NO_CLUSTER', message, hint, exitCodes.noCluster)
}

function elsewhere(running: readonly RunningCluster[]): string {
  return `${listing(running)}\nif you mean another folder's, name it: --name ${running[0]?.name}`
}

function listing(clusters: readonly { name: string; dir: string }[]): string {
  const rows = clusters.map((cluster) => [cluster.name, cluster.dir])
  return ['there are:', ...table([{ title: 'NAME' }, { title: 'FOLDER' }], rows, 200)].join('\n')
}
