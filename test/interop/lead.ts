/**
 * Makes a given member the leader. A member cannot be told to lead: the member with the longest history is
 * elected, and among equals the one with the greatest id. So as many others as the ensemble can spare miss a
 * write, and only they take part in the election.
 */
import { KeeperError } from '../../src/client/index.ts'
import type { MixedEnsemble } from './mixedEnsemble.ts'

/** @returns what had to be done for it */
export async function lead(ensemble: MixedEnsemble, id: number): Promise<string> {
  const voters = ensemble.voters.map((member) => member.id)
  if (!voters.includes(id)) throw new Error(`${ensemble.nameOf(id)} does not vote, so it cannot lead`)
  if (voters.length % 2 === 0) throw new Error('of an even number, the ones left would be no quorum')
  const down = ensemble.ids.filter((one) => !ensemble.running.has(one))
  await ensemble.start(down)
  await ensemble.waitUntilServing()
  const leader = await ensemble.waitForLeader()
  if (leader.id === id) return `${ensemble.nameOf(id)} leads already`

  const spare = (voters.length - 1) / 2
  const behind = voters.filter((one) => one !== id && one !== leader.id).slice(0, spare)
  const ahead = voters.filter((one) => one !== id && !behind.includes(one))
  await ensemble.kill(behind)
  await writeThrough(ensemble, id)
  await ensemble.kill(ahead)
  await ensemble.start(behind)
  await ensemble.waitForLeader(id)
  await ensemble.start(ahead)
  await ensemble.waitUntilServing()
  await ensemble.waitForLeader(id)
  return `${behind.join(', ')} missed a write and then elected ${ensemble.nameOf(id)} without ${ahead.join(', ')}`
}

/**
 * Writes an error transaction: it takes a zxid, and changes nothing. The member has applied what it answers.
 */
async function writeThrough(ensemble: MixedEnsemble, id: number): Promise<void> {
  const client = await ensemble.connect([id])
  try {
    await client.delete('/no such znode').catch((error: unknown) => {
      if (!(error instanceof KeeperError) || error.code !== -101) throw error
    })
  } finally {
    await client.close()
  }
}
