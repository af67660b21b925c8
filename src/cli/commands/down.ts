import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isAlive } from '../../supervisor/processes.ts'
import { defineCommand } from '../command.ts'
import { OperationError } from '../errors.ts'
import { defaultDir } from '../findCluster.ts'
import { countText } from '../format/words.ts'
import { type OpenCluster, openCluster } from '../openCluster.ts'
import { type ClusterOptions, clusterOptions, jsonOption } from '../options.ts'
import { withProgress } from '../progress.ts'
import { removeVolumes } from '../supervise.ts'

interface DownOptions extends ClusterOptions {
  volumes?: boolean
}

interface Downed {
  /** Null when nothing was running. */
  name: string | null
  /** The members that were ended. */
  members: number[]
  /** Files and folders that were removed. */
  removed: string[]
}

export const command = defineCommand<DownOptions>({
  name: 'down',
  summary: 'stop everything; safe to repeat',
  description:
    'Stops all members gracefully and ends the supervisor. Data stays, and the next up goes on with it.',
  options: [
    {
      flags: '-v, --volumes',
      description: 'remove data, logs and configs too, but only what zk-pseudo made',
    },
    ...clusterOptions,
    jsonOption,
  ],
  examples: [
    ['zk-pseudo down', 'the data stays for the next up'],
    ['zk-pseudo down --volumes', 'leave nothing behind'],
  ],
  async run(_args, options, output) {
    const open = await openIfRunning(options)
    const downed: Downed = { name: open?.running.name ?? null, members: [], removed: [] }
    if (open) {
      const { members } = await open.connection.cluster()
      downed.members = members.filter((member) => member.exit === null).map((member) => member.id)
      const down = async (): Promise<void> => {
        await open.connection.down()
        await ended(open.running.pid)
      }
      await withProgress(output, 'waiting for the members to stop', () => open.connection.cluster(), down())
    }
    if (options.volumes) {
      downed.removed = await removeVolumes(open?.running.dir ?? resolve(options.dir ?? defaultDir))
    }
    if (output.json) output.document(downed)
    else output.print(downedText(downed, options.volumes === true))
    return undefined
  },
})

/** Where a cluster was started from, `down` means that one, though it is down already: never another that runs. */
function ownFirst(options: ClusterOptions): ClusterOptions {
  const isNamed =
    options.name !== undefined || options.dir !== undefined || (process.env.ZK_PSEUDO_NAME ?? '') !== ''
  return !isNamed && existsSync(join(defaultDir, 'cluster.json')) ? { ...options, dir: defaultDir } : options
}

/** Null when the cluster is not running, which `down` takes as done. */
async function openIfRunning(options: ClusterOptions): Promise<OpenCluster | null> {
  try {
    return await openCluster(ownFirst(options))
  } catch (error) {
    if (error instanceof OperationError && error.code === 'NO_CLUSTER') return null
    throw error
  }
}

/** Resolves when the process is gone; throws after ten seconds. */
async function ended(pid: number): Promise<void> {
  const deadline = performance.now() + 10_000
  while (isAlive({ pid, startTime: null })) {
    if (performance.now() > deadline) {
      throw new OperationError(
        'STILL_RUNNING',
        `all members have ended, but the supervisor (process ${pid}) still runs after 10 s`,
        `end it with: kill ${pid}`,
      )
    }
    await new Promise((done) => setTimeout(done, 5))
  }
}

function downedText({ name, members, removed }: Downed, volumes: boolean): string {
  const lines = [
    name === null ? 'nothing is running' : `${name} is down: ${countText(members.length, 'member')} stopped`,
  ]
  if (volumes)
    lines.push(removed.length === 0 ? 'nothing to remove' : `removed ${removed.join('\n        ')}`)
  return lines.join('\n')
}
