/**
 * Starts the ensembles that the cases ask for, and ends all of them at the end. The cases run in another
 * process and know members only by their addresses; what they want done to a member they request here, over
 * HTTP on loopback.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApacheEnsemble, apacheUnavailable } from '../support/apache.ts'
import { type ProfileName, profiles } from './profiles.ts'

export type Engine = 'apache' | 'zk-pseudo'

export interface ControlledMember {
  readonly id: number
  readonly address: string
}

/**
 * A request of a case: for an ensemble (which is started unless it is running), or for the end or start of a
 * member.
 */
export interface ControlRequest {
  readonly profile: ProfileName
  readonly verb: 'use' | 'kill' | 'stop' | 'start'
  readonly id?: number
}

interface Running {
  readonly members: readonly ControlledMember[]
  kill(id: number): Promise<unknown>
  stop(id: number): Promise<unknown>
  start(id: number): Promise<unknown>
  end(): Promise<void>
}

export class EnsembleControl {
  private readonly engine: Engine
  private readonly running = new Map<ProfileName, Promise<Running>>()
  private readonly dir = mkdtempSync(join(tmpdir(), 'zk-conformance-'))
  private server: Server | null = null

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** @returns the address for requests */
  listen(): Promise<string> {
    const server = createServer(async (request, response) => {
      try {
        const asked = (await bodyOf(request)) as ControlRequest
        response.end(JSON.stringify(await this.act(asked)))
      } catch (error) {
        response.writeHead(500).end(String(error instanceof Error ? (error.stack ?? error) : error))
      }
    })
    this.server = server
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () =>
        resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
      )
    })
  }

  async use(profile: ProfileName): Promise<Running> {
    let ensemble = this.running.get(profile)
    if (ensemble === undefined) {
      ensemble = this.engine === 'apache' ? this.startApache(profile) : this.startOurs(profile)
      this.running.set(profile, ensemble)
    }
    return ensemble
  }

  async end(): Promise<void> {
    this.server?.closeAllConnections()
    this.server?.close()
    const ensembles = await Promise.allSettled(this.running.values())
    await Promise.all(ensembles.map((e) => (e.status === 'fulfilled' ? e.value.end() : null)))
    rmSync(this.dir, { recursive: true, force: true })
  }

  private async act({ profile, verb, id = -1 }: ControlRequest): Promise<readonly ControlledMember[]> {
    const ensemble = await this.use(profile)
    if (verb !== 'use') await ensemble[verb](id)
    return ensemble.members
  }

  private jaasFile(profile: ProfileName): string | null {
    const { jaas } = profiles[profile]
    if (jaas === undefined) return null
    const file = join(this.dir, `${profile}.jaas`)
    writeFileSync(file, jaas)
    return file
  }

  private async startApache(name: ProfileName): Promise<Running> {
    const missing = apacheUnavailable()
    if (missing !== undefined) throw new Error(missing)
    const { members, set, jvm } = profiles[name]
    const jaas = this.jaasFile(name)
    const properties = { ...jvm, ...(jaas === null ? {} : { 'java.security.auth.login.config': jaas }) }
    const ensemble = await ApacheEnsemble.start({ members, set, jvm: properties })
    await ensemble.waitForLeader()
    return {
      members: ensemble.members.map(({ id, clientPort }) => ({ id, address: `127.0.0.1:${clientPort}` })),
      kill: (id) => ensemble.kill(id),
      stop: (id) => ensemble.stop(id),
      start: async (id) => ensemble.start(id),
      end: () => ensemble.stopAll(),
    }
  }

  private async startOurs(name: ProfileName): Promise<Running> {
    const { Ensemble } = await import('../../src/ensemble/index.ts')
    const { members, set, jvm } = profiles[name]
    const jaas = this.jaasFile(name)
    const settings = { ...set, ...jvm, ...(jaas === null ? {} : { 'java.security.auth.login.config': jaas }) }
    const ensemble = await Ensemble.start({ members, set: settings })
    // No case may crash a member; a crash is reported here, so that its cause can be found.
    ensemble.on(({ member, event }) => {
      if (event.type === 'member-crashed' || event.type === 'fatal')
        process.stderr.write(`member ${member} of ${name}: ${JSON.stringify(event)}\n`)
    })
    return {
      members: ensemble.members.map(({ id, host, clientPort }) => ({ id, address: `${host}:${clientPort}` })),
      kill: (id) => ensemble.kill(id, { wait: false }),
      stop: (id) => ensemble.stop(id, { wait: false }),
      start: (id) => ensemble.start(id, { wait: false }),
      end: () => ensemble.close(),
    }
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}
