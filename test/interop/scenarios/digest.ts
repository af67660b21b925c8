/**
 * Transactions of every type, under leaders of either kind: all members have the same digest at the same
 * zxid, and no log of either kind reports one that differs.
 */
import { expect } from 'vitest'
import type { Zxid } from '../../../src/protocol/zxid.ts'
import { eventually } from '../../support/eventually.ts'
import { untilLevel } from '../catchUp.ts'
import { digestComplaints, mismatchesOf, rememberedBy } from '../digests.ts'
import { checkDisks, digestAt } from '../disk.ts'
import { type MixedEnsemble, SUPER } from '../mixedEnsemble.ts'
import type { Scenario } from '../scenario.ts'
import { everyKind, many } from '../workload.ts'

export const digest: Scenario = {
  name: 'digest',
  title: 'digests agree after every type of transaction',
  where: ['AZZ', 'ZAA', 'AZA', 'AZZaz'],
  core: ['AZZ'],
  set: {
    extendedTypesEnabled: 'true',
    reconfigEnabled: 'true',
    'znode.container.checkIntervalMs': '500',
  },
  async play(_, stage) {
    const ensemble = await stage.start()
    const remembered = new Map<number, bigint>()
    for (const engine of ['apache', 'zk-pseudo'] as const) {
      const leader = ensemble.voters.find((voter) => voter.engine === engine)?.id as number
      await ensemble.lead(leader)
      for (const { id } of ensemble.members) await work(ensemble, leader, id)
      await untilLevel(ensemble)
      for (const { id } of ensemble.members.filter((member) => member.engine === 'apache')) {
        expect(await mismatchesOf(ensemble, id), ensemble.nameOf(id)).toBe(0)
        const found = await rememberedBy(ensemble, id)
        expect(found.size).toBeGreaterThan(1)
        for (const [zxid, value] of found) remembered.set(zxid, value)
      }
    }
    await checkDisks(ensemble)
    compare(ensemble, remembered)
    for (const { id } of ensemble.members) expect(digestComplaints(ensemble, id)).toEqual([])
  },
}

async function work(ensemble: MixedEnsemble, leader: number, through: number): Promise<void> {
  const root = `/led-by-${leader}-through-${through}`
  const client = await ensemble.connect([through])
  await everyKind(client, root, true)
  await many(client, `${root}/many`, 150)
  await client.create(`${root}/ephemeral`, '', { mode: 'ephemeral' })
  await client.createContainer(`${root}/emptied`)
  await client.create(`${root}/emptied/child`)
  await client.delete(`${root}/emptied/child`)
  await client.createTtl(`${root}/short`, 100, 'for a moment')
  // The leader removes both with transactions of a type that only a leader makes.
  for (const name of ['emptied', 'short']) {
    await eventually(`${name} to be removed`, async () => (await client.exists(`${root}/${name}`)) === null)
  }
  await client.addAuth('digest', SUPER)
  const { text } = await client.getConfig().then((config) => ({ text: config }))
  expect(text).toBeDefined()
  await client.close()
}

/** Compares what Apache remembered while it ran with every member's history up to the same zxid. */
function compare(ensemble: MixedEnsemble, remembered: ReadonlyMap<number, bigint>): void {
  for (const { id } of ensemble.members) {
    for (const [zxid, value] of remembered) {
      const found = digestAt(ensemble.member(id), zxid as Zxid)
      expect(found, `${ensemble.nameOf(id)} at 0x${zxid.toString(16)}`).toBe(value)
    }
  }
}
