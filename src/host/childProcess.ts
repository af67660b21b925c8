/**
 * What hosts need of the system for members in child processes: their end with the supervisor, and SIGSTOP.
 */
import { existsSync, readdirSync } from 'node:fs'
import { statFields } from '../storage/lock.ts'
import { performance, sleep } from '../time.ts'

const SETPRIV = '/usr/bin/setpriv'

/**
 * The command line for a child that the kernel ends with its parent, however the parent died. On Linux this
 * is prctl PR_SET_PDEATHSIG, which util-linux's setpriv sets before it becomes the child's program, keeping
 * the pid.
 */
export function endWithParent(program: string, args: readonly string[]): [string, ...string[]] {
  return existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', program, ...args] : [program, ...args]
}

const LOOK_AGAIN_MS = 1
/**
 * A thread in a disk access stops when that ends. If it takes longer than this, only the others have stopped.
 */
const PATIENCE_MS = 2000

/**
 * Resolves when a process that was sent SIGSTOP has stopped with every thread, or there is no such process;
 * at once where the system does not tell. The signal waits for one of the threads to run and take it. On a
 * busy machine the others meanwhile continue for milliseconds (seen: a follower that acknowledged a write
 * after it was "stopped").
 */
export async function untilStopped(pid: number): Promise<void> {
  if (process.platform !== 'linux') return
  const deadline = performance.now() + PATIENCE_MS
  while (!isStopped(pid) && performance.now() < deadline) await sleep(LOOK_AGAIN_MS)
}

function isStopped(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) => !isRunning(`/proc/${pid}/task/${thread}/stat`))
  } catch {
    return true
  }
}

/** Whether a thread is neither stopped, nor traced, nor dead. */
function isRunning(stat: string): boolean {
  const [state] = statFields(stat) ?? []
  return state !== undefined && !/^[TtZX]$/.test(state)
}
