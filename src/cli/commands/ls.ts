import { connectTo } from '../../control/client.ts'
import { defineCommand } from '../command.ts'
import type { RunningCluster } from '../findCluster.ts'
import { table } from '../format/table.ts'
import { type JsonOptions, jsonOption } from '../options.ts'
import { runningClusters } from '../running.ts'

interface Row {
  name: string
  dir: string
  supervisorPid: number
  /** Null where the supervisor does not answer. */
  connectString: string | null
  quorum: boolean | null
  leader: number | null
  epoch: number | null
  running: number | null
  members: number | null
}

export const command = defineCommand<JsonOptions>({
  name: 'ls',
  summary: 'list the running clusters',
  options: [jsonOption],
  examples: [['zk-pseudo ls', 'every cluster of this user, with its folder']],
  async run(_args, _options, output) {
    const rows = await Promise.all((await runningClusters()).map(ask))
    if (output.json) output.document(rows)
    else if (rows.length === 0) output.note('no cluster is running; start one: zk-pseudo up 3 -d')
    else output.print(listing(rows, output.columns).join('\n'))
    return undefined
  },
})

async function ask({ name, dir, pid, socket }: RunningCluster): Promise<Row> {
  try {
    const { connectString, quorum, leader, epoch, members } = await connectTo(socket).cluster()
    const running = members.filter((member) => member.state === 'running').length
    return {
      name,
      dir,
      supervisorPid: pid,
      connectString,
      quorum,
      leader,
      epoch,
      running,
      members: members.length,
    }
  } catch {
    const unknown = { connectString: null, quorum: null, leader: null, epoch: null }
    return { name, dir, supervisorPid: pid, ...unknown, running: null, members: null }
  }
}

function listing(rows: Row[], width: number): string[] {
  const columns = [
    { title: 'NAME' },
    { title: 'UP', align: 'right' },
    { title: 'LEADER', align: 'right' },
    { title: 'EPOCH', align: 'right' },
    { title: 'PID', align: 'right', expendable: 1 },
    { title: 'FOLDER' },
  ] as const
  const cells = rows.map((row) => [
    row.name,
    row.members === null ? 'no answer' : `${row.running}/${row.members}`,
    row.quorum === false ? 'no quorum' : String(row.leader ?? '-'),
    String(row.epoch ?? '-'),
    String(row.supervisorPid),
    row.dir,
  ])
  return table([...columns], cells, width)
}
