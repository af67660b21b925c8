/**
 * Ephemeral znodes disappear with their session on every member: when it is closed, and when it is not kept
 * alive. The leader, of either kind, counts the time from what followers of the other kind report. A session
 * that is kept alive stays, and a new leader resumes the count.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { create, Flag } from '../../conformance/operations.ts'
import { eventually } from '../../support/eventually.ts'
import { FIVES, THREES } from '../arrangement.ts'
import { oneOfEachKind } from '../kinds.ts'
import type { MixedEnsemble } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'

/** Four ticks of these ensembles. */
const TIMEOUT_MS = 2000
/** The report may be half a tick late and is rounded up to a tick; the rest is for a slow machine. */
const LATE_MS = 3000

export const sessionEnds: Scenario = {
  name: 'sessionEnds',
  title: 'ephemerals vanish at a close and an expiry',
  where: [...THREES, ...FIVES.slice(1, 2), 'AZZaz'],
  core: ['AZZ', 'ZAA'],
  async play(_, stage) {
    const ensemble = await stage.start()
    for (const leader of oneOfEachKind(ensemble.voters)) {
      await ensemble.lead(leader.id)
      const root = `/led-by-${leader.id}`
      await closed(ensemble, root)
      await Promise.all(
        ensemble.ids.flatMap((id) => [expires(ensemble, root, id), isKept(ensemble, root, id)]),
      )
      await expiresUnderAnother(ensemble, root, leader.id)
    }
  },
}

async function closed(ensemble: MixedEnsemble, root: string): Promise<void> {
  for (const id of ensemble.ids) {
    const path = `${root}-closed-${id}`
    const session = await ensemble.session(id)
    await session.must(create(path, { flags: Flag.ephemeral }))
    await session.must(create(`${path}-stays`))
    await session.close()
    const tree = await ensemble.sameTrees()
    expect([tree.has(path), tree.has(`${path}-stays`)]).toEqual([false, true])
  }
}

async function expires(ensemble: MixedEnsemble, root: string, id: number): Promise<void> {
  const path = `${root}-expires-${id}`
  const session = await ensemble.session(id, { timeoutMs: TIMEOUT_MS })
  expect(session.greeting?.timeoutMs).toBe(TIMEOUT_MS)
  await session.must(create(path, { flags: Flag.ephemeral }))
  const elsewhere = ensemble.ids.find((other) => other !== id) as number
  const watcher = await ensemble.connect([elsewhere])
  let goneAt: number | undefined
  const noted = () => {
    goneAt = performance.now()
  }
  await watcher.sync()
  expect(await watcher.exists(path, noted)).not.toBeNull()
  await session.ping()
  const lastHeard = performance.now()
  await session.drop()
  await eventually(`${path} to go`, () => goneAt !== undefined, { timeoutMs: TIMEOUT_MS + LATE_MS })
  const after = (goneAt ?? 0) - lastHeard
  // The follower reports that ping to the leader at the leader's next ping, half a tick later at most.
  expect(after).toBeGreaterThan(TIMEOUT_MS - 300)
  await watcher.close()
}

async function isKept(ensemble: MixedEnsemble, root: string, id: number): Promise<void> {
  const path = `${root}-kept-${id}`
  const session = await ensemble.session(id, { timeoutMs: TIMEOUT_MS })
  await session.must(create(path, { flags: Flag.ephemeral }))
  for (const until = performance.now() + 2 * TIMEOUT_MS; performance.now() < until; ) {
    await sleep(TIMEOUT_MS / 4)
    expect((await session.ping()).outcome).toBe('ok')
  }
  // Other znodes appear and disappear meanwhile, so this reads only the one path.
  const reader = await ensemble.connect([ensemble.ids.at(-1) as number])
  await reader.sync()
  expect((await reader.exists(path))?.ephemeralOwner).toBe(session.sessionId)
  await reader.close()
  await session.close()
}

/** The next leader has never heard from the session's client. */
async function expiresUnderAnother(ensemble: MixedEnsemble, root: string, leader: number): Promise<void> {
  const path = `${root}-orphan`
  const follower = ensemble.voters.find(({ id }) => id !== leader)?.id as number
  const session = await ensemble.session(follower, { timeoutMs: TIMEOUT_MS })
  await session.must(create(path, { flags: Flag.ephemeral }))
  await session.drop()
  await ensemble.kill(leader)
  await ensemble.waitUntilServing()
  await eventually(`${path} to expire`, async () => !(await ensemble.treeOf(follower)).has(path))
  await ensemble.start(leader)
  await ensemble.waitUntilServing()
  await ensemble.sameTrees()
}
