/** The README of an export: what the export is, and the steps to a running ensemble. */

import { bracketed } from '../servers/servers.ts'
import type { ExportedHost, ExportOrder } from './order.ts'
import { SYSTEMD_CONFIG, SYSTEMD_HOME } from './systemd.ts'

export function readme(order: ExportOrder): string {
  const { format, hosts } = order
  const steps = { cfg: handSteps, compose: composeSteps, systemd: systemdSteps }[format](order)
  const connect = hosts
    .filter(({ role }) => role === 'participant')
    .map(addressOf)
    .join(',')
  const parts = [
    '# An ensemble for Apache ZooKeeper',
    'Made by `zk-pseudo export`, for Apache ZooKeeper 3.8 or later.',
    ...table(hosts),
    ...dataSection(order),
    ...fileSection(hosts),
    '## Steps',
    steps.map((step, i) => `${i + 1}. ${step}`).join('\n'),
    ...(format === 'compose' ? [] : [`Clients connect to \`${connect}\`.`]),
  ]
  return `${parts.join('\n\n')}\n`
}

function addressOf({ host, clientPort }: ExportedHost): string {
  return `${bracketed(host)}:${clientPort}`
}

function table(hosts: readonly ExportedHost[]): string[] {
  const rows = hosts.map(({ sid, role, host, folder, clientPort, quorumPort, electionPort }) => {
    const between = quorumPort === null ? 'none' : `${quorumPort}, ${electionPort}`
    return `| ${sid} | ${role} | ${host} | ${clientPort} | ${between} | \`${folder}/\` |`
  })
  const head =
    '| id | role | host | port for clients | ports for servers | folder |\n|---|---|---|---|---|---|'
  return [`${head}\n${rows.join('\n')}`]
}

function dataSection({ data }: ExportOrder): string[] {
  if (data === null) return ['## The data', 'There was none: the servers begin empty.']
  const { from, zxid, epoch, znodes } = data
  return [
    '## The data',
    `Every host gets the same data, that of member ${from}: ${znodes} znodes, up to zxid ${zxid} of epoch ${epoch}. ` +
      'Of all members it had the longest history, so it holds every write that was acknowledged before the export; ' +
      'data of several members, copied at different times, would not be sure to fit together. It was read back as a ' +
      'server that starts reads it.',
    '**What is written after the export is not in it.** Stop the writers, or the ensemble, before you export for good. ' +
      'Sessions are in the data: those that nobody goes on with expire, and their ephemeral znodes go.',
  ]
}

function fileSection(hosts: readonly ExportedHost[]): string[] {
  const files = [...new Set(hosts.flatMap((host) => host.files))]
  if (files.length === 0) return []
  const list = files.map((file) => `- \`${file}\``).join('\n')
  return [
    '## Other files',
    `The configs name these; they are not in the export, and each host needs its own there:`,
    list,
  ]
}

function together(hosts: readonly ExportedHost[]): string {
  return hosts.length === 1
    ? 'Start it'
    : 'Start all hosts; they serve as soon as a majority of the participants has found one another'
}

const check = (host: ExportedHost): string =>
  `Look: \`echo srvr | nc ${host.host} ${host.clientPort}\` says leader or follower, and the zxid`

function folderSteps({ hosts }: ExportOrder): string[] {
  const [first] = hosts as [ExportedHost]
  const isApart = first.dataDir !== first.dataLogDir
  const isSame = new Set(hosts.map(({ dataDir }) => dataDir)).size === 1
  const dataDir = isSame ? `\`${first.dataDir}\`` : 'the dataDir of its zoo.cfg'
  const logs = isApart ? ', and `datalog/` to its dataLogDir' : ''
  return [
    `Copy \`data/\` of its folder to ${dataDir}${logs}, on each host; whatever is there already must go first.`,
    'Give them to the user that runs ZooKeeper: `chown -R zookeeper: ' +
      `${isSame ? [...new Set([first.dataDir, first.dataLogDir])].join(' ') : 'DIR'}\`.`,
  ]
}

function reconfigNote({ isReconfigurable }: ExportOrder): string {
  return isReconfigurable
    ? '; that folder must be writable for ZooKeeper, which keeps reconfigurations there'
    : ''
}

/** In Debian's package, zkEnv.sh is that file. */
const DEBIAN =
  "With Debian's package, which reads no `java.env`: append it to `/etc/zookeeper/conf/environment` instead."

function handSteps(order: ExportOrder): string[] {
  const { hosts } = order
  const hasFlags = hosts.some(({ flags }) => flags.length > 0)
  return [
    'Install Apache ZooKeeper 3.8 or later on every host.',
    `Copy \`zoo.cfg\`${hasFlags ? ' and `java.env`' : ''} of its folder into ZooKeeper's conf folder, on each host (\`conf/\`; Debian: \`/etc/zookeeper/conf/\`)${reconfigNote(order)}.`,
    ...(hasFlags ? [DEBIAN] : []),
    ...folderSteps(order),
    `${together(hosts)}: \`bin/zkServer.sh start\`.`,
    `${check(hosts[0] as ExportedHost)}.`,
  ]
}

function systemdSteps(order: ExportOrder): string[] {
  const { hosts } = order
  return [
    `Install Apache ZooKeeper 3.8 or later in \`${SYSTEMD_HOME}\` on every host, and make its user: \`useradd --system zookeeper\`.`,
    `Copy \`zoo.cfg\` of its folder to \`${SYSTEMD_CONFIG}\`, on each host${reconfigNote(order)}.`,
    ...folderSteps(order),
    'Copy `zookeeper.service` to `/etc/systemd/system/`.',
    `${together(hosts)}: \`systemctl daemon-reload && systemctl enable --now zookeeper\`.`,
    `${check(hosts[0] as ExportedHost)}.`,
  ]
}

function composeSteps({ hosts }: ExportOrder): string[] {
  const ports = hosts.map(({ presentClientPort }) => `127.0.0.1:${presentClientPort}`).join(',')
  return [
    'Stop the ensemble that this was made from if it runs on the same machine: its client ports are used.',
    'In this folder: `docker compose up -d`. The containers reach one another by the names of the hosts.',
    `Clients on this machine connect to \`${ports}\`, those in the same Compose network to \`${hosts.map(addressOf).join(',')}\`.`,
  ]
}
