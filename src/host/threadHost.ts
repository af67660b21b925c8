/**
 * Members in worker threads of one process: there is one piscina pool, with one task for each member. Killing
 * a member aborts its task, which ends the thread at once, with nothing flushed.
 */
import { MessageChannel, receiveMessageOnPort, type Worker } from 'node:worker_threads'
import { Piscina } from 'piscina'
import type { ServerConfig } from '../config/serverConfig.ts'
import { entryFile } from './entries.ts'
import type { ExitInfo, HostFactory, MemberHost } from './host.ts'
import type { FromMember, ToMember } from './messages.ts'
import { RemoteHost, RemoteMember } from './remoteMember.ts'
import type { ThreadTask } from './threadMember.ts'

export class ThreadHosts implements HostFactory {
  private readonly pool: Piscina<ThreadTask, void>
  private readonly holders = new Set<Holder>()
  /** Members whose ports are not bound yet. */
  private readonly waiting = new Set<ThreadMember>()

  /** @param mostMembers how many may live at once; a restarted member may overlap its predecessor's end */
  constructor(mostMembers: number) {
    this.pool = new Piscina<ThreadTask, void>({
      filename: entryFile('threadMember'),
      minThreads: 0,
      maxThreads: mostMembers * 2,
      // Otherwise a thread without a task would block in Atomics.wait; here a task lasts as long as its
      // thread.
      atomics: 'disabled',
      concurrentTasksPerWorker: 1,
      idleTimeout: 0,
      // A member's memory is its tree. The young generation is kept small, so that idle members stay small.
      resourceLimits: { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 4096 },
    })
    this.pool.on('error', this.failed)
    this.pool.on('workerCreate', (worker: object) => {
      const holder = holderOf(worker)
      if (holder !== null) this.holders.add(holder)
    })
    this.pool.on('workerDestroy', (worker: object) => {
      const holder = holderOf(worker)
      if (holder !== null) this.holders.delete(holder)
    })
  }

  async open(config: ServerConfig): Promise<MemberHost> {
    const member = new ThreadMember(this.pool, this.letGo)
    this.waiting.add(member)
    try {
      await member.open(config)
    } finally {
      this.waiting.delete(member)
    }
    return member
  }

  /**
   * Lets the process end although members are running. Code that needs a member holds the process itself
   * (time.ts).
   */
  private readonly letGo = (): void => {
    for (const holder of this.holders) holder.unref()
  }

  /** A thread could not be created. Its task would otherwise wait for another thread. */
  private readonly failed = (error: Error): void => {
    for (const member of this.waiting) member.fail(error)
  }

  /** To be called when no member is left. */
  async close(): Promise<void> {
    await this.pool.destroy()
  }
}

interface Holder {
  unref(): unknown
}

/**
 * piscina's own handle of a worker. It keeps the process from ending while a task runs, and piscina offers no
 * other way to prevent that.
 */
function holderOf(worker: object): Holder | null {
  for (const key of Object.getOwnPropertySymbols(worker)) {
    const inner = (worker as Record<symbol, Partial<Holder> | undefined>)[key]
    if (typeof inner?.unref === 'function') return inner as Holder
  }
  return null
}

class ThreadMember extends RemoteHost implements MemberHost {
  readonly isolation = 'thread'
  readonly pid = process.pid
  private readonly flag = new Int32Array(new SharedArrayBuffer(4))
  private readonly abort = new AbortController()
  protected readonly remote: RemoteMember
  private readonly port: MessageChannel['port1']
  private failure: Error | null = null

  /** @param onBegun called when the member's thread runs it */
  constructor(pool: Piscina<ThreadTask, void>, onBegun: () => void) {
    super()
    const { port1, port2 } = new MessageChannel()
    this.port = port1
    this.remote = new RemoteMember((message: ToMember) => port1.postMessage(message))
    port1.on('message', (message: FromMember) => {
      if (message.kind === 'ready') onBegun()
      this.remote.receive(message)
    })
    port1.unref()
    const before = new Set(pool.threads)
    const task = { port: port2, pauseFlag: this.flag.buffer as SharedArrayBuffer }
    const run = pool.run(task, { transferList: [port2], signal: this.abort.signal })
    const thread = pool.threads.find((candidate) => !before.has(candidate)) ?? null
    void this.watch(run, thread)
  }

  /** The member has ended when its task has ended and, if the task was aborted, its thread has ended, too. */
  private async watch(run: Promise<void>, thread: Worker | null): Promise<void> {
    const exited =
      thread === null ? Promise.resolve() : new Promise<void>((resolve) => thread.once('exit', resolve))
    let reason: string | Error = 'its thread ended'
    try {
      await run
    } catch (error) {
      reason = this.failure ?? (error instanceof Error ? error : String(error))
      await exited
    }
    this.receiveRest()
    this.port.close()
    this.remote.gone(reason)
  }

  /**
   * Receives the member's last messages. The end of a task arrives over a different port, and may be read
   * first when both have arrived, as after SIGCONT or any long turn. The member's last messages were sent
   * before it, so all of them can be received now.
   */
  private receiveRest(): void {
    for (
      let next = receiveMessageOnPort(this.port);
      next !== undefined;
      next = receiveMessageOnPort(this.port)
    ) {
      this.remote.receive(next.message as FromMember)
    }
  }

  stop(): Promise<ExitInfo> {
    this.thaw()
    this.remote.askToStop()
    return this.exited
  }

  kill(): Promise<ExitInfo> {
    this.remote.killing()
    this.abort.abort()
    return this.exited
  }

  /** The member's thread could not be created. */
  fail(error: Error): void {
    this.failure = error
    this.abort.abort()
  }

  async pause(): Promise<void> {
    Atomics.store(this.flag, 0, 1)
    this.port.postMessage({ kind: 'pause' } satisfies ToMember)
  }

  async resume(): Promise<void> {
    this.thaw()
  }

  private thaw(): void {
    Atomics.store(this.flag, 0, 0)
    Atomics.notify(this.flag, 0)
  }
}
