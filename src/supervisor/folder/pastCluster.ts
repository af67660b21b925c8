/** A cluster that has ended, read from its folder: which members it had, what happened, and how it ended. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterEvent, ClusterInfo, MemberInfo } from '../../api/api.ts'
import { loadEnsemble } from '../../config/load/load.ts'
import { ownServer, type ServerConfig } from '../../config/serverConfig.ts'
import { clientEndpoint, endpointText } from '../../config/servers/clientEndpoint.ts'
import type { Engine } from '../../host/host.ts'
import { formatZxid, type Zxid } from '../../protocol/zxid.ts'
import { linesAt, previousOf, recordIn } from '../logs/lineFile.ts'
import { type LogQuery, selectLines } from '../logs/logQuery.ts'
import { ClusterDir, type ClusterManifest } from './clusterDir.ts'

/** How a cluster ended. */
export interface Ending {
  /**
   * `stopped`: it ended gracefully. `died`: its supervisor was killed or crashed, and its members ended with
   * it.
   */
  how: 'stopped' | 'died' | 'unknown'
  /** The time when it went down, or its last sign of life, in ms since 1970. */
  at: number | null
  /** The pid of the supervisor that died, if it is known. */
  supervisorPid: number | null
}

export interface PastCluster {
  readonly info: ClusterInfo
  readonly ending: Ending
  /** The events of its last run, oldest first. */
  readonly events: readonly ClusterEvent[]
  /** The log as pino's lines. */
  logs(query: LogQuery): string[]
}

/** Null if there never was a cluster. */
export async function pastCluster(path: string): Promise<PastCluster | null> {
  const dir = new ClusterDir(path)
  const { manifest } = dir
  if (manifest === null) return null
  const events = eventsAt(dir.eventsPath)
  const { files } = manifest.request
  const conf = join(path, 'conf')
  const paths = files.length > 0 ? files : existsSync(conf) ? [conf] : []
  const { members: configs } = await loadEnsemble(paths, { lookup: null })
  const members = configs.map((config) => memberOf(config, manifest, events))
  const epochs = members.flatMap(({ epoch }) => (epoch === null ? [] : [epoch]))
  return {
    info: {
      name: manifest.name,
      dir: path,
      supervisorPid: 0,
      connectString: configs.map((config) => endpointText(clientEndpoint(config))).join(','),
      quorum: false,
      leader: null,
      epoch: epochs.length === 0 ? null : Math.max(...epochs),
      members,
    },
    ending: endingOf(events, path),
    events,
    logs: (query) => {
      const wanted = query.members ?? [null, ...members.map(({ id }) => id)]
      const read = (file: string, count: number | undefined) => {
        const lines = [...linesAt(previousOf(file), count), ...linesAt(file, count)]
        return count === undefined ? lines : lines.slice(lines.length - Math.min(count, lines.length))
      }
      return selectLines(
        wanted.map((member) => dir.logPath(member)),
        query,
        read,
      )
    },
  }
}

/** A file that was full is continued by the next one; a file that starts afresh is independent. */
function eventsAt(path: string): ClusterEvent[] {
  const events = linesAt(path).flatMap(recordIn<ClusterEvent>)
  const first = events[0]?.seq ?? 1
  if (first === 1) return events
  return [
    ...linesAt(previousOf(path))
      .flatMap(recordIn<ClusterEvent>)
      .filter(({ seq }) => seq < first),
    ...events,
  ]
}

function endingOf(events: readonly ClusterEvent[], path: string): Ending {
  const last = events.at(-1)
  if (last === undefined) return { how: 'unknown', at: null, supervisorPid: null }
  const isStopped = events.some(({ event }) => event.type === 'cluster-down')
  if (isStopped) return { how: 'stopped', at: last.at, supervisorPid: null }
  return { how: 'died', at: Math.max(...events.slice(-100).map(({ at }) => at)), supervisorPid: pidIn(path) }
}

function pidIn(path: string): number | null {
  try {
    const { pid } = JSON.parse(readFileSync(join(path, 'supervisor.json'), 'utf8')) as { pid?: unknown }
    return typeof pid === 'number' ? pid : null
  } catch {
    return null
  }
}

type Life = Pick<MemberInfo, 'state' | 'epoch' | 'zxid' | 'restarts' | 'exit'>

function memberOf(
  config: ServerConfig,
  { request, engines }: ClusterManifest,
  events: readonly ClusterEvent[],
): MemberInfo {
  const id = config.sid ?? 1
  const own = ownServer(config)
  const known: Readonly<Record<number, Engine>> = engines ?? {}
  return {
    id,
    role: null,
    isolation: request.isolation,
    pid: null,
    clientHost: clientEndpoint(config).host,
    clientPort: config.clientPort || null,
    secureClientPort: config.secureClientPort.port,
    quorumPort: own?.quorumPort ?? null,
    electionPort: own?.electionPort ?? null,
    connections: null,
    dataDir: config.dataDir,
    config: config.file,
    uptimeMs: null,
    voter: config.peerType === 'participant',
    listed: true,
    engine: known[id] ?? 'zk-pseudo',
    ...lifeOf(events.filter(({ member }) => member === id)),
  }
}

function lifeOf(events: readonly ClusterEvent[]): Life {
  const life: Life = { state: 'stopped', epoch: null, zxid: null, restarts: -1, exit: 'stopped' }
  for (const { event } of events) {
    if (event.type === 'member-started')
      Object.assign(life, { state: 'running', restarts: life.restarts + 1 })
    else if (event.type === 'member-killed') Object.assign(life, { state: 'killed', exit: 'killed' })
    else if (event.type === 'member-stopped') Object.assign(life, { state: 'stopped', exit: 'stopped' })
    else if (event.type === 'member-crashed')
      Object.assign(life, { state: 'crashed', exit: `${event.code}: ${event.reason.split('\n')[0]}` })
    else if (event.type === 'role' || event.type === 'serving')
      Object.assign(life, { epoch: event.epoch, zxid: formatZxid(event.zxid as Zxid) })
  }
  const isCutOff = life.state === 'running'
  return {
    ...life,
    ...(isCutOff ? { state: 'killed', exit: 'ended with its supervisor' } : {}),
    restarts: Math.max(0, life.restarts),
  }
}
