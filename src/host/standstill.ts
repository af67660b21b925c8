/**
 * When a process that was sent SIGSTOP stands still. The signal waits for one of its threads to run and take
 * it; on a busy machine the others go on meanwhile, for milliseconds (seen: a follower that acknowledged a
 * write after it was "stopped").
 */
import { readdirSync } from 'node:fs'
import { performance, sleep } from '../time.ts'
import { statFields } from './procStat.ts'

const LOOK_AGAIN_MS = 1
/** A thread in a disk access stops when that ends. Then it is left at that: the others stand still. */
const PATIENCE_MS = 2000

/**
 * Resolves when every thread has stopped, or there is no such process; at once where the system does not
 * tell.
 */
export async function untilStandstill(pid: number): Promise<void> {
  if (process.platform !== 'linux') return
  const deadline = performance.now() + PATIENCE_MS
  while (!standsStill(pid) && performance.now() < deadline) await sleep(LOOK_AGAIN_MS)
}

function standsStill(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) => !goesOn(`/proc/${pid}/task/${thread}/stat`))
  } catch {
    return true
  }
}

/** Stopped, traced and dead ones do not. */
function goesOn(stat: string): boolean {
  const [state] = statFields(stat) ?? []
  return state !== undefined && !/^[TtZX]$/.test(state)
}
