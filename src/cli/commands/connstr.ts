import { defineCommand } from '../command.ts'
import { openCluster } from '../openCluster.ts'
import { type ClusterOptions, clusterOptions, jsonOption } from '../options.ts'

export const command = defineCommand<ClusterOptions>({
  name: 'connstr',
  summary: 'print the connect string and nothing else',
  options: [...clusterOptions, jsonOption],
  examples: [['zkCli.sh -server "$(zk-pseudo connstr)"', 'give it to any client']],
  async run(_args, options, output) {
    const { connection } = await openCluster(options)
    const { connectString } = await connection.cluster()
    if (output.json) output.document({ connectString })
    else output.print(connectString)
    return undefined
  },
})
