/** The six verbs that act on members differ in words only: one declaration makes them all. */
import type { ClusterInfo, Verb } from '../api/api.ts'
import { type CommandSpec, defineCommand, type OptionSpec } from './command.ts'
import { forCluster } from './commandLine.ts'
import { setAsideText } from './format/setAside.ts'
import { verdictText } from './format/verdict.ts'
import { openCluster } from './openCluster.ts'
import {
  type ClusterOptions,
  clusterOptions,
  jsonOption,
  type WaitOptions,
  waitTimeoutOption,
} from './options.ts'
import { withProgress } from './progress.ts'
import { checkSelectors, selectorRule } from './selectors.ts'

interface ActionWords {
  verb: Verb
  summary: string
  description: string
  /** What a wait waits for: `waiting for a leader`. */
  waitingFor: string
  examples: CommandSpec['examples']
}

interface ActionOptions extends ClusterOptions, WaitOptions {
  wait: boolean
  resync?: boolean
}

const resyncOption: OptionSpec = {
  flags: '--resync',
  description: 'set their data aside (nothing is deleted) and take everything from the leader',
}

export function actionCommand(words: ActionWords): CommandSpec {
  const { verb } = words
  return defineCommand<ActionOptions>({
    name: verb,
    summary: words.summary,
    description: `${words.description} ${verb === 'start' ? 'Several members: start 1 2, or 1,2.' : selectorRule}`,
    arguments: [
      {
        name: '<selector...>',
        description:
          verb === 'start'
            ? 'members: 1, server.1, a client port, or all'
            : 'members: 1, server.1, a client port, leader, follower, majority, …',
        complete: verb === 'start' ? 'dead-selector' : 'selector',
      },
    ],
    options: [
      ...(verb === 'start' ? [resyncOption] : []),
      { flags: '--no-wait', description: 'do not wait for what the ensemble makes of it' },
      waitTimeoutOption('how long to wait for a leader with a quorum, or the certainty of none', 10),
      ...clusterOptions,
      jsonOption,
    ],
    examples: words.examples,
    async run(selectors, options, output) {
      checkSelectors(verb, selectors)
      const { connection } = await openCluster(options)
      const look = (): Promise<ClusterInfo> => connection.cluster()
      const before = output.json ? null : await look()
      const { wait, waitTimeout: waitTimeoutMs, resync } = options
      const request = { verb, selectors, wait, waitTimeoutMs, ...(resync === true ? { resync } : {}) }
      const verdict = await withProgress(output, words.waitingFor, look, connection.action(request))
      if (output.json) {
        output.document(verdict)
        return undefined
      }
      // The answer stands even if the cluster cannot be asked again (it may be going down).
      const after = await look().catch(() => null)
      const view = { verb, verdict, before, after, waited: options.wait, paint: output.paint }
      output.tell([forCluster(verdictText(view), options), ...setAsideText(verdict)].join('\n'))
      return undefined
    },
  })
}
