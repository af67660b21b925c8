/**
 * The time to the first acknowledged write, as an unlucky and impatient client sees it: a session is opened
 * at every member at once, again and again, and the first acknowledged create ends the probe.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { RawClient } from '../../test/support/rawClient.ts'

/** Pause between attempts at a member that refuses. */
const retryMs = 5
/** An attempt that hangs is abandoned after this time, and another starts beside it. */
const patienceMs = 100

export interface ProbeResult {
  /** When the write was acknowledged, in ms of performance.now. */
  acknowledgedAt: number
  attempts: number
}

/** Creates `path` at any of `ports`; rejects after `timeoutMs`. */
export async function firstWrite(
  ports: readonly number[],
  path: string,
  timeoutMs = 60_000,
): Promise<ProbeResult> {
  const deadline = performance.now() + timeoutMs
  const clients = new Set<RawClient>()
  let acknowledgedAt: number | undefined
  let attempts = 0
  const attempt = async (port: number): Promise<void> => {
    const number = ++attempts
    const client = await RawClient.open(port)
    clients.add(client)
    if (acknowledgedAt !== undefined) return client.destroy()
    await client.create(`${path}-${number}`)
    acknowledgedAt ??= performance.now()
  }
  const insist = async (port: number): Promise<void> => {
    while (acknowledgedAt === undefined && performance.now() < deadline) {
      const failed = attempt(port).then(
        () => false,
        () => true,
      )
      const impatient = new AbortController()
      const early = await Promise.race([failed, sleep(patienceMs, false, impatient)])
      impatient.abort()
      if (early) await sleep(retryMs)
    }
  }
  await Promise.race(ports.map(insist))
  for (const client of clients) client.destroy()
  if (acknowledgedAt === undefined) throw new Error(`no write was acknowledged within ${timeoutMs} ms`)
  return { acknowledgedAt, attempts }
}
