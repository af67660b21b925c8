/** Ends a cluster that runs, and waits until its supervisor is gone, too. */
import type { Connection } from '../control/connection.ts'
import { presenceIn } from '../supervisor/folder/presence.ts'
import { fateOf } from '../supervisor/folder/processes.ts'
import { readState } from '../supervisor/folder/supervisorState.ts'
import { sleep } from '../time.ts'
import { OperationError } from './errors.ts'

const PATIENCE_MS = 10_000

/** @param undo takes back what its `up` has made, unless it has served */
export async function endCluster(connection: Connection, dir: string, { undo = false } = {}): Promise<void> {
  const state = readState(dir)
  await connection.down({ undo })
  if (state === null || fateOf(state) === 'unknown') await untilGone(dir, state?.pid ?? null)
  else await until(() => fateOf(state) !== 'alive', state.pid)
}

/** Until nothing runs in `dir` any more. @param pid of its supervisor */
export function untilGone(dir: string, pid: number | null): Promise<void> {
  return until(async () => (await presenceIn(dir)) === null, pid)
}

async function until(isOver: () => boolean | Promise<boolean>, pid: number | null): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await isOver())) {
    if (performance.now() > deadline) {
      throw new OperationError(
        'STILL_RUNNING',
        `all members have ended, but the supervisor (process ${pid}) still runs after ${PATIENCE_MS / 1000} s`,
        `end it with: kill ${pid}`,
      )
    }
    await sleep(5)
  }
}
