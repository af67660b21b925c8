/**
 * `up` in the foreground: the supervisor runs in this process, and what it reports is printed. Ctrl-C
 * (SIGINT, SIGTERM, a closed terminal) stops the members gracefully, and so does a reader of stdout that is
 * gone; a second Ctrl-C ends everything at once. An ensemble that crashes before it ever served ends the
 * command.
 */

import { connectTo } from '../control/client.ts'
import type { Connection } from '../control/connection.ts'
import { attach } from './attach.ts'
import { forCluster } from './commandLine.ts'
import { describe, exitCodes, OperationError } from './errors.ts'
import type { ClusterWish } from './findCluster.ts'
import { banner } from './format/banner.ts'
import { contractOf } from './format/cluster.ts'
import { countText, durationText } from './format/words.ts'
import { catchInterrupts, defer, endedByInterrupt } from './interrupts.ts'
import type { Output } from './output.ts'
import { statesText } from './progress.ts'
import type { Supervised } from './supervise.ts'

export async function foreground(
  start: (note: (line: string) => void) => Promise<Supervised>,
  waitTimeoutMs: number,
  output: Output,
  wish: ClusterWish = {},
): Promise<number> {
  const interrupts = catchInterrupts()
  const sinceMs = Date.now()
  try {
    const starting = start((line) => output.note(line))
    const supervised = await Promise.race([starting, interrupts.second])
    if (supervised === 'now') return endedByInterrupt
    const connection = connectTo(supervised.dir)
    const over = new AbortController()
    const lost = defer<OperationError>()
    // A failure to show the cluster does not end it, and the connection ends with the supervisor.
    const shown = show(
      connection,
      { waitTimeoutMs, sinceMs, wish, onLost: lost.resolve },
      output,
      over.signal,
    ).catch((error: unknown) => {
      if (interrupts.count === 0 && !over.signal.aborted)
        output.note(`cannot show more: ${describe(error).message}`)
    })
    const unread = aborted(output.closed)
    const failure = await Promise.race([interrupts.first, unread, supervised.ended, lost.promise])
    if (failure instanceof OperationError) {
      await Promise.race([supervised.stop({ undo: true }), interrupts.first])
      await Promise.race([shown, lastLines()])
      over.abort()
      throw failure
    }
    if (interrupts.count > 0 || output.closed.aborted) {
      const stopped = stopGracefully(supervised, connection, output)
      const outcome = await Promise.race([stopped, interrupts.second])
      if (outcome === 'now') {
        output.note('ended at once')
        over.abort()
        supervised.endNow()
        return endedByInterrupt
      }
    }
    await Promise.race([shown, lastLines()])
    over.abort()
    await shown
    if (supervised.failure !== null) throw supervised.failure
    return exitCodes.done
  } finally {
    interrupts.release()
  }
}

interface Showing {
  readonly waitTimeoutMs: number
  readonly sinceMs: number
  readonly wish: ClusterWish
  /** The members that crashed leave no quorum: waiting will not help. */
  readonly onLost: (error: OperationError) => void
}

/** The banner, the document of `--json` once it serves, and then logs and headlines. */
async function show(
  connection: Connection,
  { waitTimeoutMs, sinceMs, wish, onLost }: Showing,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const cluster = await connection.cluster()
  const say = output.json ? output.note : output.print
  say(banner(cluster, output.json ? output.paintNote : output.paint, output.columns).join('\n'))
  say(forCluster('stop with Ctrl-C; meanwhile, elsewhere: zk-pseudo ps, zk-pseudo kill leader\n', wish))
  const served = connection
    .wait(waitTimeoutMs)
    .then((serving) => {
      if (output.json) output.document(contractOf(serving))
      say(`ready in ${durationText(Date.now() - sinceMs)}: ${serving.connectString}`)
    })
    .catch(async (error: unknown) => {
      if (signal.aborted || !(error instanceof OperationError)) return
      if (error.code === 'CRASHED') return onLost(error)
      // It may have been ended before it served, which is no failure.
      if (error.exitCode !== exitCodes.timedOut) return
      const now = await connection.cluster().catch(() => null)
      if (now === null) return
      output.note(`the ensemble does not serve after ${durationText(waitTimeoutMs)}: ${statesText(now)}`)
    })
  await Promise.all([served, attach(connection, output, { signal, fromNow: false, sinceMs })])
}

async function stopGracefully(
  supervised: Supervised,
  connection: Connection,
  output: Output,
): Promise<'done'> {
  const begun = performance.now()
  const cluster = await connection.cluster().catch(() => null)
  const alive = cluster?.members.filter((member) => member.exit === null).length
  const members = alive === undefined ? 'the members' : countText(alive, 'member')
  // The terminal has printed ^C at the start of this line.
  const why = output.closed.aborted ? 'nobody reads this any more: ' : '\n'
  output.note(`${why}stopping ${members}; Ctrl-C again ends them at once`)
  await supervised.stop()
  output.note(`stopped in ${durationText(performance.now() - begun)}; the data stays for the next up`)
  return 'done'
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/**
 * The last lines of the members are about to arrive; the streams end by themselves, but are not waited for
 * any longer.
 */
function lastLines(): Promise<void> {
  return new Promise((over) => setTimeout(over, 200).unref())
}
