/**
 * Timers and the clock as the system has them. Fake timers of test runners (Vitest, Jest, Sinon, node:test) replace the
 * globals, and an ensemble runs in the process of the test: its members go on in real time all the while, and so must
 * whatever waits for them. What runs in a user's process takes its time from here, not from the globals.
 */
import { performance as hooks } from 'node:perf_hooks'
import * as timers from 'node:timers'

/** Where the fakes were there first, they keep what they have replaced: `@sinonjs/fake-timers`, under all runners but node:test. */
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

/** Keeps this process from ending by itself while `work` is under way: what an ensemble has open does not. */
export async function holdingProcess<T>(work: Promise<T>): Promise<T> {
  const hold = setInterval(() => {}, LONGEST_MS)
  try {
    return await work
  } finally {
    clearInterval(hold)
  }
}
