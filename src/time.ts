/**
 * The system's timers and clock. Fake timers of test runners (Vitest, Jest, Sinon, node:test) replace the
 * globals. But an ensemble that runs in the process of the test continues in real time, and so must
 * everything that waits for its members. So code that runs in a user's process uses the time from here, not
 * the globals.
 */
import { performance as hooks } from 'node:perf_hooks'
import * as timers from 'node:timers'

/**
 * The system's own function, even when fakes were installed first: `@sinonjs/fake-timers`, which all these
 * runners but node:test use, keeps what it has replaced.
 */
function real<T>(name: string, found: T): T {
  const { clock } = found as { clock?: Record<string, T> }
  return clock?.[`_${name}`] ?? found
}

export const setTimeout = real('setTimeout', timers.setTimeout)
export const clearTimeout = real('clearTimeout', timers.clearTimeout)
export const setInterval = real('setInterval', timers.setInterval)
export const clearInterval = real('clearInterval', timers.clearInterval)
export const setImmediate = real('setImmediate', timers.setImmediate)

export const performance = { timeOrigin: hooks.timeOrigin, now: hooks.now.bind(hooks) }

export function sleep(ms: number): Promise<void> {
  return new Promise((over) => setTimeout(over, ms))
}

const LONGEST_MS = 0x7fffffff

/**
 * Keeps this process from ending by itself until `work` settles. What an ensemble has open does not do this.
 */
export async function holdingProcess<T>(work: Promise<T>): Promise<T> {
  const hold = setInterval(() => {}, LONGEST_MS)
  try {
    return await work
  } finally {
    clearInterval(hold)
  }
}
