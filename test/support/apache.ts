/**
 * Apache ZooKeeper ensembles for tests and benchmarks: one JVM for each member, started as Debian's package
 * would start it (no -Xmx, no other flags, log4j to a rolling file), with the admin server off so that
 * members do not compete for port 8080. No member outlives this process: the kernel ends them with it where
 * it can.
 */
import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { modeOf } from './fourLetterWord.ts'
import { claimPorts, isFree, releasePorts } from './ports.ts'

const jar = '/usr/share/java/zookeeper.jar'
const logConfDir = ['/etc/zookeeper/conf', '/etc/zookeeper/conf_example'].find((dir) =>
  existsSync(join(dir, 'log4j.properties')),
)
/** An override for machines that keep Apache ZooKeeper elsewhere. */
const classPath = process.env.ZK_APACHE_CLASSPATH ?? [logConfDir, jar].filter(Boolean).join(':')

/** Why Apache ZooKeeper cannot be started here; undefined when it can. */
export function apacheUnavailable(): string | undefined {
  if (!process.env.ZK_APACHE_CLASSPATH && !existsSync(jar)) {
    return `Apache ZooKeeper is not installed (no ${jar}; Debian: apt-get install zookeeper)`
  }
  if (spawnSync('java', ['-version']).status !== 0) return 'java is not installed'
  return undefined
}

export interface ApacheMember {
  readonly id: number
  readonly clientPort: number
  readonly quorumPort: number
  readonly electionPort: number
  readonly dataDir: string
  readonly config: string
}

export interface ApacheOptions {
  /** Number of participants; ids count from 0. */
  members?: number
  observers?: number
  /** A folder that the caller owns; a temporary one, removed at the end, unless given. */
  dir?: string
  /** Additional zoo.cfg lines. */
  set?: Record<string, string>
  /** System properties, for what zoo.cfg cannot express. */
  jvm?: Record<string, string>
}

export class ApacheEnsemble implements AsyncDisposable {
  readonly members: readonly ApacheMember[]
  readonly #processes = new Map<number, ChildProcess>()
  readonly #dir: string
  readonly #ownsDir: boolean
  readonly #jvm: Record<string, string>

  private constructor(
    members: readonly ApacheMember[],
    dir: string,
    ownsDir: boolean,
    jvm: Record<string, string>,
  ) {
    this.#jvm = jvm
    this.members = members
    this.#dir = dir
    this.#ownsDir = ownsDir
    running.add(this)
  }

  /** Writes the configs and starts every member; does not wait for a leader. */
  static async start(options: ApacheOptions = {}): Promise<ApacheEnsemble> {
    const { members = 3, observers = 0, set = {}, jvm = {} } = options
    const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'apache-zookeeper-'))
    const layout = await layOut(members + observers, dir)
    for (const member of layout) writeConfig(member, layout, members, set)
    const ensemble = new ApacheEnsemble(layout, dir, options.dir === undefined, jvm)
    for (const member of layout) ensemble.start(member.id)
    return ensemble
  }

  get connectString(): string {
    return this.members.map((member) => `127.0.0.1:${member.clientPort}`).join(',')
  }

  /** Process ids of the running members. */
  get pids(): number[] {
    return [...this.#processes.values()].flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
  }

  /** The member that leads and serves; null when there is none. */
  async leader(): Promise<ApacheMember | null> {
    const modes = await Promise.all(this.members.map(({ clientPort }) => modeOf(clientPort)))
    const index = modes.findIndex((mode) => mode === 'leader' || mode === 'standalone')
    return this.members[index] ?? null
  }

  /** Waits until a member leads. */
  waitForLeader(timeoutMs = 30_000): Promise<ApacheMember> {
    return eventually('a leader', () => this.leader(), { timeoutMs })
  }

  /** Starts a member that is not running. */
  start(id: number): void {
    if (this.#processes.has(id)) throw new Error(`member ${id} is already running`)
    const member = this.member(id)
    const home = join(this.#dir, `logs-${id}`)
    mkdirSync(home, { recursive: true })
    const log = openSync(join(home, 'console.log'), 'a')
    const child = spawnApache(member.config, home, loggingFlags(this.#jvm), ['ignore', log, log])
    closeSync(log)
    this.#processes.set(id, child)
    child.once('exit', () => {
      if (this.#processes.get(id) === child) this.#processes.delete(id)
    })
  }

  /** SIGKILL; returns when the process is gone and its ports are free. */
  kill(id: number): Promise<void> {
    return this.#end(id, 'SIGKILL')
  }

  /** SIGTERM; returns when the process is gone and its ports are free. */
  stop(id: number): Promise<void> {
    return this.#end(id, 'SIGTERM')
  }

  /** Sends a signal without waiting, for measurements. */
  signal(id: number, signal: NodeJS.Signals): void {
    this.#processes.get(id)?.kill(signal)
  }

  member(id: number): ApacheMember {
    const member = this.members.find((candidate) => candidate.id === id)
    if (!member) throw new Error(`no member ${id}`)
    return member
  }

  /** Kills every member and removes the folder if it was a temporary one. May be called repeatedly. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((id) => this.kill(id)))
    running.delete(this)
    releasePorts(this.members.flatMap((m) => [m.clientPort, m.quorumPort, m.electionPort]))
    if (this.#ownsDir) rmSync(this.#dir, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stopAll()
  }

  /** For the exit of this process, when nothing can be awaited any more. */
  killNow(): void {
    for (const child of this.#processes.values()) child.kill('SIGKILL')
    if (this.#ownsDir) rmSync(this.#dir, { recursive: true, force: true })
  }

  async #end(id: number, signal: NodeJS.Signals): Promise<void> {
    const child = this.#processes.get(id)
    if (!child) return
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill(signal)
    await gone
    const { clientPort, quorumPort, electionPort } = this.member(id)
    for (const port of [clientPort, quorumPort, electionPort]) {
      await eventually(`port ${port} to be free`, () => isFree(port))
    }
  }
}

/**
 * util-linux can ask the kernel to end a child with its parent, which works even when the parent is killed by
 * SIGKILL.
 */
const endWithParent =
  spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0 ? ['setpriv', '--pdeathsig', 'KILL'] : []

const running = new Set<ApacheEnsemble>()
process.once('exit', () => {
  for (const ensemble of running) ensemble.killNow()
})

async function layOut(count: number, dir: string): Promise<ApacheMember[]> {
  const ports = await claimPorts(count * 3)
  return Array.from({ length: count }, (_, id) => {
    const [clientPort, quorumPort, electionPort] = ports.slice(id * 3, id * 3 + 3) as [number, number, number]
    const dataDir = join(dir, `data-${id}`)
    return { id, clientPort, quorumPort, electionPort, dataDir, config: join(dir, `zoo-${id}.cfg`) }
  })
}

function writeConfig(
  member: ApacheMember,
  all: readonly ApacheMember[],
  participants: number,
  set: Record<string, string>,
): void {
  const servers = all.map(({ id, quorumPort, electionPort }) => {
    return `server.${id}=127.0.0.1:${quorumPort}:${electionPort}${id >= participants ? ':observer' : ''}`
  })
  const settings = {
    tickTime: '2000',
    initLimit: '10',
    syncLimit: '5',
    dataDir: member.dataDir,
    clientPort: String(member.clientPort),
    clientPortAddress: '127.0.0.1',
    'admin.enableServer': 'false',
    '4lw.commands.whitelist': '*',
    ...(member.id >= participants ? { peerType: 'observer' } : {}),
    ...set,
  }
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
  mkdirSync(member.dataDir, { recursive: true })
  writeFileSync(join(member.dataDir, 'myid'), String(member.id))
  writeFileSync(member.config, [...lines, ...(all.length > 1 ? servers : []), ''].join('\n'))
}

function loggingFlags(jvm: Record<string, string>): string[] {
  return [
    '-Dzookeeper.log.file=zookeeper.log',
    '-Dzookeeper.root.logger=INFO,ROLLINGFILE',
    ...Object.entries(jvm).map(([key, value]) => `-D${key}=${value}`),
  ]
}

/**
 * Starts the JVM of one server, which runs in `dir` and keeps its log there. @param flags options for the JVM
 */
export function spawnApache(
  config: string,
  dir: string,
  flags: readonly string[],
  stdio: StdioOptions,
): ChildProcess {
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
  const java = ['java', `-Dzookeeper.log.dir=${dir}`, ...flags, '-cp', classPath, main, config]
  const [command, ...args] = [...endWithParent, ...java] as [string, ...string[]]
  return spawn(command, args, { stdio, cwd: dir })
}
