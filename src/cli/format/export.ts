/** What `export` wrote, for people and for programs. */
import { type Change, formatChange } from '../../config/change.ts'
import type { ExportedHost } from '../../config/export/export.ts'
import type { ExportedData, ExportFormat } from '../../config/export/formats.ts'
import { bracketed } from '../../config/servers/servers.ts'
import type { Output } from '../output.ts'
import { shortPath } from './localize.ts'
import { type Column, table } from './table.ts'
import { countText } from './words.ts'
import { wrap } from './wrap.ts'

interface ExportReport {
  cluster: string
  out: string
  format: ExportFormat
  hosts: readonly ExportedHost[]
  data: ExportedData | null
  changes: readonly Change[]
  notes: readonly string[]
}

/** Where clients will connect: to any member, as `connstr` has it. */
function connectString(hosts: readonly ExportedHost[]): string {
  return hosts.map(({ host, clientPort }) => `${bracketed(host)}:${clientPort}`).join(',')
}

export function exportDocument({ hosts, ...report }: ExportReport): object {
  return {
    ...report,
    connectString: connectString(hosts),
    hosts: hosts.map(({ sid, role, host, folder, clientPort, quorumPort, electionPort, flags, files }) => {
      return { id: sid, role, host, folder, clientPort, quorumPort, electionPort, jvmFlags: flags, files }
    }),
  }
}

const columns: Column[] = [
  { title: 'ID', align: 'right' },
  { title: 'HOST' },
  { title: 'ROLE', expendable: 1 },
  { title: 'CLIENT', align: 'right' },
  { title: 'QUORUM', align: 'right', expendable: 2 },
  { title: 'ELECT', align: 'right', expendable: 3 },
  { title: 'FOLDER' },
]

export function exportText(
  report: ExportReport,
  { paint, columns: width }: Pick<Output, 'paint' | 'columns'>,
): string {
  const { cluster, hosts, data, changes, notes, out } = report
  const folder = shortPath(out)
  const rows = hosts.map(({ sid, host, role, clientPort, quorumPort, electionPort, folder: own }) => {
    const ports = [clientPort, quorumPort, electionPort].map((port) => (port === null ? '-' : String(port)))
    return [String(sid), host, role, ...ports, `${folder}/${own}`]
  })
  const [header = '', ...lines] = table(columns, rows, width)
  const held =
    data === null
      ? 'no data yet: the servers will begin empty'
      : `data: of member ${data.from}, the longest history: ${countText(data.znodes, 'znode')}, up to ${data.zxid}`
  return [
    `${paint('bold', cluster)}: for Apache ZooKeeper on ${countText(hosts.length, 'host')}`,
    '',
    paint('dim', header),
    ...lines,
    '',
    ...[...changes.map((change) => formatChange(seenFromHere(change))), held, ...notes].flatMap((text) =>
      wrap(text, width),
    ),
    '',
    `next: the steps in ${folder}/README.md`,
  ].join('\n')
}

/** Folders below the current one are shown relative to it. */
function seenFromHere(change: Change): Change {
  return { ...change, from: change.from?.replaceAll(`${process.cwd()}/`, '') ?? null }
}
