/**
 * Whether a cluster runs in a folder, judged by the folder itself: its control socket, its supervisor's
 * process, and its claim.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { performance, sleep } from '../../time.ts'
import { canonicalPath } from './canonicalPath.ts'
import { probe } from './controlSocket.ts'
import { holderOf, isReplaced } from './folderClaim.ts'
import { fateOf, isAlive } from './processes.ts'
import { forget, isOfTheseMounts, type RegistryEntry, registeredClusters } from './registry.ts'
import { readState } from './supervisorState.ts'

/** The folder that holds a project's cluster, and the folders of its named clusters. */
export const DEFAULT_DIR = '.zk-pseudo'
const NAMES = 'names'

export interface RunningCluster {
  name: string
  /** The canonical path of the cluster's folder. */
  dir: string
  /** The pid of its supervisor; null if it is not known. */
  pid: number | null
  /**
   * `answers`: it accepts connections. `removed`: its folder is gone, which it will notice. `silent`: its
   * process exists, but its control socket does not. `denied`: it belongs to another user.
   */
  condition: 'answers' | 'removed' | 'silent' | 'denied'
}

/** A supervisor that is claiming or leaving its folder has a socket, or is gone, within this time. */
const PASSING_MS = 1000

/** Null if it is certain that nothing runs there. */
export async function presenceIn(folder: string): Promise<RunningCluster | null> {
  const dir = canonicalPath(folder)
  const deadline = performance.now() + PASSING_MS
  for (;;) {
    const answer = await probe(dir)
    const state = readState(dir)
    const seen = { name: state?.name || nameOf(dir), dir, pid: state?.pid ?? null }
    if (answer === 'answers') return { ...seen, condition: 'answers' }
    const holder = await holderOf(dir)
    const held = holder === null ? null : { name: holder.name ?? seen.name, dir, pid: holder.pid || seen.pid }
    if (holder !== null && held !== null && isReplaced(holder)) return { ...held, condition: 'removed' }
    if (answer === 'denied') return { ...(held ?? seen), condition: 'denied' }
    const lives = holder === null ? state !== null && isAlive(state) : !holder.brief
    if (!lives) return null
    if (performance.now() > deadline) return { ...(held ?? seen), condition: 'silent' }
    await sleep(20)
  }
}

/** The clusters that run in a project's folder for clusters; the unnamed one comes first. */
export async function clustersOf(home: string): Promise<RunningCluster[]> {
  const found = await Promise.all(foldersIn(home).map(presenceIn))
  return found.filter((cluster) => cluster !== null)
}

/** A project's folder for clusters, if it is one itself, and those of its named clusters, running or not. */
export function foldersIn(home: string): string[] {
  try {
    const names = readdirSync(join(home, NAMES), { withFileTypes: true })
    return [home, ...names.filter((entry) => entry.isDirectory()).map(({ name }) => namedDir(home, name))]
  } catch {
    return [home]
  }
}

export function namedDir(home: string, name: string): string {
  return join(home, NAMES, name)
}

/** The project's folder if `dir` is the folder of one of its named clusters; otherwise null. */
export function homeOf(dir: string): string | null {
  const home = dirname(dirname(dir))
  return basename(home) === DEFAULT_DIR && namedDir(home, basename(dir)) === dir ? home : null
}

/**
 * Every known, running cluster of this user. Entries of clusters that have certainly ended are removed along
 * the way.
 */
export async function knownClusters(): Promise<RunningCluster[]> {
  const found = await Promise.all(registeredClusters().map(verified))
  return found.filter((cluster) => cluster !== null).sort((a, b) => a.name.localeCompare(b.name))
}

async function verified(entry: RegistryEntry): Promise<RunningCluster | null> {
  const found = await presenceIn(entry.dir)
  if (found !== null) return found.condition === 'removed' ? { ...found, name: entry.name } : found
  if (isOver(entry)) forget(entry)
  return null
}

/**
 * The presence of a cluster that does not answer. A supervisor that cannot be judged from here may be about
 * to answer.
 */
function isOver(entry: RegistryEntry): boolean {
  try {
    readdirSync(entry.dir)
    const state = readState(entry.dir)
    return state === null || fateOf(state) === 'gone'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && isOfTheseMounts(entry)
  }
}

/** The name of the cluster in a folder; its last name if it is down. */
export function nameOf(dir: string): string {
  try {
    const { name } = JSON.parse(readFileSync(join(dir, 'cluster.json'), 'utf8')) as { name?: string }
    if (name) return name
  } catch {
    // There never was a cluster.
  }
  return usualName(dir)
}

/** The folder that holds `.zk-pseudo`, or the cluster's folder if that has another name. */
export function usualName(dir: string): string {
  const own = basename(dir)
  return own === DEFAULT_DIR ? basename(dirname(dir)) : own
}
