/** A single server of either engine, and callers that exchange frames with it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { Ensemble } from '../../src/ensemble/index.ts'
import { SocketServer } from '../core/requests/socketServer.ts'
import { ApacheEnsemble, apacheUnavailable } from '../support/apache.ts'
import type { EngineName } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { modeOf } from '../support/fourLetterWord.ts'
import { connectRequest, request } from '../support/wire.ts'

export interface OneServer extends AsyncDisposable {
  readonly clientPort: number
  /** Ids of the processes that the server runs in. */
  pids(): number[]
}

export interface OneServerOptions {
  /** Additional zoo.cfg lines. */
  set?: Record<string, string>
  /** System properties that have no key in zoo.cfg; our server has a key of the same name. */
  properties?: Record<string, string>
  /** Additional options of the JVM. */
  javaOptions?: string[]
  isolation?: 'thread' | 'process'
}

/**
 * Starts a standalone server, which serves when the promise resolves. It is not probed by writes, because it
 * may demand authentication, which a probe does not have.
 */
export async function startOne(engine: EngineName, options: OneServerOptions = {}): Promise<OneServer> {
  const server = engine === 'apache' ? await startApache(options) : await startOurs(options)
  await eventually('the server to serve', () => modeOf(server.clientPort))
  return server
}

async function startOurs({ set = {}, properties = {}, isolation = 'thread' }: OneServerOptions) {
  const ensemble = await Ensemble.start({
    members: 1,
    set: { '4lw.commands.whitelist': '*', ...set, ...properties },
    isolation,
    waitTimeoutMs: 0,
  })
  const clientPort = ensemble.members[0]?.clientPort ?? 0
  return {
    clientPort,
    pids: () => [process.pid],
    [Symbol.asyncDispose]: () => ensemble.stopAll(),
  }
}

async function startApache({ set = {}, properties = {}, javaOptions = [] }: OneServerOptions) {
  const missing = apacheUnavailable()
  if (missing) throw new Error(missing)
  // A JVM takes this from its environment, which it inherits when it starts.
  const flags = Object.entries(properties).map(([key, value]) => `-D${key}=${value}`)
  process.env.JDK_JAVA_OPTIONS = [...flags, ...javaOptions].join(' ')
  try {
    const ensemble = await ApacheEnsemble.start({ members: 1, set })
    return {
      clientPort: ensemble.member(0).clientPort,
      pids: () => ensemble.pids,
      [Symbol.asyncDispose]: () => ensemble.stopAll(),
    }
  } finally {
    delete process.env.JDK_JAVA_OPTIONS
  }
}

/** A folder that is removed when its scope is left. */
export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'zk-pseudo-test-'))

  file(name: string): string {
    return join(this.path, name)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** One connection with a session that sends and receives frames. */
export class FrameCaller implements Disposable {
  private readonly server: SocketServer
  private readonly line: Awaited<ReturnType<SocketServer['connect']>>

  constructor(server: SocketServer, line: Awaited<ReturnType<SocketServer['connect']>>) {
    this.server = server
    this.line = line
  }

  static async open<T extends FrameCaller>(
    this: { new (server: SocketServer, line: Awaited<ReturnType<SocketServer['connect']>>): T },
    port: number,
  ): Promise<T> {
    const server = new SocketServer(port)
    const caller = new this(server, await server.connect())
    caller.send(connectRequest(10_000))
    expect((await caller.receive())?.length).toBe(37)
    return caller
  }

  send(frame: Buffer): void {
    this.line.send(frame)
  }

  receive(): Promise<Buffer | null> {
    return this.line.receive()
  }

  async ask(xid: number, type: number, ...body: Buffer[]): Promise<Buffer> {
    this.send(request(xid, type, ...body))
    const reply = await this.receive()
    if (reply === null) throw new Error('closed without an answer')
    expect(reply.readInt32BE(0)).toBe(xid)
    return reply
  }

  [Symbol.dispose](): void {
    this.server[Symbol.dispose]()
  }
}
