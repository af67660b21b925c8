/** From the request of an `up` to the config of every member. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { OperationError } from '../api/operationError.ts'
import { type ClassicLayout, classicEnsemble, classicFile, type MemberPorts } from '../config/classic.ts'
import { loadEnsemble, writeInferredIds } from '../config/load/load.ts'
import { formatProblem, hasErrors, type Problem } from '../config/problem.ts'
import type { ServerConfig } from '../config/serverConfig.ts'
import { type ClusterRequest, USUAL_MEMBERS } from './clusterRequest.ts'
import type { ClusterDir } from './folder/clusterDir.ts'
import { ephemeralRange } from './ports/ports.ts'

export interface Plan {
  readonly members: ServerConfig[]
  /** Lines for people: warnings, and ids that were inferred. */
  readonly notes: string[]
}

/** @throws OperationError with all problems at once, exit code 2 */
export function configError(problems: readonly Problem[]): OperationError {
  const errors = problems.filter((problem) => problem.severity === 'error').length
  const message = `nothing was started: the configs have ${errors} error${errors === 1 ? '' : 's'}`
  return new OperationError('BAD_CONFIG', message, problems.map(formatProblem).join('\n'), 2)
}

/** Plans members from the user's own files, which stay where they are. Only missing ids are written. */
export async function planFiles(files: string[], dir: ClusterDir): Promise<Plan> {
  const { members, problems, inferences } = await loadEnsemble(files)
  if (hasErrors(problems)) throw configError(problems)
  for (const inference of inferences) {
    dir.make(inference.dataDir)
    dir.willWrite(join(inference.dataDir, 'myid'))
    writeInferredIds([inference])
  }
  const inferred = inferences.map(({ dataDir, sid }) => `wrote the id ${sid} into ${join(dataDir, 'myid')}`)
  const configs = members.map((config) => absolute(config))
  return { members: configs, notes: [...problems.map(formatProblem), ...inferred] }
}

function absolute(config: ServerConfig): ServerConfig {
  return {
    ...config,
    file: resolve(config.file),
    dataDir: resolve(config.dataDir),
    dataLogDir: resolve(config.dataLogDir),
  }
}

/**
 * Plans members for `up N` and writes their files into the cluster's folder. If `ports` is null, it uses the
 * classic ports.
 */
export function planClassic(request: ClusterRequest, dir: ClusterDir, ports: MemberPorts[] | null): Plan {
  const layout: ClassicLayout = {
    members: request.members ?? USUAL_MEMBERS,
    observers: request.observers,
    dir: request.dir,
    set: request.settings,
    ...(request.basePort === null ? {} : { basePort: request.basePort }),
    ...(ports === null ? {} : { ports }),
    ephemeral: ephemeralRange(),
  }
  const { members, problems } = classicEnsemble(layout)
  if (hasErrors(problems)) throw configError(problems)
  // Files of a larger, earlier ensemble are removed: the folder must hold only this one.
  dir.removeMade(join(dir.path, 'conf'), new Set(members.map(({ file }) => file)))
  for (const member of members) {
    dir.write(member.file, member.text)
    dir.write(member.myidFile, member.myidText)
  }
  return { members: members.map(({ config }) => config), notes: problems.map(formatProblem) }
}

/**
 * Whether an `up` requests what the folder already holds. It then uses those files, with the user's changes.
 */
export function asksForTheSame(
  request: ClusterRequest,
  before: ClusterRequest | null,
  dir: ClusterDir,
): boolean {
  if (before === null || before.files.length > 0) return false
  const shape = ({ members, basePort, autoPorts, observers, settings }: ClusterRequest) =>
    JSON.stringify([members ?? USUAL_MEMBERS, basePort, autoPorts, observers, settings])
  const count = (request.members ?? USUAL_MEMBERS) + request.observers
  const files = Array.from({ length: count }, (_, sid) => classicFile(dir.path, sid))
  const isWhole = dir.manifest?.unfinished !== true && files.every((file) => existsSync(file))
  return shape(request) === shape(before) && isWhole
}
