/**
 * A cluster's folder: what is in it, what zk-pseudo made of it, and what the last supervisor left behind.
 * Everything made is recorded as it is made, so that `down --volumes` and an `up` that fails can remove it
 * (volumes.ts).
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { OperationError } from '../../api/operationError.ts'
import type { Engine } from '../../host/host.ts'
import { isVersionDir, VERSION_DIR } from '../../storage/fileNames.ts'
import { lockHolder } from '../../storage/lock.ts'
import { systemTrouble } from '../../systemError.ts'
import type { ClusterRequest } from '../clusterRequest.ts'
import { canonicalPath } from './canonicalPath.ts'
import { isWithin, type Kept, type Removal, removeMade, writtenBeside } from './volumes.ts'

/** The description of the cluster, whether it runs or not. */
export interface ClusterManifest {
  name: string
  request: ClusterRequest
  ports: { clientPort: number; quorumPort: number; electionPort: number }[] | null
  /** The engine of each member, by id. */
  engines?: Record<number, Engine>
  /** The path of Apache ZooKeeper, if it was named. */
  apacheHome?: string | null
  /**
   * The paths of folders and files that zk-pseudo made, in the order in which it made them. On disk, paths
   * inside the folder are relative.
   */
  created: string[]
  /** Data folders of members that existed before: zk-pseudo uses them but does not own them. */
  found?: string[]
  /** The real path of the folder. A folder that was copied or moved owns nothing outside itself. */
  home?: string
  /** Whether an `up` has begun to lay out the folder and did not finish. */
  unfinished?: boolean
}

/** The files that a killed supervisor leaves in its folder, in addition to those that it has recorded. */
const OWN_FILES = [
  'control.sock',
  'control.sock.stale',
  'supervisor.json',
  'supervisor.json.new',
  'cluster.json.tmp',
]

/** The state that `begin` found, so that `undo` can restore it. */
interface Before {
  readonly manifest: ClusterManifest | null
  /** The contents of files that were replaced or removed since. */
  readonly contents: Map<string, Buffer>
}

export class ClusterDir {
  readonly path: string
  manifest: ClusterManifest | null
  /** The records of the folder of which this one is a copy. */
  private readonly foreign: Kept[] = []
  private before: Before | null = null
  private isSettled = true

  constructor(path: string) {
    this.path = path
    this.manifest = this.read()
  }

  get logsPath(): string {
    return join(this.path, 'logs')
  }

  /** The path of a member's log; null means the supervisor's own. */
  logPath(member: number | null): string {
    return join(this.logsPath, `${member ?? 'supervisor'}.log`)
  }

  /** The output of a background supervisor and its threads: it is empty unless something is badly wrong. */
  get outputPath(): string {
    return join(this.logsPath, 'supervisor.out')
  }

  get eventsPath(): string {
    return join(this.path, 'events.jsonl')
  }

  private get manifestPath(): string {
    return join(this.path, 'cluster.json')
  }

  /** Makes a folder, and records each level that did not exist. */
  make(folder: string): void {
    if (existsSync(folder)) return
    this.make(dirname(folder))
    mkdirSync(folder)
    this.remember(folder)
  }

  write(file: string, text: string): void {
    this.make(dirname(file))
    this.willWrite(file)
    this.keepContent(file)
    writeFileSync(file, text)
  }

  /** Records a file that is about to be made, unless it exists already. */
  willWrite(file: string): void {
    if (!existsSync(file)) this.remember(file)
  }

  /** Makes the folder for a member's data. If it cannot be made, the member reports that. */
  makeData(home: string): void {
    const folder = join(home, VERSION_DIR)
    const { manifest } = this
    if (existsSync(folder)) {
      const isNew = manifest !== null && ![...manifest.created, ...(manifest.found ?? [])].includes(folder)
      if (isNew) manifest.found = [...(manifest.found ?? []), folder]
      return
    }
    try {
      this.make(folder)
    } catch {
      // The member's message says more than the system's error.
    }
  }

  /**
   * Records that a member's data has a new name; the member makes its folder again. Data that was not ours
   * remains so under its new name.
   */
  wasSetAside(name: string): void {
    const folder = join(dirname(name), VERSION_DIR)
    const { manifest } = this
    if (manifest === null) return
    if (manifest.created.includes(folder)) this.remember(name)
    else {
      manifest.found = [...(manifest.found ?? []).filter((path) => path !== folder), name]
      this.remember(folder)
    }
  }

  /** Removes the files directly in `folder` that zk-pseudo made, except those in `keep`. */
  removeMade(folder: string, keep: ReadonlySet<string>): void {
    const { manifest } = this
    if (manifest === null) return
    const stale = manifest.created.filter((path) => dirname(path) === folder && !keep.has(path))
    for (const path of stale.flatMap((file) => [...writtenBeside(file), file])) {
      this.keepContent(path)
      rmSync(path, { force: true })
    }
    manifest.created = manifest.created.filter((path) => !stale.includes(path))
  }

  remember(path: string): void {
    if (this.manifest !== null && !this.manifest.created.includes(path)) this.manifest.created.push(path)
  }

  /**
   * Begins to lay out the folder; `settle` ends this. Until then the folder's state on disk is what it was
   * before, together with the ownership of what was made.
   * @param made folders that were already made for it
   */
  begin(manifest: Omit<ClusterManifest, 'created'>, made: readonly string[] = []): void {
    const { created = [], found = [] } = this.manifest ?? {}
    this.before = { manifest: structuredClone(this.manifest), contents: new Map() }
    this.isSettled = false
    this.manifest = { ...manifest, created: created.filter((path) => existsSync(path)), found }
    for (const folder of made) this.remember(folder)
    try {
      if (this.before.manifest === null) this.keepContent(this.manifestPath)
      this.make(this.path)
      this.save()
    } catch (error) {
      this.undo()
      throw error
    }
  }

  /** Records that the folder is laid out as the manifest says. */
  settle(): void {
    this.isSettled = true
    this.save()
  }

  /**
   * Restores what `begin` found: everything made since then is removed, and replaced files are as they were.
   */
  undo(): void {
    const { before, manifest } = this
    if (before === null || manifest === null) return
    const old = before.manifest?.created ?? []
    removeMade(manifest.created.filter((path) => !old.includes(path)))
    this.manifest = before.manifest
    this.before = null
    this.isSettled = true
    for (const [path, bytes] of before.contents) {
      if (existsSync(dirname(path))) asFarAsPossible(() => writeFileSync(path, bytes))
    }
    if (this.manifest !== null && existsSync(this.path)) asFarAsPossible(() => this.save())
  }

  save(): void {
    const { manifest, manifestPath: file } = this
    if (manifest === null) return
    this.willWrite(file)
    const { created, found } = manifest
    const settled = this.isSettled ? manifest : { ...(this.before?.manifest ?? manifest), created, found }
    const home = canonicalPath(this.path)
    const onDisk = { ...settled, home, created: created.map((path) => this.fromHere(path)) }
    // The file is never half written, because the next `up` and `down` rely on it.
    writeFileSync(
      `${file}.tmp`,
      `${JSON.stringify(this.isSettled ? onDisk : { ...onDisk, unfinished: true }, null, 2)}\n`,
    )
    renameSync(`${file}.tmp`, file)
  }

  private keepContent(path: string): void {
    if (this.before === null || this.before.contents.has(path) || !existsSync(path)) return
    this.before.contents.set(path, readFileSync(path))
  }

  private read(): ClusterManifest | null {
    const manifest = readJson<ClusterManifest>(this.manifestPath)
    if (manifest === null || !Array.isArray(manifest.created)) return null
    const all = manifest.created.map((path) => resolve(this.path, path))
    // Manifests from before `home` was written could have only the levels above the folder outside it.
    const isOurs = (path: string) =>
      manifest.home === canonicalPath(this.path) || isWithin(path, this.path) || isWithin(this.path, path)
    const copied = all.filter((path) => !isOurs(path) && existsSync(path))
    const reason = `made by the cluster of ${manifest.home ?? 'another folder'}, of which this one is a copy`
    this.foreign.push(...copied.map((path) => ({ path, reason })))
    return { ...manifest, created: all.filter(isOurs) }
  }

  private fromHere(path: string): string {
    const way = relative(this.path, path)
    if (way === '') return '.'
    return way.startsWith('..') || isAbsolute(way) ? path : way
  }

  /**
   * Removes what zk-pseudo made. If something cannot be removed, the manifest stays for the next attempt.
   * @throws OperationError if a member still uses some of it; nothing is removed then
   */
  removeVolumes(): Removal {
    const { manifest } = this
    if (manifest === null) return { removed: [], kept: [], failed: [] }
    this.refuseInUse(manifest)
    const isLast = (path: string) => path === this.manifestPath || isWithin(this.path, path)
    const own = OWN_FILES.map((name) => join(this.path, name))
    const first = removeMade([...own, ...manifest.created.filter((path) => !isLast(path))])
    const found = (manifest.found ?? []).filter((path) => existsSync(path))
    const kept = [
      ...this.foreign,
      ...found.map((path) => ({ path, reason: 'it was there before zk-pseudo used it' })),
      ...manifest.request.files.flatMap(besideGiven),
    ]
    if (first.failed.length > 0) {
      manifest.created = manifest.created.filter((path) => existsSync(path))
      // Whatever prevents the removal of files may also prevent this one from being written.
      asFarAsPossible(() => this.save())
      return { ...first, kept: [...kept, ...first.kept] }
    }
    const last = removeMade(manifest.created.filter(isLast))
    this.manifest = null
    const gone = new Set(manifest.created)
    return {
      removed: [...first.removed, ...last.removed],
      kept: [...kept, ...first.kept, ...last.kept.filter(({ path }) => !gone.has(path))],
      failed: last.failed,
    }
  }

  /** A member that runs there, started from here or not, must not lose its data. */
  private refuseInUse({ created }: ClusterManifest): void {
    const homes = new Set(
      created.flatMap((path) => (isVersionDir(basename(path)) ? [dirname(path)] : [path])),
    )
    for (const home of homes) {
      const pid = lockHolder(home)
      if (pid === null) continue
      const hint = `stop it first; what runs: zk-pseudo ls, ps -p ${pid}`
      throw new OperationError(
        'DATA_IN_USE',
        `process ${pid} uses the data in ${home}: nothing was removed`,
        hint,
      )
    }
  }
}

/**
 * With reconfigEnabled, members write files beside the user's own zoo.cfg files, which then refer to them.
 */
function besideGiven(path: string): Kept[] {
  return configsAt(path).flatMap((file) => {
    const reason = `${basename(file)}, which is yours, goes by it or came of it`
    return writtenBeside(file).map((beside) => ({ path: beside, reason }))
  })
}

function configsAt(path: string): string[] {
  try {
    const names = readdirSync(path).filter((name) => name.endsWith('.cfg'))
    return names.map((name) => join(path, name))
  } catch {
    // It is not a folder.
    return [path]
  }
}

/**
 * Whatever prevents a start from finishing may also prevent its undoing: the first error is the one to
 * report.
 */
function asFarAsPossible(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (systemTrouble(error, null) === null) throw error
  }
}

function readJson<T>(path: string): T | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T
  } catch {
    return null
  }
}
