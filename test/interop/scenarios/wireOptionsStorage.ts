/**
 * Options about what is written and how large it may be: no fsync, closeSession without its record,
 * compressed snapshots in only one member, many short logs and snapshots, ACLs switched off, requests of
 * several megabytes.
 */
import { expect } from 'vitest'
import { catchUp } from '../catchUp.ts'
import { course } from '../course.ts'
import { checkDisks } from '../disk.ts'
import type { MixedEnsemble } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'

const LIMIT = 4 * 1024 * 1024
const LARGE = LIMIT - 300

export const wireOptionsStorage: Scenario = {
  name: 'wireOptionsStorage',
  title: 'options of disk and sizes: gz, forceSync, jute.maxbuffer',
  where: ['AZZ', 'ZAA', 'ZZAa'],
  core: [],
  timeoutMs: 300_000,
  async play(_, stage) {
    const ensemble = await stage.start({
      set: {
        forceSync: 'no',
        syncEnabled: 'false',
        'closeSessionTxn.enabled': 'false',
        snapCount: '40',
        txnLogSizeLimitKb: '64',
        preAllocSize: '64',
        skipACL: 'yes',
        maxSessionTimeout: '60000',
      },
      edit: (id, text) => (id % 2 === 0 ? `${text}snapshot.compression.method=gz\n` : text),
    })
    await course(ensemble)
    await checkDisks(ensemble)
    await ensemble.close()
    const large = await stage.start({ jvm: { 'jute.maxbuffer': String(LIMIT) } })
    await course(large, { alsoIn: largest })
    await checkDisks(large)
  },
}

/** Requests as large as allowed: through the leader, through the learner, and as a SNAP. */
async function largest(ensemble: MixedEnsemble, leader: number, learner: number): Promise<void> {
  const options = { maxFrameBytes: 2 * LIMIT }
  for (const through of [leader, learner]) {
    const client = await ensemble.connect([through], options)
    await client.create(`/large-${leader}-through-${through}`, Buffer.alloc(LARGE, through + 1))
    await client.close()
  }
  await ensemble.kill(learner)
  ensemble.wipe(learner)
  expect((await catchUp(ensemble, learner)).mode).toBe('SNAP')
  const client = await ensemble.connect([learner], options)
  const { data } = await client.getData(`/large-${leader}-through-${leader}`)
  expect(data?.equals(Buffer.alloc(LARGE, leader + 1))).toBe(true)
  await client.close()
}
