/**
 * Ten thousand open sessions on three members: how fast they open, what they cost, how fast a write is while
 * they ping, and how long after the leader's death every one of them is served again under the same session.
 */

import { memoryBytes } from '../../../test/support/procfs.ts'
import { pingRequest, RawClient } from '../../../test/support/rawClient.ts'
import type { RunningEngine } from '../engine.ts'
import { type Outcome, roles, type Sample, type Scenario, type Sizes, withEnsemble } from '../scenario.ts'
import { inParallel, Session } from '../session.ts'
import { LatencyHistogram } from '../statistics.ts'

/** ZooKeeper's maxSessionTimeout at tickTime 2000. */
const TIMEOUT_MS = 40_000
const OPENING_AT_ONCE = 200
const WRITES = 300
const PATIENCE_MS = 120_000

export const sessions: Scenario = {
  name: 'sessions',
  about: 'thousands of open sessions, their pings, and their way back after the leader is killed',
  run: (engine, sizes, parentDir) =>
    withEnsemble(engine, sizes, parentDir, (ensemble) => run(ensemble, sizes), { maxClientCnxns: '0' }),
}

async function run(ensemble: RunningEngine, sizes: Sizes): Promise<Outcome> {
  const all = Array.from({ length: sizes.sessions }, () => new Session(TIMEOUT_MS))
  const pings = keepAlive(all)
  try {
    const samples = [...(await openAll(ensemble, all)), ...(await besideTheirPings(ensemble, all))]
    const { leader, followers } = await roles(ensemble)
    const begun = performance.now()
    const killed = ensemble.kill(leader.id)
    const survivors = followers.map(({ clientPort }) => clientPort)
    const expired = await allBack(all, survivors)
    const value = performance.now() - begun
    await killed
    samples.push({ metric: 'sessions: leader killed to all served again', unit: 'ms', value })
    const check = `${all.length} sessions opened, ${expired} of them lost with the leader`
    return { samples, failures: expired, check }
  } finally {
    clearInterval(pings)
    for (const session of all) session.close()
  }
}

/** Pings at a third of the timeout, as ZooKeeper's own client does; a slice of all sessions at a time. */
function keepAlive(all: readonly Session[]): NodeJS.Timeout {
  const slices = 100
  let slice = 0
  return setInterval(
    () => {
      for (let i = slice; i < all.length; i += slices) all[i]?.send(pingRequest)
      slice = (slice + 1) % slices
    },
    TIMEOUT_MS / 3 / slices,
  )
}

async function openAll(ensemble: RunningEngine, all: readonly Session[]): Promise<Sample[]> {
  const ports = ensemble.members.map(({ clientPort }) => clientPort)
  const before = memoryBytes(ensemble.pids())
  const begun = performance.now()
  await inParallel(all, OPENING_AT_ONCE, async (session, index) => {
    await session.open([ports[index % ports.length] as number], begun + PATIENCE_MS)
  })
  const seconds = (performance.now() - begun) / 1000
  const samples: Sample[] = [{ metric: 'sessions: opened', unit: '1/s', value: all.length / seconds }]
  const after = memoryBytes(ensemble.pids())
  if (before !== null && after !== null) {
    samples.push({ metric: 'sessions: memory with all open', unit: 'MB', value: after / 2 ** 20 })
  }
  return samples
}

/** Every session pings at the same moment, and one client writes meanwhile. */
async function besideTheirPings(ensemble: RunningEngine, all: readonly Session[]): Promise<Sample[]> {
  const { followers } = await roles(ensemble)
  const writer = await RawClient.open(followers[0]?.clientPort as number)
  await writer.create('/bench-sessions')
  const latencies = new LatencyHistogram()
  const begun = performance.now()
  const answered = everyPing(all)
  for (let i = 0; i < WRITES; i++) {
    const sent = performance.now()
    await writer.setData('/bench-sessions', 'x')
    latencies.record(performance.now() - sent)
  }
  const pingMs = (await answered) - begun
  await writer.close()
  return [
    { metric: 'sessions: all ping at once', unit: 'ms', value: pingMs },
    { metric: 'sessions: write beside them, p50', unit: 'ms', value: latencies.percentile(0.5) },
    { metric: 'sessions: write beside them, p99', unit: 'ms', value: latencies.percentile(0.99) },
  ]
}

/** Resolves to the time of the last answer. */
function everyPing(all: readonly Session[]): Promise<number> {
  return new Promise((resolve) => {
    let due = all.length
    for (const session of all) {
      let isAnswered = false
      session.onReply = (xid) => {
        if (xid !== -2 || isAnswered) return
        isAnswered = true
        due -= 1
        if (due === 0) resolve(performance.now())
      }
      session.send(pingRequest)
    }
  })
}

/**
 * Every session reconnects, to any member that accepts it. Resolves to the number of sessions that had
 * expired.
 */
async function allBack(all: readonly Session[], ports: readonly number[]): Promise<number> {
  const deadline = performance.now() + PATIENCE_MS
  let expired = 0
  // The old connections are gone, or about to go: members close them when they lose their leader.
  await inParallel(all, OPENING_AT_ONCE, async (session, index) => {
    session.close()
    const order = index % 2 === 0 ? ports : [...ports].reverse()
    if (!(await session.open(order, deadline))) expired += 1
  })
  return expired
}
