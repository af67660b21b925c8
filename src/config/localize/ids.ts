/**
 * Which file belongs to which member, when every host has a zoo.cfg of its own. Pure.
 *
 * A file is identified by the first of these that it has: a myid of its own; the one server line in which it
 * calls itself 0.0.0.0; an address for clients that is the host of a server line; the host of a server line
 * in its path (`s1/zoo.cfg`, `zoo-s1.cfg`); and then, as for files without a myid (identity.ts), the client
 * port, a number in its name, and its place among the files.
 */
import { type Inference, inferSids } from '../load/identity.ts'
import { type Location, type Problem, problem } from '../problem.ts'
import type { ServerConfig, ServerSpec } from '../serverConfig.ts'
import { isWildcard } from '../servers/ports.ts'

interface FileOfHost {
  config: ServerConfig
  /** The id in a myid that belongs to this file and to no other. */
  myid: { sid: number; where: Location } | null
}

export interface KnownFile {
  sid: number
  /** How the member was identified, for people: `its host name s1`. */
  by: string
}

/** @returns the identified files by name, and an error for each file that could not be identified */
export function identify(files: readonly FileOfHost[]): {
  known: Map<string, KnownFile>
  problems: Problem[]
} {
  const known = new Map<string, KnownFile>()
  const problems: Problem[] = []
  const owners = new Map<number, string>()
  for (const each of files) {
    const found = ownWords(each)
    if (found === null) continue
    const { config, myid } = each
    const where = myid?.where ?? { file: config.file, line: null }
    const owner = owners.get(found.sid)
    if (owner !== undefined) {
      const message = `is server.${found.sid} by ${found.by}, and so is ${owner} by ${known.get(owner)?.by}`
      problems.push(problem('error', where, message, 'write each its id into a file myid beside it'))
    } else if (!config.servers.some(({ sid }) => sid === found.sid)) {
      const ids = config.servers.map(({ sid }) => sid).join(', ')
      const message = `the id ${found.sid} is not in the server list of ${config.file}, which has ${ids}`
      problems.push(problem('error', where, message, 'write one of these'))
    }
    owners.set(found.sid, config.file)
    known.set(config.file, found)
  }
  if (problems.length > 0) return { known, problems }
  const candidates = files.map(({ config }) => ({ config, sid: known.get(config.file)?.sid ?? null }))
  const inferred = inferSids(candidates)
  for (const { file, sid, by } of inferred.inferences) known.set(file, { sid, by: WORDS[by] })
  return { known, problems: inferred.problems.map(besideIt) }
}

const WORDS: Record<Inference['by'], string> = {
  'client port': 'its client port',
  'file name': 'the number in its name',
  order: 'its place among the files',
}

/** The dataDir belongs to another machine, so the id is to be written beside the file. */
function besideIt(one: Problem): Problem {
  const message = one.message.replace(/: its dataDir has no myid$/, '')
  return message === one.message ? one : { ...one, message, hint: 'write its id into a file myid beside it' }
}

function ownWords({ config, myid }: FileOfHost): KnownFile | null {
  if (myid !== null) return { sid: myid.sid, by: 'its myid' }
  const { servers, file, origin } = config
  const unnamed = only(servers.filter(({ host }) => isWildcard(host)))
  if (unnamed !== null && servers.length > 1) return { sid: unnamed.sid, by: `its own ${unnamed.host}` }
  const address = 'clientPortAddress' in origin ? config.clientPortAddress : null
  const there = address === null ? null : only(servers.filter(({ host }) => isSameHost(host, address)))
  if (there !== null) return { sid: there.sid, by: `its clientPortAddress ${address}` }
  const words = new Set(pathWords(file))
  const named = only(servers.filter(({ host }) => hostNames(host).some((name) => words.has(name))))
  return named === null ? null : { sid: named.sid, by: `its host name ${named.host}` }
}

function only(servers: readonly ServerSpec[]): ServerSpec | null {
  return servers.length === 1 ? (servers[0] ?? null) : null
}

function isSameHost(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

/** The host, and the first label of a name: `s1.example.com`, `s1`. */
function hostNames(host: string): string[] {
  const lower = host.toLowerCase()
  const isAddress = lower.includes(':') || /^[\d.]+$/.test(lower)
  return isAddress ? [lower, lower.replaceAll(':', '-')] : [lower, lower.split('.')[0] as string]
}

/** The folder and the name of the file, whole and in pieces: `zoo-s1.cfg` contains s1. */
function pathWords(file: string): string[] {
  const parts = file.toLowerCase().split(/[\\/]/).slice(-2)
  return parts.flatMap((part) => {
    const stem = part.replace(/\.(cfg|conf|properties)$/, '')
    const pieces = stem.split(/^(?:zoo|zookeeper|zk)[-_.]?|\.cfg[-_.]?|[-_]/)
    return [part, stem, ...pieces].filter((word) => word !== undefined && word !== '')
  })
}
