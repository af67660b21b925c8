/**
 * kill -9 of members and of the supervisor at random moments during writes: every acknowledged write is there
 * afterwards, read through every member. ZK_PSEUDO_DURABILITY_ROUNDS sets the total number of rounds (10; 50
 * in CI), ZK_PSEUDO_SEED the random choices, which are printed with a failure.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { AcknowledgedWrites } from '../support/acknowledgedWrites.ts'
import { CommandLineCluster, lives } from '../support/commandLine.ts'
import { allServe, describeEngines, leaderOf, type TestEnsemble } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { type RandomBelow, randomFrom } from '../support/randomFrom.ts'

const rounds = Number(process.env.ZK_PSEUDO_DURABILITY_ROUNDS ?? (process.env.CI ? 50 : 10))
/**
 * Members are killed in threads and in processes, and the supervisor with members of both kinds. The two
 * isolations run at the same time, because they mostly wait for elections and starts.
 */
const roundsEach = Math.ceil(rounds / 4)
const seed = Number(process.env.ZK_PSEUDO_SEED ?? Date.now() % 1_000_000)
const timeout = 60_000 + roundsEach * 20_000

describeEngines('acknowledged writes survive kill -9 of members', (start, engine) => {
  const isolations = engine === 'apache' ? (['process'] as const) : (['thread', 'process'] as const)
  for (const isolation of isolations) {
    it.concurrent(`in ${roundsEach} rounds, isolation ${isolation}, seed ${seed}`, { timeout }, async () => {
      const random = randomFrom(seed)
      const written: AcknowledgedWrites[] = []
      await using ensemble = await start({ isolation })
      await allServe(ensemble.members)
      const ports = ensemble.members.map(({ clientPort }) => clientPort)
      for (let round = 0; round < roundsEach; round++) {
        const writes = await AcknowledgedWrites.start(`/round-${round}`, () => ports)
        written.push(writes)
        try {
          const victims = await chooseVictims(ensemble, random)
          await enoughWritten(writes, random)
          await ensemble.kill(...victims)
          if (victims.length === 1) await enoughWritten(writes, random)
          await ensemble.start(...victims)
          await allServe(ensemble.members)
        } finally {
          await writes.stop()
        }
        await nothingIsMissing([writes], ports)
      }
      await nothingIsMissing(written, ports)
    })
  }
})

describe.runIf((process.env.ZK_TEST_ENGINE ?? 'zk-pseudo') !== 'apache')(
  'acknowledged writes survive kill -9 of the supervisor',
  () => {
    for (const isolation of ['thread', 'process']) {
      it.concurrent(`in ${roundsEach} rounds, isolation ${isolation}, seed ${seed}`, {
        timeout,
      }, async () => {
        const random = randomFrom(seed)
        const written: AcknowledgedWrites[] = []
        await using cluster = new CommandLineCluster()
        let ports: number[] = []
        const up = async () => {
          const document = await cluster.up('3', '--ports', 'auto', '--isolation', isolation)
          ports = document.members.map(({ clientPort }) => clientPort)
          return document
        }
        for (let round = 0; round < roundsEach; round++) {
          const { supervisorPid, members } = await up()
          await nothingIsMissing(written.slice(-1), ports)
          const writes = await AcknowledgedWrites.start(`/round-${round}`, () => ports)
          written.push(writes)
          try {
            await enoughWritten(writes, random)
            process.kill(supervisorPid, 'SIGKILL')
            const pids = [supervisorPid, ...members.flatMap(({ pid }) => pid ?? [])]
            await eventually('nothing to outlive the supervisor', () => !pids.some(lives))
          } finally {
            await writes.stop()
          }
        }
        await up()
        await nothingIsMissing(written, ports)
      })
    }
  },
)

/**
 * The members that a round kills at once: one, any two, or all three. The leader is as likely to be among
 * them as to be the only one.
 */
async function chooseVictims(ensemble: TestEnsemble, random: RandomBelow): Promise<number[]> {
  const leader = (await leaderOf(ensemble)).id
  const others = ensemble.members.map(({ id }) => id).filter((id) => id !== leader)
  const choices = [[leader], [others[random(2)]], [leader, others[random(2)]], others, [leader, ...others]]
  return choices[random(choices.length)] as number[]
}

/**
 * Waits for some more acknowledgements and then for a random time, so that the kill happens during writes.
 */
async function enoughWritten(writes: AcknowledgedWrites, random: RandomBelow): Promise<void> {
  const before = writes.names.size
  await eventually('writes to be acknowledged', () => writes.names.size >= before + 50)
  await sleep(random(150))
}

async function nothingIsMissing(
  written: readonly AcknowledgedWrites[],
  ports: readonly number[],
): Promise<void> {
  for (const writes of written) {
    expect(writes.names.size).toBeGreaterThan(0)
    for (const port of ports) {
      expect(await writes.missingAt(port), `${writes.parent} at ${port}, seed ${seed}`).toEqual([])
    }
  }
}
