/** A scenario measures one thing on a fresh ensemble of one engine; the runner alternates engines. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../../test/support/eventually.ts'
import { modeOf } from '../../test/support/fourLetterWord.ts'
import type { Engine, EngineMember, EngineName, RunningEngine, ZooCfg } from './engine.ts'

/** One measured figure. */
export interface Sample {
  metric: string
  unit: 'ms' | 'MB' | '1/s' | 'CPUs' | '%' | 's'
  value: number
}

/** `check` says in words what was checked, e.g. that every reply arrived; `failures` must be 0. */
export interface Outcome {
  samples: Sample[]
  failures: number
  check: string
}

export interface Sizes {
  members: number
  /** How often a cold start or a fail-over is repeated within a round. */
  repeats: number
  connections: number
  window: number
  dataBytes: number
  /** Warm-up before each measured load; it is extended while the rate rises, but no longer than `mostMs`. */
  warmUp: { leastMs: number; mostMs: number }
  measureMs: number
  /** How long an ensemble is left alone before its idle memory is read. */
  idleMs: number
  /** Sessions that are open at the same time, over all members. */
  sessions: number
  /**
   * Watchers of the watch scenario. One burst of changes fires every watch: every watcher watches every
   * znode.
   */
  watchers: number
  watchedZnodes: number
  /** Znodes in one tree. */
  znodes: number
  /** Transactions between snapshots while the longest gap between writes is measured. */
  snapCount: number
}

export const fullSizes: Sizes = {
  members: 3,
  repeats: 3,
  connections: 32,
  window: 16,
  dataBytes: 100,
  warmUp: { leastMs: 4000, mostMs: 30_000 },
  measureMs: 5000,
  idleMs: 3000,
  sessions: 10_000,
  watchers: 100,
  watchedZnodes: 1000,
  znodes: 1_000_000,
  snapCount: 20_000,
}

/** Sizes for a run of a few seconds in all, which shows that nothing has rotted; its figures mean little. */
export const toySizes: Sizes = {
  ...fullSizes,
  repeats: 1,
  connections: 4,
  window: 4,
  warmUp: { leastMs: 50, mostMs: 50 },
  measureMs: 150,
  idleMs: 50,
  sessions: 60,
  watchers: 6,
  watchedZnodes: 20,
  znodes: 3000,
  snapCount: 400,
}

export interface Scenario {
  name: string
  about: string
  /** Set for a scenario that only one engine can run. */
  only?: EngineName
  run(engine: Engine, sizes: Sizes, parentDir: string): Promise<Outcome>
}

/** Starts an ensemble in its own folder, waits until every member serves, runs `scenario`, and cleans up. */
export async function withEnsemble<T>(
  engine: Engine,
  sizes: Sizes,
  parentDir: string,
  use: (ensemble: RunningEngine) => Promise<T>,
  set: ZooCfg = {},
): Promise<T> {
  const dir = mkdtempSync(join(parentDir, `${engine.name}-`))
  try {
    await using ensemble = await engine.start(sizes.members, dir, set)
    await Promise.all(ensemble.members.map(serves))
    return await use(ensemble)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Waits until the member leads or follows. */
export function serves(member: EngineMember): Promise<string> {
  return eventually(`member ${member.id} to serve`, () => modeOf(member.clientPort), { timeoutMs: 60_000 })
}

/** The members by role: the leader, and the others. */
export async function roles(
  ensemble: RunningEngine,
): Promise<{ leader: EngineMember; followers: EngineMember[] }> {
  return eventually('a leader', async () => {
    const modes = await Promise.all(ensemble.members.map((member) => modeOf(member.clientPort)))
    const leader = ensemble.members.find((_, index) => modes[index] === 'leader')
    return leader && { leader, followers: ensemble.members.filter((member) => member !== leader) }
  })
}

/** The folder that holds the folders of all ensembles of one run. */
export function makeParentDir(under = tmpdir()): string {
  return mkdtempSync(join(under, 'zk-pseudo-bench-'))
}
