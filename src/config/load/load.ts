/**
 * Reads configs from disk: the file, its dynamic file, the `myid` in its dataDir, and the files of the other
 * members.
 *
 * Everything that reads, and the one call that writes `myid`, is here. The pure files beside this one decide
 * what is right or wrong. Relative paths count from the current folder, as with Apache.
 */

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { compareFiles, type Location, type Problem, problem, sortProblems } from '../problem.ts'
import { isDistributed, originOf, ownServer, type ServerConfig } from '../serverConfig.ts'
import { type Lookup, resolveHosts } from '../servers/hosts.ts'
import { withSid } from '../servers/ownServer.ts'
import { clashes, memberClaims } from '../servers/ports.ts'
import { checkEnsemble } from './ensemble.ts'
import { type Inference, inferSids } from './identity.ts'
import { parseConfig, type SourceText } from './parse.ts'

type Myid =
  | { kind: 'absent' }
  | { kind: 'faulty'; problem: Problem }
  | { kind: 'present'; sid: number; where: Location; problems: Problem[] }

interface LoadedFile {
  config: ServerConfig
  problems: Problem[]
  myid: Myid
}

/**
 * Reads the config of one server with its id, as a server that is about to start needs it.
 * @returns config null only when the file cannot be read. It must not be run when there are errors.
 */
export function loadConfig(file: string): { config: ServerConfig | null; problems: Problem[] } {
  const loaded = readConfigFile(file)
  if ('unreadable' in loaded) return { config: null, problems: [loaded.unreadable] }
  const { myid } = loaded
  const problems = [...loaded.problems]
  if (myid.kind === 'absent' && isDistributed(loaded.config)) problems.push(missingMyid(loaded.config))
  const settled = settle(loaded, myid.kind === 'present' ? myid.sid : null)
  problems.push(...settled.problems, ...clashes(memberClaims(settled.config)))
  return { config: settled.config, problems: sortProblems(unique(problems)) }
}

interface LoadedEnsemble {
  /** By ascending id. They must not be run when there are errors. */
  members: ServerConfig[]
  problems: Problem[]
  /** Ids that no `myid` gave; `writeInferredIds` puts them on disk. */
  inferences: Inference[]
}

/**
 * Reads all members of one ensemble on this machine.
 * @param paths config files, and folders whose `*.cfg` files are taken in natural order
 * @param options.lookup how names are resolved; null leaves hosts unchecked
 */
export async function loadEnsemble(
  paths: readonly string[],
  options: { lookup?: Lookup | null } = {},
): Promise<LoadedEnsemble> {
  const { files, problems } = expand(paths)
  const loaded: LoadedFile[] = []
  for (const file of files) {
    const one = readConfigFile(file)
    if ('unreadable' in one) problems.push(one.unreadable)
    else loaded.push(one)
  }
  const inferred = inferSids(
    loaded
      .filter(({ config, myid }) => isDistributed(config) && myid.kind !== 'faulty')
      .map(({ config, myid }) => ({ config, sid: myid.kind === 'present' ? myid.sid : null })),
  )
  problems.push(...inferred.problems)
  const members: ServerConfig[] = []
  for (const one of loaded) {
    const inference = inferred.inferences.find(({ file }) => file === one.config.file)
    const settled = settle(one, one.myid.kind === 'present' ? one.myid.sid : (inference?.sid ?? null))
    problems.push(...one.problems)
    const removed = removal(settled.config)
    if (removed !== null) problems.push(removed)
    else {
      problems.push(...settled.problems)
      members.push(settled.config)
    }
  }
  const hosts = options.lookup === null ? null : await resolveHosts(members, options.lookup)
  problems.push(...(hosts?.problems ?? []), ...checkEnsemble(members, hosts?.addressesOf))
  members.sort((a, b) => (a.sid ?? Number.MAX_SAFE_INTEGER) - (b.sid ?? Number.MAX_SAFE_INTEGER))
  return { members, problems: sortProblems(unique(problems)), inferences: inferred.inferences }
}

/**
 * Writes the inferred ids where Apache looks for them, too, and never overwrites a `myid`.
 * @throws the system's error when a file has come into being meanwhile or cannot be written
 */
export function writeInferredIds(inferences: readonly Inference[]): void {
  for (const { dataDir, sid } of inferences) {
    mkdirSync(dataDir, { recursive: true })
    writeFileSync(join(dataDir, 'myid'), `${sid}\n`, { flag: 'wx' })
  }
}

/** A server that a reconfiguration has removed from its own list cannot start, but the others can. */
function removal(config: ServerConfig): Problem | null {
  const { file, sid, reconfigEnabled, configVersion, dynamicConfigFile } = config
  const isRemoved = reconfigEnabled && configVersion !== '0' && sid !== null && ownServer(config) === null
  if (!isRemoved) return null
  const message = `server ${sid} is left out: a reconfiguration has removed it from ${dynamicConfigFile ?? 'the server list'}`
  return problem(
    'warning',
    { file, line: null },
    message,
    `to run it again, write its server.${sid} line there`,
  )
}

function settle(loaded: LoadedFile, sid: number | null): { config: ServerConfig; problems: Problem[] } {
  const { config, myid } = loaded
  const where = myid.kind === 'present' ? myid.where : { file: config.file, line: null }
  const settled = withSid(config, sid, where)
  const own = myid.kind === 'faulty' ? [myid.problem] : myid.kind === 'present' ? myid.problems : []
  return { config: settled.config, problems: [...own, ...settled.problems] }
}

/** Two files of an ensemble may share a dynamic file or a myid, whose problems are reported once. */
function unique(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((p) => [JSON.stringify(p), p])).values()]
}

function expand(paths: readonly string[]): { files: string[]; problems: Problem[] } {
  const files: string[] = []
  const problems: Problem[] = []
  const seen = new Set<string>()
  for (const path of paths) {
    const found = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? configsIn(path) : [path]
    if (found.length === 0) {
      problems.push(
        problem('error', { file: path, line: null }, 'has no .cfg files', 'name files or another folder'),
      )
    }
    for (const file of found) {
      if (!seen.has(resolve(file))) files.push(file)
      else problems.push(problem('error', { file, line: null }, 'is named twice', 'name each file once'))
      seen.add(resolve(file))
    }
  }
  return { files, problems }
}

function configsIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.cfg'))
  return names.sort(compareFiles).map((name) => join(folder, name))
}

function readConfigFile(file: string): LoadedFile | { unreadable: Problem } {
  const read = readText(file)
  if ('unreadable' in read) return read
  const first = parseConfig(read.text, file)
  const { dynamicConfigFile } = first.config
  const dynamic = dynamicConfigFile === null ? null : readText(dynamicConfigFile)
  const { config, problems } =
    dynamic === null || 'unreadable' in dynamic ? first : parseConfig(read.text, file, dynamic)
  if (config.dataDir === '') return { config, problems, myid: { kind: 'absent' } }
  config.dataLogDir = resolve(config.dataLogDir)
  config.dataDir = resolve(config.dataDir)
  problems.push(...checkContents(config))
  return { config, problems, myid: readMyid(config) }
}

/** These errors say what the process or the machine has run out of, which is no fault of the file. */
const SHORTAGES = ['EMFILE', 'ENFILE', 'ENOMEM']

/** @throws the system's error for a shortage */
function readText(file: string): SourceText | { unreadable: Problem } {
  try {
    return { file, text: readFileSync(file, 'utf8') }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (SHORTAGES.includes(code)) throw error
    const message = code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`
    const hint = code === 'ENOENT' ? 'check the path' : null
    return { unreadable: problem('error', { file, line: null }, message, hint) }
  }
}

/** Reads the first line, which must be a number (QuorumPeerConfig.setupMyId). */
export function readMyid(config: ServerConfig): Myid {
  const file = join(config.dataDir, 'myid')
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return { kind: 'absent' }
  const read = readText(file)
  if ('unreadable' in read) return { kind: 'faulty', problem: read.unreadable }
  const where = { file, line: 1 }
  const hasMark = read.text.startsWith('\uFEFF')
  const line = (hasMark ? read.text.slice(1) : read.text).split(/\r\n|\r|\n/, 1)[0] ?? ''
  const hint = `the file of ${config.file} holds one number, its server's id`
  if (!/^\s*\+?\d+\s*$/.test(line) || !Number.isSafeInteger(Number(line))) {
    const shown = line.length > 40 ? `${line.slice(0, 40)}…` : line
    return { kind: 'faulty', problem: problem('error', where, `myid "${shown}" is not a number`, hint) }
  }
  const warn = (what: string, remedy: string) =>
    problem('warning', where, `myid ${what}, which Apache ZooKeeper refuses`, remedy)
  const problems = [
    ...(hasMark
      ? [warn('starts with a byte order mark', 'save the file without it (UTF-8 without BOM)')]
      : []),
    ...(line.trim() === line ? [] : [warn('has blanks around its number', 'remove them')]),
  ]
  return { kind: 'present', sid: Number(line), where, problems }
}

function missingMyid(config: ServerConfig): Problem {
  const message = `${join(config.dataDir, 'myid')} is missing`
  const hint = 'write the id of its server.N line into it'
  return problem('error', originOf(config, 'dataDir'), message, hint)
}

/**
 * With two folders, each must hold only its own kind of file (FileTxnSnapLog.checkLogDir and checkSnapDir).
 */
function checkContents(config: ServerConfig): Problem[] {
  if (config.dataDir === config.dataLogDir) return []
  const wrong = [
    { key: 'dataLogDir', folder: config.dataLogDir, prefix: 'snapshot.', kind: 'snapshots', home: 'dataDir' },
    { key: 'dataDir', folder: config.dataDir, prefix: 'log.', kind: 'transaction logs', home: 'dataLogDir' },
  ]
  return wrong.flatMap(({ key, folder, prefix, kind, home }) => {
    const found = namesIn(join(folder, 'version-2')).find((name) => name.startsWith(prefix))
    if (found === undefined) return []
    const message = `${key} ${folder} has ${kind} (version-2/${found})`
    const hint = `they belong into ${home}: move them, or exchange the two settings`
    return [problem('error', originOf(config, key), message, hint)]
  })
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // Without a folder, nothing can be mixed up.
    return []
  }
}
