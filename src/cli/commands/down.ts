import { connectTo } from '../../control/client.ts'
import { presenceIn } from '../../supervisor/folder/presence.ts'
import type { Kept, Removal } from '../../supervisor/folder/volumes.ts'
import { defineCommand } from '../command.ts'
import { endCluster, untilGone } from '../endCluster.ts'
import { exitCodes } from '../errors.ts'
import { chooseFolder, ifRunning, type RunningCluster } from '../findCluster.ts'
import { removalLines } from '../format/removal.ts'
import { countText } from '../format/words.ts'
import { cannotAnswer, place } from '../openCluster.ts'
import { type ClusterOptions, clusterOptions, jsonOption } from '../options.ts'
import type { Output } from '../output.ts'
import { withProgress } from '../progress.ts'
import { removeVolumes } from '../removeVolumes.ts'
import { runningClusters } from '../runningClusters.ts'

interface DownOptions extends ClusterOptions {
  volumes?: boolean
  verbose?: boolean
}

interface Downed {
  /** Null when nothing was running. */
  name: string | null
  /** The members that were ended. */
  members: number[]
  /** Files and folders that were removed. */
  removed: string[]
  /** What was kept although data was to be removed, and why. */
  kept: Kept[]
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
    { flags: '--verbose', description: 'with --volumes: name each path that was removed' },
    ...clusterOptions,
    jsonOption,
  ],
  examples: [
    ['zk-pseudo down', 'the data stays for the next up'],
    ['zk-pseudo down --volumes', 'leave nothing behind; -v is short for it, as in Compose'],
    ['zk-pseudo down -v --verbose', 'the same, and name what goes'],
  ],
  async run(_args, options, output) {
    const volumes = options.volumes === true
    // Only what belongs to this folder is removed, running or not, and never another cluster that may run.
    const folder = volumes ? chooseFolder(options, place()) : null
    const all = await runningClusters(options.dir)
    const running = folder === null ? ifRunning(all, options, place()) : await presenceIn(folder)
    const downed: Downed = { name: running?.name ?? null, members: [], removed: [], kept: [] }
    if (running !== null) downed.members = await end(running, output)
    const emptied = running?.condition === 'removed' ? null : (running?.dir ?? folder)
    const removal = volumes && emptied !== null ? await removeVolumes(emptied) : NOTHING
    downed.removed = removal.removed
    downed.kept = [...removal.kept, ...removal.failed]
    const lines = volumes ? removalLines(downed, options.verbose === true) : []
    if (output.json) output.document(downed)
    else output.print([downedText(downed, all.length > 0), ...lines].join('\n'))
    return removal.failed.length > 0 ? exitCodes.failed : exitCodes.done
  },
})

const NOTHING: Removal = { removed: [], kept: [], failed: [] }

/** Answers the members that were ended. */
async function end(running: RunningCluster, output: Output): Promise<number[]> {
  // It has noticed within a second that its folder is gone, and ends itself.
  if (running.condition === 'removed') {
    await withProgress(output, 'waiting for it to end', null, untilGone(running.dir, running.pid))
    return []
  }
  if (running.condition !== 'answers') throw cannotAnswer(running)
  const connection = connectTo(running.dir)
  const { members } = await connection.cluster()
  const ended = endCluster(connection, running.dir)
  await withProgress(output, 'waiting for the members to stop', () => connection.cluster(), ended)
  return members.filter((member) => member.exit === null).map((member) => member.id)
}

function downedText({ name, members }: Downed, isOther: boolean): string {
  if (name !== null) return `${name} is down: ${countText(members.length, 'member')} stopped`
  return isOther ? 'nothing is running here; zk-pseudo ls shows what runs elsewhere' : 'nothing is running'
}
