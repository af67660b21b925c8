/** The cluster that `export` means, running or down, as its members' files have it now. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ExportSource } from '../config/export/export.ts'
import { loadConfig } from '../config/load/load.ts'
import { compareFiles, formatProblem, hasErrors, type Problem } from '../config/problem.ts'
import { isDistributed } from '../config/serverConfig.ts'
import { ClusterDir } from '../supervisor/folder/clusterDir.ts'
import { exitCodes, OperationError } from './errors.ts'
import { chooseFolder } from './findCluster.ts'
import { openCluster, place } from './openCluster.ts'
import type { ClusterOptions } from './options.ts'

export interface ExportCluster {
  name: string
  /** By ascending id: those in the server list. */
  members: ExportSource[]
  isRunning: boolean
  /** The greatest zxid that a member says it has; null when none runs. */
  zxid: string | null
  /** Members that a reconfiguration has removed from the ensemble. */
  removed: number[]
}

/** @throws OperationError when there is no such cluster, or its configs have errors */
export async function clusterToExport(options: ClusterOptions): Promise<ExportCluster> {
  const down = folderThatIsDown(options)
  const running = await openCluster(down === null ? options : { dir: down.path }).catch((error: unknown) => {
    if (!(error instanceof OperationError) || error.code !== 'NO_CLUSTER' || down === null) throw error
    return null
  })
  if (running === null) {
    const { manifest, path } = down as ClusterDir
    const paths = manifest?.request?.files.length ? manifest.request.files : [join(path, 'conf')]
    return {
      name: manifest?.name ?? path,
      ...membersAt(paths.flatMap(configsAt)),
      isRunning: false,
      zxid: null,
    }
  }
  const { name, members } = await running.connection.cluster()
  const zxids = members.flatMap(({ zxid }) => (zxid === null ? [] : [BigInt(zxid)]))
  const greatest = zxids.reduce((a, b) => (a > b ? a : b), 0n)
  const files = members.map(({ config }) => config)
  return { name, ...membersAt(files), isRunning: true, zxid: `0x${greatest.toString(16)}` }
}

/** The cluster need not run. */
function folderThatIsDown(options: ClusterOptions): ClusterDir | null {
  const found = chooseFolder(options, place())
  return found === null ? null : new ClusterDir(found)
}

function configsAt(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path]
  const names = readdirSync(path).filter((name) => name.endsWith('.cfg'))
  return names.sort(compareFiles).map((name) => join(path, name))
}

function membersAt(files: readonly string[]): { members: ExportSource[]; removed: number[] } {
  const problems: Problem[] = []
  const found = files.flatMap((file): ExportSource[] => {
    const { config, problems: own } = loadConfig(file)
    problems.push(...own)
    return config === null ? [] : [{ file, text: readFileSync(file, 'utf8'), config }]
  })
  if (hasErrors(problems) || found.length === 0) throw badConfig(problems)
  const version = ({ config }: ExportSource) => Number.parseInt(config.configVersion, 16)
  const [newest] = [...found].sort((a, b) => version(b) - version(a)) as [ExportSource]
  if (!isDistributed(newest.config)) return { members: [newest], removed: [] }
  const { servers, groups, weights } = newest.config
  const members = servers.map(({ sid }) => {
    const own = found.find(({ config }) => config.sid === sid)
    if (own === undefined) throw notHere(sid, newest.file)
    return { ...own, config: { ...own.config, servers, groups, weights } }
  })
  const listed = new Set(servers.map(({ sid }) => sid))
  const removed = found.flatMap(({ config: { sid } }) => (sid === null || listed.has(sid) ? [] : [sid]))
  return { members, removed }
}

function badConfig(problems: readonly Problem[]): OperationError {
  const text = problems.map(formatProblem).join('\n')
  return new OperationError('BAD_CONFIG', 'the configs of the members have errors', text, exitCodes.usage)
}

function notHere(sid: number, file: string): OperationError {
  const hint = 'export needs the config of every server in the list: start the cluster with all of its files'
  return new OperationError(
    'BAD_CONFIG',
    `server.${sid} of ${file} is no member of this cluster`,
    hint,
    exitCodes.usage,
  )
}
