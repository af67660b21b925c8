/**
 * Options about membership: weights and groups, a server list in a separate file, client addresses, observers
 * that wait before they look for a leader.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Arrangement, seatsOf } from '../arrangement.ts'
import { course } from '../course.ts'
import type { Scenario, Stage } from '../scenario.ts'
import { everyKind } from '../workload.ts'

export const wireOptionsMembership: Scenario = {
  name: 'wireOptionsMembership',
  title: 'weights and groups, dynamicConfigFile',
  where: ['AZZ', 'ZAA', 'AZZaz'],
  core: [],
  timeoutMs: 300_000,
  async play(arrangement, stage) {
    await weighted(arrangement, stage)
    await inAFileOfItsOwn(stage)
  },
}

/**
 * Member 0 weighs one more than all others together: without it nothing can be decided, with it alone
 * everything can.
 */
async function weighted(arrangement: Arrangement, stage: Stage): Promise<void> {
  const voters = seatsOf(arrangement).filter(({ isObserver }) => !isObserver).length
  const ids = Array.from({ length: voters }, (_, id) => id)
  const lines = [`group.1=${ids.join(':')}`, ...ids.map((id) => `weight.${id}=${id === 0 ? voters : 1}`)]
  const ensemble = await stage.start({ edit: (_, text) => `${text}${lines.join('\n')}\n` })
  const others = ensemble.voters.filter(({ id }) => id !== 0).map(({ id }) => id)
  await ensemble.kill(others)
  await ensemble.waitForLeader(0)
  const client = await ensemble.connect([0])
  await everyKind(client, '/alone')
  await ensemble.start(others)
  await ensemble.waitUntilServing()
  await ensemble.sameTrees()
  await ensemble.close()
}

async function inAFileOfItsOwn(stage: Stage): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'zk-pseudo-dynamic-'))
  try {
    const ensemble = await stage.start({
      set: { 'observer.reconnectDelayMs': '300', 'observer.election.DelayMs': '100' },
      edit: (id, text) => {
        const file = join(dir, `zoo-${id}.cfg.dynamic`)
        const isServer = (line: string) => line.startsWith('server.')
        const lines = text.split('\n')
        writeFileSync(file, `${lines.filter(isServer).join('\n')}\n`)
        const rest = lines.filter((line) => !isServer(line) && !line.startsWith('clientPortAddress'))
        return [...rest, 'clientPortAddress=127.0.0.1', `dynamicConfigFile=${file}`, ''].join('\n')
      },
    })
    await course(ensemble)
    await ensemble.close()
  } finally {
    rmSync(dir, { recursive: true })
  }
}
