/** What `up` was asked for, checked: a number of members, or config files of the user's own. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { ENGINES, type Engine } from '../host/host.ts'
import type { ClusterRequest, EngineChoice } from '../supervisor/clusterRequest.ts'
import { canonicalPath } from '../supervisor/folder/canonicalPath.ts'
import { DEFAULT_DIR, namedDir, nameOf, usualName } from '../supervisor/folder/presence.ts'
import { checkName } from '../supervisor/names.ts'
import { usageError } from './errors.ts'
import { type ClusterOptions, choiceOf, type WaitOptions } from './options.ts'

export interface UpOptions extends ClusterOptions, WaitOptions {
  detach?: boolean
  dryRun?: boolean
  basePort?: number
  ports?: 'auto'
  observers?: number
  set?: Record<string, string>
  isolation?: 'thread' | 'process'
  engine?: EngineChoice
  apacheHome?: string
}

/** Plain data: it is handed to the background process as JSON. */
export type UpRequest = ClusterRequest

const mostMembers = 99

export function upRequest(targets: string[], options: UpOptions): UpRequest {
  const members = targets.some((target) => /^[-+]?\d+$/.test(target)) ? memberCount(targets) : null
  const files = members === null ? targets.map(existing) : []
  if (files.length > 0) refuseWithFiles(options)
  if (options.ports === 'auto' && options.basePort !== undefined) {
    throw usageError('--base-port and --ports auto exclude one another', 'leave one of them out')
  }
  const observers = options.observers ?? 0
  const name = options.name ?? (process.env.ZK_PSEUDO_NAME || null)
  if (name !== null) checkName(name)
  return {
    members,
    files,
    dir: options.dir === undefined ? folderOf(name) : canonicalPath(options.dir),
    name,
    basePort: options.basePort ?? null,
    autoPorts: options.ports === 'auto',
    observers,
    settings: options.set ?? {},
    isolation: options.isolation ?? 'thread',
    engines: options.engine ?? null,
    apacheHome: options.apacheHome === undefined ? null : resolve(options.apacheHome),
  }
}

/**
 * A name has a folder of its own; that of the project is the one without a name, unless it was given this
 * name.
 */
function folderOf(name: string | null): string {
  const home = canonicalPath(DEFAULT_DIR)
  const isOfHome = name === null || (nameOf(home) === name && name !== usualName(home))
  return isOfHome ? home : namedDir(home, name)
}

function memberCount(targets: string[]): number {
  const [target = '', ...more] = targets
  if (more.length > 0) {
    throw usageError(
      `up takes one number of members, or config files: not "${targets.join(' ')}"`,
      'for example: zk-pseudo up 3, or zk-pseudo up a.cfg b.cfg c.cfg',
    )
  }
  const count = Number(target)
  if (count >= 1 && count <= mostMembers) return count
  throw usageError(`an ensemble has 1 to ${mostMembers} members, not ${target}`, 'the usual number is 3 or 5')
}

function existing(target: string): string {
  const path = resolve(target)
  if (existsSync(path)) return path
  throw usageError(
    `there is no file or folder ${target}`,
    'up takes a number of members (zk-pseudo up 3), zoo.cfg files, or folders of them',
  )
}

/** A user's files are used as they are. */
function refuseWithFiles(options: UpOptions): void {
  const refused = Object.entries({
    '--base-port': options.basePort,
    '--ports': options.ports,
    '--observers': options.observers,
    '--set': options.set,
  }).filter(([, value]) => value !== undefined)
  if (refused.length === 0) return
  throw usageError(
    `${refused.map(([flag]) => flag).join(', ')} cannot change config files of yours`,
    'write it into the files, or let zk-pseudo make them: zk-pseudo up 3',
  )
}

/** Collects `--set key=value`; the last one of a key counts. */
export function parseSetting(text: string, previous: unknown): Record<string, string> {
  const match = /^(\w[\w.-]*)=(.*)$/s.exec(text)
  if (match === null) {
    throw usageError(`--set takes key=value; "${text}" is not that`, 'for example: --set tickTime=500')
  }
  const [, key = '', value = ''] = match
  return { ...(previous as Record<string, string> | undefined), [key]: value }
}

export const engineWords: readonly Engine[] = ENGINES

/**
 * `apache` for all members, or `0=apache,1=zk-pseudo` for these; repeated options are merged, and the last
 * one counts for a member.
 */
export function parseEngine(text: string, previous: unknown): EngineChoice {
  const { all: before = null, members: named = {} } = (previous as EngineChoice | undefined) ?? {}
  const choice: EngineChoice = { all: before, members: { ...named } }
  for (const word of text.split(',')) {
    const [, id, name] = /^(?:(\d+)=)?([\w-]+)$/.exec(word.trim()) ?? []
    const engine = name === undefined ? null : choiceOf('--engine', engineWords, name, text)
    if (engine === null) {
      throw usageError(
        `--engine takes ${engineWords.join(' or ')}, or ID=ENGINE for each member; "${text}" is not that`,
        'for example: --engine apache, or --engine 0=apache,1=zk-pseudo,2=zk-pseudo',
      )
    }
    if (id === undefined) choice.all = engine
    else choice.members[Number(id)] = engine
  }
  return choice
}
