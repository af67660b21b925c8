/**
 * Members on data directories that change hands: the same zoo.cfg files are run by one engine, and by the
 * other after that. What clients rely on is compared before and after each change.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Acl, OPEN_ACL, type Stat, ZooKeeper } from '../../src/client/index.ts'
import { type Engine, Ensemble } from '../../src/ensemble/index.ts'
import { copyData } from '../../src/storage/dataCopy.ts'
import { Storage } from '../../src/storage/storage.ts'
import { storageOptions } from '../storage/support.ts'
import { eventually } from '../support/eventually.ts'
import { claimPorts, releasePorts } from '../support/ports.ts'

export const SUPER = 'super:secret'
const SUPER_DIGEST = 'super:lK75jTNcA+U9vtVEw5vB51mj/w4='

export interface SceneOptions {
  members: number
  /** Logs are kept in a separate folder. */
  separateLogs?: boolean
  set?: Record<string, string>
}

export class Scene implements AsyncDisposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'zk-data-dir-'))
  readonly clientPorts: number[]
  private readonly ports: number[]
  private readonly options: SceneOptions
  private running: Ensemble | null = null

  private constructor(ports: number[], options: SceneOptions) {
    this.ports = ports
    this.options = options
    this.clientPorts = ports.slice(0, options.members)
  }

  static async create(options: SceneOptions): Promise<Scene> {
    const scene = new Scene(await claimPorts(options.members * 3), options)
    for (let id = 0; id < options.members; id++) {
      mkdirSync(scene.dataDir(id), { recursive: true })
      writeFileSync(join(scene.dataDir(id), 'myid'), String(id))
      scene.configure(id)
    }
    return scene
  }

  get members(): number[] {
    return this.clientPorts.map((_, id) => id)
  }

  dataDir(id: number): string {
    return join(this.dir, `data-${id}`)
  }

  dataLogDir(id: number): string {
    return this.options.separateLogs ? join(this.dir, `log-${id}`) : this.dataDir(id)
  }

  /** Writes a member's zoo.cfg; `set` takes precedence over the scene's settings. */
  configure(id: number, set: Record<string, string> = {}): void {
    const { members } = this.options
    const settings = {
      tickTime: '500',
      initLimit: '20',
      syncLimit: '10',
      maxSessionTimeout: '60000',
      dataDir: this.dataDir(id),
      dataLogDir: this.dataLogDir(id),
      clientPort: String(this.clientPorts[id]),
      clientPortAddress: '127.0.0.1',
      'admin.enableServer': 'false',
      '4lw.commands.whitelist': '*',
      extendedTypesEnabled: 'true',
      preAllocSize: '64',
      'znode.container.checkIntervalMs': '500',
      'DigestAuthenticationProvider.superDigest': SUPER_DIGEST,
      ...this.options.set,
      ...set,
    }
    const servers = Array.from(
      { length: members },
      (_, sid) => `server.${sid}=127.0.0.1:${this.ports[members + sid]}:${this.ports[2 * members + sid]}`,
    )
    const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
    writeFileSync(this.config(id), [...lines, ...(members > 1 ? servers : []), ''].join('\n'))
  }

  config(id: number): string {
    return join(this.dir, `zoo-${id}.cfg`)
  }

  /**
   * Runs the members with an engine, in processes that can be killed; resolves when they serve. Apache reads
   * `znode.container.checkIntervalMs` from no file, so its JVMs need it in JDK_JAVA_OPTIONS.
   */
  async run(engine: Engine): Promise<void> {
    if (this.running !== null) throw new Error('runs already')
    this.running = await Ensemble.start({
      configs: Array.from({ length: this.options.members }, (_, id) => this.config(id)),
      dir: join(this.dir, `cluster-${engine}-${Date.now()}`),
      engine,
      isolation: 'process',
      waitTimeoutMs: 60_000,
    })
  }

  /** Ends all members at once; `kill` does it as kill -9 does. */
  async end(how: 'kill' | 'stop'): Promise<void> {
    const ensemble = this.running
    this.running = null
    if (ensemble === null) throw new Error('does not run')
    if (how === 'kill') await ensemble.kill('all', { wait: false })
    await ensemble.stopAll()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running?.stopAll()
    releasePorts(this.ports)
    rmSync(this.dir, { recursive: true, force: true })
  }
}

export interface SeenNode {
  data: string | null
  acl: Acl[]
  stat: Stat
}

/** Every znode that a member shows, except what a server writes by itself when it starts. */
export async function treeOf(port: number): Promise<Map<string, SeenNode>> {
  const client = await connect([port])
  const found = new Map<string, SeenNode>()
  const visit = async (path: string): Promise<void> => {
    const [{ data, stat }, { acl }, children] = await Promise.all([
      client.getData(path),
      client.getAcl(path),
      client.getChildren(path),
    ])
    if (!isCompared(path)) return
    found.set(path, comparable(path, { data: data?.toString('base64') ?? null, acl, stat }))
    for (const name of children.toSorted()) await visit(`${path === '/' ? '' : path}/${name}`)
  }
  await client.sync()
  await visit('/')
  await client.close()
  return sorted(found)
}

/** A client that may read and write everything, and does not wait until it is connected. */
export function client(ports: readonly number[], sessionTimeoutMs = 60_000): ZooKeeper {
  const servers = ports.map((port) => `127.0.0.1:${port}`).join(',')
  const made = new ZooKeeper(servers, { sessionTimeoutMs, connectTimeoutMs: 2000 })
  made.addAuth('digest', SUPER).catch(() => {})
  return made
}

export async function connect(ports: readonly number[], sessionTimeoutMs?: number): Promise<ZooKeeper> {
  const made = client(ports, sessionTimeoutMs)
  await made.connected(30_000)
  return made
}

/**
 * Every kind of write that a client can make. All are under `base` except one TTL node and one container,
 * which the server deletes.
 */
export async function everyKindOfWrite(client: ZooKeeper, base: string): Promise<void> {
  const restricted: Acl[] = [
    { perms: 31, id: { scheme: 'digest', id: 'bob:x' } },
    { perms: 1, id: { scheme: 'world', id: 'anyone' } },
  ]
  await client.create(base, 'first')
  await client.create2(`${base}/with-stat`, '')
  await client.create(`${base}/null`, null)
  await client.create(`${base}/großer Knoten`, Buffer.alloc(70_000, base))
  for (const mode of ['sequential', 'ephemeral', 'ephemeralSequential'] as const)
    await client.create(`${base}/${mode}-`, mode, { mode })
  await client.createContainer(`${base}/container`, 'kept')
  await client.create(`${base}/container/child`, '')
  await client.createContainer(`${base}/doomed-container`)
  await client.create(`${base}/doomed-container/child`, '')
  await client.delete(`${base}/doomed-container/child`)
  await client.create(`${base}/ttl`, 'day', { mode: 'ttl', ttlMs: 86_400_000 })
  await client.create(`${base}/ttl-`, 'day', { mode: 'sequentialTtl', ttlMs: 86_400_000 })
  await client.create(`${base}/restricted`, 'secret', { acl: restricted })
  await client.setAcl(`${base}/with-stat`, restricted)
  await client.setData(base, 'second')
  await client.create(`${base}/gone`, '')
  await client.delete(`${base}/gone`)
  await client
    .transaction()
    .create(`${base}/multi`, 'm')
    .setData(`${base}/multi`, 'n')
    .check(base, 1)
    .commit()
  await expect(client.transaction().create(`${base}/never`, '').check(base, 77).commit()).rejects.toThrow()
  await expect(client.create(base, '')).rejects.toThrow()
  const other = await connect([client.server.port])
  await other.create(`${base}/closed-with-its-session`, '', { mode: 'ephemeral' })
  await other.close()
}

export interface Load {
  /** Paths of creates that were acknowledged. */
  readonly acknowledged: ReadonlySet<string>
  /** Settles when no write is outstanding. */
  end(): Promise<void>
}

/** Sequential creates, sixteen outstanding at a time, until `end` is called or the connection is lost. */
export function writeUnderLoad(client: ZooKeeper, parent: string): Load {
  const acknowledged = new Set<string>()
  let stopped = false
  const write = async (index: number): Promise<void> => {
    for (let i = 0; !stopped; i++) {
      try {
        const data = `${i}`.repeat(40)
        acknowledged.add(await client.create(`${parent}/${index}-`, data, { mode: 'sequential' }))
      } catch {
        // The outcome of this write is unknown.
        return
      }
    }
  }
  const writers = Array.from({ length: 16 }, (_, index) => write(index))
  const end = async () => {
    stopped = true
    await Promise.all(writers)
  }
  return { acknowledged, end }
}

/**
 * What our storage reads from a copy of a dataDir, in the form in which clients see it. The storage must have
 * no complaint, least of all about a digest.
 */
export async function treeOnDisk(scene: Scene, id: number): Promise<Map<string, SeenNode>> {
  const target = mkdtempSync(join(tmpdir(), 'zk-data-copy-'))
  try {
    const from = { dataDir: scene.dataDir(id), dataLogDir: scene.dataLogDir(id) }
    const copy = await copyData(from, { dataDir: target, dataLogDir: target })
    expect(copy?.notes).toEqual([])
    const options = storageOptions(target, { ttlRule: 'since354' })
    const storage = Storage.open(options, { random: () => 0.5, onNote: () => {} })
    const { database, notes } = storage.recover()
    storage.close()
    expect(notes).toEqual([])
    const { tree } = database
    const acls = new Map(tree.acls.entries())
    const found = new Map<string, SeenNode>()
    for (const [path, node] of tree.nodes()) {
      const acl = acls.get(node.aclId) ?? [...OPEN_ACL]
      const seen = { data: node.data?.toString('base64') ?? null, acl, stat: tree.statOf(node) }
      if (isCompared(path)) found.set(path === '' ? '/' : path, comparable(path, seen))
    }
    return sorted(found)
  } finally {
    rmSync(target, { recursive: true, force: true })
  }
}

/** Znodes under this path disappear at unpredictable times. */
export const PASSING = '/passing'
const isCompared = (path: string) => path !== PASSING && !path.startsWith(`${PASSING}/`)

/** Servers write this znode by themselves when they start. */
function comparable(path: string, seen: SeenNode): SeenNode {
  return path === '/zookeeper/config' ? { ...seen, stat: { ...seen.stat, mtime: 0 } } : seen
}

function sorted(nodes: Map<string, SeenNode>): Map<string, SeenNode> {
  return new Map([...nodes].sort(([a], [b]) => (a < b ? -1 : 1)))
}

export async function gone(client: ZooKeeper, path: string): Promise<void> {
  await eventually(`${path} to go`, async () => ((await client.exists(path)) === null ? true : null), {
    timeoutMs: 30_000,
  })
}
