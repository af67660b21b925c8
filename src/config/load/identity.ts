/**
 * Which member a config file belongs to when its dataDir has no `myid` yet. Pure.
 *
 * The member is inferred from the server line that has the client port of the file, else from the number in
 * the name of the file, else from the place among the files. The last two are used only if they work for
 * every file that is left, so that a guess never mixes two numberings. Every inference is reported.
 */

import { type Problem, problem } from '../problem.ts'
import { originOf, type ServerConfig } from '../serverConfig.ts'

export interface Inference {
  file: string
  sid: number
  dataDir: string
  by: 'client port' | 'file name' | 'order'
  /** What was inferred and why, for people. */
  text: string
}

/** A member of an ensemble, and its id if its `myid` gives one. */
interface Candidate {
  config: ServerConfig
  sid: number | null
}

export function inferSids(candidates: readonly Candidate[]): {
  inferences: Inference[]
  problems: Problem[]
} {
  const used = new Set(candidates.flatMap(({ sid }) => (sid === null ? [] : [sid])))
  const inferences: Inference[] = []
  const claim = (config: ServerConfig, sid: number, by: Inference['by'], because: string) => {
    used.add(sid)
    const text = `${config.file}: is server.${sid} by its ${because}; ${config.dataDir} has no myid yet`
    inferences.push({ file: config.file, sid, dataDir: config.dataDir, by, text })
  }
  let open = candidates.filter(({ sid }) => sid === null).map(({ config }) => config)
  for (const config of open) {
    const sid = sidByClientPort(config)
    if (sid !== null && !used.has(sid)) claim(config, sid, 'client port', `client port ${config.clientPort}`)
  }
  open = open.filter(({ file }) => !inferences.some((inference) => inference.file === file))
  const byName = open.map(sidByFileName)
  const named = byName.filter((sid) => sid !== null && !used.has(sid))
  if (new Set(named).size === open.length) {
    open.forEach((config, i) => {
      claim(config, byName[i] as number, 'file name', 'file name')
    })
    return { inferences, problems: [] }
  }
  const listed = open[0]?.servers ?? []
  const free = listed.map(({ sid }) => sid).filter((sid) => !used.has(sid))
  if (free.length === open.length) {
    open.forEach((config, i) => {
      claim(config, free[i] as number, 'order', 'place among the files')
    })
    return { inferences, problems: [] }
  }
  return { inferences, problems: open.map((config) => unknowable(config, free)) }
}

/** The id in the only server line with the client port of the file. */
function sidByClientPort(config: ServerConfig): number | null {
  if (config.clientPort === 0) return null
  const matches = config.servers.filter((server) => server.clientPort === config.clientPort)
  return matches.length === 1 ? (matches[0]?.sid ?? null) : null
}

/**
 * The last number in the name of the file, if it is in the server list: `zoo-1.cfg`, `zoo1.cfg`,
 * `server.1.cfg`.
 */
function sidByFileName(config: ServerConfig): number | null {
  const name = config.file.split(/[\\/]/).at(-1) ?? ''
  const number = /(\d+)\D*$/.exec(name)?.[1]
  const sid = number === undefined ? Number.NaN : Number(number)
  return config.servers.some((server) => server.sid === sid) ? sid : null
}

function unknowable(config: ServerConfig, free: readonly number[]): Problem {
  const message =
    free.length === 0
      ? 'no server line is left for this file'
      : `cannot tell which of server.${free.join(', server.')} this is: its dataDir has no myid`
  const hint =
    free.length === 0 ? 'add one, or leave the file out' : `write the id into ${config.dataDir}/myid`
  return problem('error', originOf(config, 'dataDir'), message, hint)
}
