import type { ClusterInfo } from '../../control/api.ts'
import { defineCommand } from '../command.ts'
import { nearest, usageError } from '../errors.ts'
import { logFormatter } from '../format/log.ts'
import { membersText } from '../format/words.ts'
import { openForReading } from '../openCluster.ts'
import { type ClusterOptions, clusterOptions, wholeNumber } from '../options.ts'
import { wantsColour } from '../output.ts'

interface LogsOptions extends ClusterOptions {
  follow?: boolean
  tail?: number
}

export const command = defineCommand<LogsOptions>({
  name: 'logs',
  summary: 'print the logs of all members, or of one',
  arguments: [
    {
      name: '[member]',
      description: 'its id, server.1, client port, or leader (all members)',
      complete: 'member',
    },
  ],
  options: [
    { flags: '-f, --follow', description: 'go on as lines are written' },
    {
      flags: '--tail <lines>',
      description: 'only the last lines',
      parse: wholeNumber('--tail', 0, 1_000_000),
    },
    ...clusterOptions,
    { flags: '--json', description: 'print the records as they are kept: JSON lines' },
  ],
  examples: [
    ['zk-pseudo logs', 'everything so far'],
    ['zk-pseudo logs -f leader', 'what the leader logs from now on, and before'],
    ['zk-pseudo logs 1 --tail 20', 'the last 20 lines of member 1'],
  ],
  async run([word, ...more], options, output) {
    if (more.length > 0)
      throw usageError('logs takes one member, or none for all', 'for example: zk-pseudo logs 1')
    const { connection } = await openForReading(options, output)
    const member = word === undefined ? undefined : memberNamed(word, await connection.cluster())
    const format = output.json
      ? JSON.stringify
      : logFormatter({ paint: output.paint, colours: wantsColour(process.stdout), stacks: true })
    const records = connection.logs({
      ...(member === undefined ? {} : { member }),
      ...(options.tail === undefined ? {} : { tail: options.tail }),
      follow: options.follow === true,
      signal: output.closed,
    })
    for await (const record of records) output.print(format(record))
    return undefined
  },
})

/** The id of the one member that `word` names. */
function memberNamed(word: string, cluster: ClusterInfo): number {
  if (word === 'leader') {
    if (cluster.leader !== null) return cluster.leader
    throw usageError('there is no leader now', 'name the member by its id; zk-pseudo ps shows them')
  }
  const number = /^(?:server\.)?(\d+)$/.exec(word)?.[1]
  const found = cluster.members.find(({ id, clientPort, secureClientPort }) => {
    return (
      number !== undefined &&
      (id === Number(number) || (number === word && (clientPort ?? secureClientPort) === Number(number)))
    )
  })
  if (found) return found.id
  const ids = cluster.members.map((member) => member.id)
  const meant = nearest(word, ['leader'])
  throw usageError(
    `"${word}" is no member of ${cluster.name}`,
    `${meant === null ? '' : `did you mean ${meant}? `}it has ${membersText(ids)}`,
  )
}
