/** A cluster for commands that only read: asked while it runs, and read from its folder when it is over. */
import type { Connection, LogRecord } from '../control/connection.ts'
import { type Ending, type PastCluster, pastCluster } from '../supervisor/folder/pastCluster.ts'
import { recordIn } from '../supervisor/logs/lineFile.ts'
import { exitCodes, OperationError } from './errors.ts'
import type { ClusterWish } from './findCluster.ts'
import { momentText } from './format/words.ts'
import { meantCluster } from './meantCluster.ts'
import { opened } from './openCluster.ts'
import type { Output } from './output.ts'

interface ReadCluster {
  connection: Pick<Connection, 'cluster' | 'events' | 'logs'>
  /** Null while it runs. */
  ending: Ending | null
}

/** @throws OperationError, exit code 3, when there is nothing to be read */
export async function openToRead(wish: ClusterWish, output: Output): Promise<ReadCluster> {
  const { dir, running } = await meantCluster(wish, output)
  if (running !== null) {
    const { connection } = opened(running)
    const lost = await connection.cluster().then(
      () => null,
      (error: unknown) => error,
    )
    if (lost === null) return { connection, ending: null }
    if (!(lost instanceof OperationError && lost.code === 'NO_CLUSTER')) throw lost
  }
  const past = await pastCluster(dir)
  if (past !== null) return { connection: remains(past), ending: past.ending }
  const message = `no cluster of ${dir} is running`
  throw new OperationError('NO_CLUSTER', message, 'start one: zk-pseudo up 3 -d', exitCodes.noCluster)
}

function remains(past: PastCluster): ReadCluster['connection'] {
  return {
    cluster: async () => past.info,
    events: async function* ({ since = 0 }) {
      for (const event of past.events) if (event.seq > since) yield event
    },
    logs: async function* (query) {
      for (const line of past.logs(query)) yield* recordIn<LogRecord>(line)
    },
  }
}

/** States on stderr that the cluster is over. */
export async function noteEnding({ connection, ending }: ReadCluster, output: Output): Promise<void> {
  if (ending === null) return
  const { name } = await connection.cluster()
  output.note(`${name} is down: ${endingText(ending)}; this is what its folder holds`)
}

/** `it was stopped at 03:04:05`. */
export function endingText({ how, at, supervisorPid }: Ending): string {
  if (how === 'unknown' || at === null) return 'how it ended is not known'
  if (how === 'stopped') return `it was stopped on ${momentText(at)}`
  const who = supervisorPid === null ? 'its supervisor' : `its supervisor (process ${supervisorPid})`
  return `${who} was killed or crashed, last seen on ${momentText(at)}`
}
