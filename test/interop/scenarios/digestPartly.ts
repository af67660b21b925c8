/**
 * Digests are off in some members of either kind, and on in others: no member objects, and those that compare
 * find no difference.
 */
import { expect } from 'vitest'
import { catchUp, pairsOf } from '../catchUp.ts'
import { digestComplaints, mismatchesOf } from '../digests.ts'
import { checkDisks } from '../disk.ts'
import type { Scenario, Stage } from '../scenario.ts'
import { everyKind } from '../workload.ts'

export const digestPartly: Scenario = {
  name: 'digestPartly',
  title: 'digest.enabled=false in some members, in all',
  where: ['AAZ', 'ZZA'],
  core: [],
  timeoutMs: 300_000,
  async play(_, stage) {
    await without(stage, ({ id }) => id === 0)
    await without(stage, ({ id }) => id !== 0)
    await without(stage, () => true)
  },
}

async function without(stage: Stage, isOff: (member: { id: number }) => boolean): Promise<void> {
  const edit = (id: number, text: string) => (isOff({ id }) ? `${text}digest.enabled=false\n` : text)
  const ensemble = await stage.start({ edit })
  for (const { leader, learner } of pairsOf(ensemble)) {
    await ensemble.lead(leader)
    for (const mode of ['DIFF', 'SNAP']) {
      await ensemble.kill(learner)
      if (mode === 'SNAP') ensemble.wipe(learner)
      const client = await ensemble.connect([leader])
      await everyKind(client, `/${mode}-from-${leader}`)
      await client.close()
      await catchUp(ensemble, learner)
      const through = await ensemble.connect([learner])
      await everyKind(through, `/${mode}-through-${learner}-of-${leader}`)
      await through.close()
    }
  }
  for (const { id, engine } of ensemble.members) {
    if (engine === 'apache') expect(await mismatchesOf(ensemble, id), ensemble.nameOf(id)).toBe(0)
    expect(digestComplaints(ensemble, id)).toEqual([])
  }
  await checkDisks(ensemble)
}
