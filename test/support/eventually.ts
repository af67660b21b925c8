/** Waiting for a condition instead of for a number of milliseconds. */
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Calls `probe` until it answers something other than false, null or undefined, and returns that answer.
 * Throws after `timeoutMs` with `what` and the last error, if there was one.
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T> | T,
  options: { timeoutMs?: number; everyMs?: number } = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const { timeoutMs = 20_000, everyMs = 25 } = options
  const deadline = performance.now() + timeoutMs
  let lastError: unknown
  do {
    try {
      const answer = await probe()
      if (answer !== false && answer !== null && answer !== undefined) {
        return answer as NonNullable<Exclude<T, false>>
      }
    } catch (error) {
      lastError = error
    }
    await sleep(everyMs)
  } while (performance.now() < deadline)
  throw new Error(`timed out after ${timeoutMs} ms waiting for ${what}`, { cause: lastError })
}
