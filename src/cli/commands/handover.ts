import type { HandoverReport } from '../../api/api.ts'
import { defineCommand } from '../command.ts'
import { forCluster } from '../commandLine.ts'
import { exitCodes, usageError } from '../errors.ts'
import { handoverText } from '../format/handover.ts'
import { openCluster } from '../openCluster.ts'
import {
  type ClusterOptions,
  clusterOptions,
  jsonOption,
  type WaitOptions,
  waitTimeoutOption,
} from '../options.ts'
import { withProgress } from '../progress.ts'
import { checkSelectors } from '../selectors.ts'
import { engineWords } from '../upRequest.ts'

interface HandoverOptions extends ClusterOptions, WaitOptions {
  to?: (typeof engineWords)[number]
}

export const command = defineCommand<HandoverOptions>({
  name: 'handover',
  summary: 'move members to Apache ZooKeeper, or back, while they serve',
  description:
    'Replaces what runs the members of a running ensemble, one at a time: observers and followers first, the leader last. Each keeps its id, ports and data, and must be in sync before the next one is stopped; there is a quorum all the while. A member that does not come in sync is run by its old engine again, and the handover ends there.',
  arguments: [
    {
      name: '[selector...]',
      description: 'which members, as for kill (default: all that have another engine)',
      complete: 'selector',
    },
  ],
  options: [
    {
      flags: '--to <engine>',
      description: 'apache or zk-pseudo',
      choices: engineWords,
    },
    waitTimeoutOption('how long each member may take to be in sync', 60),
    ...clusterOptions,
    jsonOption,
  ],
  examples: [
    ['zk-pseudo handover --to apache', 'every member, and no client notices more than an election'],
    ['zk-pseudo handover --to apache 0', 'member 0 alone'],
    ['zk-pseudo handover --to zk-pseudo', 'and back'],
  ],
  async run(selectors, { to, waitTimeout, ...options }, output) {
    if (to === undefined)
      throw usageError('handover needs to know what to', 'for example: zk-pseudo handover --to apache')
    checkSelectors('restart', selectors)
    const { connection } = await openCluster(options)
    const look = () => connection.cluster()
    const hangUp = new AbortController()
    const interrupted = () => hangUp.abort()
    process.once('SIGINT', interrupted)
    process.once('SIGTERM', interrupted)
    try {
      const work = connection.handover({ to, selectors, waitTimeoutMs: waitTimeout }, hangUp.signal)
      const report: HandoverReport = await withProgress(output, `moving to ${to}`, look, work)
      if (output.json) output.document(report)
      else output.tell(forCluster(handoverText(report, output.paint), options))
      return report.problem === null ? exitCodes.done : exitCodes.failed
    } catch (error) {
      if (!hangUp.signal.aborted) throw error
      output.note('interrupted: the member under way is finished, and the handover stops after it')
      output.note(forCluster('  to see it: zk-pseudo ps; to go on later: the same command again', options))
      return INTERRUPTED
    } finally {
      process.off('SIGINT', interrupted)
      process.off('SIGTERM', interrupted)
    }
  },
})

/** The exit code that a shell reports for a program that Ctrl-C ended: 128 + SIGINT. */
const INTERRUPTED = 130
