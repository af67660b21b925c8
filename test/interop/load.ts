/**
 * Writers on every member that keep writing whatever happens, and remember what was acknowledged. At the end,
 * on every member: everything acknowledged is there with what was written; a numbered znode was assigned
 * once; nothing that was sent once is there twice; and a counter holds at least what was certainly added, and
 * at most what may have been added.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { RawClient, ReplyError } from '../support/rawClient.ts'
import { COUNTER, Ledger, LOAD_ROOT, NUMBERED } from './ledger.ts'
import type { MixedEnsemble } from './mixedEnsemble.ts'
import type { Tree } from './znodes.ts'

/** Outstanding writes on each connection. */
const WINDOW = 8
/** The pause keeps the tree at a size that can be compared; the writers do not aim at the highest rate. */
const PAUSE_MS = 30
/** A connection that is silent for this long is given up, because its member may be frozen. */
const SILENCE_MS = 2000
const SEQUENTIAL = 2
const BAD_VERSION = -103

export class Load implements AsyncDisposable {
  readonly ledger = new Ledger()
  private isStopping = false
  private readonly ensemble: MixedEnsemble
  private readonly writers: Promise<void>[]

  private constructor(ensemble: MixedEnsemble) {
    this.ensemble = ensemble
    const plain = (client: RawClient, token: string) => client.create(`${LOAD_ROOT}/plain-${token}`, token)
    const numbered = (client: RawClient, token: string) => client.create(NUMBERED, token, SEQUENTIAL)
    this.writers = [
      ...ensemble.ids.map((id) => this.write(id, `p${id}`, plain)),
      ...ensemble.ids.map((id) => this.write(id, `s${id}`, numbered)),
      this.count(),
    ]
  }

  static async start(ensemble: MixedEnsemble): Promise<Load> {
    const client = await ensemble.connect()
    await client.create(LOAD_ROOT)
    await client.create(COUNTER, '0')
    await client.close()
    return new Load(ensemble)
  }

  /** Waits until `by` more writes are acknowledged. */
  async grow(by = 50): Promise<void> {
    const { acknowledged } = this.ledger
    const enough = acknowledged.size + by
    for (const until = performance.now() + 60_000; acknowledged.size < enough; await sleep(5)) {
      if (performance.now() > until) throw new Error('nothing is acknowledged any more')
    }
  }

  async stop(): Promise<void> {
    this.isStopping = true
    await Promise.all(this.writers)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** @param tree what every member shows after `stop` */
  check(tree: Tree): void {
    expect(this.ledger.judge(tree)).toEqual([])
  }

  /**
   * Writes through one member after another: each time a connection fails, the next one is used. Each token
   * is sent once.
   */
  private async write(
    first: number,
    name: string,
    create: (client: RawClient, token: string) => Promise<string>,
  ): Promise<void> {
    let sent = 0
    await this.onMembers(first, async (client) => {
      const batch = Array.from({ length: WINDOW }, async () => {
        const token = `${name}-${sent++}`
        this.ledger.created(await create(client, token), token)
      })
      await all(batch)
      await sleep(PAUSE_MS)
    })
  }

  /** Adds one by compare and set. */
  private count(): Promise<void> {
    return this.onMembers(0, async (client) => {
      const { data, stat } = await client.getData(COUNTER)
      try {
        await client.setData(COUNTER, String(Number(data) + 1), stat.version)
        this.ledger.counted(true)
      } catch (error) {
        // Another writer's addition came first, or this member shows a stale value.
        if (error instanceof ReplyError && error.code === BAD_VERSION) return
        this.ledger.counted(false)
        throw error
      }
      await sleep(PAUSE_MS)
    })
  }

  private async onMembers(first: number, work: (client: RawClient) => Promise<void>): Promise<void> {
    const { ids } = this.ensemble
    for (let turn = first; !this.isStopping; turn++) {
      const { clientPort } = this.ensemble.member(ids[turn % ids.length] as number)
      // A frozen member accepts connections, and sends nothing.
      const opening = RawClient.open(clientPort)
      const client = await Promise.race([opening, sleep(SILENCE_MS, null)]).catch(() => null)
      if (client === null) {
        void opening.then((late) => late.destroy()).catch(() => {})
        await sleep(20)
        continue
      }
      await this.workOn(client, work)
      client.destroy()
    }
  }

  private async workOn(client: RawClient, work: (client: RawClient) => Promise<void>): Promise<void> {
    for (let works = true; works && !this.isStopping; ) {
      const silent = setTimeout(() => client.destroy(), SILENCE_MS)
      works = await work(client).then(
        () => true,
        () => false,
      )
      clearTimeout(silent)
    }
  }
}

/** Rejects only once all have ended, because what is still outstanding counts, too. */
async function all(promises: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(promises)).find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}
