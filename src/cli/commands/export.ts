import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { type Exported, exportEnsemble, sidOf } from '../../config/export/export.ts'
import { type ExportFormat, FORMATS, usualDataDir } from '../../config/export/formats.ts'
import { isLoopback, readHosts } from '../../config/export/hosts.ts'
import { defineCommand } from '../command.ts'
import { usageError } from '../errors.ts'
import { clusterToExport, type ExportCluster } from '../exportCluster.ts'
import { checkTarget, writeExport } from '../exportFolder.ts'
import { exportDocument, exportText } from '../format/export.ts'
import { membersText } from '../format/words.ts'
import { type ClusterOptions, clusterOptions, folderOf, jsonOption } from '../options.ts'

interface ExportOptions extends ClusterOptions {
  hosts?: string
  format: ExportFormat
  out: string
  keepPorts?: boolean
  dataDir?: string
}

export const command = defineCommand<ExportOptions>({
  name: 'export',
  summary: 'write what hosts need to run Apache ZooKeeper with the data',
  description:
    'Writes a folder for each host with its zoo.cfg, myid and a copy of the data, and a README with the steps, so that Apache ZooKeeper goes on where this ensemble is. Every host gets the data of the member with the longest history. The cluster may run or be down; what is written while it is exported may not be in it.',
  options: [
    {
      flags: '--hosts <hosts>',
      description: 'a name or address for each member, by ascending id: h1,h2,h3; or 1=h1,2=h2',
    },
    {
      flags: '--format <what>',
      description: 'cfg (default), compose (docker-compose.yml) or systemd (unit files)',
      choices: FORMATS,
      default: 'cfg',
    },
    {
      flags: '--out <folder>',
      description: 'where it goes (default zk-export)',
      parse: folderOf('--out'),
      default: 'zk-export',
      complete: 'folder',
    },
    { flags: '--keep-ports', description: "the members' own ports instead of 2181, 2888 and 3888" },
    {
      flags: '--data-dir <path>',
      description: 'dataDir on the hosts (default /var/lib/zookeeper); {id} and {host} in it are filled in',
    },
    ...clusterOptions,
    jsonOption,
  ],
  examples: [
    ['zk-pseudo export --hosts zk1,zk2,zk3', 'configs, data and steps for three hosts'],
    ['zk-pseudo export --hosts zk1,zk2,zk3 --format compose', 'containers of the official image'],
  ],
  async run(_args, options, output) {
    const { format } = options
    const out = resolve(options.out)
    const cluster = await clusterToExport(options)
    const { hosts, changes } = planned(cluster, options)
    checkTarget(out)
    const { data, notes } = await writeExport(out, { format, cluster, hosts })
    const report = {
      cluster: cluster.name,
      out,
      format,
      hosts,
      data,
      changes,
      notes: [...warnings(cluster), ...notes],
    }
    if (output.json) output.document(exportDocument(report))
    else output.print(exportText(report, output))
    return undefined
  },
})

function planned(cluster: ExportCluster, options: ExportOptions): Exported {
  const { format, dataDir, keepPorts = false } = options
  const sids = cluster.members.map(sidOf)
  if (options.hosts === undefined) {
    throw usageError(
      `--hosts is missing: ${cluster.name} has ${membersText(sids)}, and each needs a host`,
      `for example: --hosts ${sids.map((_, i) => `zk${i + 1}`).join(',')}`,
    )
  }
  const hosts = readHosts(options.hosts, sids)
  if ('fault' in hosts) throw usageError(`--hosts: ${hosts.fault}`, hosts.hint)
  if (format === 'compose') checkCompose([...hosts.values()], dataDir)
  const folders = dataDir === undefined ? usualDataDir(format) : { dataDir, dataLogDir: `${dataDir}-log` }
  const exported = exportEnsemble(cluster.members, hosts, { keepPorts, ...folders })
  const [first] = exported.faults
  if (first !== undefined) throw usageError(first.fault, first.hint)
  return exported
}

/** Hosts are the names of services there. */
function checkCompose(hosts: readonly string[], dataDir: string | undefined): void {
  if (dataDir !== undefined) {
    throw usageError(
      '--data-dir is not for --format compose: the image has its data in /data',
      'leave it out',
    )
  }
  const unfit = hosts.find((host) => isIP(host) !== 0 || isLoopback(host))
  const repeated = hosts.find((host, i) => hosts.indexOf(host) !== i)
  if (unfit === undefined && repeated === undefined) return
  const message = unfit === undefined ? `${repeated} is named twice` : `${unfit} cannot be a container's name`
  throw usageError(
    `--hosts: ${message}`,
    'with --format compose the hosts are containers; name them as you like: --hosts zk1,zk2,zk3',
  )
}

function warnings({ isRunning, removed }: ExportCluster): string[] {
  const gone = `${membersText(removed)} left the ensemble by reconfiguration, and are not in the export`
  return [
    ...(isRunning ? ['it runs: what is written from now on is not in the export'] : []),
    ...(removed.length > 0 ? [gone] : []),
  ]
}
