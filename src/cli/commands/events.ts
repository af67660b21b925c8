import { defineCommand } from '../command.ts'
import { eventLine } from '../format/event.ts'
import { clockText } from '../format/words.ts'
import { openForReading } from '../openCluster.ts'
import { type ClusterOptions, clusterOptions, wholeNumber } from '../options.ts'

interface EventsOptions extends ClusterOptions {
  follow?: boolean
  relative?: boolean
  since?: number
}

export const command = defineCommand<EventsOptions>({
  name: 'events',
  summary: 'print votes, elections, syncs, sessions, faults',
  options: [
    { flags: '-f, --follow', description: 'go on as things happen' },
    { flags: '--relative', description: 'times as seconds since the first event shown' },
    {
      flags: '--since <seq>',
      description: 'only events after this number (seq in --json)',
      parse: wholeNumber('--since', 0, Number.MAX_SAFE_INTEGER),
    },
    ...clusterOptions,
    { flags: '--json', description: 'print JSON lines' },
  ],
  examples: [
    ['zk-pseudo events -f', 'then, elsewhere: zk-pseudo kill leader'],
    ['zk-pseudo events --relative', 'every vote, with the time since the first'],
    [`zk-pseudo events --json | jq -c 'select(.event.type == "elected")'`, ''],
  ],
  async run(_args, options, output) {
    const { connection } = await openForReading(options, output)
    const events = connection.events({
      ...(options.since === undefined ? {} : { since: options.since }),
      follow: options.follow === true,
      signal: output.closed,
    })
    let first: number | null = null
    for await (const event of events) {
      if (output.json) {
        output.document(event)
        continue
      }
      first ??= event.at
      const when = options.relative ? relativeText(event.at - first) : clockText(event.at)
      output.print(eventLine(event, when, output.paint))
    }
    return undefined
  },
})

function relativeText(ms: number): string {
  return `+${(ms / 1000).toFixed(3)}`.padStart(10)
}
