/**
 * One million znodes: what they cost, how long a snapshot of them takes and whether writes continue
 * meanwhile, how long a follower needs to return with them, and how long an empty follower needs to get them
 * from its leader (SNAP).
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { ask } from '../../../test/support/fourLetterWord.ts'
import { memoryBytes } from '../../../test/support/procfs.ts'
import { RawClient } from '../../../test/support/rawClient.ts'
import { bool, createBody, int, opcode } from '../../../test/support/wire.ts'
import type { EngineMember, RunningEngine } from '../engine.ts'
import {
  type Outcome,
  roles,
  type Sample,
  type Scenario,
  type Sizes,
  serves,
  withEnsemble,
} from '../scenario.ts'
import { inParallel } from '../session.ts'
import { writeDuringSnapshots } from './snapshotGap.ts'

const MULTI = 14
const BATCH = 500
const BATCHES_AT_ONCE = 8
const CHILDREN = 1000

export const znodes: Scenario = {
  name: 'znodes',
  about: 'a very large tree: memory, snapshots while writes go on, restart, SNAP',
  run: (engine, sizes, parentDir) =>
    withEnsemble(engine, sizes, parentDir, (ensemble) => run(ensemble, sizes), {
      snapCount: String(sizes.snapCount),
    }),
}

async function run(ensemble: RunningEngine, sizes: Sizes): Promise<Outcome> {
  const samples: Sample[] = [await fill(ensemble, sizes)]
  const { leader, followers } = await roles(ensemble)
  await Promise.all(ensemble.members.map(synced))
  const memory = memoryBytes(ensemble.pids())
  if (memory !== null) samples.push({ metric: 'znodes: memory', unit: 'MB', value: memory / 2 ** 20 })
  samples.push(...(await writeDuringSnapshots(ensemble.members, leader)))
  const follower = followers[0] as EngineMember
  samples.push(await timed('znodes: follower restarted to serving', () => again(ensemble, follower)))
  samples.push(
    await timed('znodes: empty follower to serving, by SNAP', () => again(ensemble, follower, true)),
  )
  await Promise.all(ensemble.members.map(synced))
  const counts = await Promise.all(ensemble.members.map(nodeCount))
  const failures = counts.filter((count) => count !== counts[0] || count < sizes.znodes).length
  return { samples, failures, check: `${counts.join(', ')} znodes at the members` }
}

async function fill(ensemble: RunningEngine, { znodes: count, dataBytes }: Sizes): Promise<Sample> {
  const { leader } = await roles(ensemble)
  const client = await RawClient.open(leader.clientPort)
  const data = Buffer.alloc(dataBytes, 'x')
  const begun = performance.now()
  await client.create('/bench')
  const parents = Array.from({ length: Math.ceil(count / CHILDREN) }, (_, i) => `/bench/${i}`)
  const batches: Buffer[] = []
  for (let at = 0; at < parents.length; at += BATCH) {
    await client.call(MULTI, 'parents', multi(parents.slice(at, at + BATCH), data))
  }
  const nodes = Array.from({ length: count }, (_, i) => `/bench/${Math.floor(i / CHILDREN)}/${i % CHILDREN}`)
  for (let at = 0; at < nodes.length; at += BATCH) batches.push(multi(nodes.slice(at, at + BATCH), data))
  await inParallel(batches, BATCHES_AT_ONCE, async (batch) => {
    await client.call(MULTI, 'znodes', batch)
  })
  const seconds = (performance.now() - begun) / 1000
  await client.close()
  return { metric: 'znodes: created in multis', unit: '1/s', value: count / seconds }
}

function multi(paths: readonly string[], data: Buffer): Buffer {
  const header = (type: number, done: boolean): Buffer => Buffer.concat([int(type), bool(done), int(-1)])
  const parts = paths.flatMap((path) => [header(opcode.create, false), createBody(path, data)])
  return Buffer.concat([...parts, header(-1, true)])
}

async function synced({ clientPort }: EngineMember): Promise<void> {
  const client = await RawClient.open(clientPort)
  await client.sync()
  await client.close()
}

async function nodeCount({ clientPort }: EngineMember): Promise<number> {
  return Number(/^Node count: (\d+)/m.exec(await ask(clientPort, 'srvr'))?.[1] ?? 0)
}

async function timed(metric: string, work: () => Promise<number>): Promise<Sample> {
  return { metric, unit: 'ms', value: await work() }
}

/** Kills the member, removes its data if requested, and starts it again. Returns the ms until it serves. */
async function again(ensemble: RunningEngine, member: EngineMember, isEmptied = false): Promise<number> {
  await ensemble.kill(member.id)
  if (isEmptied) rmSync(join(member.dataDir, 'version-2'), { recursive: true })
  const begun = performance.now()
  await ensemble.restart(member.id)
  await serves(member)
  return performance.now() - begun
}
