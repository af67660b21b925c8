/** The clusters of this user that run now: one small file each, in a folder that only this user can read. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { isAlive, type ProcessIdentity } from './processes.ts'

export interface RegisteredCluster extends ProcessIdentity {
  readonly name: string
  /** The cluster's folder, absolute. */
  readonly dir: string
  readonly socket: string
}

export function registryDir(): string {
  const runtime = process.env.XDG_RUNTIME_DIR
  return runtime ? join(runtime, 'zk-pseudo') : join(tmpdir(), `zk-pseudo-${userInfo().uid}`)
}

function fileOf(pid: number, dir: string): string {
  let hash = 0
  for (const character of dir) hash = (hash * 31 + character.charCodeAt(0)) >>> 0
  return join(registryDir(), `${pid}-${hash.toString(36)}.json`)
}

/** Where a control socket goes when its cluster's folder is too long for a socket's path. */
export function shortSocketPath(pid: number, dir: string): string {
  return fileOf(pid, dir).replace(/json$/, 'sock')
}

export function makeRegistryDir(): void {
  mkdirSync(registryDir(), { recursive: true, mode: 0o700 })
}

export function register(cluster: RegisteredCluster): void {
  makeRegistryDir()
  writeFileSync(fileOf(cluster.pid, cluster.dir), JSON.stringify(cluster), { mode: 0o600 })
}

export function unregister(cluster: Pick<RegisteredCluster, 'pid' | 'dir'>): void {
  rmSync(fileOf(cluster.pid, cluster.dir), { force: true })
}

/** Entries whose process is gone are removed in passing. */
export function runningClusters(): RegisteredCluster[] {
  let files: string[]
  try {
    files = readdirSync(registryDir()).filter((file) => file.endsWith('.json'))
  } catch {
    return []
  }
  const clusters: RegisteredCluster[] = []
  for (const file of files) {
    const path = join(registryDir(), file)
    const entry = readEntry(path)
    if (entry !== null && isAlive(entry)) clusters.push(entry)
    else {
      rmSync(path, { force: true })
      rmSync(path.replace(/json$/, 'sock'), { force: true })
    }
  }
  return clusters.sort((a, b) => a.name.localeCompare(b.name))
}

function readEntry(path: string): RegisteredCluster | null {
  try {
    const entry = JSON.parse(readFileSync(path, 'utf8')) as RegisteredCluster
    return { ...entry, startTime: entry.startTime ?? null }
  } catch {
    return null
  }
}
