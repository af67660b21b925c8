import { OperationError } from '../../api/operationError.ts'
import { connectTo } from '../../control/client.ts'
import { defineCommand } from '../command.ts'
import type { RunningCluster } from '../findCluster.ts'
import { table } from '../format/table.ts'
import { type JsonOptions, jsonOption } from '../options.ts'
import { runningClusters } from '../runningClusters.ts'

interface Row {
  name: string
  dir: string
  supervisorPid: number | null
  /** Null where the supervisor does not answer. */
  connectString: string | null
  quorum: boolean | null
  leader: number | null
  epoch: number | null
  running: number | null
  members: number | null
}

interface Asked {
  row: Row
  /** Why it does not answer. */
  state: string
}

export const command = defineCommand<JsonOptions>({
  name: 'ls',
  summary: 'list the running clusters',
  options: [jsonOption],
  examples: [['zk-pseudo ls', 'every cluster of this user, with its folder']],
  async run(_args, _options, output) {
    const asked = await Promise.all((await runningClusters()).map(ask))
    if (output.json) output.document(asked.map(({ row }) => row))
    else if (asked.length === 0) output.note('no cluster is running; start one: zk-pseudo up 3 -d')
    else output.print(listing(asked, output.tableColumns).join('\n'))
    return undefined
  },
})

const UNREACHABLE = { removed: 'removed', silent: 'no answer', denied: "another user's" }

async function ask({ name, dir, pid, condition }: RunningCluster): Promise<Asked> {
  const unknown = {
    connectString: null,
    quorum: null,
    leader: null,
    epoch: null,
    running: null,
    members: null,
  }
  const seen = { name, dir, supervisorPid: pid, ...unknown }
  if (condition !== 'answers') return { row: seen, state: UNREACHABLE[condition] }
  try {
    const { connectString, quorum, leader, epoch, members } = await connectTo(dir).cluster()
    const running = members.filter((member) => member.state === 'running').length
    const known = { connectString, quorum, leader, epoch, running, members: members.length }
    return { row: { ...seen, ...known }, state: `${running}/${members.length}` }
  } catch (error) {
    const isStopped = error instanceof OperationError && error.code === 'SUPERVISOR_STOPPED'
    return { row: seen, state: isStopped ? 'stopped' : 'no answer' }
  }
}

function listing(asked: Asked[], width: number): string[] {
  const columns = [
    { title: 'NAME' },
    { title: 'UP', align: 'right' },
    { title: 'LEADER', align: 'right' },
    { title: 'EPOCH', align: 'right' },
    { title: 'PID', align: 'right', expendable: 1 },
    { title: 'FOLDER' },
  ] as const
  const cells = asked.map(({ row, state }) => [
    row.name,
    state,
    row.quorum === false ? 'no quorum' : String(row.leader ?? '-'),
    String(row.epoch ?? '-'),
    String(row.supervisorPid ?? '-'),
    row.dir,
  ])
  return table([...columns], cells, width)
}
