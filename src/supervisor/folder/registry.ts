/**
 * The registry of where this user's clusters may be: one small file for each, in a folder that only this user
 * can read. It is only a cache. Whether a cluster runs is judged in the cluster's own folder; an entry that
 * cannot be read or written is ignored.
 */
import { createHash } from 'node:crypto'
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

interface RegisteredCluster {
  readonly name: string
  /** The canonical path of the cluster's folder. */
  readonly dir: string
  /** The mount namespace in which `dir` is that folder; null if the system has none. */
  readonly mounts: string | null
}

/** An entry and where it was found. */
export interface RegistryEntry extends RegisteredCluster {
  readonly file: string
}

export function register({ name, dir }: Pick<RegisteredCluster, 'name' | 'dir'>): void {
  quietly(() => {
    const file = fileOf(dir)
    if (file === null) return
    // This does not use mkdir's recursion, which never ends below /proc.
    if (!existsSync(dirname(file))) mkdirSync(dirname(file), { mode: 0o700 })
    const entry: RegisteredCluster = { name, dir, mounts: ownMounts() }
    writeFileSync(`${file}.new`, JSON.stringify(entry), { mode: 0o600 })
    renameSync(`${file}.new`, file)
  })
}

/** Whether the entry still exists: cleaners of temporary folders remove old files. */
export function isRegistered(dir: string): boolean {
  return quietly(() => {
    const file = fileOf(dir)
    return file === null || lstatSync(file, { throwIfNoEntry: false }) !== undefined
  }, true)
}

export function unregister(dir: string): void {
  quietly(() => {
    const file = fileOf(dir)
    if (file !== null) rmSync(file, { force: true })
  })
}

/** Removes the entry of a cluster that has certainly ended. */
export function forget({ file }: RegistryEntry): void {
  quietly(() => rmSync(file, { force: true }))
}

export function registeredClusters(): RegistryEntry[] {
  return quietly(() => {
    const folder = registryDir()
    if (folder === null || !existsSync(folder)) return []
    const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
    return files.flatMap((file) => readEntry(join(folder, file)) ?? [])
  }, [])
}

/** Whether a missing folder is certainly missing: in the mount namespace that the entry names. */
export function isOfTheseMounts({ mounts }: RegisteredCluster): boolean {
  return mounts === ownMounts()
}

/** The registry's folder, in XDG_RUNTIME_DIR or else in the temporary folder; null if neither can be used. */
function registryDir(): string | null {
  const runtime = process.env.XDG_RUNTIME_DIR
  const candidates = [join(tmpdir(), `zk-pseudo-${process.getuid?.() ?? 'user'}`)]
  if (runtime) candidates.unshift(join(runtime, 'zk-pseudo'))
  return candidates.find(isUsable) ?? null
}

/** A folder that is ours (entries written by other users are not read), or one that can be made. */
function isUsable(folder: string): boolean {
  return quietly(() => {
    const stats = lstatSync(folder, { throwIfNoEntry: false })
    const mode = constants.R_OK | constants.W_OK | constants.X_OK
    accessSync(stats === undefined ? dirname(folder) : folder, mode)
    return (
      stats === undefined ||
      (stats.isDirectory() && (process.getuid === undefined || stats.uid === process.getuid()))
    )
  }, false)
}

function fileOf(dir: string): string | null {
  const folder = registryDir()
  return folder === null ? null : join(folder, `${createHash('sha1').update(dir).digest('hex')}.json`)
}

function readEntry(file: string): RegistryEntry | null {
  return quietly(() => {
    const entry = JSON.parse(readFileSync(file, 'utf8')) as Partial<RegisteredCluster>
    const { name, dir, mounts = null } = entry
    return typeof name === 'string' && typeof dir === 'string' ? { name, dir, mounts, file } : null
  }, null)
}

function ownMounts(): string | null {
  return quietly(() => readlinkSync('/proc/self/ns/mnt'), null)
}

function quietly(work: () => void): void
function quietly<T>(work: () => T, otherwise: T): T
function quietly<T>(work: () => T, otherwise?: T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (process.env.ZK_PSEUDO_DEBUG) process.stderr.write(`registry: ${(error as Error).message}\n`)
    return otherwise
  }
}
