/**
 * Members leave and return during writes that never stop: every sync has proposals outstanding around it.
 * Nothing acknowledged is lost.
 */
import { expect } from 'vitest'
import { AcknowledgedWrites } from '../../support/acknowledgedWrites.ts'
import { eventually } from '../../support/eventually.ts'
import { catchUp, pairsOf } from '../catchUp.ts'
import { checkDisks } from '../disk.ts'
import type { MixedEnsemble } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'

export const catchUpBusy: Scenario = {
  name: 'catchUpBusy',
  title: 'DIFF and SNAP while writes go on; nothing is lost',
  where: ['AZZ', 'ZAA', 'AZA', 'AZZaz'],
  core: ['ZAA'],
  // The history that a returning member missed is within the leader's memory, unless the member is empty.
  set: { snapCount: '700', commitLogCount: '100000' },
  async play(_, stage) {
    const ensemble = await stage.start()
    for (const { leader, learner } of pairsOf(ensemble)) {
      // A leader that was there from the first transaction on would send an empty member all transactions.
      await ensemble.restart(leader)
      await ensemble.lead(leader)
      const away = [learner, ...ensemble.observers.map(({ id }) => id)]
      const writes = await AcknowledgedWrites.start(`/through-${leader}`, () => portsOf(ensemble, away), {
        writers: 1,
      })
      for (const mode of ['DIFF', 'SNAP'] as const) {
        for (const id of away) {
          await acknowledged(writes, 50)
          await ensemble.kill(id)
          if (mode === 'SNAP') ensemble.wipe(id)
          await acknowledged(writes, 200)
          expect(await catchUp(ensemble, id)).toMatchObject({ leader, mode })
        }
      }
      await acknowledged(writes, 50)
      await writes.stop()
      for (const { id, clientPort } of ensemble.members) {
        expect(await writes.missingAt(clientPort), `at ${ensemble.nameOf(id)}`).toEqual([])
      }
    }
    await checkDisks(ensemble)
  },
}

/** The members that stay take the writes, each on its own session. */
function portsOf(ensemble: MixedEnsemble, away: readonly number[]): number[] {
  return ensemble.members.filter(({ id }) => !away.includes(id)).map(({ clientPort }) => clientPort)
}

async function acknowledged(writes: AcknowledgedWrites, count: number): Promise<void> {
  const goal = writes.names.size + count
  await eventually(`${count} more writes`, () => writes.names.size >= goal, { timeoutMs: 60_000 })
}
