import { defineCommand } from '../command.ts'
import { forCluster } from '../commandLine.ts'
import { exitCodes } from '../errors.ts'
import { clusterReport, contractOf } from '../format/cluster.ts'
import { type ClusterOptions, clusterOptions, jsonOption } from '../options.ts'
import { endingText, openToRead } from '../readCluster.ts'

interface PsOptions extends ClusterOptions {
  output?: 'wide'
}

export const command = defineCommand<PsOptions>({
  name: 'ps',
  summary: 'show who leads, epoch, zxid, ports, connections',
  description:
    'Shows all members, the dead ones too. Of a cluster that is down it shows what its folder holds, and how it ended; the exit code is 3 then.',
  options: [
    {
      flags: '-o, --output <how>',
      description: 'wide: every column, engines, configs and data folders too, however long the lines',
      choices: ['wide'],
    },
    ...clusterOptions,
    jsonOption,
  ],
  examples: [
    ['zk-pseudo ps', 'all members, the dead ones too'],
    ['zk-pseudo ps -o wide', 'with engines, configs and data folders'],
    ['zk-pseudo ps --json | jq .leader', 'the id of the leader'],
  ],
  async run(_args, options, output) {
    const { connection, ending } = await openToRead(options, output)
    const cluster = await connection.cluster()
    const ended = ending === null ? null : endingText(ending)
    if (output.json)
      output.document({ ...contractOf(cluster), ...(ending === null ? {} : { ended: ending }) })
    else {
      const report = clusterReport(cluster, output, { isWide: options.output === 'wide', ended })
      output.tell(forCluster(report.join('\n'), options))
    }
    return ending === null ? exitCodes.done : exitCodes.noCluster
  },
})
