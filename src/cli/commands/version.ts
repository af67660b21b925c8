import { defineCommand } from '../command.ts'
import { type JsonOptions, jsonOption } from '../options.ts'
import { readVersion } from '../version.ts'

export const command = defineCommand<JsonOptions>({
  name: 'version',
  summary: 'print the version',
  options: [jsonOption],
  examples: [['zk-pseudo version --json', 'with the versions of Node.js and the platform']],
  async run(_args, _options, output) {
    const version = readVersion()
    const { platform, arch, versions } = process
    if (output.json) output.document({ version, node: versions.node, platform: `${platform}-${arch}` })
    else output.print(version)
    return undefined
  },
})
