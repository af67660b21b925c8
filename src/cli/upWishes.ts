/**
 * An `up` of a cluster that runs already: whether that is what was asked for. Only what was named must match;
 * an `up` that names nothing accepts any cluster that runs.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CLASSIC_BASE_PORT } from '../config/classic.ts'
import type { Engine } from '../host/host.ts'
import { USUAL_MEMBERS } from '../supervisor/clusterRequest.ts'
import { canonicalPath } from '../supervisor/folder/canonicalPath.ts'
import type { ClusterManifest } from '../supervisor/folder/clusterDir.ts'
import { OperationError } from './errors.ts'
import { table } from './format/table.ts'
import { countText, listText } from './format/words.ts'
import type { UpOptions, UpRequest } from './upRequest.ts'

interface Difference {
  asked: string
  runs: string
}

/** What `up` runs in a folder, as it was asked for and as it is known there. */
export type Runs = Pick<ClusterManifest, 'request' | 'engines' | 'apacheHome'>

/** @throws OperationError */
export function refuseOtherWishes(name: string, asked: UpRequest, options: UpOptions, runs: Runs): void {
  const differences = differencesOf(asked, options, runs)
  if (differences.length === 0) return
  const manner = (['name', 'dir'] as const).flatMap((key) => {
    return options[key] === undefined ? [] : [` --${key} ${options[key]}`]
  })
  const how = manner.join('')
  const rows = differences.map((each) => [each.asked, each.runs])
  const lines = table([{ title: 'ASKED' }, { title: 'RUNS' }], rows, Number.POSITIVE_INFINITY)
  const hint = [
    ...lines,
    `to keep what runs: zk-pseudo up${how}`,
    `to have what was asked: zk-pseudo down${how}, and this up again`,
    'to have both: a folder of its own (--dir FOLDER), and other ports (--ports auto)',
  ]
  throw new OperationError('RUNS_OTHERWISE', `${name} runs already, but not as asked`, hint.join('\n'))
}

export function differencesOf(asked: UpRequest, options: UpOptions, runs: Runs): Difference[] {
  return [
    ...shapeDifferences(asked, options, runs.request),
    ...portDifferences(asked, runs.request),
    ...settingDifferences(asked, runs.request),
    ...engineDifferences(asked, options, runs),
  ]
}

function shapeDifferences(asked: UpRequest, options: UpOptions, runs: UpRequest): Difference[] {
  const found: Difference[] = []
  const isFiles = runs.files.length > 0
  const count = isFiles ? null : (runs.members ?? USUAL_MEMBERS)
  const shape = count === null ? `the configs ${runs.files.join(', ')}` : countText(count, 'member')
  if (asked.members !== null && asked.members !== count) {
    found.push({ asked: countText(asked.members, 'member'), runs: shape })
  }
  if (asked.files.length > 0) {
    const own = isFiles ? runs.files : [join(runs.dir, 'conf')]
    const isSame = configsAt(asked.files).join('\n') === configsAt(own).join('\n')
    if (!isSame) found.push({ asked: `the configs ${asked.files.join(', ')}`, runs: shape })
  }
  if (options.observers !== undefined && (isFiles || options.observers !== runs.observers)) {
    const observers = isFiles ? shape : countText(runs.observers, 'observer')
    found.push({ asked: countText(options.observers, 'observer'), runs: observers })
  }
  return found
}

function portDifferences(asked: UpRequest, runs: UpRequest): Difference[] {
  const base = runs.basePort ?? CLASSIC_BASE_PORT
  const isFiles = runs.files.length > 0
  const ports = isFiles ? 'the ports of its configs' : runs.autoPorts ? '--ports auto' : `--base-port ${base}`
  if (asked.autoPorts && (isFiles || !runs.autoPorts)) return [{ asked: '--ports auto', runs: ports }]
  if (asked.basePort === null || (!isFiles && !runs.autoPorts && asked.basePort === base)) return []
  return [{ asked: `--base-port ${asked.basePort}`, runs: ports }]
}

function settingDifferences(asked: UpRequest, runs: UpRequest): Difference[] {
  const other = Object.entries(asked.settings).filter(([key, value]) => runs.settings[key] !== value)
  return other.map(([key, value]) => {
    const own = runs.settings[key]
    return {
      asked: `--set ${key}=${value}`,
      runs: own === undefined ? `no --set ${key}` : `--set ${key}=${own}`,
    }
  })
}

function engineDifferences(asked: UpRequest, options: UpOptions, runs: Runs): Difference[] {
  const found: Difference[] = []
  const { request, engines = {}, apacheHome = null } = runs
  if (options.isolation !== undefined && options.isolation !== request.isolation) {
    found.push({ asked: `--isolation ${options.isolation}`, runs: `--isolation ${request.isolation}` })
  }
  const { all = null, members = {} } = asked.engines ?? {}
  const wished: Record<string, Engine | null> = {
    ...Object.fromEntries(Object.keys(engines).map((id) => [id, all])),
    ...members,
  }
  for (const engine of new Set(Object.values(wished))) {
    const others = Object.keys(wished).filter((id) => wished[id] === engine && engines[Number(id)] !== engine)
    if (engine === null || others.length === 0) continue
    const own = others.map((id) => `${id}=${engines[Number(id)] ?? 'no such member'}`)
    found.push({ asked: `--engine ${others.map((id) => `${id}=${engine}`).join(',')}`, runs: listText(own) })
  }
  if (
    asked.apacheHome != null &&
    (apacheHome === null || canonicalPath(asked.apacheHome) !== canonicalPath(apacheHome))
  ) {
    found.push({ asked: `--apache-home ${asked.apacheHome}`, runs: apacheHome ?? 'none named' })
  }
  return found
}

/** As real paths, also of folders: a file that is named in two ways is one file. */
function configsAt(paths: readonly string[]): string[] {
  const files = paths.flatMap((path) => {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path]
    return readdirSync(path).flatMap((name) => (name.endsWith('.cfg') ? [join(path, name)] : []))
  })
  return [...new Set(files.map(canonicalPath))].sort()
}
