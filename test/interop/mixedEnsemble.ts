/**
 * An ensemble with members of both kinds, run by our supervisor, for scenarios. Members are named by their
 * ids. Faults take effect at once, and a scenario waits for conditions that the members themselves answer
 * (`srvr`, a write), not for what the supervisor believes.
 *
 * Our members run as processes, as Apache's do, so that kill and pause are those of the operating system.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type ClientOptions, ErrorCode, KeeperError, ZooKeeper } from '../../src/client/index.ts'
import { type ClusterEvent, Ensemble } from '../../src/ensemble/index.ts'
import { type OpenOptions, RawSession } from '../conformance/rawSession.ts'
import { eventually } from '../support/eventually.ts'
import { modeOf } from '../support/fourLetterWord.ts'
import { type Arrangement, kindOf, type Seat, seatsOf } from './arrangement.ts'
import { lead } from './lead.ts'
import { type LogRecord, lastRecords, readLog, unexplained } from './memberLogs.ts'
import { type WrittenConfigs, writeConfigs } from './writeConfigs.ts'
import { readTree, type Tree, treeDifferences } from './znodes.ts'

export interface MixedMember extends Seat {
  readonly clientPort: number
  readonly quorumPort: number
  readonly electionPort: number
  readonly dataDir: string
  /** The path of its zoo.cfg. */
  readonly config: string
}

export interface MixedOptions {
  /** Settings for every member's zoo.cfg, in addition to `tickTime=500` and what the harness needs. */
  readonly set?: Readonly<Record<string, string>>
  /** System properties that Apache takes from the JVM's command line; our members read them from zoo.cfg. */
  readonly jvm?: Readonly<Record<string, string>>
  /** A folder that is kept; a temporary one unless given. */
  readonly dir?: string
  /** Changes each member's zoo.cfg before any member starts, for settings that differ between members. */
  readonly edit?: (id: number, text: string) => string
  /** Whether `start` waits until all serve; true unless given. */
  readonly wait?: boolean
}

/** The user that passes every ACL: `super` with this password. */
export const SUPER = 'super:secret'
const superDigest = `super:${createHash('sha1').update(SUPER).digest('base64')}`

/** A JVM on a busy machine takes seconds to start, and an election among Apache's members more than one. */
export const PATIENCE_MS = 60_000

type Ids = number | readonly number[]

export class MixedEnsemble implements AsyncDisposable {
  readonly arrangement: Arrangement
  readonly members: readonly MixedMember[]
  readonly dir: string
  /** All events so far. */
  readonly events: ClusterEvent[] = []
  isClosed = false
  /** Log records that a scenario causes on purpose, and that would be a failure in any other scenario. */
  readonly expected: RegExp[] = []
  /** Ids of the running members; frozen ones do not count as running. */
  readonly running: Set<number>
  private readonly ensemble: Ensemble
  private readonly clients = new Set<ZooKeeper>()
  private readonly sessions: RawSession[] = []
  /** The files that `edit` changed; null when the supervisor wrote the configs. */
  private written: WrittenConfigs | null = null

  static async start(arrangement: Arrangement, options: MixedOptions = {}): Promise<MixedEnsemble> {
    const seats = seatsOf(arrangement)
    const observers = seats.filter(({ isObserver }) => isObserver).length
    const set = {
      tickTime: '500',
      '4lw.commands.whitelist': '*',
      'DigestAuthenticationProvider.superDigest': superDigest,
      ...options.set,
      ...fileKeys(options.jvm ?? {}),
    }
    const { edit } = options
    const written = edit === undefined ? null : await writeConfigs(seats, set, edit)
    const ensemble = await Ensemble.start({
      ...(written === null
        ? { members: seats.length - observers, observers, set }
        : { configs: written.files, dir: written.dir }),
      engine: Object.fromEntries(seats.map(({ id, engine }) => [id, engine])),
      isolation: 'process',
      ...(options.dir === undefined ? {} : { dir: options.dir }),
      waitTimeoutMs: options.wait === false ? 0 : PATIENCE_MS,
    })
    const mixed = new MixedEnsemble(arrangement, seats, ensemble, (await ensemble.status()).members)
    mixed.written = written
    try {
      if (options.wait !== false) await mixed.waitUntilServing()
      return mixed
    } catch (error) {
      const lastWords = mixed.lastWords()
      await mixed.close()
      throw new Error(`${error instanceof Error ? error.message : error}\n${lastWords}`, { cause: error })
    }
  }

  private constructor(
    arrangement: Arrangement,
    seats: readonly Seat[],
    ensemble: Ensemble,
    infos: readonly { id: number; config: string }[],
  ) {
    this.arrangement = arrangement
    this.ensemble = ensemble
    this.dir = ensemble.dir
    this.members = seats.map((seat) => {
      const member = ensemble.members.find(({ id }) => id === seat.id)
      const info = infos.find(({ id }) => id === seat.id)
      if (!member || !info) throw new Error(`the ensemble has no member ${seat.id}`)
      const { clientPort, quorumPort, electionPort, dataDir } = member
      return {
        ...seat,
        clientPort,
        quorumPort: quorumPort ?? 0,
        electionPort: electionPort ?? 0,
        dataDir,
        config: info.config,
      }
    })
    this.running = new Set(this.members.map(({ id }) => id))
    ensemble.on((event) => {
      this.events.push(event)
    })
  }

  get voters(): MixedMember[] {
    return this.members.filter(({ isObserver }) => !isObserver)
  }

  get observers(): MixedMember[] {
    return this.members.filter(({ isObserver }) => isObserver)
  }

  get ids(): number[] {
    return this.members.map(({ id }) => id)
  }

  get connectString(): string {
    return this.addressesOf(this.ids)
  }

  member(id: number): MixedMember {
    const member = this.members[id]
    if (member === undefined) throw new Error(`${this.arrangement} has no member ${id}`)
    return member
  }

  /** `2 (Apache)`, for messages. */
  nameOf(id: number): string {
    return `${id} (${kindOf(this.member(id).engine)})`
  }

  addressesOf(ids: readonly number[]): string {
    return ids.map((id) => `127.0.0.1:${this.member(id).clientPort}`).join(',')
  }

  /**
   * A client that knows only these members (all unless given); it is closed with the ensemble at the latest.
   */
  async connect(ids: Ids = this.ids, options: ClientOptions = {}): Promise<ZooKeeper> {
    const addresses = this.addressesOf(listOf(ids))
    const client = await ZooKeeper.connect(addresses, { timeoutMs: PATIENCE_MS, ...options })
    this.clients.add(client)
    return client
  }

  /** A session at one member as bare frames: it neither pings nor moves by itself. */
  async session(id: number, options: OpenOptions = {}): Promise<RawSession> {
    const session = await RawSession.open(this.addressesOf([id]), options)
    this.sessions.push(session)
    return session
  }

  /**
   * Kills members as kill -9 does. Like the other verbs, it returns when that is done, and waits for nothing
   * else.
   */
  kill(ids: Ids): Promise<void> {
    return this.act('kill', ids, (id) => this.running.delete(id))
  }

  stop(ids: Ids): Promise<void> {
    return this.act('stop', ids, (id) => this.running.delete(id))
  }

  start(ids: Ids): Promise<void> {
    return this.act('start', ids, (id) => this.running.add(id))
  }

  restart(ids: Ids): Promise<void> {
    return this.act('restart', ids, (id) => this.running.add(id))
  }

  /** Sends SIGSTOP. */
  pause(ids: Ids): Promise<void> {
    return this.act('pause', ids, (id) => this.running.delete(id))
  }

  /** Sends SIGCONT. */
  resume(ids: Ids): Promise<void> {
    return this.act('resume', ids, (id) => this.running.add(id))
  }

  private async act(
    verb: 'kill' | 'stop' | 'start' | 'restart' | 'pause' | 'resume',
    ids: Ids,
    note: (id: number) => void,
  ): Promise<void> {
    const list = listOf(ids)
    if (list.length === 0) return
    // Each member is a call of its own, because several selectors narrow one another.
    await Promise.all(list.map((id) => this.ensemble[verb](id, { wait: false })))
    for (const id of list) note(id)
  }

  /** Deletes a dead member's data; its id stays. */
  wipe(id: number): void {
    if (this.running.has(id)) throw new Error(`member ${id} runs: its data is not to be touched`)
    const { dataDir } = this.member(id)
    for (const name of readdirSync(dataDir)) {
      if (name !== 'myid') rmSync(join(dataDir, name), { recursive: true })
    }
  }

  /** What each running member reports to be; null while it serves nobody. */
  async modes(): Promise<Map<number, string | null>> {
    const asked = [...this.running].map(async (id) => [id, await modeOf(this.member(id).clientPort)] as const)
    return new Map(await Promise.all(asked))
  }

  /**
   * The running member that leads; null when there is none, or when a former leader has not yet noticed that
   * it lost leadership.
   */
  async leader(): Promise<MixedMember | null> {
    const leaders = [...(await this.modes())].filter(([, mode]) => mode === 'leader')
    const [only] = leaders
    return only !== undefined && leaders.length === 1 ? this.member(only[0]) : null
  }

  /** Waits until any member, or the given one, leads. */
  waitForLeader(id?: number): Promise<MixedMember> {
    return eventually(
      id === undefined ? 'a leader' : `${this.nameOf(id)} to lead ${this.arrangement}`,
      async () => {
        const leader = await this.leader()
        return id === undefined || leader?.id === id ? leader : null
      },
      { timeoutMs: PATIENCE_MS },
    )
  }

  /**
   * Waits until one of the running members leads, and a write has since been acknowledged through each of
   * them (or these).
   */
  async waitUntilServing(ids: readonly number[] = [...this.running]): Promise<void> {
    await this.waitForLeader()
    for (const id of ids) {
      await eventually(`${this.nameOf(id)} to serve in ${this.arrangement}`, () => this.acknowledges(id), {
        timeoutMs: PATIENCE_MS,
      })
    }
  }

  /** Writes a delete of a znode that never exists: it changes nothing, and needs a quorum all the same. */
  private async acknowledges(id: number): Promise<boolean> {
    if ((await modeOf(this.member(id).clientPort)) === null) return false
    const client = await ZooKeeper.connect(this.addressesOf([id]), { timeoutMs: 3000 })
    try {
      await client.delete('/no such znode')
      return false
    } catch (error) {
      return error instanceof KeeperError && error.code === ErrorCode.NoNode
    } finally {
      await client.close()
    }
  }

  /** Makes this voter the leader. @returns what had to be done for it */
  lead(id: number): Promise<string> {
    return lead(this, id)
  }

  /**
   * Every znode with its data, ACL and Stat as this member shows it, including everything committed before.
   */
  async treeOf(id: number): Promise<Tree> {
    const client = await this.connect([id])
    await client.addAuth('digest', SUPER)
    try {
      return await readTree(client)
    } finally {
      await client.close()
      this.clients.delete(client)
    }
  }

  /** @returns the tree @throws unless every running member shows the same tree */
  async sameTrees(): Promise<Tree> {
    const [first = 0, ...others] = [...this.running].sort()
    const tree = await this.treeOf(first)
    for (const id of others) {
      const differences = treeDifferences(tree, await this.treeOf(id))
      if (differences.length === 0) continue
      const shown = [...differences.slice(0, 20), ...(differences.length > 20 ? ['…'] : [])].join('\n  ')
      throw new Error(
        `${this.nameOf(first)} and ${this.nameOf(id)} of ${this.arrangement} differ:\n  ${shown}`,
      )
    }
    return tree
  }

  /** A member's log so far, of all its lives. */
  logLines(id: number): LogRecord[] {
    const file = join(this.dir, 'logs', `${id}.log`)
    return existsSync(file) ? readLog(readFileSync(file, 'utf8')) : []
  }

  /**
   * What must be true at the end of every scenario: members that are down can be started, all serve, no
   * member crashed, all show the same tree, the supervisor knows the leader, and the logs have no record that
   * the faults do not explain.
   */
  async verify(): Promise<void> {
    const { members } = await this.ensemble.status()
    await this.resume(members.filter(({ state }) => state === 'paused').map(({ id }) => id))
    this.mustNotHaveCrashed()
    await this.start(members.filter(({ state }) => /^(killed|stopped)$/.test(state)).map(({ id }) => id))
    await this.waitUntilServing()
    await this.sameTrees()
    const leader = await this.waitForLeader()
    await eventually('the supervisor to know the leader', async () => {
      return (await this.ensemble.status()).leader === leader.id
    })
    this.mustNotHaveCrashed()
    const circumstances = {
      hadFaults: this.events.some(({ event }) => /^member-(killed|stopped|paused)$/.test(event.type)),
      engineOf: (id: number) => this.member(id).engine,
    }
    const complaints = this.ids.flatMap((id) =>
      unexplained(this.member(id).engine, this.logLines(id), circumstances).map(
        (line) => `${this.nameOf(id)}: ${line}`,
      ),
    )
    const found = complaints.filter((line) => !this.expected.some((known) => known.test(line)))
    if (found.length > 0) throw new Error(`unexplained log records:\n  ${found.join('\n  ')}`)
  }

  private mustNotHaveCrashed(): void {
    for (const { member, event } of this.events) {
      if (event.type !== 'member-crashed') continue
      throw new Error(`member ${this.nameOf(member ?? -1)} crashed: ${event.code}, ${event.reason}`)
    }
  }

  /** The last records of every member, for whoever looks for a cause. */
  lastWords(count = 40): string {
    return this.ids
      .map((id) => {
        const lines = lastRecords(this.logLines(id), count).map((line) => `  ${line}`)
        return [`member ${this.nameOf(id)} of ${this.arrangement}, its last records:`, ...lines].join('\n')
      })
      .join('\n')
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    for (const client of this.clients) client.leave()
    for (const session of this.sessions) await session.drop()
    // The members are no longer needed, and an Apache server without a quorum takes long to stop.
    const { members } = await this.ensemble.status()
    const alive = members.filter(({ state }) => /^(starting|running|paused)$/.test(state))
    await this.kill(alive.map(({ id }) => id))
    await this.ensemble.close()
    this.written?.remove()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

const listOf = (ids: Ids): number[] => (typeof ids === 'number' ? [ids] : [...ids])

/**
 * `zookeeper.x` on the command line is what Apache makes from `x` in the file; other properties are passed on
 * by our supervisor.
 */
function fileKeys(jvm: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(jvm).map(([name, value]) => [name.replace(/^zookeeper\./, ''), value]),
  )
}
