/**
 * A hundred thousand watches, fired by one burst of changes: every watcher watches every znode, then one
 * client changes all of them at once. The measured time ends with the last event; each event must arrive
 * exactly once, and in order.
 */
import { memoryBytes } from '../../../test/support/procfs.ts'
import { RawClient } from '../../../test/support/rawClient.ts'
import { bool, buffer, opcode, request } from '../../../test/support/wire.ts'
import type { RunningEngine } from '../engine.ts'
import { type Outcome, roles, type Sample, type Scenario, type Sizes, withEnsemble } from '../scenario.ts'
import { inParallel, Session } from '../session.ts'

const TIMEOUT_MS = 40_000
const PATIENCE_MS = 60_000
const DATA_CHANGED = 3

export const watches: Scenario = {
  name: 'watches',
  about: 'very many watches, all fired by one burst of changes',
  run: (engine, sizes, parentDir) =>
    withEnsemble(engine, sizes, parentDir, (ensemble) => run(ensemble, sizes), { maxClientCnxns: '0' }),
}

const pathOf = (index: number): string => `/bench-watch-${index}`

async function run(ensemble: RunningEngine, sizes: Sizes): Promise<Outcome> {
  const { leader } = await roles(ensemble)
  const writer = await RawClient.open(leader.clientPort)
  const paths = Array.from({ length: sizes.watchedZnodes }, (_, index) => pathOf(index))
  await Promise.all(paths.map((path) => writer.create(path)))
  const watchers = Array.from({ length: sizes.watchers }, () => new Session(TIMEOUT_MS))
  try {
    const armed = await arm(ensemble, watchers, paths)
    const events = watchers.map((watcher) => new Expected(watcher, paths))
    const begun = performance.now()
    await Promise.all(paths.map((path) => writer.setData(path, 'changed')))
    const acknowledged = performance.now() - begun
    await Promise.all(events.map((expected) => expected.all))
    const fired = performance.now() - begun
    const failures = events.reduce((sum, expected) => sum + expected.failures, 0)
    const count = watchers.length * paths.length
    const samples: Sample[] = [
      ...armed,
      { metric: 'watches: changes acknowledged', unit: 'ms', value: acknowledged },
      { metric: 'watches: last event of the burst', unit: 'ms', value: fired },
    ]
    return { samples, failures, check: `${count} events, ${failures} missing, twice or out of order` }
  } finally {
    for (const watcher of watchers) watcher.close()
    await writer.close()
  }
}

async function arm(
  ensemble: RunningEngine,
  watchers: readonly Session[],
  paths: readonly string[],
): Promise<Sample[]> {
  const ports = ensemble.members.map(({ clientPort }) => clientPort)
  const begun = performance.now()
  await inParallel(watchers, watchers.length, async (watcher, index) => {
    await watcher.open([ports[index % ports.length] as number], begun + PATIENCE_MS)
    await new Promise<void>((resolve, reject) => {
      watcher.onReply = (xid, err) => {
        if (err !== 0) reject(new Error(`a watch was refused with ${err}`))
        else if (xid === paths.length) resolve()
      }
      // A member that has not seen the last znode yet would refuse, so each watcher first sends a sync.
      watcher.send(request(0, opcode.sync, buffer('/')))
      const asks = paths.map((path, at) => request(at + 1, opcode.getData, buffer(path), bool(true)))
      watcher.send(Buffer.concat(asks))
    })
  })
  const value = performance.now() - begun
  const samples: Sample[] = [{ metric: 'watches: armed', unit: 'ms', value }]
  const memory = memoryBytes(ensemble.pids())
  if (memory !== null)
    samples.push({ metric: 'watches: memory with all armed', unit: 'MB', value: memory / 2 ** 20 })
  return samples
}

/** The events that one watcher must receive, in the order of the changes. */
class Expected {
  failures = 0
  readonly all: Promise<void>

  constructor(watcher: Session, paths: readonly string[]) {
    let next = 0
    this.all = new Promise((resolve) => {
      watcher.onReply = (xid, _err, payload) => {
        if (xid !== -1) return
        const path = payload.toString('utf8', 12)
        if (payload.readInt32BE(0) !== DATA_CHANGED || path !== paths[next]) this.failures += 1
        next += 1
        if (next === paths.length) resolve()
      }
    })
  }
}
