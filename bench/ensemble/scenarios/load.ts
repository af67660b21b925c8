/**
 * Throughput and latency, with one outstanding request on one connection (to a follower, as for most clients)
 * and with many connections over all members and several outstanding requests on each. The check does not
 * rely on the generator's word alone: each connection sets its own znode, whose version at every member must
 * equal the number of its writes.
 */
import { RawClient } from '../../../test/support/rawClient.ts'
import type { RunningEngine } from '../engine.ts'
import { generateLoad, type LoadJob, type LoadResult } from '../loadGenerator.ts'
import { type Outcome, roles, type Sample, type Scenario, type Sizes, withEnsemble } from '../scenario.ts'

type Kind = LoadJob['kind']

export const loadScenarios: Scenario[] = (['write', 'read'] as const).flatMap((kind) => [
  {
    name: `${kind}-single`,
    about: `${kind}s, one outstanding on one connection to a follower`,
    run: (engine, sizes, parentDir) =>
      withEnsemble(engine, sizes, parentDir, (ensemble) => load(ensemble, kind, sizes, 'single')),
  },
  {
    name: `${kind}-pipelined`,
    about: `${kind}s, many connections over all members, several outstanding each`,
    run: (engine, sizes, parentDir) =>
      withEnsemble(engine, sizes, parentDir, (ensemble) => load(ensemble, kind, sizes, 'pipelined')),
  },
])

async function load(
  ensemble: RunningEngine,
  kind: Kind,
  sizes: Sizes,
  shape: 'single' | 'pipelined',
): Promise<Outcome> {
  const job = await prepare(ensemble, kind, sizes, shape)
  const result = await generateLoad(job)
  const checked = await check(ensemble, job, result)
  return { samples: samplesOf(result, `${kind}s, ${shape}`), ...checked }
}

/** Creates the znodes and returns the generator's job. */
export async function prepare(
  ensemble: RunningEngine,
  kind: Kind,
  sizes: Sizes,
  shape: 'single' | 'pipelined',
): Promise<LoadJob> {
  const { leader, followers } = await roles(ensemble)
  const targets = shape === 'single' ? followers.slice(0, 1) : ensemble.members
  const count = shape === 'single' ? 1 : sizes.connections
  const ports = Array.from({ length: count }, (_, i) => targets[i % targets.length]?.clientPort as number)
  const paths = ports.map((_, i) => `/bench-${kind}-${i}`)
  const client = await RawClient.open(leader.clientPort)
  for (const path of paths) await client.create(path, Buffer.alloc(sizes.dataBytes, 'x'))
  await client.close()
  await syncAll(ensemble)
  const { dataBytes, warmUp, measureMs } = sizes
  const window = shape === 'single' ? 1 : sizes.window
  return { kind, ports, paths, window, dataBytes, warmUp, measureMs, serverPids: ensemble.pids() }
}

/** Compares what was sent with the replies and, for writes, with the znodes at every member. */
export async function check(
  ensemble: RunningEngine,
  job: LoadJob,
  result: LoadResult,
): Promise<{ failures: number; check: string }> {
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
  let failures = result.failures + sum(result.sent) - sum(result.received)
  let words = `${sum(result.received)} replies to ${sum(result.sent)} ${job.kind}s`
  if (job.kind === 'write') {
    for (const member of ensemble.members) {
      const client = await RawClient.open(member.clientPort)
      await client.sync()
      const stats = await Promise.all(job.paths.map((path) => client.getData(path)))
      await client.close()
      failures += sum(stats.map(({ stat }, i) => Math.abs(stat.version - (result.received[i] as number))))
    }
    words += `, versions equal at ${ensemble.members.length} members`
  }
  return { failures, check: failures === 0 ? words : `${words}: ${failures} FAILURES` }
}

async function syncAll(ensemble: RunningEngine): Promise<void> {
  for (const member of ensemble.members) {
    const client = await RawClient.open(member.clientPort)
    await client.sync()
    await client.close()
  }
}

function samplesOf(result: LoadResult, what: string): Sample[] {
  const samples: Sample[] = [
    { metric: `${what}: throughput`, unit: '1/s', value: result.requestsPerSecond },
    { metric: `${what}: p50`, unit: 'ms', value: result.p50Ms },
    { metric: `${what}: p99`, unit: 'ms', value: result.p99Ms },
    { metric: `${what}: warm-up`, unit: 's', value: result.warmUpMs / 1000 },
    { metric: `${what}: CPU of load generator`, unit: 'CPUs', value: result.generatorCpus },
  ]
  const { serverCpus, generatorCpus } = result
  if (serverCpus !== null) {
    const share = (100 * generatorCpus) / (generatorCpus + serverCpus)
    samples.push({ metric: `${what}: CPU of servers`, unit: 'CPUs', value: serverCpus })
    samples.push({ metric: `${what}: load generator's share`, unit: '%', value: share })
  }
  return samples
}
