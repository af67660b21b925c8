import type { LogRecord } from '../../control/connection.ts'
import { LOG_LEVELS } from '../../supervisor/logs/logQuery.ts'
import { defineCommand } from '../command.ts'
import { logFormatter } from '../format/log.ts'
import { wrap } from '../format/wrap.ts'
import { membersNamed } from '../memberNames.ts'
import { type ClusterOptions, clusterOptions, parseMoment, wholeNumber } from '../options.ts'
import { wantsColour } from '../output.ts'
import { noteEnding, openToRead } from '../readCluster.ts'

interface LogsOptions extends ClusterOptions {
  follow?: boolean
  tail?: number
  since?: number
  level?: keyof typeof LOG_LEVELS
}

/** A continued line is indented to where the text of `member 0 | ` begins. */
const HANG = 'member 0 | '.length

export const command = defineCommand<LogsOptions>({
  name: 'logs',
  summary: 'print the logs of all members, or of some',
  description:
    'Prints the logs of all members, or of some, by time. Of a cluster that is down it prints what its folder holds.',
  arguments: [
    {
      name: '[member...]',
      description: 'ids, server.1, client ports, or leader (all members)',
      complete: 'member',
    },
  ],
  options: [
    { flags: '-f, --follow', description: 'go on as lines are written' },
    {
      flags: '-n, --tail <lines>',
      description: 'only the last lines',
      parse: wholeNumber('--tail', 0, 1_000_000),
    },
    {
      flags: '--since <when>',
      description: 'not what is older: 5m, 1h30m, 14:03, or 2026-12-01T14:03:07',
      parse: parseMoment('--since'),
    },
    {
      flags: '--level <least>',
      description: 'debug, info, warn or error, and what is worse (default: all)',
      choices: Object.keys(LOG_LEVELS),
    },
    ...clusterOptions,
    { flags: '--json', description: 'print the records as they are kept: JSON lines' },
  ],
  examples: [
    ['zk-pseudo logs', 'everything so far'],
    ['zk-pseudo logs -f leader', 'what the leader logs from now on, and before'],
    ['zk-pseudo logs 0 1 -n 20', 'the last 20 lines of members 0 and 1'],
    ['zk-pseudo logs --since 5m --level warn', 'what went wrong lately'],
  ],
  async run(words, options, output) {
    const cluster = await openToRead(options, output)
    const { connection } = cluster
    const members = words.length === 0 ? undefined : membersNamed(words, await connection.cluster())
    await noteEnding(cluster, output)
    const pretty = logFormatter({ paint: output.paint, colours: wantsColour(process.stdout), stacks: true })
    const fitted = (record: LogRecord) => {
      const lines = pretty(record).split('\n')
      return lines.flatMap((line) => wrap(line, output.tableColumns, HANG)).join('\n')
    }
    const format = output.json ? JSON.stringify : fitted
    const { level, since, tail } = options
    const records = connection.logs({
      ...(members === undefined ? {} : { members }),
      ...(tail === undefined ? {} : { tail }),
      ...(since === undefined ? {} : { sinceMs: since }),
      ...(level === undefined ? {} : { level: LOG_LEVELS[level] }),
      follow: options.follow === true,
      signal: output.closed,
    })
    for await (const record of records) output.print(format(record))
    return undefined
  },
})
