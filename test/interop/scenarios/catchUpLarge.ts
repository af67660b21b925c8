/**
 * A database of some 50 MB is sent as a SNAP, in znodes as large as jute.maxbuffer allows. The transfer is
 * interrupted: the learner dies in the middle, then the leader does, and then it must still succeed.
 */

import { existsSync } from 'node:fs'
import { expect } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { catchUp, pairsOf, syncsOf, untilLevel, untilServing } from '../catchUp.ts'
import { checkDisks, readDisk, versionDir } from '../disk.ts'
import type { MixedEnsemble } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'

const COUNT = 48
/**
 * What a request of jute.maxbuffer bytes leaves for the data (after RequestHeader, path, ACL and flags, with
 * room to spare).
 */
const LARGEST = 0xfffff - 200

export const catchUpLarge: Scenario = {
  name: 'catchUpLarge',
  title: 'a SNAP of 50 MB in the largest znodes, interrupted',
  where: ['AZZ', 'ZAA'],
  core: [],
  set: { initLimit: '40', syncLimit: '20' },
  timeoutMs: 300_000,
  async play(_, stage) {
    const ensemble = await stage.start()
    const client = await ensemble.connect()
    for (let i = 0; i < COUNT; i++) await client.create(`/large-${i}`, Buffer.alloc(LARGEST, `${i}.`))
    await client.close()
    for (const { leader, learner } of pairsOf(ensemble)) {
      await ensemble.lead(leader)
      await untilLevel(ensemble)
      await learnerDies(ensemble, leader, learner)
      await leaderDies(ensemble, leader, learner)
      await arrives(ensemble, learner)
    }
    await checkDisks(ensemble)
  },
}

async function learnerDies(ensemble: MixedEnsemble, leader: number, learner: number): Promise<void> {
  await ensemble.kill(learner)
  ensemble.wipe(learner)
  await untilSnapIsUnderWay(ensemble, learner)
  await ensemble.kill(learner)
  mustBeHalf(ensemble, learner)
  expect(await catchUp(ensemble, learner)).toMatchObject({ leader, mode: 'SNAP' })
  await ensemble.sameTrees()
}

/** Two of three members have everything, so the third gets it from the one that is left. */
async function leaderDies(ensemble: MixedEnsemble, leader: number, learner: number): Promise<void> {
  await untilLevel(ensemble)
  await ensemble.kill(learner)
  ensemble.wipe(learner)
  await untilSnapIsUnderWay(ensemble, learner)
  const since = ensemble.events.length
  await ensemble.kill(leader)
  mustBeHalf(ensemble, learner)
  await untilServing(ensemble, learner, since)
  await ensemble.waitUntilServing()
  const [sync] = syncsOf(ensemble.events.slice(since), learner)
  expect(sync).toMatchObject({ mode: 'SNAP' })
  await ensemble.start(leader)
  await ensemble.waitUntilServing()
  await ensemble.sameTrees()
}

/** The transfer without interruption, from the current leader. */
async function arrives(ensemble: MixedEnsemble, learner: number): Promise<void> {
  await untilLevel(ensemble)
  await ensemble.stop(learner)
  ensemble.wipe(learner)
  await ensemble.waitForLeader()
  expect(await catchUp(ensemble, learner)).toMatchObject({ mode: 'SNAP' })
  const tree = await ensemble.sameTrees()
  for (let i = 0; i < COUNT; i++) {
    const data = tree.get(`/large-${i}`)?.data
    expect(data?.equals(Buffer.alloc(LARGEST, `${i}.`))).toBe(true)
  }
}

async function untilSnapIsUnderWay(ensemble: MixedEnsemble, learner: number): Promise<void> {
  const since = ensemble.events.length
  await ensemble.start(learner)
  const sync = await eventually(
    'the SNAP to begin',
    () => syncsOf(ensemble.events.slice(since), learner)[0],
    { everyMs: 1, timeoutMs: 60_000 },
  )
  expect(sync.mode).toBe('SNAP')
}

/** Checks that the transfer was interrupted: nothing of the database is on the learner's disk yet. */
function mustBeHalf(ensemble: MixedEnsemble, learner: number): void {
  const member = ensemble.member(learner)
  if (existsSync(versionDir(member.dataDir))) expect(readDisk(member).tree.size).toBeLessThan(COUNT)
}
