/** A cluster as `ps` shows it, for people and for programs. */
import type { ClusterInfo, MemberInfo } from '../../api/api.ts'
import { memberStyle, type Output, type Paint, type Style } from '../output.ts'
import { countLine, lossIn, wayBack } from './quorumLoss.ts'
import { type Column, table } from './table.ts'
import { durationText } from './words.ts'

/** What `ps --json` leaves out of a member. */
type Unlisted = 'voter' | 'listed' | 'clientHost'

type PsDocument = Omit<ClusterInfo, 'dir' | 'supervisorPid' | 'loss' | 'members'> & {
  members: Omit<MemberInfo, Unlisted>[]
}

/** Exactly the fields that `ps --json` promises, in the order of the contract. */
export function contractOf(cluster: ClusterInfo): PsDocument {
  const { name, connectString, quorum, leader, epoch } = cluster
  return { name, connectString, quorum, leader, epoch, members: cluster.members.map(memberContract) }
}

function memberContract(member: MemberInfo): Omit<MemberInfo, Unlisted> {
  const { id, state, role, isolation, pid, clientPort, secureClientPort, quorumPort } = member
  const { electionPort, epoch, zxid } = member
  const { connections, dataDir, config, uptimeMs, restarts, exit, engine } = member
  const ports = { clientPort, secureClientPort, quorumPort, electionPort }
  const life = { uptimeMs, restarts, exit }
  return {
    id,
    state,
    role,
    isolation,
    pid,
    ...ports,
    epoch,
    zxid,
    connections,
    dataDir,
    config,
    ...life,
    engine,
  }
}

const columns: Column[] = [
  { title: 'ID', align: 'right' },
  { title: 'STATE' },
  { title: 'ROLE' },
  { title: 'CLIENT', align: 'right' },
  { title: 'QUORUM', align: 'right', expendable: 3 },
  { title: 'ELECT', align: 'right', expendable: 4 },
  { title: 'EPOCH', align: 'right' },
  { title: 'ZXID' },
  { title: 'CONN', align: 'right' },
  { title: 'UPTIME', align: 'right', expendable: 1 },
  { title: 'PID', align: 'right', expendable: 5 },
  { title: 'STARTS', align: 'right', expendable: 6 },
]

/** Shown where not all members are ours. */
const engineColumn: Column = { title: 'ENGINE', expendable: 2 }

const wideColumns: Column[] = [
  { title: 'ENGINE' },
  { title: 'ISOLATION' },
  { title: 'CONFIG' },
  { title: 'DATA' },
]

interface ReportOptions {
  /** Every column, however long the lines become. */
  isWide?: boolean
  /** How it ended; null while it runs. */
  ended?: string | null
}

export function clusterReport(
  cluster: ClusterInfo,
  output: Pick<Output, 'paint' | 'tableColumns'>,
  { isWide = false, ended = null }: ReportOptions = {},
): string[] {
  const { paint } = output
  const showsEngines = cluster.members.some(({ engine }) => engine !== 'zk-pseudo')
  const more = (member: MemberInfo): string[] => {
    const { engine, isolation, config, dataDir } = member
    return isWide ? [engine, isolation, config, dataDir] : showsEngines ? [engine] : []
  }
  const rows = cluster.members.map((member) => [...memberRow(member, paint), ...more(member)])
  const shown = [...columns, ...(isWide ? wideColumns : showsEngines ? [engineColumn] : [])]
  const width = isWide ? Number.POSITIVE_INFINITY : output.tableColumns
  const [header = '', ...lines] = table(shown, rows, width)
  const exits = cluster.members
    .filter((member) => member.exit !== null && member.exit !== member.state)
    .map((member) => `member ${member.id} ${member.state}: ${member.exit}`)
  const strangers = cluster.members
    .filter(({ listed }) => !listed)
    .map(({ id }) => `member ${id} is not in the ensemble's server list: reconfig -add lets it in`)
  const lost = ended === null ? lossLines(cluster) : []
  const notes = [...pausedLines(cluster), ...lost, ...exits, ...strangers]
  return [
    ended === null ? headline(cluster, paint) : `${paint('bold', cluster.name)}: down, ${ended}`,
    '',
    paint('dim', header),
    ...lines,
    ...(notes.length ? ['', ...notes] : []),
  ]
}

/**
 * A paused leader keeps its role, because it receives nothing: `ps` then shows two leaders, or one without
 * followers.
 */
function pausedLines({ members, leader, epoch }: ClusterInfo): string[] {
  const paused = members.filter(({ state, role }) => state === 'paused' && role === 'leader')
  return paused.map((member) => {
    const was = `member ${member.id} led${member.epoch === null ? '' : ` epoch ${member.epoch}`} when it was paused`
    if (leader === null) return `${was}, and leads nobody now`
    return `${was}; member ${leader} leads${epoch === null ? '' : ` epoch ${epoch}`} now`
  })
}

function lossLines(cluster: ClusterInfo): string[] {
  if (cluster.quorum) return []
  const loss = lossIn(cluster)
  if (loss === null) return []
  return [countLine(loss), wayBack(loss, cluster.members)].filter((line) => line !== null)
}

function headline(cluster: ClusterInfo, paint: Paint): string {
  const name = paint('bold', cluster.name)
  if (!cluster.quorum) {
    const loss = lossIn(cluster)
    const what = loss === null ? 'no leader yet' : loss.voters.length === 1 ? 'down' : 'no quorum'
    return `${name}: ${paint(['red', 'bold'], what)}, nobody is served`
  }
  const isAlone = cluster.members.some(({ id, role }) => id === cluster.leader && role === 'standalone')
  if (cluster.leader === null || isAlone) return `${name}: serves at ${cluster.connectString}`
  const epoch = cluster.epoch === null ? '' : ` epoch ${cluster.epoch}`
  return `${name}: member ${cluster.leader} leads${epoch}; ${cluster.connectString}`
}

const stateStyles: Partial<Record<MemberInfo['state'], Style>> = {
  paused: 'yellow',
  killed: 'red',
  crashed: ['red', 'bold'],
  stopped: 'dim',
}

function memberRow(member: MemberInfo, paint: Paint): string[] {
  const state = stateStyles[member.state]
  const text = (value: number | string | null): string => (value === null ? '-' : String(value))
  return [
    paint(memberStyle(member.id), String(member.id)),
    state ? paint(state, member.state) : member.state,
    member.role === 'leader' ? paint(['bold', 'green'], 'leader') : text(member.role),
    text(member.clientPort ?? member.secureClientPort),
    text(member.quorumPort),
    text(member.electionPort),
    text(member.epoch),
    text(member.zxid),
    text(member.connections),
    member.uptimeMs === null ? '-' : durationText(member.uptimeMs),
    text(member.pid),
    text(member.restarts + 1),
  ]
}
