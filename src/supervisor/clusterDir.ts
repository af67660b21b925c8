/**
 * A cluster's folder: what is in it, what zk-pseudo made of it, and what the last supervisor left behind.
 * Invariant: a file is removed only if the manifest names it, or if it lies in a folder that the manifest names
 * under a name that members give to files; a folder only if nothing is left in it.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Engine } from '../host/host.ts'
import { previousOf } from './lineFile.ts'
import type { ClusterRequest } from './plan.ts'

/** What the cluster is, whether it runs or not. */
export interface ClusterManifest {
  /** Empty until a supervisor has run here. */
  name: string
  /** Null until a supervisor has run here. */
  request: ClusterRequest | null
  ports: { clientPort: number; quorumPort: number; electionPort: number }[] | null
  /** What runs each member, by id. */
  engines?: Record<number, Engine>
  /** Where Apache ZooKeeper is, if it was named. */
  apacheHome?: string | null
  /** Paths that zk-pseudo made, folders and files, in the order in which it made them. */
  created: string[]
}

export class ClusterDir {
  readonly path: string
  manifest: ClusterManifest | null

  constructor(path: string) {
    this.path = path
    this.manifest = readJson<ClusterManifest>(join(path, 'cluster.json'))
  }

  logPath(member: number): string {
    return join(this.path, 'logs', `${member}.log`)
  }

  get eventsPath(): string {
    return join(this.path, 'events.jsonl')
  }

  /** Makes a folder, and remembers each level that was not there. */
  make(folder: string): void {
    if (existsSync(folder)) return
    this.make(dirname(folder))
    mkdirSync(folder)
    this.remember(folder)
  }

  write(file: string, text: string): void {
    this.make(dirname(file))
    if (!existsSync(file)) this.remember(file)
    writeFileSync(file, text)
  }

  /** Removes the files right in `folder` that zk-pseudo made, but those to `keep`. */
  removeMade(folder: string, keep: ReadonlySet<string>): void {
    const { manifest } = this
    if (manifest === null) return
    const stale = manifest.created.filter((path) => dirname(path) === folder && !keep.has(path))
    for (const path of stale) rmSync(path, { force: true })
    manifest.created = manifest.created.filter((path) => !stale.includes(path))
  }

  remember(path: string): void {
    if (this.manifest !== null && !this.manifest.created.includes(path)) this.manifest.created.push(path)
  }

  /** @param made folders that were made for it already */
  begin(manifest: Omit<ClusterManifest, 'created'>, made: readonly string[] = []): void {
    this.manifest = { ...manifest, created: this.manifest?.created ?? [] }
    for (const folder of made) this.remember(folder)
    this.make(this.path)
    this.save()
  }

  save(): void {
    const file = join(this.path, 'cluster.json')
    this.remember(file)
    writeFileSync(file, `${JSON.stringify(this.manifest, null, 2)}\n`)
  }

  /**
   * Removes what zk-pseudo made: the files that the manifest names, what members put into its folders, and the
   * folders unless a user keeps something there. Answers the paths that the manifest names and that are gone.
   */
  removeVolumes(): string[] {
    const created = [...(this.manifest?.created ?? [])].reverse()
    if (created.includes(this.eventsPath)) rmSync(previousOf(this.eventsPath), { force: true })
    const removed = created.filter((path) => {
      if (!existsSync(path)) return false
      if (statSync(path).isDirectory()) {
        removeMembersFiles(path)
        return removeIfEmpty(path)
      }
      rmSync(path)
      return true
    })
    this.manifest = null
    return removed
  }
}

/** What members put into a folder of this name: fileNames.ts, epochs.ts and lock.ts of the storage, and the logs. */
const MEMBERS_FILES: Record<string, RegExp> = {
  'version-2':
    /^(log\.[0-9a-f]+|snapshot\.[0-9a-f]+(\.gz|\.snappy)?|(accepted|current)Epoch(\.tmp)?|tmp-snapshot\..*|zk-pseudo\.lock\..*)$/,
  logs: /^(supervisor\.out|(supervisor|\d+)(\.previous)?\.log)$/,
}

/** And what a handover has set aside. */
const VERSION_FOLDER = /^version-2(\.lacks-[0-9a-f]+)?$/

/** In the data dir itself; a member that was killed leaves its own behind. */
const LOCK_FILE = /^zk-pseudo\.lock\.\d+\./

function removeMembersFiles(folder: string): void {
  const kind = VERSION_FOLDER.test(basename(folder)) ? 'version-2' : basename(folder)
  const files = Object.hasOwn(MEMBERS_FILES, kind) ? MEMBERS_FILES[kind] : undefined
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && VERSION_FOLDER.test(entry.name)) {
      removeMembersFiles(path)
      removeIfEmpty(path)
    } else if (entry.isFile() && (LOCK_FILE.test(entry.name) || files?.test(entry.name))) rmSync(path)
  }
}

function removeIfEmpty(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch {
    // Somebody put something there: it stays.
    return false
  }
}

function readJson<T>(path: string): T | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T
  } catch {
    return null
  }
}
