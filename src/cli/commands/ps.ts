import type { ClusterInfo } from '../../control/api.ts'
import { defineCommand } from '../command.ts'
import { forCluster } from '../commandLine.ts'
import { clusterReport, contractOf } from '../format/cluster.ts'
import { openForReading } from '../openCluster.ts'
import { type ClusterOptions, clusterOptions, jsonOption } from '../options.ts'

export const command = defineCommand<ClusterOptions>({
  name: 'ps',
  summary: 'show who leads, epoch, zxid, ports, connections',
  options: [...clusterOptions, jsonOption],
  examples: [
    ['zk-pseudo ps', 'all members, the dead ones too'],
    ['zk-pseudo ps --json | jq .leader', 'the id of the leader'],
  ],
  async run(_args, options, output) {
    const { connection } = await openForReading(options, output)
    const cluster: ClusterInfo = await connection.cluster()
    if (output.json) output.document(contractOf(cluster))
    else output.print(forCluster(clusterReport(cluster, output).join('\n'), options))
    return undefined
  },
})
