/**
 * Writers that keep writing whatever happens to the members, and remember what was acknowledged, which is the
 * promise that a durable ensemble must keep. A write whose reply never arrived may or may not be there.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { RawClient } from './rawClient.ts'

/** Outstanding writes on each connection. */
const window = 8
/** A connection that is silent for this long is given up. */
const silenceMs = 3000

export interface WritesOptions {
  readonly writers?: number
  /**
   * Pause of each writer between its batches. Writers without a pause take a core, and leave a tree that
   * takes long to compare: that is for tests in which a kill must fall among writes.
   */
  readonly pauseMs?: number
}

export class AcknowledgedWrites {
  /** Names of the znodes under `parent` whose create was acknowledged; each holds its own name. */
  readonly names = new Set<string>()
  readonly parent: string
  #stopping = false
  readonly #loops: Promise<void>[]

  readonly #pauseMs: number

  private constructor(
    parent: string,
    ports: () => readonly number[],
    { writers = 3, pauseMs = 0 }: WritesOptions,
  ) {
    this.parent = parent
    this.#pauseMs = pauseMs
    this.#loops = Array.from({ length: writers }, (_, index) => this.#write(index, ports))
  }

  /** Creates `parent` and starts the writers; `ports` may change while they run. */
  static async start(
    parent: string,
    ports: () => readonly number[],
    options: WritesOptions = {},
  ): Promise<AcknowledgedWrites> {
    const client = await openAny(ports())
    await client.create(parent)
    await client.close()
    return new AcknowledgedWrites(parent, ports, options)
  }

  /** Stops the writers; outstanding writes are waited for or given up. */
  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#loops)
  }

  /** Acknowledged writes that are missing or wrong when read through the member at `port`, after a sync. */
  async missingAt(port: number): Promise<string[]> {
    const client = await openAny([port])
    try {
      await client.sync()
      const there = new Set(await client.getChildren(this.parent))
      const missing = [...this.names].filter((name) => !there.has(name))
      const wrong: string[] = []
      const present = [...this.names].filter((name) => there.has(name))
      await Promise.all(
        present.map(async (name) => {
          const { data } = await client.getData(`${this.parent}/${name}`)
          if (String(data) !== name) wrong.push(`${name} holds "${data}"`)
        }),
      )
      return [...missing, ...wrong]
    } finally {
      await client.close()
    }
  }

  async #write(writer: number, ports: () => readonly number[]): Promise<void> {
    for (let count = 0; !this.#stopping; ) {
      const all = ports()
      const port = all[(writer + count) % all.length]
      const client = port === undefined ? undefined : await RawClient.open(port).catch(() => undefined)
      if (!client) {
        count++
        await sleep(10)
        continue
      }
      count = await this.#writeThrough(client, writer, count)
    }
  }

  /** Writes until the connection fails or `stop` is called; returns the next unused number. */
  async #writeThrough(client: RawClient, writer: number, from: number): Promise<number> {
    let count = from
    for (let failed = false; !failed && !this.#stopping; ) {
      const overdue = setTimeout(() => client.destroy(), silenceMs)
      const batch = Array.from({ length: window }, () => this.#create(client, `w${writer}-${count++}`))
      failed = (await Promise.all(batch)).includes(false)
      clearTimeout(overdue)
      if (this.#pauseMs > 0) await sleep(this.#pauseMs)
    }
    client.destroy()
    return count
  }

  async #create(client: RawClient, name: string): Promise<boolean> {
    try {
      await client.create(`${this.parent}/${name}`, name)
      this.names.add(name)
      return true
    } catch {
      // The connection or its session was lost, so it is not known whether the write is there.
      return false
    }
  }
}

/** A client of the first member that accepts it within 30 s. */
async function openAny(ports: readonly number[]): Promise<RawClient> {
  const deadline = performance.now() + 30_000
  for (let attempt = 0; ; attempt++) {
    try {
      return await RawClient.open(ports[attempt % ports.length] as number)
    } catch (error) {
      if (performance.now() > deadline) throw error
      await sleep(20)
    }
  }
}
