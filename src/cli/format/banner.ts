/** What a foreground `up` prints first, and `up -d` when the ensemble serves. */
import type { ClusterInfo, MemberInfo } from '../../api/api.ts'
import { memberStyle, type Paint } from '../output.ts'
import { type Column, table } from './table.ts'
import { countText, listText } from './words.ts'

const columns: Column[] = [
  { title: 'MEMBER' },
  { title: 'CLIENT', align: 'right' },
  { title: 'QUORUM', align: 'right' },
  { title: 'ELECTION', align: 'right' },
  { title: 'DATA', expendable: 1 },
]

/** Members, ports and the connect string. */
export function banner(cluster: ClusterInfo, paint: Paint, width: number): string[] {
  const rows = cluster.members.map((member) => [
    paint(memberStyle(member.id), `member ${member.id}`),
    String(member.clientPort ?? member.secureClientPort),
    String(member.quorumPort ?? '-'),
    String(member.electionPort ?? '-'),
    relativePath(member.dataDir),
  ])
  const [header = '', ...lines] = table(columns, rows, width)
  return [
    `${paint('bold', cluster.name)}: ${countText(cluster.members.length, 'member')}, ${kindText(cluster.members)}`,
    '',
    paint('dim', header),
    ...lines,
    '',
    `connect: ${paint('bold', cluster.connectString)}`,
  ]
}

function kindText(members: readonly MemberInfo[]): string {
  const apache = members.filter(({ engine }) => engine === 'apache')
  const own = members.filter(({ engine }) => engine !== 'apache')
  const isolation = own[0]?.isolation === 'process' ? 'each in its own process' : 'in threads'
  if (apache.length === 0) return isolation
  if (own.length === 0) return 'all of them Apache ZooKeeper'
  const [theirs, ours] = [apache, own].map((some) => listText(some.map(({ id }) => id)))
  return `${theirs} of Apache ZooKeeper, ${ours} of zk-pseudo`
}

/** Paths below the current folder are shown from there. */
function relativePath(path: string): string {
  const here = `${process.cwd()}/`
  return path.startsWith(here) ? path.slice(here.length) : path
}
