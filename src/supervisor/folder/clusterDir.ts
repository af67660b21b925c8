/**
 * A cluster's folder: what is in it, what zk-pseudo made of it, and what the last supervisor left behind.
 * What was made is remembered as it is made, so that `down --volumes` and an `up` that fails can take it back
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

/** What the cluster is, whether it runs or not. */
export interface ClusterManifest {
  name: string
  request: ClusterRequest
  ports: { clientPort: number; quorumPort: number; electionPort: number }[] | null
  /** What runs each member, by id. */
  engines?: Record<number, Engine>
  /** Where Apache ZooKeeper is, if it was named. */
  apacheHome?: string | null
  /**
   * Paths that zk-pseudo made, folders and files, in the order in which it made them. On disk: relative where
   * inside.
   */
  created: string[]
  /** Data folders of members that were there before: used, and not ours. */
  found?: string[]
  /** The real path of the folder: a copy of it, or one that was moved, owns nothing outside of itself. */
  home?: string
  /** An `up` has begun to lay it out, and did not get to its end. */
  unfinished?: boolean
}

/** What a supervisor that was killed leaves in its folder, beside what it remembers. */
const OWN_FILES = [
  'control.sock',
  'control.sock.stale',
  'supervisor.json',
  'supervisor.json.new',
  'cluster.json.tmp',
]

/** What `begin` found, so that `undo` can bring it back. */
interface Before {
  readonly manifest: ClusterManifest | null
  /** Files that were replaced or removed since. */
  readonly contents: Map<string, Buffer>
}

export class ClusterDir {
  readonly path: string
  manifest: ClusterManifest | null
  /** What a folder remembers that this is a copy of. */
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

  /** Null: the supervisor's own. */
  logPath(member: number | null): string {
    return join(this.logsPath, `${member ?? 'supervisor'}.log`)
  }

  /** What a supervisor in the background and its threads print: nothing unless something is badly wrong. */
  get outputPath(): string {
    return join(this.logsPath, 'supervisor.out')
  }

  get eventsPath(): string {
    return join(this.path, 'events.jsonl')
  }

  private get manifestPath(): string {
    return join(this.path, 'cluster.json')
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
    this.willWrite(file)
    this.keepContent(file)
    writeFileSync(file, text)
  }

  /** A file that is about to be made, unless it is there already. */
  willWrite(file: string): void {
    if (!existsSync(file)) this.remember(file)
  }

  /** Where a member is to have its data; what cannot be made is the member's to report. */
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
      // Its sentence says more than the system's error.
    }
  }

  /**
   * A member's data has another name now; the member makes its folder anew. What was not ours stays so under
   * its new name.
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

  /** Removes the files right in `folder` that zk-pseudo made, but those to `keep`. */
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
   * From here on to `settle` the folder is laid out. Until then it is on disk what it was, and owns what was
   * made.
   * @param made folders that were made for it already
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

  /** It is laid out as the manifest says. */
  settle(): void {
    this.isSettled = true
    this.save()
  }

  /** Back to what `begin` found: what was made since then goes, what was replaced is as it was. */
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
    // Never half written: it is what the next `up` and `down` go by.
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
    // Before `home` was written only the levels above the folder could lie outside of it.
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
   * Removes what zk-pseudo made. Where something of it cannot be removed, the manifest stays, for the next
   * attempt.
   * @throws OperationError when a member still uses some of it; nothing is removed then
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
      // What keeps files from being removed may keep this one from being written, too.
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

  /** Whoever runs there, started from here or not, must not lose its data. */
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

/** With reconfigEnabled members write beside zoo.cfg files of the user's own, which then go by it. */
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
    // Not a folder.
    return [path]
  }
}

/**
 * What keeps a start from its end may keep it from being taken back, too: the first trouble is the one to
 * tell.
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
