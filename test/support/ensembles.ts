/**
 * The ensembles that the integration suites run on. A suite is a function of `start`, so that the same cases
 * run on our members (the default) and on Apache ZooKeeper: ZK_TEST_ENGINE=apache or both.
 */
import { describe, type TestContext } from 'vitest'
import { ApacheEnsemble, apacheUnavailable } from './apache.ts'
import { eventually } from './eventually.ts'
import { modeOf } from './fourLetterWord.ts'

export type EngineName = 'zk-pseudo' | 'apache'

export interface TestMember {
  readonly id: number
  readonly clientPort: number
  readonly quorumPort: number
  readonly electionPort: number
}

export interface TestEnsemble extends AsyncDisposable {
  readonly engine: EngineName
  readonly members: readonly TestMember[]
  readonly connectString: string
  /** Every process that the members run in. */
  pids(): number[]
  /** Ends members abruptly, all at once. */
  kill(...ids: number[]): Promise<void>
  /** Ends a member gracefully. */
  stop(id: number): Promise<void>
  start(...ids: number[]): Promise<void>
}

export interface StartOptions {
  members?: number
  isolation?: 'thread' | 'process'
  set?: Record<string, string>
  /** Settings that Apache takes only as JVM options, and our members from zoo.cfg. */
  jvm?: Record<string, string>
}

export type StartEnsemble = (options?: StartOptions) => Promise<TestEnsemble>

/** Declares the suite once for each requested engine. */
export function describeEngines(
  title: string,
  suite: (start: StartEnsemble, engine: EngineName) => void,
): void {
  const asked = process.env.ZK_TEST_ENGINE ?? 'zk-pseudo'
  const engines: EngineName[] = asked === 'both' ? ['zk-pseudo', 'apache'] : [asked as EngineName]
  for (const engine of engines) {
    const start = engine === 'apache' ? startApache : engine === 'zk-pseudo' ? startOurs : undefined
    if (!start) throw new Error(`ZK_TEST_ENGINE is ${engine}; it may be zk-pseudo, apache or both`)
    describe(`${title}, on ${engine}`, () => suite(start, engine))
  }
}

async function startApache({ members = 3, set = {}, jvm = {} }: StartOptions = {}): Promise<TestEnsemble> {
  const missing = apacheUnavailable()
  if (missing) throw new Error(missing)
  const ensemble = await ApacheEnsemble.start({ members, set, jvm })
  return {
    engine: 'apache',
    members: ensemble.members,
    connectString: ensemble.connectString,
    pids: () => ensemble.pids,
    kill: async (...ids) => void (await Promise.all(ids.map((id) => ensemble.kill(id)))),
    stop: (id) => ensemble.stop(id),
    start: async (...ids) => {
      for (const id of ids) ensemble.start(id)
    },
    [Symbol.asyncDispose]: () => ensemble.stopAll(),
  }
}

async function startOurs({
  members = 3,
  isolation = 'thread',
  set = {},
  jvm = {},
}: StartOptions = {}): Promise<TestEnsemble> {
  const { Ensemble } = await import('../../src/ensemble/index.ts')
  const ensemble = await Ensemble.start({
    members,
    isolation,
    ports: 'auto',
    dir: 'temp',
    set: { '4lw.commands.whitelist': '*', ...set, ...jvm },
  })
  return {
    engine: 'zk-pseudo',
    members: ensemble.members.map(({ id, clientPort, quorumPort, electionPort }) => {
      if (quorumPort === null || electionPort === null) throw new Error(`member ${id} has no quorum ports`)
      return { id, clientPort, quorumPort, electionPort }
    }),
    connectString: ensemble.connectString,
    pids: () => [process.pid],
    kill: async (...ids) => void (await ensemble.kill(ids)),
    stop: async (id) => void (await ensemble.stop(id)),
    start: async (...ids) => void (await ensemble.start(ids)),
    [Symbol.asyncDispose]: () => ensemble.stopAll(),
  }
}

/** What each member reports: leader, follower, standalone, or null while it serves nobody. */
export function modes(ensemble: TestEnsemble): Promise<(string | null)[]> {
  return Promise.all(ensemble.members.map(({ clientPort }) => modeOf(clientPort)))
}

/** The member that leads and serves, once there is one. */
export function leaderOf(ensemble: TestEnsemble): Promise<TestMember> {
  return eventually('a leader', async () => {
    const said = await modes(ensemble)
    return ensemble.members.find((_, index) => said[index] === 'leader' || said[index] === 'standalone')
  })
}

/** The leader and the other members, once all of them serve. */
export async function roles(
  ensemble: TestEnsemble,
): Promise<{ leader: TestMember; follower: TestMember; other: TestMember }> {
  await allServe(ensemble.members)
  const leader = await leaderOf(ensemble)
  const [follower, other] = ensemble.members.filter((member) => member !== leader) as [TestMember, TestMember]
  return { leader, follower, other }
}

/** Waits until every one of these members leads or follows. */
export async function allServe(members: readonly Pick<TestMember, 'id' | 'clientPort'>[]): Promise<void> {
  for (const { id, clientPort } of members) {
    await eventually(`member ${id} to serve`, () => modeOf(clientPort))
  }
}

/**
 * Skips the running test when something that it needs is missing, and says what. With
 * ZK_PSEUDO_REQUIRE_REAL_CLIENTS=1, as in CI, the test fails instead.
 */
export function needs(context: TestContext, missing: string | undefined): void {
  if (missing === undefined) return
  if (process.env.ZK_PSEUDO_REQUIRE_REAL_CLIENTS === '1') throw new Error(`required here, but ${missing}`)
  context.skip(missing)
}
