/**
 * A leader dies with a transaction that only it has logged. The others continue, without and with
 * transactions of their own. When the old leader returns, its log is cut (TRUNC), or, where a later epoch has
 * transactions, replaced (SNAP; the lost transaction then stays in the log, below the snapshot, where no
 * recovery reads it).
 *
 * Both kinds send TRUNC only while the later epochs are empty: Apache's learners cannot cut across an epoch
 * with transactions (LearnerHandler.queueCommittedProposals). A snapshot that shows the lost transaction
 * makes no difference to ours. Apache's own learner would start from that snapshot again
 * (FileTxnSnapLog.truncateLog leaves it), so that is not played with it.
 */
import { expect } from 'vitest'
import type { Zxid } from '../../../src/protocol/zxid.ts'
import { eventually } from '../../support/eventually.ts'
import { THREES } from '../arrangement.ts'
import { catchUp, untilLevel } from '../catchUp.ts'
import { checkDisks, loggedZxids, readDisk } from '../disk.ts'
import type { MixedEnsemble } from '../mixedEnsemble.ts'
import { plant } from '../plant.ts'
import type { Scenario } from '../scenario.ts'

export const catchUpTrunc: Scenario = {
  name: 'catchUpTrunc',
  title: 'what only an old leader logged is cut off (TRUNC, SNAP)',
  where: THREES,
  core: ['ZAA'],
  async play(_, stage) {
    const ensemble = await stage.start()
    for (const old of oldLeadersOf(ensemble)) {
      await cutOff(ensemble, old, 1, { snapshot: ensemble.member(old).engine === 'zk-pseudo' })
      await cutOff(ensemble, old, 2)
      await replaced(ensemble, old)
    }
    await checkDisks(ensemble)
  },
}

/**
 * One member of each kind whose successor is of the other kind; among equals without it, the greatest id is
 * elected.
 */
function oldLeadersOf(ensemble: MixedEnsemble): number[] {
  const { voters } = ensemble
  return (['apache', 'zk-pseudo'] as const).flatMap((kind) => {
    const old = voters.find(({ id, engine }) => {
      return engine === kind && voters.findLast((voter) => voter.id !== id)?.engine !== kind
    })
    return old === undefined ? [] : [old.id]
  })
}

/** @param epochs number of elections without a transaction before the old leader returns */
async function cutOff(ensemble: MixedEnsemble, old: number, epochs: number, { snapshot = false } = {}) {
  const path = `/lost-by-${old}-${epochs}-${snapshot}`
  const { others, lost } = await loggedByTheLeaderAlone(ensemble, old, path)
  if (snapshot) expect(await plant(ensemble.member(old), `${path}-too`, { snapshot })).toBe(lost + 1)
  for (let epoch = 0; epoch < epochs; epoch++) {
    if (epoch > 0) await ensemble.kill(others)
    await ensemble.start(others)
    expect((await ensemble.waitForLeader()).engine).not.toBe(ensemble.member(old).engine)
  }
  const { mode, leader } = await catchUp(ensemble, old)
  // Apache takes a snapshot each time it begins to lead, and after its next start it remembers no
  // transactions from before that.
  const forgot = epochs > 1 && ensemble.member(leader).engine === 'apache'
  expect(mode).toBe(forgot ? 'SNAP' : 'TRUNC')
  if (mode === 'TRUNC') expect(loggedZxids(ensemble.member(old).dataDir)).not.toContain(lost)
  await withoutLost(ensemble, path)
}

/** The same, but the others have written meanwhile. */
async function replaced(ensemble: MixedEnsemble, old: number): Promise<void> {
  const path = `/replaced-at-${old}`
  const { others } = await loggedByTheLeaderAlone(ensemble, old, path)
  await ensemble.start(others)
  await ensemble.waitUntilServing()
  const found = await catchUp(ensemble, old)
  expect(found.mode).toBe('SNAP')
  await withoutLost(ensemble, path)
}

async function withoutLost(ensemble: MixedEnsemble, path: string): Promise<void> {
  await ensemble.waitUntilServing()
  const client = await ensemble.connect()
  await client.create(`${path}-after`, 'written since')
  await client.close()
  const tree = await ensemble.sameTrees()
  expect(tree.has(`${path}-before`)).toBe(true)
  expect(tree.has(path)).toBe(false)
  expect(tree.has(`${path}-too`)).toBe(false)
}

/**
 * Makes a member the leader, freezes the others, and ends all members once the leader has logged one more
 * create, which the frozen ones never read. @returns the others, and the zxid
 */
async function loggedByTheLeaderAlone(
  ensemble: MixedEnsemble,
  leader: number,
  path: string,
): Promise<{ others: number[]; lost: Zxid }> {
  await ensemble.lead(leader)
  const others = ensemble.ids.filter((id) => id !== leader)
  const client = await ensemble.connect([leader])
  await client.create(`${path}-before`, 'on all disks')
  await untilLevel(ensemble)
  await ensemble.pause(others)
  const { dataDir } = ensemble.member(leader)
  const before = loggedZxids(dataDir).at(-1) as Zxid
  const create = client.create(path, 'on one disk').then(
    () => 'acknowledged',
    () => 'not acknowledged',
  )
  await eventually('the leader to log it', () => (loggedZxids(dataDir).at(-1) ?? 0) > before)
  await ensemble.kill(ensemble.ids)
  client.leave()
  expect(await create).toBe('not acknowledged')
  const disk = readDisk(ensemble.member(leader))
  expect(disk.tree.has(path)).toBe(true)
  for (const id of others) expect(readDisk(ensemble.member(id)).tree.has(path)).toBe(false)
  return { others, lost: disk.zxid }
}
