import type { ClusterInfo } from '../../api/api.ts'
import { formatProblem } from '../../config/problem.ts'
import { connectTo } from '../../control/client.ts'
import type { Connection } from '../../control/connection.ts'
import { ClusterDir } from '../../supervisor/folder/clusterDir.ts'
import { presenceIn, type RunningCluster } from '../../supervisor/folder/presence.ts'
import { defineCommand } from '../command.ts'
import { forCluster } from '../commandLine.ts'
import { endedOnDemand, leftToEnd, startDetached } from '../detached.ts'
import { endCluster } from '../endCluster.ts'
import { exitCodes, OperationError } from '../errors.ts'
import { banner } from '../format/banner.ts'
import { contractOf } from '../format/cluster.ts'
import { durationText } from '../format/words.ts'
import { catchInterrupts } from '../interrupts.ts'
import { cannotAnswer } from '../openCluster.ts'
import { clusterOptions, folderOf, jsonOption, waitTimeoutOption, wholeNumber } from '../options.ts'
import type { Output } from '../output.ts'
import { planText, planUp } from '../plan.ts'
import { withProgress } from '../progress.ts'
import { runningClusters } from '../runningClusters.ts'
import { parseEngine, parseSetting, type UpOptions, type UpRequest, upRequest } from '../upRequest.ts'
import { refuseOtherWishes } from '../upWishes.ts'

export const command = defineCommand<UpOptions>({
  name: 'up',
  summary: 'start an ensemble: N members, or your config files',
  description:
    'Starts an ensemble. With a number, configs are made in .zk-pseudo/conf; zoo.cfg files and folders of them are used where they are. Stays in the foreground and prints the logs; Ctrl-C stops the members.',
  arguments: [
    {
      name: '[N|file|folder...]',
      description: 'how many members, or zoo.cfg files and folders',
      complete: 'file',
    },
  ],
  options: [
    { flags: '-d, --detach', description: 'run in the background; return when the ensemble serves' },
    waitTimeoutOption('with -d: how long to wait for that', 30),
    { flags: '--dry-run', description: 'print the configs, start nothing' },
    {
      flags: '--base-port <port>',
      description: 'the first client port (default 2180); all other ports follow right after',
      parse: wholeNumber('--base-port', 1, 65_535),
    },
    {
      flags: '--ports <how>',
      description: 'auto: whatever ports are free',
      choices: ['auto'],
    },
    {
      flags: '--observers <k>',
      description: 'this many members more, which observe and do not vote',
      parse: wholeNumber('--observers', 0, 98),
    },
    {
      flags: '--set <key=value>',
      description: 'a zoo.cfg setting for all members; may be repeated',
      parse: parseSetting,
    },
    {
      flags: '--isolation <how>',
      description: 'thread (default) or process: a process for each member',
      choices: ['thread', 'process'],
    },
    {
      flags: '--engine <which>',
      description: 'apache: Apache ZooKeeper members (default zk-pseudo); 0=apache,1=zk-pseudo for each',
      parse: parseEngine,
      complete: ['zk-pseudo', 'apache'],
    },
    {
      flags: '--apache-home <folder>',
      description: "where Apache ZooKeeper is (default ZOOKEEPER_HOME, or Debian's package)",
      complete: 'folder',
    },
    { ...clusterOptions[0], flags: '--name <name>', description: 'a name for the cluster' },
    {
      flags: '--dir <folder>',
      description: 'where configs, data and logs go (default .zk-pseudo)',
      parse: folderOf('--dir'),
      complete: 'folder',
    },
    jsonOption,
  ],
  examples: [
    ['zk-pseudo up 3', 'three members on 2180 to 2182'],
    ['zk-pseudo up 3 -d', 'the same in the background'],
    ['zk-pseudo up configs/three/', 'the zoo.cfg files of a folder'],
    ['zk-pseudo up 5 --ports auto --set tickTime=500', 'free ports, faster ticks'],
    ['zk-pseudo up 3 --engine apache', 'the same of Apache ZooKeeper'],
  ],
  async run(targets, options, output) {
    const request = upRequest(targets, options)
    if (options.dryRun) {
      const plan = await planUp(request)
      if (output.json) output.document(plan)
      else output.print(planText(plan))
      for (const line of [...plan.problems.map(formatProblem), ...plan.notes]) output.note(line)
      return undefined
    }
    const running = await alreadyRunning(request)
    if (running !== null) return join(running, request, options, output)
    try {
      if (options.detach) return await inBackground(request, options, output)
      return await inForeground(request, options, output)
    } catch (error) {
      // Another `up` was faster.
      const isLost = error instanceof OperationError && error.code === 'ALREADY_RUNNING'
      const winner = isLost ? await alreadyRunning(request) : null
      if (winner === null) throw error
      return join(winner, request, options, output)
    }
  },
})

/**
 * What runs already is shown or waited for, if it is what was asked for. @throws OperationError when it is
 * not
 */
async function join(
  running: RunningCluster,
  request: UpRequest,
  options: UpOptions,
  output: Output,
): Promise<undefined> {
  const { manifest } = new ClusterDir(running.dir)
  if (manifest !== null) refuseOtherWishes(running.name, request, options, manifest)
  const connection = connectTo(running.dir)
  // The cluster must answer before it is reported to run: a stopped supervisor does not.
  await connection.cluster()
  output.note(`${running.name} already runs (supervisor ${running.pid}, ${running.dir})`)
  return options.detach
    ? serving({ dir: running.dir, waitTimeoutMs: options.waitTimeout, isOwn: false }, output)
    : watch(connection, options, output)
}

/**
 * The cluster that this `up` would start, if it runs already. @throws OperationError when another is in the
 * way
 */
async function alreadyRunning(request: UpRequest): Promise<RunningCluster | null> {
  const found = await presenceIn(request.dir)
  // One whose folder is gone ends itself: the start waits for that.
  if (found?.condition === 'silent' || found?.condition === 'denied') throw cannotAnswer(found)
  if (found && request.name !== null && found.name !== request.name) {
    throw new OperationError(
      'DIR_IN_USE',
      `${request.dir} is in use by the running cluster ${found.name}`,
      `start ${request.name} in a folder of its own: --dir FOLDER, or end the other: zk-pseudo down --name ${found.name}`,
    )
  }
  const named =
    request.name === null ? [] : (await runningClusters()).filter(({ name }) => name === request.name)
  const other = named.find(({ dir }) => dir !== request.dir)
  if (other !== undefined) {
    throw new OperationError(
      'NAME_IN_USE',
      `a cluster named ${other.name} already runs, from ${other.dir}`,
      `take another name, or end it: zk-pseudo down --name ${other.name}`,
    )
  }
  return found?.condition === 'answers' ? found : null
}

/** Loads the supervisor and what prints logs only here: `up -d` needs neither, and starts sooner without. */
async function inForeground(request: UpRequest, options: UpOptions, output: Output): Promise<number> {
  const [{ foreground }, { supervise }] = await Promise.all([
    import('../foreground.ts'),
    import('../supervise.ts'),
  ])
  return foreground((note) => supervise(request, note), options.waitTimeout, output, options)
}

/** Ctrl-C before it serves ends what this has started. */
async function inBackground(request: UpRequest, options: UpOptions, output: Output): Promise<undefined> {
  const { waitTimeout } = options
  const interrupts = catchInterrupts()
  const note = () => output.note('\nending what was started; Ctrl-C again leaves it to end by itself')
  interrupts.signal.addEventListener('abort', note)
  const leave = interrupts.second.then(() => {
    throw leftToEnd()
  })
  try {
    const begun = performance.now()
    const starting = startDetached(request, waitTimeout, output, interrupts.signal)
    await Promise.race([withProgress(output, 'starting', null, starting), leave])
    const left = Math.max(0, Math.round(waitTimeout - (performance.now() - begun)))
    const shown = serving({ dir: request.dir, waitTimeoutMs: left, isOwn: true }, output)
    await Promise.race([shown, interrupts.first])
    if (interrupts.count === 0) return undefined
    shown.catch(() => {})
    await Promise.race([connectTo(request.dir).down(), leave])
    throw endedOnDemand()
  } finally {
    leave.catch(() => {})
    interrupts.release()
  }
}

interface Serving {
  readonly dir: string
  readonly waitTimeoutMs: number
  /** Whether this `up` has started it: then it is ended when none of its members can run. */
  readonly isOwn: boolean
}

/** Waits until it serves, and shows it. */
async function serving({ dir, waitTimeoutMs, isOwn }: Serving, output: Output): Promise<undefined> {
  const connection = connectTo(dir)
  const look = (): Promise<ClusterInfo> => connection.cluster()
  const what = 'waiting for the ensemble to serve'
  const cluster = await withProgress(output, what, look, connection.wait(waitTimeoutMs)).catch(
    async (error: unknown) => {
      if (!(error instanceof OperationError)) throw error
      const isCrash = error.code === 'CRASHED'
      if (!isCrash && error.exitCode !== exitCodes.timedOut) throw error
      const isOver = isCrash && isOwn && (await look()).members.every(({ exit }) => exit !== null)
      if (isOver) await endCluster(connection, dir, { undo: true })
      const hint = `${error.hint ?? ''}\n${stateAfter(isCrash, isOver)}`
      throw new OperationError(error.code, error.message, hint.trim(), error.exitCode)
    },
  )
  if (output.json) output.document({ ...contractOf(cluster), supervisorPid: cluster.supervisorPid })
  else {
    const ready = isOwn ? `ready in ${durationText(performance.now())}` : 'ready'
    const last = `${ready}: ${cluster.connectString}`
    output.print([...banner(cluster, output.paint, output.columns), ...servesLine(cluster), last].join('\n'))
  }
  const crashed = cluster.members.filter(({ state }) => state === 'crashed')
  for (const { id, exit } of crashed) output.note(`member ${id} crashed: ${exit}`)
  return undefined
}

function stateAfter(isCrash: boolean, isOver: boolean): string {
  if (isOver) return 'nothing runs; once that is mended: zk-pseudo up'
  const still = isCrash ? 'its supervisor still runs' : 'it still runs and may yet serve'
  return `${still}: zk-pseudo ps; to end it: zk-pseudo down`
}

function servesLine({ leader, epoch, members }: ClusterInfo): string[] {
  if (leader === null) return []
  const isAlone = members.some(({ id, role }) => id === leader && role === 'standalone')
  return [isAlone ? `member ${leader} serves, standalone` : `member ${leader} leads epoch ${epoch}`]
}

/** A second `up` in the foreground shows the cluster that runs; Ctrl-C ends this view only. */
async function watch(connection: Connection, options: UpOptions, output: Output): Promise<undefined> {
  output.note(forCluster('showing its logs; Ctrl-C ends this view only (to end it: zk-pseudo down)', options))
  const cluster = await connection.cluster()
  if (output.json) output.document(contractOf(cluster))
  else output.print(`${banner(cluster, output.paint, output.columns).join('\n')}\n`)
  const { attach } = await import('../attach.ts')
  await attach(connection, output, { signal: output.closed, tail: 10, fromNow: true })
  return undefined
}
