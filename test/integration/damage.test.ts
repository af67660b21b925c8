/**
 * One member's disk is damaged while all are down: its end cut off, a bit flipped, a file lost, files of former times put
 * back. It must refuse or be brought up to date; no acknowledged write is lost, and all trees are equal. The members end
 * one after the other, so that their histories differ in length and epoch. ZK_PSEUDO_DAMAGE_ROUNDS sets the rounds
 * for each isolation (2), ZK_PSEUDO_SEED the random choices, which are printed with a failure.
 */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Ensemble } from '../../src/ensemble/index.ts'
import { VERSION_DIR } from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { recoverDatabase } from '../../src/storage/recovery.ts'
import { AcknowledgedWrites } from '../support/acknowledgedWrites.ts'
import { backup, damage, damages } from '../support/damage.ts'
import { allServe } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { type RandomBelow, randomFrom } from '../support/randomFrom.ts'

const rounds = Number(process.env.ZK_PSEUDO_DAMAGE_ROUNDS ?? 2)
const seed = Number(process.env.ZK_PSEUDO_SEED ?? Date.now() % 1_000_000)

describe('acknowledged writes survive damage to one disk', () => {
  for (const isolation of ['thread', 'process'] as const) {
    it(`in ${rounds} rounds, isolation ${isolation}, seed ${seed}`, {
      timeout: 60_000 + rounds * 40_000,
    }, async () => {
      const random = randomFrom(seed)
      await using ensemble = await Ensemble.start({
        members: 3,
        isolation,
        ports: 'auto',
        dir: 'temp',
        set: { '4lw.commands.whitelist': '*', snapCount: '300' },
      })
      const written: AcknowledgedWrites[] = []
      const backups = new Map<number, string>()
      for (let round = 0; round < rounds; round++) {
        const done = await damagedRound(ensemble, random, round, written, backups)
        await allServe(ensemble.members)
        for (const writes of written)
          for (const { clientPort } of ensemble.members)
            expect(
              await writes.missingAt(clientPort),
              `${writes.parent} at ${clientPort}, seed ${seed}: ${done}`,
            ).toEqual([])
      }
      await ensemble.stop('all')
      expect(new Set(ensemble.members.map(digestOf)).size, `trees differ, seed ${seed}`).toBe(1)
      for (const path of backups.values()) rmSync(path, { recursive: true, force: true })
    })
  }
})

async function damagedRound(
  ensemble: Ensemble,
  random: RandomBelow,
  round: number,
  written: AcknowledgedWrites[],
  backups: Map<number, string>,
): Promise<string> {
  const ports = ensemble.members.map(({ clientPort }) => clientPort)
  const ids = shuffled(
    ensemble.members.map(({ id }) => id),
    random,
  )
  const writes = await AcknowledgedWrites.start(`/round-${round}`, () => ports)
  written.push(writes)
  try {
    const enough = async () => {
      const before = writes.names.size
      await eventually('writes to be acknowledged', () => writes.names.size >= before + 50)
    }
    await enough()
    await ensemble.kill(ids[0] as number)
    await enough()
    await ensemble.kill(ids[1] as number)
    await sleep(random(100))
    await ensemble.kill(ids[2] as number)
  } finally {
    await writes.stop()
  }
  const victim = ensemble.members[random(3)] as Ensemble['members'][number]
  const old = backups.get(victim.id) ?? null
  const done = damage(victim.dataDir, damages[random(damages.length)] ?? 'cut', old, random) ?? 'nothing'
  if (old === null) backups.set(victim.id, backup(victim.dataDir))
  await Promise.all(ids.filter((id) => id !== victim.id).map((id) => ensemble.start(id)))
  await ensemble.start(victim.id).catch(() => {})
  if ((await settled(ensemble, victim.id)) !== 'running') await resync(ensemble, victim)
  return `${victim.id}: ${done}`
}

function digestOf({ dataDir }: Ensemble['members'][number]): bigint | undefined {
  const [snapDir, logDir] = [join(dataDir, VERSION_DIR), join(dataDir, VERSION_DIR)]
  const options = { snapDir, logDir, commitLogCount: 0, trustEmpty: false, upTo: null }
  return recoverDatabase(nodeFileSystem, options)?.database.tree.digest
}

/** It serves, or has refused its data. */
function settled(ensemble: Ensemble, id: number): Promise<string> {
  return eventually(`member ${id} to serve or to refuse`, async () => {
    const member = (await ensemble.status()).members.find((one) => one.id === id)
    if (member?.state === 'crashed') return member.state
    return member?.state === 'running' && member.role !== 'looking' && member.role !== null
      ? member.state
      : null
  })
}

/** As `start --resync` does it: a quorum of the others serves. */
async function resync(ensemble: Ensemble, { id, dataDir }: Ensemble['members'][number]): Promise<void> {
  const folder = join(dataDir, VERSION_DIR)
  for (let n = 1; ; n++) {
    const aside = `${folder}.resync-${n}`
    if (existsSync(aside)) continue
    renameSync(folder, aside)
    break
  }
  await ensemble.start(id)
}

function shuffled<T>(items: readonly T[], random: RandomBelow): T[] {
  return [...items].sort(() => random(3) - 1)
}
