/**
 * The load generator: a separate process that does one job and reports. It also reads the servers' CPU time
 * at both ends of the measured window, so that its own share of the machine is reported beside theirs.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds } from '../../test/support/procfs.ts'
import { opcode, readBody, setDataBody } from '../../test/support/wire.ts'
import { LoadConnection } from './loadConnection.ts'
import { bundleFile } from './self.ts'
import { LatencyHistogram } from './statistics.ts'

export interface LoadJob {
  kind: 'write' | 'read'
  /** One connection for each port, in this order; connection i works on znode `paths[i]`. */
  ports: number[]
  paths: string[]
  /** Requests outstanding on each connection. */
  window: number
  dataBytes: number
  /**
   * Time before the measured window in which compilers warm up; it is extended while the rate still rises.
   */
  warmUp: { leastMs: number; mostMs: number }
  measureMs: number
  serverPids: number[]
}

export interface LoadResult {
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  /** Replies with err other than 0, over the whole run. */
  failures: number
  warmUpMs: number
  /** Requests that were sent and answered on each connection, over the whole run. */
  sent: number[]
  received: number[]
  /** CPUs in use during the window; 1 is one core. */
  generatorCpus: number
  serverCpus: number | null
}

/** Runs a job in a child process that starts this bundle. */
export async function generateLoad(job: LoadJob): Promise<LoadResult> {
  const child = fork(bundleFile, ['generate', JSON.stringify(job)])
  const result = once(child, 'message') as Promise<[LoadResult]>
  const ended = once(child, 'exit') as Promise<[number | null]>
  const first = await Promise.race([result, ended.then(([code]) => code)])
  if (!Array.isArray(first)) throw new Error(`the load generator failed (exit ${first})`)
  await ended
  return first[0]
}

/** The job as the child process runs it. */
export async function generate(job: LoadJob): Promise<LoadResult> {
  const latencies = new LatencyHistogram()
  let measuring = false
  let failures = 0
  const events = {
    reply(latencyMs: number, err: number): void {
      if (err !== 0) failures++
      if (measuring) latencies.record(latencyMs)
    },
    fail(error: Error): void {
      throw error
    },
  }
  const [type, bodyOf] = requestsOf(job)
  const connections = await Promise.all(
    job.ports.map((port, i) => LoadConnection.open(port, type, bodyOf(job.paths[i] as string), events)),
  )
  for (const connection of connections) connection.start(job.window)
  const warmUpMs = await warmUp(job.warmUp, connections)
  const before = usage(job.serverPids)
  measuring = true
  await sleep(job.measureMs)
  measuring = false
  const after = usage(job.serverPids)
  await Promise.all(connections.map((connection) => connection.drain()))
  for (const connection of connections) connection.close()
  const seconds = (after.at - before.at) / 1000
  const cpus = (from: number | null, to: number | null): number | null =>
    from === null || to === null ? null : (to - from) / seconds
  return {
    requestsPerSecond: latencies.total / seconds,
    p50Ms: latencies.percentile(0.5),
    p99Ms: latencies.percentile(0.99),
    failures,
    warmUpMs,
    sent: connections.map(({ sent }) => sent),
    received: connections.map(({ received }) => received),
    generatorCpus: cpus(before.own, after.own) as number,
    serverCpus: cpus(before.servers, after.servers),
  }
}

/**
 * Lets the load run until two consecutive windows are not faster than the best earlier one by 5 %. A JVM
 * becomes three times as fast in its first fifteen seconds, and a yardstick should be measured at its best.
 */
async function warmUp(
  { leastMs, mostMs }: LoadJob['warmUp'],
  connections: readonly LoadConnection[],
): Promise<number> {
  const received = (): number => connections.reduce((sum, connection) => sum + connection.received, 0)
  const begun = performance.now()
  let best = 0
  for (let stale = 0, elapsed = 0; elapsed < leastMs || (stale < 2 && elapsed < mostMs); ) {
    const [from, before] = [performance.now(), received()]
    await sleep(Math.min(2000, leastMs))
    const rate = (received() - before) / (performance.now() - from)
    stale = rate > best * 1.05 ? 0 : stale + 1
    best = Math.max(best, rate)
    elapsed = performance.now() - begun
  }
  return performance.now() - begun
}

function requestsOf(job: LoadJob): [number, (path: string) => Buffer] {
  if (job.kind === 'read') return [opcode.getData, readBody]
  const data = Buffer.alloc(job.dataBytes, 'x')
  return [opcode.setData, (path) => setDataBody(path, data)]
}

function usage(pids: readonly number[]): { at: number; own: number; servers: number | null } {
  const { user, system } = process.cpuUsage()
  return { at: performance.now(), own: (user + system) / 1e6, servers: cpuSeconds(pids) }
}
