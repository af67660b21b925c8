/**
 * Nothing that is committed ends a member or costs a leader its place: the shapes on real members, applied,
 * replayed, and brought to a member that was down. ZK_PSEUDO_HEAVY_SHAPES=1 makes them as large as a machine
 * bears.
 */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Ensemble } from '../../src/ensemble/index.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { recoverDatabase } from '../../src/storage/recovery.ts'
import { eventually } from '../support/eventually.ts'
import { ask, modeOf } from '../support/fourLetterWord.ts'
import { RawClient } from '../support/rawClient.ts'
import { commitShapes, HEAVY, LEAN } from './shapes.ts'

const isHeavy = process.env.ZK_PSEUDO_HEAVY_SHAPES === '1'
const sizes = isHeavy ? HEAVY : LEAN
/** With these a leader that answers nothing for syncLimit ticks is left. */
const MOST_SILENCE_MS = 10_000

/**
 * Asks a member again and again how it is; gives the longest that it took to answer, since the last lap and
 * at all.
 */
function watchSilence(port: number): { lap: () => number; stop: () => Promise<number> } {
  let isOver = false
  let longest = 0
  let longestOfLap = 0
  const loop = (async () => {
    while (!isOver) {
      const asked = performance.now()
      await ask(port, 'ruok', 60_000).catch(() => '')
      longestOfLap = Math.max(longestOfLap, performance.now() - asked)
      longest = Math.max(longest, longestOfLap)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  return {
    lap: () => {
      const lap = longestOfLap
      longestOfLap = 0
      return lap
    },
    stop: async () => {
      isOver = true
      await loop
      return longest
    },
  }
}

function diskDigest(dataDir: string): { digest: bigint; zxid: number; nodes: number } {
  const dir = join(dataDir, 'version-2')
  const recovered = recoverDatabase(nodeFileSystem, {
    snapDir: dir,
    logDir: dir,
    commitLogCount: 10,
    trustEmpty: false,
    upTo: null,
  })
  if (recovered === null) throw new Error(`nothing in ${dir}`)
  const { tree } = recovered.database
  return { digest: tree.digest, zxid: recovered.lastZxid, nodes: tree.nodeCount }
}

for (const isolation of ['thread', 'process'] as const) {
  it(`every shape is applied, replayed and caught up with, isolation ${isolation}`, {
    timeout: isHeavy ? 3_600_000 : 120_000,
  }, async () => {
    const set = {
      '4lw.commands.whitelist': '*',
      'znode.container.checkIntervalMs': '600000',
      extendedTypesEnabled: 'true',
    }
    await using ensemble = await Ensemble.start({ members: 3, isolation, ports: 'auto', dir: 'temp', set })
    const members = [...ensemble.members]
    const serve = () =>
      Promise.all(
        members.map(({ id, clientPort }) =>
          eventually(`member ${id} to serve`, () => modeOf(clientPort), {
            timeoutMs: isHeavy ? 300_000 : 60_000,
          }),
        ),
      )
    const start = (id: number) => ensemble.start(id, { waitTimeoutMs: isHeavy ? 300_000 : 60_000 })
    const modes = await serve()
    const leader = members[modes.indexOf('leader')] as (typeof members)[number]
    const [away] = members.filter(({ id }) => id !== leader.id)
    if (away === undefined) throw new Error('no follower')
    await ensemble.kill(away.id)
    const up = members.filter(({ id }) => id !== away.id)
    const watched = up.map(({ id, clientPort }) => ({ id, silence: watchSilence(clientPort) }))
    await commitShapes(leader.clientPort, sizes, (shape, tookMs) => {
      const silences = watched.map(({ id, silence }) => `${id}: ${Math.round(silence.lap())}`)
      if (isHeavy || process.env.ZK_PSEUDO_SHAPE_TIMES)
        console.log(`${isolation}: ${shape} took ${tookMs} ms, silences ${silences.join(', ')} ms`)
    })
    for (const { silence } of watched) expect(await silence.stop()).toBeLessThan(MOST_SILENCE_MS)
    expect(await modeOf(leader.clientPort)).toBe('leader')

    // By SNAP, since so much was written; then by DIFF.
    await start(away.id)
    await serve()
    await ensemble.kill(away.id)
    const client = await RawClient.open(leader.clientPort)
    await client.create('/after-snap')
    client.destroy()
    await start(away.id)
    await serve()
    // Another one: without pings the first one's session may have expired meanwhile.
    const later = await RawClient.open(leader.clientPort)
    await later.create('/after-diff')
    later.destroy()

    for (const { id } of members) await ensemble.stop(id)
    const digests = members.map(({ dataDir }) => diskDigest(dataDir))
    expect(new Set(digests.map(({ digest }) => digest)).size).toBe(1)
    await Promise.all(members.map(({ id }) => start(id)))
    await serve()
    const again = await RawClient.open(leader.clientPort)
    await again.create('/after-restart')
    again.destroy()
  })
}
