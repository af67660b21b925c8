/**
 * The clusters that run now. Every supervisor keeps one small file in a folder of this user; a file whose
 * process is gone is none of ours to delete, the next `up` sweeps it.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { RunningCluster } from './findCluster.ts'

function registryDir(): string {
  const runtime = process.env.XDG_RUNTIME_DIR
  return runtime ? join(runtime, 'zk-pseudo') : join(tmpdir(), `zk-pseudo-${userInfo().uid}`)
}

export async function runningClusters(): Promise<RunningCluster[]> {
  let files: string[]
  try {
    files = readdirSync(registryDir()).filter((file) => file.endsWith('.json'))
  } catch {
    return []
  }
  return files
    .map((file) => readEntry(join(registryDir(), file)))
    .filter((entry) => entry !== null)
    .sort((a, b) => a.name.localeCompare(b.name))
}

function readEntry(path: string): RunningCluster | null {
  try {
    const entry = JSON.parse(readFileSync(path, 'utf8')) as RunningCluster
    process.kill(entry.pid, 0)
    return entry
  } catch {
    return null
  }
}
