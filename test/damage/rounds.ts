/**
 * One member's disk is damaged while all members are down. The member must refuse its data or be brought up
 * to date, no acknowledged write may be lost, and all trees must be equal. The members end one after the
 * other, so that their histories differ in length and epoch, and start in any order, so that the damaged
 * member may be one half of a quorum.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Ensemble, type MemberInfo, OperationError } from '../../src/ensemble/index.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { AcknowledgedWrites } from '../support/acknowledgedWrites.ts'
import { eventually } from '../support/eventually.ts'
import { modeOf } from '../support/fourLetterWord.ts'
import { RawClient } from '../support/rawClient.ts'
import { buffer, int, opcode } from '../support/wire.ts'
import { backUp, type DamageKind, damage, purge } from './files.ts'
import { planOf, type RoundPlan } from './plan.ts'
import { dataOf, differences, diskAt, inWindows, readTree, type Tree } from './trees.ts'

export type Isolation = 'thread' | 'process'

export interface Round {
  readonly seed: number
  readonly kind: DamageKind
  readonly victim: number
  /** What was done to the victim's files. */
  readonly damage: string
  /** Why the victim refused its data; null when it started from them. */
  readonly refusal: string | null
  /** What the victim became: the leader, or a learner that was brought up to date by DIFF, TRUNC or SNAP. */
  readonly became: string
  readonly acknowledged: number
  readonly znodes: number
  readonly ms: number
}

type EnsembleMember = Ensemble['members'][number]

/** Only a member that hangs takes this long, on any machine. */
const PATIENCE_MS = 300_000
const patience = { timeoutMs: PATIENCE_MS }
/** Writes of older rounds are deleted; their deletion is a write like the others. */
const KEPT_ROUNDS = 4
const KEPT_SNAPSHOTS = 10
const WRITES_EACH_STAGE = 50
const MOST_NAMED = 5

export class DamageRounds implements AsyncDisposable {
  readonly ensemble: Ensemble
  private seed: number
  private readonly written: AcknowledgedWrites[] = []
  /** Everything up to this zxid was compared in every member's memory. */
  private compared: Zxid | null = null
  /** How the leader last brought each member up to date. */
  private readonly syncs = new Map<number, string>()

  /** @param seed the seed of the first round; each later round has the next one */
  static async start(isolation: Isolation, seed: number): Promise<DamageRounds> {
    const ensemble = await Ensemble.start({
      members: 3,
      isolation,
      ports: 'auto',
      dir: 'temp',
      set: { '4lw.commands.whitelist': '*', snapCount: '300', preAllocSize: '256' },
      waitTimeoutMs: PATIENCE_MS,
    })
    return new DamageRounds(ensemble, seed)
  }

  private constructor(ensemble: Ensemble, seed: number) {
    this.ensemble = ensemble
    this.seed = seed
    ensemble.on(({ event }) => {
      if (event.type === 'sync') this.syncs.set(event.learner, event.mode)
    })
  }

  /** @throws when an acknowledged write is lost, trees differ, or a member does what it must not do */
  async next(): Promise<Round> {
    const begun = performance.now()
    const seed = this.seed++
    const plan = planOf(seed)
    const victim = this.member(plan.victim)
    const writes = await this.writeAndKill(plan, `/round-${seed}`)
    this.written.push(writes)
    this.compareDisks()
    for (const { dataDir } of this.ensemble.members) purge(dataDir, KEPT_SNAPSHOTS)
    const done = damage(victim.dataDir, plan.kind, this.backupOf(victim), plan.choose)
    const kept = this.member(plan.kept)
    backUp(kept.dataDir, this.backupOf(kept))
    this.syncs.clear()
    await this.start(plan.started.slice(0, plan.together), victim)
    await this.start(plan.started.slice(plan.together), victim)
    const refusal = await this.refusalOf(victim)
    if (refusal !== null) await this.resync(victim)
    await this.allServe()
    const znodes = await this.compareTrees()
    await this.forgetOldRounds()
    return {
      seed,
      kind: plan.kind,
      victim: victim.id,
      damage: done,
      refusal,
      became: (await modeOf(victim.clientPort)) === 'leader' ? 'leader' : await this.syncOf(victim),
      acknowledged: writes.names.size,
      znodes,
      ms: Math.round(performance.now() - begun),
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.ensemble.close()
  }

  private member(position: number): EnsembleMember {
    return this.ensemble.members[position] as EnsembleMember
  }

  /** A folder inside the ensemble's temporary folder, which is removed with the ensemble. */
  private backupOf({ id }: EnsembleMember): string {
    return join(this.ensemble.dir, 'damage-backups', String(id))
  }

  private async writeAndKill({ killed, pauseMs }: RoundPlan, parent: string): Promise<AcknowledgedWrites> {
    const ports = this.ensemble.members.map(({ clientPort }) => clientPort)
    const writes = await AcknowledgedWrites.start(parent, () => ports)
    const enough = () => {
      const wanted = writes.names.size + WRITES_EACH_STAGE
      return eventually('writes to be acknowledged', () => writes.names.size >= wanted, patience)
    }
    const [first, second, third] = killed.map((position) => this.member(position).id)
    try {
      await enough()
      await this.ensemble.kill(first as number, { waitTimeoutMs: PATIENCE_MS })
      await enough()
      await this.ensemble.kill(second as number, { waitTimeoutMs: PATIENCE_MS })
      await sleep(pauseMs)
      await this.ensemble.kill(third as number, { waitTimeoutMs: PATIENCE_MS })
    } finally {
      await writes.stop()
    }
    return writes
  }

  /** What was last compared in memory must be the same on every disk before one of them is damaged. */
  private compareDisks(): void {
    const { compared } = this
    if (compared === null) return
    const disks = this.ensemble.members.map(({ id, dataDir }) => ({ id, disk: diskAt(dataDir, compared) }))
    if (new Set(disks.map(({ disk }) => disk)).size === 1) return
    const each = disks.map(({ id, disk }) => `member ${id}: ${disk}`).join(', ')
    throw new Error(`the disks differ at 0x${compared.toString(16)}: ${each}`)
  }

  /** Starts these members. Only the victim may crash. */
  private async start(positions: readonly number[], victim: EnsembleMember): Promise<void> {
    const ids = positions.map((position) => this.member(position).id)
    if (ids.length === 0) return
    try {
      await this.ensemble.start(ids, { waitTimeoutMs: PATIENCE_MS })
    } catch (error) {
      if (!(error instanceof OperationError) || error.code !== 'CRASHED') throw error
    }
    for (const { id, state, exit } of (await this.ensemble.status()).members)
      if (state === 'crashed' && id !== victim.id)
        throw new Error(`member ${id} crashed, whose disk is not damaged: ${exit}`)
  }

  /**
   * Resolves to null once the victim serves.
   * @throws when it crashed for a reason other than its data
   */
  private async refusalOf({ id, clientPort, dataDir }: EnsembleMember): Promise<string | null> {
    const crashed = await eventually(
      `member ${id} to serve or to refuse its data`,
      async () => {
        const info = (await this.ensemble.status()).members.find((one) => one.id === id) as MemberInfo
        if (info.state === 'crashed') return info
        return (await modeOf(clientPort)) === null ? null : 'serves'
      },
      patience,
    )
    if (crashed === 'serves') return null
    const exit = crashed.exit ?? ''
    if (!exit.startsWith('UNABLE_TO_ACCESS_DATADIR: ') || !exit.includes(`zk-pseudo start ${id} --resync`))
      throw new Error(`member ${id} crashed: ${exit}`)
    const [reason = ''] = exit.slice(exit.indexOf(' ') + 1).split('. ')
    return reason.replaceAll(`${join(dataDir, 'version-2')}/`, '').replaceAll(`${dataDir}/`, '')
  }

  private async resync({ id }: EnsembleMember): Promise<void> {
    const { setAside = [] } = await this.ensemble.start(id, { resync: true, waitTimeoutMs: PATIENCE_MS })
    for (const path of setAside.flatMap(({ paths }) => paths)) rmSync(path, { recursive: true })
  }

  private async allServe(): Promise<void> {
    for (const { id, clientPort } of this.ensemble.members)
      await eventually(`member ${id} to serve`, () => modeOf(clientPort), patience)
  }

  /** Waits for the event, which may arrive after the member serves. */
  private syncOf({ id }: EnsembleMember): Promise<string> {
    return eventually(`the leader to say how member ${id} was synced`, () => this.syncs.get(id), patience)
  }

  /** @returns how many znodes each member holds */
  private async compareTrees(): Promise<number> {
    const trees: { id: number; tree: Tree }[] = []
    for (const { id, clientPort } of this.ensemble.members)
      trees.push({ id, tree: await through(clientPort, readTree) })
    for (const { id, tree } of trees) this.checkLedger(id, tree)
    const [first, ...others] = trees as [(typeof trees)[number], ...typeof trees]
    for (const { id, tree } of others) {
      const paths = differences(first.tree, tree)
      if (paths.length > 0)
        throw new Error(`the trees of members ${first.id} and ${id} differ at ${some(paths)}`)
    }
    return first.tree.size
  }

  /** Checks that everything acknowledged is there and that what was deleted stays away. */
  private checkLedger(id: number, tree: Tree): void {
    for (const { names, parent } of this.written) {
      const lost = [...names].filter((name) => {
        const answer = tree.get(`${parent}/${name}`)
        return answer === undefined || dataOf(answer) !== name
      })
      if (lost.length > 0)
        throw new Error(`member ${id} lost acknowledged writes below ${parent}: ${some(lost)}`)
    }
    const parents = new Set(this.written.map(({ parent }) => parent))
    const back = [...tree.keys()].filter((path) => /^\/round-\d+$/.test(path) && !parents.has(path))
    if (back.length > 0) throw new Error(`member ${id} holds what was deleted: ${some(back)}`)
  }

  private async forgetOldRounds(): Promise<void> {
    const old = this.written.splice(0, Math.max(0, this.written.length - KEPT_ROUNDS))
    await through(this.member(0).clientPort, async (client) => {
      const remove = (path: string) => client.call(opcode.delete, `delete ${path}`, buffer(path), int(-1))
      for (const { parent } of old) {
        await inWindows(await client.getChildren(parent), (name) => remove(`${parent}/${name}`))
        await remove(parent)
      }
    })
    // This write comes after all the deletions, and every disk must hold it from now on.
    const zxids = await Promise.all(
      this.ensemble.members.map(({ clientPort }) =>
        through(clientPort, async (client) => {
          await client.sync()
          return Number(client.lastZxid)
        }),
      ),
    )
    this.compared = Math.min(...zxids) as Zxid
  }
}

async function through<T>(port: number, act: (client: RawClient) => Promise<T>): Promise<T> {
  const client = await RawClient.open(port)
  try {
    return await act(client)
  } finally {
    await client.close()
  }
}

function some(items: readonly string[]): string {
  const named = items.slice(0, MOST_NAMED).join(', ')
  return items.length > MOST_NAMED ? `${named} and ${items.length - MOST_NAMED} more` : named
}
